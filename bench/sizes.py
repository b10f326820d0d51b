"""How large each measurement is: the full sizes, and small ones that only show that all runs."""

from bench.measure_worker_sizes import WORKER_FULL, WORKER_QUICK, WorkerSizes
from schemas.closed import Closed
from streams.feeds.town_config import TownConfig

SEED = 1


class Sizes(Closed, frozen=True):
    """Sizes of all measurements.

    `town` is the feed of a year, `danger` the feed in which every event has a person and danger,
    `years` a feed far longer than anything is remembered, `few` and `many` the same days with few
    and many persons. `model_persons` is how many persons the person stage holds when its memory is
    measured, `traced_persons` how many under tracemalloc, which is slow. `slice_events` is how much
    of a feed the single stages are given, `profiled` are the feeds that can be profiled, by name;
    `worker` is how large everything on a broker is. The store is filled with `store_alerts` and
    asked for `store_seconds`.
    """

    town: TownConfig
    danger: TownConfig
    years: TownConfig
    few: TownConfig
    many: TownConfig
    model_persons: int
    traced_persons: int
    slice_events: int
    repeats: int
    profiled: dict[str, TownConfig]
    worker: WorkerSizes
    store_alerts: int
    store_seconds: float


def _town(persons: int, days: int) -> TownConfig:
    return TownConfig(persons=persons, days=days, seed=SEED)


def _danger(persons: int, days: int) -> TownConfig:
    """Return a town of nothing but danger to persons: about four reports a person and year."""
    return TownConfig(
        persons=persons,
        days=days,
        seed=SEED,
        base_reports=2.0,
        rate_shape=2.0,
        everyday=0.0,
        background=0.0,
        visits=0.0,
        unnamed=0.0,
    )


FULL = Sizes(
    town=_town(100_000, 365),
    danger=_danger(25_000, 365),
    years=_town(30_000, 1_095),
    few=_town(10_000, 60),
    many=_town(200_000, 60),
    model_persons=200_000,
    traced_persons=20_000,
    slice_events=100_000,
    repeats=5,
    profiled={"town": _town(20_000, 365), "danger": _danger(5_000, 365)},
    worker=WORKER_FULL,
    store_alerts=1_000_000,
    store_seconds=20.0,
)
QUICK = Sizes(
    town=_town(1_000, 60),
    danger=_danger(200, 60),
    years=_town(300, 200),
    few=_town(200, 30),
    many=_town(1_000, 30),
    model_persons=500,
    traced_persons=500,
    slice_events=1_000,
    repeats=3,
    profiled={"town": _town(500, 30), "danger": _danger(100, 60)},
    worker=WORKER_QUICK,
    store_alerts=6_000,
    store_seconds=2.0,
)
