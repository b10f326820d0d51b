"""The town of the demo: a past that ends now, stories first, and a place that is kept."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from forewarn.machine.demo_player import PACES, TOWN_PACE_S, Place, as_of_now, pace_s, read_place
from forewarn.machine.demo_town import write_town
from forewarn.machine.folder import AREAS, HISTORY, TO_TELL
from schemas.areas import read_directory
from schemas.events import Event
from schemas.taxonomy import Kind, Sign
from schemas.times import from_us, to_us

NOW_US = to_us(datetime(2026, 11, 4, 2, 30, tzinfo=UTC))
PERSONS = 3_000
_decode = msgspec.json.Decoder(Event).decode


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    write_town(folder, NOW_US, PERSONS)
    return folder


def events(path: Path) -> list[Event]:
    return [_decode(line) for line in path.read_bytes().splitlines()]


def test_the_past_ends_now_and_is_in_the_order_of_its_arrival(town: Path) -> None:
    came_in = [event.ingesttime for event in events(town / HISTORY)]
    known = [at for at in came_in if at is not None]
    assert len(known) == len(came_in) > 1_000
    assert all(one <= other for one, other in pairwise(known))
    assert timedelta() <= from_us(NOW_US) - known[-1] < timedelta(days=1)


def test_something_of_every_kind_is_told_soon(town: Path) -> None:
    soon = [event.data for event in events(town / TO_TELL)[: PACES[0][0]]]
    assert any(Sign.STRANGULATION in data.signs for data in soon)
    assert any(data.person is None and Sign.WEAPON in data.signs for data in soon)
    accidents = [data.area[:12] for data in soon if data.kind is Kind.ACCIDENT]
    assert max(accidents.count(area) for area in accidents) >= 10


def test_no_id_of_the_past_is_told_again(town: Path) -> None:
    past = {(event.source, event.id) for event in events(town / HISTORY)}
    to_tell = {(event.source, event.id) for event in events(town / TO_TELL)}
    assert len(past & to_tell) <= len(past) // 100, "the town's own deliveries of one event twice"


def test_a_town_is_made_once(town: Path) -> None:
    before = (town / TO_TELL).stat().st_mtime_ns
    write_town(town, NOW_US + 10**12, PERSONS)
    assert (town / TO_TELL).stat().st_mtime_ns == before
    assert read_directory((town / AREAS).read_bytes()).place("990101001001001") is not None


def test_what_is_told_happens_now_with_the_lateness_it_had(town: Path) -> None:
    event = events(town / TO_TELL)[0]
    assert event.ingesttime is not None
    now = datetime(2027, 1, 1, tzinfo=UTC)
    told = as_of_now(event, now, 1)
    assert told.id == event.id
    assert told.ingesttime is None
    assert now - told.time == event.ingesttime - event.time
    assert told.data == event.data


def test_a_second_telling_has_ids_of_its_own(town: Path) -> None:
    event = events(town / TO_TELL)[0]
    assert as_of_now(event, datetime(2027, 1, 1, tzinfo=UTC), 2).id == f"{event.id}-2"


def test_it_is_told_fast_at_first_and_at_the_towns_own_pace_in_the_end() -> None:
    paces = [pace_s(told) for told in range(1_000)]
    assert paces == sorted(paces)
    assert sum(paces[: PACES[0][0]]) < 180
    assert paces[-1] == TOWN_PACE_S


def test_a_place_is_the_beginning_where_none_was_kept(tmp_path: Path) -> None:
    assert read_place(tmp_path) == Place()
