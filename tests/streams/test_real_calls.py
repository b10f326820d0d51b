"""Real emergency calls of one county: mapped, replayed, and the storms found without crying wolf.

The calls are not shipped. They are looked for beside the checkout, or where FOREWARN_REAL_CALLS
says; without them these tests are skipped, which continuous integration counts as a failure.
"""

import io
import os
from collections import Counter
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from forewarn.cli import app
from schemas.areas import Directory, read_directory
from schemas.outcomes import Alert, Change
from schemas.taxonomy import Scope
from streams.replay import replay
from tests.streams.intake.contacts import Kept
from tests.streams.towns import UNTIL_US, house_of

BESIDE = Path(__file__).parents[3] / "shared" / "data" / "montgomery-911.csv.gz"
CALLS = Path(os.environ.get("FOREWARN_REAL_CALLS", BESIDE))
SNOW, STORM = "2016-01-23", "2016-02-24"
LAST_FOUR_MONTHS = ("2016-02-01", "2016-05-31")
WEEKS = 17.3

pytestmark = pytest.mark.skipif(not CALLS.exists(), reason="the real calls are not at hand")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The calls, mapped by the shipped mapping through the command line."""
    out = tmp_path_factory.mktemp("calls") / "events.jsonl"
    arguments = ["map", str(CALLS), "--mapping", "montgomery-911", "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return out.read_bytes()


@pytest.fixture(scope="module")
def areas() -> Directory:
    shipped = files("streams.feeds") / "shipped" / "montgomery-911.areas.json"
    return read_directory(shipped.read_bytes())


@pytest.fixture(scope="module")
def kept(events: bytes, areas: Directory) -> Kept:
    pipeline, kept = house_of(areas)
    replay(pipeline, io.BytesIO(events), UNTIL_US)
    return kept


def begun(kept: Kept) -> list[Alert]:
    """The area alerts that were opened or reopened."""
    return [
        alert
        for alert in kept.alerts
        if alert.scope is Scope.AREA and alert.change in {Change.OPENED, Change.REOPENED}
    ]


def day_of(alert: Alert) -> str:
    assert alert.surge is not None
    return alert.surge.day


def test_every_row_becomes_an_event_or_is_left_out_by_a_rule(events: bytes) -> None:
    assert events.count(b"\n") == 66_466


def test_no_mapped_call_is_a_dead_letter_or_names_a_person(kept: Kept) -> None:
    assert kept.dead_letters == []
    assert {alert.scope for alert in kept.alerts} == {Scope.AREA}


@pytest.mark.parametrize("day", [SNOW, STORM])
def test_a_storm_day_raises_an_alert_for_the_whole_county(kept: Kept, day: str) -> None:
    county = [alert for alert in begun(kept) if day_of(alert) == day and "/" not in alert.area]
    assert county
    assert county[0].surge is not None
    assert county[0].surge.count > 1.5 * county[0].surge.expected


def test_other_days_of_four_months_raise_at_most_about_one_alert_a_week(kept: Kept) -> None:
    first, last = LAST_FOUR_MONTHS
    days = Counter(day_of(alert) for alert in begun(kept))
    others = sum(n for day, n in days.items() if first <= day <= last and day != STORM)
    assert others <= WEEKS


def test_an_alert_says_its_reason_in_both_languages(kept: Kept) -> None:
    for alert in begun(kept):
        assert "usual" in alert.headline.en
        assert "通常" in alert.headline.zh
        assert alert.surge is not None
        assert len(alert.surge.detectors) >= 2


def test_the_order_of_the_lines_leaves_no_trace(
    events: bytes, areas: Directory, kept: Kept
) -> None:
    pipeline, again = house_of(areas)
    reversed_lines = b"".join(reversed(events.splitlines(keepends=True)))
    replay(pipeline, io.BytesIO(reversed_lines), UNTIL_US)
    assert msgspec.json.encode(again.alerts) == msgspec.json.encode(kept.alerts)
