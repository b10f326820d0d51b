"""Series as shown: every day with its usual count and bound, as the area stage has them."""

from copy import deepcopy
from datetime import date, timedelta
from math import inf
from random import Random

import msgspec
import pytest
from sqlalchemy import Engine

from alerts.store.reading import Reading
from alerts.store.tokens import Role
from alerts.store.views import SeriesDay
from api.series import SeriesReader
from detectors.area_series import limit_of
from detectors.surveillance import DetectorSets, Surveillance
from schemas.areas import Directory
from schemas.outcomes import Assessment
from schemas.records import AreaSignal, Tick
from schemas.state import AreaCell, AreaSeries
from schemas.taxonomy import KIND_CODE, Kind
from schemas.times import DAY_US, HOUR_US, MINUTE_US, local_day
from schemas.versioned import AREA_CELL, AREA_SERIES
from streams.area_stage import AreaConfig, AreaStage
from streams.clock import StageClock
from streams.outputs import Outputs
from streams.state import LiveState
from tests.api.serving import OWN_COUNTY, OWN_GRID, now_us, problem, running, write
from tests.builders import AREA, NOW_US, area_signal

COUNTY = AREA[:6]
GRIDS = [f"{AREA[:12]}{number:03d}" for number in range(1, 5)]
KIND = Kind.FIRE_GAS_HAZARD
START_US = NOW_US - 19 * HOUR_US
DAYS = 100
SURGES = {70: 22, 85: 16, 99: 30}
FIRST = local_day(START_US, "Asia/Shanghai")
LAST = FIRST + DAYS - 1
NOTED = (COUNTY, GRIDS[0], GRIDS[2])


class Town:
    """Hundred days of four grids through the area stage: what it was told, and what it said."""

    def __init__(self) -> None:
        self.series: LiveState[AreaSeries] = LiveState(AREA_SERIES)
        self.told: list[AreaSignal] = []
        self.said: list[Assessment] = []
        self.bounds: dict[tuple[str, int], float | None] = {}
        cells: LiveState[AreaCell] = LiveState(AREA_CELL)
        clock = StageClock(["town"])
        stage = AreaStage(
            AreaConfig(), directory=Directory(), cells=cells, series=self.series, clock=clock
        )
        chance = Random(5)  # noqa: S311  # how many reports a day has
        for day in range(DAYS):
            reports = chance.choice((2, 3, 4, 5, 6)) + SURGES.get(day, 0)
            for number in range(reports):
                grid = GRIDS[0 if day in SURGES and number % 5 else number % len(GRIDS)]
                at = START_US + day * DAY_US + number * 16 * MINUTE_US
                one = msgspec.structs.replace(
                    area_signal(at_us=at, area=grid, kind=KIND),
                    signal_id=f"{len(self.told) + 1:016x}" * 2,
                )
                self.told.append(one)
                out = Outputs()
                stage.step(one, out)
            out = Outputs()
            stage.step(Tick("town", NOW_US + 2 * HOUR_US + day * DAY_US), out)
            self.said += [one for one in out.assessments if one.surge is not None]
            self._note_bounds(FIRST + day)

    def _note_bounds(self, day: int) -> None:
        """Note by what the stage would judge that day, from what it remembers at its end."""
        families = DetectorSets(Surveillance()).for_series(len(self.series))
        for area in NOTED:
            kept = deepcopy(self.series.get(f"{COUNTY}|{area}|{KIND_CODE[KIND]}"))
            assert kept is not None
            bound = limit_of(kept, day, families, Surveillance().series)
            self.bounds[area, day] = None if bound == inf else bound


@pytest.fixture(scope="module")
def town() -> Town:
    return Town()


@pytest.fixture
def reader(engine: Engine, town: Town) -> SeriesReader:
    write(engine, town.told)
    return SeriesReader(Reading(engine), Surveillance())


def by_day(days: tuple[SeriesDay, ...]) -> dict[str, SeriesDay]:
    return {one.day: one for one in days}


def test_every_day_has_the_bound_that_the_stage_would_judge_it_by(
    reader: SeriesReader, town: Town
) -> None:
    for area in NOTED:
        shown = reader.days(area, KIND, FIRST, LAST)
        assert len(shown) == DAYS
        for day, one in enumerate(shown, FIRST):
            assert one.bound == town.bounds[area, day], (area, one)
            assert (one.expected is None) == (one.bound is None)


def test_what_the_stage_said_of_a_surge_is_what_is_computed_and_its_own_words_stand(
    reader: SeriesReader, town: Town, engine: Engine
) -> None:
    surges = [(one.area, one.surge) for one in town.said if one.surge is not None]
    assert len(surges) >= len(SURGES)
    for area, surge in surges:
        shown = by_day(reader.days(area, KIND, FIRST, LAST))[surge.day]
        assert (shown.reports, shown.bound) == (surge.count, surge.limit)
        assert shown.incidents is None
        assert shown.expected == pytest.approx(surge.expected, rel=0.2)
    write(engine, town.said)
    for area, surge in surges:
        stands = by_day(reader.days(area, KIND, FIRST, LAST))[surge.day]
        assert (stands.incidents, stands.expected, stands.bound) == (
            surge.count,
            surge.expected,
            surge.limit,
        )


def test_days_before_counting_began_are_not_shown_and_the_first_weeks_have_no_bound(
    reader: SeriesReader,
) -> None:
    shown = reader.days(COUNTY, KIND, FIRST - 50, FIRST + 30)
    assert shown[0].day == date.fromordinal(FIRST).isoformat()
    assert shown[0].bound is None
    assert shown[-1].bound is not None
    assert reader.days(COUNTY, KIND, FIRST - 50, FIRST - 1) == ()
    assert reader.days("440704", KIND, FIRST, LAST) == ()


def test_a_quiet_kind_in_a_counted_county_has_zeros_and_a_bound(reader: SeriesReader) -> None:
    shown = reader.days(GRIDS[0], Kind.SCHOOL, LAST - 9, LAST)
    assert [one.reports for one in shown] == [0] * 10
    assert all(one.bound == Surveillance().series.count_min for one in shown)


def test_the_days_shown_do_not_depend_on_where_the_question_begins(reader: SeriesReader) -> None:
    whole = by_day(reader.days(GRIDS[0], KIND, FIRST, LAST))
    part = by_day(reader.days(GRIDS[0], KIND, LAST - 20, LAST))
    assert part == {day: whole[day] for day in part}


def test_a_question_has_at_most_400_days_and_its_answer_ends_today(engine: Engine) -> None:
    write(engine, [area_signal(at_us=now_us() - 300 * DAY_US, area=OWN_GRID)])
    today = date.fromordinal(local_day(now_us(), "Asia/Shanghai"))
    path = f"/v1/areas/{OWN_GRID}/series"
    with running(engine) as served, served.client(served.token(Role.ANALYST, OWN_COUNTY)) as client:
        many = {"since": str(today - timedelta(400)), "until": str(today)}
        assert problem(client.get(path, params={"kind": KIND, **many})) == (400, "bad-parameter")
        backwards = {"since": str(today), "until": str(today - timedelta(1))}
        assert problem(client.get(path, params={"kind": KIND, **backwards}))[0] == 400
        most = {"since": str(today - timedelta(399)), "until": str(today)}
        assert client.get(path, params={"kind": KIND, **most}).status_code == 200
        ahead = {"since": str(today - timedelta(9)), "until": str(today + timedelta(30))}
        shown = client.get(path, params={"kind": KIND, **ahead}).json()
    assert [one["day"] for one in shown["days"]] == [
        str(today - timedelta(back)) for back in range(9, -1, -1)
    ]
