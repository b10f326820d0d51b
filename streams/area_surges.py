"""Surges: which counts are suspected, which are confirmed when time passes, which area is named.

Rules: suspicion is cheap and may be wrong; a surge is confirmed by the detectors on a tick, for the
whole county at once, and told for the lowest area that explains it. While an episode is open its
alert is revised at most once a day, or when its level rises. What is suspected and what has risen
stand in the series, so a stage that starts again judges what one that ran through would.
"""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

from alerts.episodes import begins_anew, closed, fell_due, next_due_us, opened, updated
from alerts.policy import Decision, decide_surge
from detectors.area_series import (
    Families,
    SeriesConfig,
    judge_day,
)
from detectors.localisation import Named, Rising, lowest_explaining
from schemas.areas import Directory
from schemas.closed import Closed
from schemas.outcomes import Change
from schemas.records import Action, Transition
from schemas.state import AreaSeries, Episode, Risen
from schemas.taxonomy import Kind, members_of, rank_of
from streams.area_alerts import AreaTeller, area_alert_id
from streams.outputs import Outputs
from streams.state import DueIndex, KeyedState

_KINDS = members_of(Kind)
Group = tuple[str, int, int]
"""A county, the code of a kind, and a local day."""


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
        families_of: Callable[[str], Families],
    ) -> None:
        self._config = config
        self._bounds = bounds
        self._directory = directory
        self._series = series
        self._teller = teller
        self._families_of = families_of
        self._suspected: set[str] = set()
        self._rising: dict[Group, dict[str, Risen]] = {}
        self._due = DueIndex()

    def suspect(self, key: str, series: AreaSeries, day: int) -> None:
        """Have a series judged for local day `day` when time next passes; the caller puts it."""
        self._suspected.add(key)
        if day not in series.to_judge:
            series.to_judge.append(day)

    def restored(self, key: str, since: int) -> None:
        """Go on with a series after a restart; `since` is the first day that may still change."""
        series = self._series.get(key)
        if series is None:
            return
        if series.to_judge:
            self._suspected.add(key)
        home, area, code = key.split("|")
        for risen in series.risen:
            if risen.day >= since:
                self._rising.setdefault((home, int(code), risen.day), {})[area] = risen
        if series.episode is not None:
            self._due.add(key, next_due_us(series.episode, self._teller.episodes))

    def judge(self, now_us: int, today: int, out: Outputs) -> None:
        """Confirm what is suspected and tell of it, county by county and kind by kind."""
        since = today - self._bounds.lateness_days
        touched: set[Group] = set()
        for key in sorted(self._suspected):
            series = self._series.get(key)
            if series is not None:
                touched |= self._judged(key, series)
                series.risen = [risen for risen in series.risen if risen.day >= since]
                self._series.put(key, series)
        self._suspected.clear()
        for group in sorted(touched):
            self._tell(group, now_us, out)
        for group in [group for group in self._rising if group[2] < since]:
            del self._rising[group]

    def _judged(self, key: str, series: AreaSeries) -> set[Group]:
        """Judge the suspected days of a series; return the groups where something changed."""
        home, area, code = key.split("|")
        families = self._families_of(home)
        touched = set()
        for day in sorted(series.to_judge):
            verdict = judge_day(series, day, families, self._bounds)
            group = (home, int(code), day)
            series.risen = [risen for risen in series.risen if risen.day != day]
            if verdict is not None:
                series.risen.append(verdict)
                self._rising.setdefault(group, {})[area] = verdict
                touched.add(group)
            elif group in self._rising and self._rising[group].pop(area, None) is not None:
                touched.add(group)
        series.to_judge.clear()
        return touched

    def _tell(self, group: Group, now_us: int, out: Outputs) -> None:
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
        verdict: Risen,
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
        verdict: Risen,
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
