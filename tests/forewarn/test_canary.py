"""The canary: counted once, lost in time, and never able to become an alert."""

from dataclasses import dataclass

import msgspec
from prometheus_client import CollectorRegistry

from forewarn.canary import LOST_S_MAX, REMEMBERED_S_MAX, SOURCE, Canary, Flight
from schemas.areas import CANARY_CODE, Area, Directory
from schemas.closed import Text
from schemas.outcomes import ClockState, ServiceClock
from schemas.taxonomy import CLOCK_PURPOSES, AreaLevel, Feed
from schemas.times import SECOND_US, from_us, to_us
from tests.builders import NOW_US
from tests.streams.intake.contacts import intake_with, raw

PLACE = Area(code=CANARY_CODE, level=AreaLevel.GRID, name=Text(en="Canary", zh="金丝雀"))


@dataclass
class HandClock:
    """A clock that is moved by hand."""

    now_us: int = NOW_US

    def __call__(self) -> int:
        return self.now_us

    def pass_s(self, seconds: float) -> None:
        self.now_us += int(seconds * SECOND_US)


def clock_of(flight: Flight) -> ServiceClock:
    """The clock that the intake makes of a flight."""
    taken = intake_with(directory=Directory([PLACE])).step(
        raw(msgspec.json.encode(flight.event), received_us=flight.sent_us)
    )
    assert taken.clock is not None
    return taken.clock


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    found = registry.get_sample_value(name, labels)
    assert found is not None
    return found


def flown(bird: Canary) -> dict[str, float]:
    registry = bird.meters.registry
    return {
        "sent": value(registry, "forewarn_canary_sent_total"),
        "out": value(registry, "forewarn_canary_seconds_count"),
        "not_seen": value(registry, "forewarn_canary_lost_total", reason="not_seen"),
        "not_accepted": value(registry, "forewarn_canary_lost_total", reason="not_accepted"),
    }


def test_a_canary_opens_a_clock_and_reaches_nothing_that_could_raise_an_alert() -> None:
    bird = Canary(CANARY_CODE, HandClock())
    flights = [bird.next_flight() for _ in range(6)]
    assert [flight.feed for flight in flights] == [*Feed, *Feed]
    for flight in flights:
        taken = intake_with(directory=Directory([PLACE])).step(
            raw(msgspec.json.encode(flight.event), received_us=flight.sent_us)
        )
        assert (taken.person, taken.area, taken.vault, taken.dead) == (None, None, None, None)
        assert taken.clock is not None
        assert taken.clock.purpose in CLOCK_PURPOSES
        assert flight.event.source == SOURCE
        assert to_us(taken.clock.opened) == flight.sent_us


def test_one_that_comes_out_is_timed_and_answered() -> None:
    now = HandClock()
    bird = Canary(CANARY_CODE, now)
    clock = clock_of(bird.next_flight())
    now.pass_s(2)
    answer = bird.came_out(clock)
    assert answer is not None
    assert answer.receipt == clock.receipt
    assert answer.ingest_us == now.now_us
    registry = bird.meters.registry
    assert value(registry, "forewarn_canary_seconds_sum") == 2
    assert value(registry, "forewarn_canary_age_seconds") == 2
    bird.came_out(clock)
    assert flown(bird) == {"sent": 1, "out": 1, "not_seen": 0, "not_accepted": 0}


def test_clocks_of_people_are_neither_counted_nor_answered() -> None:
    bird = Canary(CANARY_CODE, HandClock())
    clock = clock_of(bird.next_flight())
    change = msgspec.structs.replace
    for other in (
        change(clock, area="440703"),
        change(clock, state=ClockState.OVERDUE),
        change(clock, opened=from_us(NOW_US - 1)),
    ):
        assert bird.came_out(other) is None
    assert flown(bird)["out"] == 0


def test_each_flight_counts_once_however_it_ends() -> None:
    now = HandClock()
    bird = Canary(CANARY_CODE, now)
    refused, slow, lost = (bird.next_flight() for _ in range(3))
    bird.accepted(refused, by_broker=False)
    bird.accepted(slow, by_broker=True)
    bird.accepted(lost, by_broker=True)
    now.pass_s(LOST_S_MAX + 1)
    bird.give_up()
    bird.give_up()
    assert bird.came_out(clock_of(slow)) is not None
    assert bird.came_out(clock_of(refused)) is not None
    assert flown(bird) == {"sent": 3, "out": 0, "not_seen": 2, "not_accepted": 1}


def test_its_age_grows_while_nothing_comes_out_and_its_memory_does_not() -> None:
    now = HandClock()
    bird = Canary(CANARY_CODE, now)
    first = bird.next_flight()
    now.pass_s(REMEMBERED_S_MAX + 1)
    assert value(bird.meters.registry, "forewarn_canary_age_seconds") == REMEMBERED_S_MAX + 1
    bird.give_up()
    assert bird.came_out(clock_of(first)) is None


def test_the_broker_is_reached_or_it_is_not() -> None:
    bird = Canary(CANARY_CODE, HandClock())
    for by_broker in (True, False, True):
        bird.accepted(bird.next_flight(), by_broker=by_broker)
        assert value(bird.meters.registry, "forewarn_broker_reached") == by_broker
