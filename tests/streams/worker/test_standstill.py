"""A stage that owns records nobody reads ends its worker; one that moves or has none does not."""

from dataclasses import dataclass, field

import pytest
from faust.types import TP

from streams.worker.standstill import STILL_S_MAX, StandstillError, StandstillWatch

LOG = TP("log", 3)
EVERY_S, PATIENCE_S = 10.0, 30.0
LOOKS_MAX = int(STILL_S_MAX / EVERY_S)
BUSY_MAX = int((STILL_S_MAX + PATIENCE_S) / EVERY_S)


@dataclass
class Stage:
    """A stage as it is told to be."""

    next_offset: int = 5
    recovered: int = 0
    at_work: bool = False
    owned: set[TP] = field(default_factory=lambda: {LOG})

    def reading(self) -> dict[TP, int]:
        return dict.fromkeys(self.owned, self.next_offset)

    def place(self) -> object:
        return self.next_offset, self.recovered

    def busy(self) -> bool:
        return self.at_work


def watching(stage: Stage) -> StandstillWatch:
    return StandstillWatch(
        {"person": stage}, {}, every_s=EVERY_S, patience_s=PATIENCE_S, failed=lambda error: None
    )


def looks(watch: StandstillWatch, number: int, end: int = 9) -> None:
    for _ in range(number):
        watch.compare({LOG: end})


def test_a_stage_that_does_not_read_what_is_there_is_found_out() -> None:
    watch = watching(Stage())
    looks(watch, LOOKS_MAX)
    with pytest.raises(StandstillError, match=r"the person stage has not moved in 60 s.*log/3"):
        looks(watch, 1)


@pytest.mark.parametrize("stage", [Stage(next_offset=9), Stage(owned=set())])
def test_a_stage_with_nothing_to_read_may_rest(stage: Stage) -> None:
    looks(watching(stage), 5 * LOOKS_MAX)


@pytest.mark.parametrize("moves", ["next_offset", "recovered"])
def test_a_stage_that_moves_is_left_alone_however_slow(moves: str) -> None:
    stage = Stage()
    watch = watching(stage)
    for number in range(3):
        setattr(stage, moves, number)
        looks(watch, LOOKS_MAX)


def test_a_round_under_way_is_given_longer() -> None:
    watch = watching(Stage(at_work=True))
    looks(watch, BUSY_MAX)
    with pytest.raises(StandstillError):
        looks(watch, 1)


def test_what_becomes_unread_counts_from_then_on() -> None:
    watch = watching(Stage())
    looks(watch, LOOKS_MAX, end=5)
    looks(watch, LOOKS_MAX - 1)
    with pytest.raises(StandstillError):
        looks(watch, 1)
