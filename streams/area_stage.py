"""The area stage: counts of harm and need per area, and rule floors for incidents without a person.

Rules: everything of a county is in one partition, so its hierarchy is looked at together. Visits
are not counted: more visits must not look like more danger. Counting happens at once; judging only
when time passes, so that one tick sees the whole county. An incident without a person is never
merged with another, and its red floor holds whatever its age.
"""

from typing import Annotated

from msgspec import Meta

from alerts.episodes import EpisodePolicy, alert_id_of
from alerts.policy import AreaPolicy, decide_incident
from detectors.area_series import (
    Families,
    add_count,
    least_of,
    limit_of,
    new_series,
    roll_to,
)
from detectors.floors import floors_of
from detectors.surveillance import DetectorSets, Surveillance
from schemas.areas import Directory, Placed
from schemas.outcomes import Assessment
from schemas.records import Action, AreaRecord, AreaSignal, Tick, Transition
from schemas.state import AreaCell, AreaSeries, Seen
from schemas.taxonomy import KIND_CODE, Origin, Scope
from schemas.times import DAY_US, from_us, local_day
from streams.area_alerts import AreaTeller, incident_alert
from streams.area_cells import forget_days, is_repeated, new_incidents
from streams.area_surges import SurgeConfig, Surges
from streams.clock import StageClock
from streams.outputs import Outputs
from streams.state import KeyedState

OPEN_DAYS_MAX = 31
"""How many days a cell remembers at most where one source is read far behind another."""


class AreaConfig(Surveillance, frozen=True):
    """Everything the area stage can be told."""

    merge_minutes: Annotated[int, Meta(ge=0, le=1_440)] = 15
    incident_memory_days: Annotated[int, Meta(ge=1, le=60)] = 14
    surges: SurgeConfig = SurgeConfig()
    episodes: EpisodePolicy = EpisodePolicy(idle_days=3, reopen_days=7, recheck_days=())
    policy: AreaPolicy = AreaPolicy()


class AreaStage:
    """Steps through the area log of some partitions."""

    def __init__(
        self,
        config: AreaConfig,
        *,
        directory: Directory,
        cells: KeyedState[AreaCell],
        series: KeyedState[AreaSeries],
        clock: StageClock,
    ) -> None:
        self.config = config
        self.directory = directory
        self.cells = cells
        self.series = series
        self.clock = clock
        self._zone = directory.time_zone
        self._sets = DetectorSets(config)
        self._series_of: dict[str, int] = {}
        self._begun: dict[str, int] = {}
        self._limits: dict[tuple[str, int], tuple[float, Families | None]] = {}
        self._limits_day = 0
        self._open_since = self._day_of_clock()
        self._count_min = config.series.count_min
        teller = AreaTeller(directory, config.episodes, config.policy)
        self.surges = Surges(
            config.surges, config.series, directory, series, teller, self._families_of
        )
        for key in series.keys():  # noqa: SIM118  # a view on state, not a dict
            self._restored(key)

    def step(self, record: AreaRecord, out: Outputs) -> None:
        """Take one record of the log in and append what follows from it to `out`."""
        if isinstance(record, AreaSignal):
            self._signal(record, out)
        elif isinstance(record, Tick):
            if self.clock.advance(record):
                self._time_passed(self.clock.now_us, out)
        else:
            self._transition(record, out)

    def _day_of_clock(self) -> int:
        """Return the first local day that may still change, by the stage's own time."""
        return local_day(self.clock.now_us, self._zone) - self.config.series.lateness_days

    def _families_of(self, home: str) -> Families:
        """Return the detectors of a county: its series share one error budget."""
        return self._sets.for_series(self._series_of.get(home, 0))

    def _restored(self, key: str) -> None:
        home = key.split("|", 1)[0]
        self._series_of[home] = self._series_of.get(home, 0) + 1
        self.surges.restored(key, self._open_since)

    def _signal(self, signal: AreaSignal, out: Outputs) -> None:
        placed = self.directory.place(signal.area)
        cell = self.cells.get(signal.area) or AreaCell()
        today = local_day(signal.ingest_us, self._zone)
        day = local_day(signal.time_us, self._zone)
        lateness = self.config.series.lateness_days
        # One source may be read days behind another, and what it says may be said again.
        now_us = max(self.clock.now_us, signal.ingest_us - OPEN_DAYS_MAX * DAY_US)
        forget_days(
            cell, max(self._open_since, today - OPEN_DAYS_MAX), min(signal.ingest_us, now_us)
        )
        if signal.anonymous:
            self._incident(cell, signal, out)
        if signal.origin is Origin.VISIT:
            out.counts["area.visit"] += 1
        elif placed is None:
            out.counts["area.unassigned"] += 1
        elif day < max(self._open_since, today - lateness):
            out.counts["area.late_signal"] += 1
        elif is_repeated(cell, signal, day):
            out.counts["area.repeated_signal"] += 1
        else:
            self._count(cell, placed, signal, day, out)
        self.cells.put(signal.area, cell)

    def _incident(self, cell: AreaCell, signal: AreaSignal, out: Outputs) -> None:
        """Let the floors look at an incident without a person, once."""
        floors = floors_of(signal.kind, signal.severity, signal.signs)
        if not floors:
            return
        named = bytes.fromhex(signal.signal_id)
        if any(seen.signal == named for seen in cell.incidents):
            return
        until_us = signal.ingest_us + self.config.incident_memory_days * DAY_US
        cell.incidents.append(Seen(until_us, named))
        decision = decide_incident(floors)
        alert_id = None
        if decision.level is not None:
            alert_id = alert_id_of(Scope.INCIDENT, signal.kind.value, signal.signal_id)
            out.alerts.append(incident_alert(signal, decision, alert_id, self.directory))
        out.assessments.append(
            Assessment(
                signal.signal_id,
                Scope.INCIDENT,
                signal.signal_id,
                signal.kind,
                signal.area,
                from_us(signal.ingest_us),
                decision.name,
                decision.level,
                alert_id=alert_id,
                reasons=tuple(reason.code for reason in floors),
            )
        )

    def _count(
        self, cell: AreaCell, placed: Placed, signal: AreaSignal, day: int, out: Outputs
    ) -> None:
        change = new_incidents(
            cell, signal, day, self.config.merge_minutes, smallest=placed.smallest
        )
        if change == 0:
            out.counts["area.near_duplicate"] += 1
            return
        if placed.home not in self._begun:
            self._begin(cell, placed, day)
        since = self._begun[placed.home]
        code = KIND_CODE[signal.kind]
        out.daily[placed.home, code, day] += change
        for area in placed.line:
            key = f"{placed.home}|{area}|{code}"
            if self._count_in(key, day, change, since) < 0:
                out.counts["area.day_not_kept"] += 1

    def _begin(self, cell: AreaCell, placed: Placed, day: int) -> None:
        """Look up on which day counting began in a county, this one at the latest."""
        home = cell if placed.code == placed.home else self.cells.get(placed.home)
        if home is None:
            home = AreaCell()
        if not home.since:
            home.since = day
            self.cells.put(placed.home, home)
        self._begun[placed.home] = home.since

    def _new_series(self, home: str, since: int, day: int) -> AreaSeries:
        """Begin a series; its county now shares its error budget among one more."""
        self._series_of[home] = self._series_of.get(home, 0) + 1
        return new_series(min(since, day), day, self.config.series)

    def _count_in(self, key: str, day: int, change: int, since: int) -> int:
        """Count in one series and return the day's count, -1 for a day it keeps no more."""
        series = self.series.get(key)
        if series is None:
            series = self._new_series(key.split("|", 1)[0], since, day)
        elif series.day < day:
            roll_to(series, day, self.config.series)
        elif series.day > day:
            for later in range(day + 1, series.day + 1):
                self._limits.pop((key, later), None)
        count = add_count(series, day, change)
        if count >= self._count_min:
            self._look(key, series, day, count)
        self.series.put(key, series)
        return count

    def _look(self, key: str, series: AreaSeries, day: int, count: int) -> None:
        """Suspect a surge when a day's count reaches the smallest that would be one.

        The detectors are asked for it only once the count stands out by itself.
        """
        families = self._families_of(key.split("|", 1)[0])
        least, asked = self._limits.get((key, day), (0, None))
        if not least:
            least = least_of(series, day, self.config.series)
        if count >= least and asked is not families:
            least, asked = limit_of(series, day, families, self.config.series), families
        self._limits[key, day] = least, asked
        if count >= least:
            self.surges.suspect(key, series, day)

    def _time_passed(self, now_us: int, out: Outputs) -> None:
        today = local_day(now_us, self._zone)
        if today != self._limits_day:
            self._limits.clear()
            self._limits_day = today
        self.surges.judge(now_us, today, out)
        self.surges.expire(now_us, out)
        self._open_since = self._day_of_clock()

    def _transition(self, record: Transition, out: Outputs) -> None:
        """Bring an area's episode in line with the lifecycle of its alert."""
        if record.scope is Scope.AREA and record.action in {Action.CLOSED, Action.REOPENED}:
            self.surges.transition(record, out)
        else:
            out.counts[f"area.alert_{record.action.value}"] += 1
