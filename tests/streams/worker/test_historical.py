"""A historical feed: what a tick waits for, and what is not said twice after a crash."""

from faust.types import TP

from schemas.areas import Directory
from schemas.codec import encode
from schemas.events import RawRecord
from schemas.outcomes import ClockState, ServiceClock
from schemas.records import Action, Tick, Transition
from schemas.taxonomy import Kind, Purpose, Scope
from schemas.times import from_us
from schemas.topics import AREA_LOG, CATALOGUE, PERSON_LOG, SERVICE_LOG
from streams.state import BUCKET_US
from streams.worker.alignment import RawItem
from streams.worker.historical import Historical
from streams.worker.pleas import Pleas
from streams.worker.routing import Batches, Router

TPS = [TP("raw", 0), TP("raw", 1)]
PARTITIONS = {topic.name: 1 for topic in CATALOGUE}
ROUTER = Router(PARTITIONS, Directory())
T1, T2 = BUCKET_US, 2 * BUCKET_US
RECEIPTS = ("a" * 32, "b" * 32)


def clock(receipt: str, due_us: int, *, back: bytes | None = b"sealed") -> ServiceClock:
    opened, due = from_us(1), from_us(due_us)
    return ServiceClock(
        receipt, ClockState.OPENED, Purpose.HELP_REQUEST, Kind.SELF_HARM, "440703",
        opened, due, opened, back,
    )  # fmt: skip


def transition(receipt: str) -> Transition:
    return Transition(
        f"{receipt}-overdue", Scope.PERSON, receipt, Action.HELP_OVERDUE, T1, "", receipt
    )


def house(*clocks: ServiceClock) -> Historical:
    """Two raw partitions that have told two ticks; before the first, events that open clocks."""
    left = list(clocks)

    def take(said: Batches, event: RawRecord) -> ServiceClock:
        opened = left.pop(0)
        said.setdefault((SERVICE_LOG.name, 0), []).append((b"event", encode(opened)))
        said.setdefault((PERSON_LOG.name, 0), []).append((b"event", event.value))
        return opened

    historical = Historical(ROUTER, take, lambda tp: f"source/{tp.partition}")
    historical.own(TPS, {}, Pleas())
    fill(historical, len(clocks))
    return historical


def fill(historical: Historical, events: int) -> None:
    first = [RawItem(n, n, 0, RawRecord(b"event %d" % n, "raw", 0, n, 0)) for n in range(events)]
    ticks = [RawItem(events + n, 0, at_us, None) for n, at_us in enumerate((T1, T2))]
    historical.alignment.add(TPS[0], [*first, *ticks])
    historical.alignment.add(TPS[1], ticks)


def ticks_on(batches: Batches, log: str) -> list[bytes]:
    return [value for key, value in batches.get((log, 0), []) if key == b"tick"]


def told(at_us: int) -> bytes:
    return encode(Tick("source/0", at_us, ("source/1",)))


def test_every_tick_is_on_every_log_when_nothing_is_owed() -> None:
    historical = house(clock(RECEIPTS[0], 9 * T2))
    batches: Batches = {}
    reached = historical.let_through(batches)
    for log in (PERSON_LOG, AREA_LOG, SERVICE_LOG):
        assert ticks_on(batches, log.name) == [told(T1), told(T2)]
    assert reached == {TPS[0]: 3, TPS[1]: 3}
    assert not historical.waits


def test_a_tick_waits_for_the_pleas_it_ends_and_stands_behind_them() -> None:
    historical = house(clock(RECEIPTS[1], T1), clock(RECEIPTS[0], T1 - 1))
    batches: Batches = {}
    assert historical.let_through(batches) == {}
    assert historical.waits
    assert ticks_on(batches, SERVICE_LOG.name) == [told(T1)]
    assert ticks_on(batches, PERSON_LOG.name) == ticks_on(batches, AREA_LOG.name) == []
    historical.returned(batches, RECEIPTS[1], transition(RECEIPTS[1]))
    assert historical.let_through(batches) == {}
    assert historical.keeps_back
    historical.returned(batches, RECEIPTS[0], transition(RECEIPTS[0]))
    assert historical.let_through(batches) == {TPS[0]: 4, TPS[1]: 4}
    person_log = [value for key, value in batches[PERSON_LOG.name, 0] if key != b"event"]
    assert person_log == [
        encode(transition(RECEIPTS[0])), encode(transition(RECEIPTS[1])), told(T1), told(T2),
    ]  # fmt: skip
    assert not historical.keeps_back


def test_a_plea_without_a_way_back_holds_no_tick() -> None:
    historical = house(clock(RECEIPTS[0], T1, back=None))
    historical.let_through({})
    assert not historical.waits


def test_what_is_on_a_log_to_its_tick_is_not_said_to_that_log_again() -> None:
    historical = house(clock(RECEIPTS[0], 9 * T2))
    said = {
        (PERSON_LOG.name, 0): {"source/0": T2, "source/1": T2},
        (SERVICE_LOG.name, 0): {"source/0": T1, "source/1": T1},
        (AREA_LOG.name, 0): {"source/0": T1},
    }
    historical.own(TPS, said, Pleas())
    fill(historical, 1)
    batches: Batches = {}
    historical.let_through(batches)
    assert (PERSON_LOG.name, 0) not in batches
    assert [value for _, value in batches[SERVICE_LOG.name, 0]] == [told(T2)]
    assert ticks_on(batches, AREA_LOG.name) == [told(T1), told(T2)]


def test_what_one_source_told_before_is_left_out_where_another_had_not_come_so_far() -> None:
    historical = house(clock(RECEIPTS[0], 9 * T2))
    said = {(PERSON_LOG.name, 0): {"source/0": T1}, (SERVICE_LOG.name, 0): {"source/1": T1}}
    historical.own(TPS, said, Pleas())
    fill(historical, 1)
    batches: Batches = {}
    historical.let_through(batches)
    assert [key for key, _ in batches[PERSON_LOG.name, 0]] == [b"tick", b"tick"]
    assert [key for key, _ in batches[SERVICE_LOG.name, 0]] == [b"event", b"tick", b"tick"]


def test_a_source_read_to_its_end_by_another_owner_holds_back_nothing_it_told() -> None:
    historical = house()
    said = {(log.name, 0): {"source/1": T2} for log in (PERSON_LOG, SERVICE_LOG, AREA_LOG)}
    historical.own(TPS, said, Pleas())
    historical.alignment.add(TPS[0], [RawItem(0, 0, T1, None), RawItem(1, 0, T2, None)])
    assert historical.let_through({}) == {}
    assert historical.let_through({}, {TPS[1]}) == {TPS[0]: 2}


def test_pleas_that_were_opened_before_a_crash_are_waited_for() -> None:
    historical = house()
    pleas = Pleas()
    pleas.opened(clock(RECEIPTS[0], T1))
    historical.own(TPS, {}, pleas)
    fill(historical, 0)
    historical.let_through({})
    assert historical.waits


def test_a_plea_that_came_back_is_not_waited_for_when_it_is_told_again() -> None:
    pleas = Pleas()
    pleas.opened(clock(RECEIPTS[0], T1))
    pleas.returned(RECEIPTS[0])
    pleas.opened(clock(RECEIPTS[0], T1))
    assert pleas.owed(T2) == set()


def test_a_plea_is_owed_with_the_first_tick_at_or_after_its_end() -> None:
    pleas = Pleas()
    pleas.opened(clock(RECEIPTS[0], T1 + 1))
    assert pleas.owed(T1) == set()
    assert pleas.owed(T2) == {RECEIPTS[0]}
    assert pleas.owed(T2) == set()
