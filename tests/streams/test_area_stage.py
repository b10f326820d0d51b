"""The area stage: what is counted where, when a surge is told, and for which area."""

from typing import Any

import pytest

from schemas.outcomes import Alert, Change
from schemas.records import Action, Transition
from schemas.taxonomy import Level, Origin, Purpose, Scope
from schemas.times import DAY_US, HOUR_US, MINUTE_US
from streams.pipeline import Pipeline
from tests.builders import AREA, NOW_US
from tests.streams.intake.contacts import Kept, contact, pipeline_with, raw

COUNTY, TOWN, COMMUNITY = AREA[:6], AREA[:9], AREA[:12]
SISTERS = [f"{COMMUNITY}{number:03d}" for number in range(1, 11)]
WEEKS = 8


def reported(pipeline: Pipeline, name: str, at_us: int, **data: Any) -> None:
    pipeline.take(
        raw(
            contact(name, at=at_us, ingest=at_us, kind="fire_gas_hazard", **data), received_us=at_us
        )
    )


def usual_weeks(pipeline: Pipeline, grids: list[str]) -> int:
    """Two months with about one report a day in each grid; return the day that follows."""
    for day in range(WEEKS * 7):
        for place, grid in enumerate(grids):
            if (day + place) % 3:
                at = NOW_US + day * DAY_US + place * MINUTE_US
                reported(pipeline, f"usual-{day}-{place}", at, area=grid)
        pipeline.tick(NOW_US + day * DAY_US + 20 * HOUR_US)
    return NOW_US + WEEKS * 7 * DAY_US


def surge(pipeline: Pipeline, start_us: int, grids: list[str], reports: int) -> None:
    """So many reports in each grid within ten hours, half an hour apart, then a tick."""
    for number in range(reports):
        for grid in grids:
            at = start_us + number * 30 * MINUTE_US
            reported(pipeline, f"surge-{start_us}-{grid}-{number}", at, area=grid)
    pipeline.tick(start_us + 11 * HOUR_US)


def begun(kept: Kept) -> list[Alert]:
    return [alert for alert in kept.alerts if alert.change in {Change.OPENED, Change.REOPENED}]


@pytest.fixture
def settled() -> tuple[Pipeline, Kept, int]:
    pipeline, kept = pipeline_with()
    after = usual_weeks(pipeline, SISTERS)
    assert kept.alerts == [], "a usual day is told as a surge"
    return pipeline, kept, after


def test_a_rise_in_one_grid_is_told_for_that_grid_and_for_none_above(
    settled: tuple[Pipeline, Kept, int],
) -> None:
    pipeline, kept, after = settled
    surge(pipeline, after, SISTERS[3:4], 18)
    assert [alert.subject for alert in begun(kept)] == [SISTERS[3]]


def test_a_rise_spread_over_many_grids_is_told_for_the_area_above_them(
    settled: tuple[Pipeline, Kept, int],
) -> None:
    pipeline, kept, after = settled
    surge(pipeline, after, SISTERS, 6)
    (alert,) = begun(kept)
    assert alert.subject == COMMUNITY
    assert alert.surge is not None
    assert alert.surge.count >= 60


def test_a_surge_is_told_once_a_day_and_ends_when_it_is_quiet(
    settled: tuple[Pipeline, Kept, int],
) -> None:
    pipeline, kept, after = settled
    surge(pipeline, after, SISTERS[3:4], 18)
    said = len(kept.alerts)
    for minute in range(0, 120, 15):
        pipeline.tick(after + 11 * HOUR_US + minute * MINUTE_US)
    assert len(kept.alerts) == said
    surge(pipeline, after + DAY_US, SISTERS[3:4], 18)
    for day in range(2, 12):
        pipeline.tick(after + day * DAY_US)

    changes = [alert.change for alert in kept.alerts]
    assert changes[0] is Change.OPENED
    assert changes[-1] is Change.EXPIRED
    assert len({alert.alert_id for alert in kept.alerts}) == 1
    assert [alert.revision for alert in kept.alerts] == list(range(1, len(kept.alerts) + 1))


def test_a_closed_surge_that_goes_on_is_reopened(settled: tuple[Pipeline, Kept, int]) -> None:
    pipeline, kept, after = settled
    surge(pipeline, after, SISTERS[3:4], 18)
    alert = kept.alerts[0]
    closing = Transition("t", Scope.AREA, alert.subject, Action.CLOSED, after + 12 * HOUR_US)
    pipeline.transition(closing)
    assert pipeline.counts["area.transition_of_unknown_alert"] == 1
    known = Transition(
        "t", Scope.AREA, alert.subject, Action.CLOSED, after + 12 * HOUR_US, alert.alert_id
    )
    pipeline.transition(known)
    surge(pipeline, after + DAY_US, SISTERS[3:4], 18)
    assert [one.change for one in begun(kept)] == [Change.OPENED, Change.REOPENED]


@pytest.mark.parametrize(
    ("data", "counted"),
    [
        ({}, True),
        ({"purpose": Purpose.HELP_REQUEST.value}, True),
        ({"purpose": Purpose.SERVICE_REQUEST.value}, True),
        ({"purpose": Purpose.COMPLAINT.value}, False),
        ({"purpose": Purpose.PETITION.value}, False),
        ({"origin": Origin.VISIT.value}, False),
    ],
)
def test_what_is_counted_is_need_and_harm_and_nothing_else(
    data: dict[str, Any], counted: bool
) -> None:
    pipeline, _ = pipeline_with()
    reported(pipeline, "one", NOW_US, area=AREA, **data)
    keys = {key.split("|")[1] for key in pipeline.area.series.keys()}  # noqa: SIM118  # no dict
    assert keys == ({AREA, COMMUNITY, TOWN, COUNTY} if counted else set())


def test_reports_too_late_for_counts_are_counted_apart() -> None:
    pipeline, _ = pipeline_with()
    late = contact("late", at=NOW_US - 4 * DAY_US, ingest=NOW_US)
    pipeline.take(raw(late))
    assert pipeline.counts["area.late_signal"] == 1
    assert len(pipeline.area.series) == 0


def test_a_surge_alone_is_never_red(settled: tuple[Pipeline, Kept, int]) -> None:
    pipeline, kept, after = settled
    surge(pipeline, after, SISTERS, 40)
    assert {alert.level for alert in kept.alerts} <= {Level.YELLOW, Level.ORANGE}
    assert any(alert.level is Level.ORANGE for alert in kept.alerts)
