"""Surges: which counts are suspected, which are confirmed when time passes, which area is named.

Rules: suspicion is cheap and may be wrong; a surge is confirmed by the detectors on a tick, for the
whole county at once, and told for the lowest area that explains it. While an episode is open its
alert is revised at most once a day, or when its level rises.
"""

from typing import Annotated

from msgspec import Meta

from alerts.episodes import begins_anew, closed, fell_due, next_due_us, opened, updated
from alerts.policy import Decision, decide_surge
from detectors.area_series import (
    Families,
    SeriesConfig,
    Verdict,
    count_on,
    judge_day,
    least_of,
)
from detectors.localisation import Named, Rising, lowest_explaining
from schemas.areas import Directory
from schemas.closed import Closed
from schemas.outcomes import Change
from schemas.records import Action, Transition
from schemas.state import AreaSeries, Episode
from schemas.taxonomy import Kind, members_of, rank_of
from streams.area_alerts import AreaTeller, area_alert_id
from streams.outputs import Outputs
from streams.state import DueIndex, KeyedState

_KINDS = members_of(Kind)


class SurgeConfig(Closed, frozen=True):
    """What part of a rise one area must carry to explain it."""

    explaining_share: Annotated[float, Meta(gt=0, le=1)] = 0.7


class Surges:
    """Suspected, confirmed and told surges of the counties of some partitions."""

    def __init__(
        self,
        config: SurgeConfig,
        bounds: SeriesConfig,
        directory: Directory,
        series: KeyedState[AreaSeries],
        teller: AreaTeller,
    ) -> None:
        self._config = config
        self._bounds = bounds
        self._directory = directory
        self._series = series
        self._teller = teller
        self._suspected: dict[tuple[str, int], Families] = {}
        self._rising: dict[tuple[str, int, int], dict[str, Verdict]] = {}
        self._due = DueIndex()

    def suspect(self, key: str, day: int, families: Families) -> None:
        """Have a series judged for local day `day` when time next passes."""
        self._suspected[key, day] = families

    def suspect_again(self, key: str, families: Families, since: int) -> None:
        """After a restart, look again at the days of a series that can still change.

        `since` is the first of them, as a local day ordinal. What was told of them is guarded by
        its episode, which outlasts them; of an earlier day the episode may be gone.
        """
        series = self._series.get(key)
        if series is None:
            return
        for day in range(max(since, series.day - self._bounds.lateness_days), series.day + 1):
            if count_on(series, day) >= least_of(series, day, self._bounds):
                self.suspect(key, day, families)
        if series.episode is not None:
            self._due.add(key, next_due_us(series.episode, self._teller.episodes))

    def judge(self, now_us: int, today: int, out: Outputs) -> None:
        """Confirm what is suspected and tell of it, county by county and kind by kind."""
        touched: set[tuple[str, int, int]] = set()
        for (key, day), families in sorted(self._suspected.items(), key=lambda item: item[0]):
            series = self._series.get(key)
            verdict = judge_day(series, day, families, self._bounds) if series else None
            home, area, code = key.split("|")
            group = (home, int(code), day)
            if verdict is not None:
                self._rising.setdefault(group, {})[area] = verdict
                touched.add(group)
            elif group in self._rising and self._rising[group].pop(area, None) is not None:
                touched.add(group)
        self._suspected.clear()
        for group in sorted(touched):
            self._tell(group, now_us, out)
        for group in [g for g in self._rising if g[2] < today - self._bounds.lateness_days]:
            del self._rising[group]

    def _tell(self, group: tuple[str, int, int], now_us: int, out: Outputs) -> None:
        home, code, _ = group
        verdicts = self._rising[group]
        rising = {
            area: Rising(self._line(area), verdict.count - verdict.expected)
            for area, verdict in verdicts.items()
        }
        for named in lowest_explaining(rising, self._config.explaining_share):
            key = f"{home}|{named.area}|{code}"
            series = self._series.get(key)
            if series is not None:
                self._told(key, series, named, verdicts[named.area], now_us, out)

    def _line(self, area: str) -> tuple[str, ...]:
        placed = self._directory.place(area)
        return placed.line if placed else (area,)

    def _told(  # what one telling is about
        self,
        key: str,
        series: AreaSeries,
        named: Named,
        verdict: Verdict,
        now_us: int,
        out: Outputs,
    ) -> None:
        decision = decide_surge(verdict.count, verdict.expected, self._teller.policy)
        kind = _KINDS[int(key.rsplit("|", 1)[1])]
        change = self._changed(series, named.area, kind, verdict, decision, now_us)
        surge = self._teller.surge(verdict, named.within)
        episode = series.episode
        if change is not None and episode is not None:
            episode.surge_day = max(episode.surge_day, verdict.day)
            self._series.put(key, series)
            self._due.add(key, next_due_us(episode, self._teller.episodes))
            self._teller.alert(named.area, kind, episode, change, now_us, out, decision, surge)
            self._teller.assessment(named.area, kind, episode, decision, surge, now_us, out)

    def _changed(  # what one episode begins with
        self,
        series: AreaSeries,
        area: str,
        kind: Kind,
        verdict: Verdict,
        decision: Decision,
        now_us: int,
    ) -> Change | None:
        """Open or update the episode of a series; None where there is nothing new to say."""
        policy, current = self._teller.episodes, series.episode
        if current is not None and not begins_anew(current, now_us, policy):
            same_day = current.surge_day >= verdict.day
            if same_day and (not current.open or rank_of(decision.level) <= current.level):
                return None
            return updated(current, decision, now_us, policy)
        series.episode = opened(
            kind=_KINDS.index(kind),
            alert_id=area_alert_id(area, kind, verdict.day),
            area=area,
            now_us=now_us,
            decision=decision,
            policy=policy,
        )
        return Change.OPENED

    def expire(self, now_us: int, out: Outputs) -> None:
        """End the episodes that have been quiet for long."""
        for key in self._due.due(now_us):
            series = self._series.get(key)
            if series is None or series.episode is None:
                continue
            self._expire_one(key, series, series.episode, now_us, out)

    def _expire_one(
        self, key: str, series: AreaSeries, episode: Episode, now_us: int, out: Outputs
    ) -> None:
        _, area, code = key.split("|")
        change = fell_due(episode, now_us, self._teller.episodes)
        if change is not None:
            self._teller.alert(area, _KINDS[int(code)], episode, change, now_us, out)
        if episode.open or next_due_us(episode, self._teller.episodes) > now_us:
            self._due.add(key, next_due_us(episode, self._teller.episodes))
        else:
            series.episode = None
        self._series.put(key, series)

    def transition(self, record: Transition, out: Outputs) -> None:
        """Bring an area's episodes in line with the lifecycle of the alert the record names."""
        placed = self._directory.place(record.subject)
        home = placed.home if placed else record.subject
        for code in range(len(_KINDS)):
            key = f"{home}|{record.subject}|{code}"
            series = self._series.get(key)
            episode = series.episode if series else None
            if series is None or episode is None or episode.alert_id != record.alert_id:
                continue
            if record.action is Action.CLOSED:
                closed(episode, record.ingest_us)
            else:
                episode.open, episode.updated_us = True, record.ingest_us
            self._series.put(key, series)
            self._due.add(key, next_due_us(episode, self._teller.episodes))
            out.counts[f"area.alert_{record.action.value}"] += 1
            return
        out.counts["area.transition_of_unknown_alert"] += 1
