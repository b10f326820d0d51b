"""How large the worker's measurements are: the full sizes, and small ones that show it runs."""

from schemas.closed import Closed
from streams.feeds.town_config import TownConfig


class WorkerSizes(Closed, frozen=True):
    """Sizes of what is measured on a broker.

    `count_records` are counted by the worker and fast peers, `slow_records` by Faust; `light_keys`
    are so few keys that hardly any state is written. `town` is the feed of the full job, at most
    `events` of it. `core_persons` have four signals each in the comparison with our step inside
    Quix. Latency is taken for `latency_s` seconds after `warm_s`, at `latency_rate` events a
    second. `many_persons` are remembered at once and compared with `few_persons`; `faust_keys` are
    recovered by Faust. `peers` says whether peers run that need more than our own packages.
    """

    count_records: int
    slow_records: int
    light_keys: int
    town: TownConfig
    events: int
    core_persons: int
    latency_rate: int
    latency_s: int
    warm_s: int
    many_persons: int
    few_persons: int
    faust_keys: int
    repeats: int
    peers: bool


WORKER_FULL = WorkerSizes(
    count_records=400_000,
    slow_records=60_000,
    light_keys=100,
    town=TownConfig(persons=2_000_000, days=7, seed=1),
    events=150_000,
    core_persons=15_000,
    latency_rate=1_000,
    latency_s=20,
    warm_s=3,
    many_persons=1_000_000,
    few_persons=10_000,
    faust_keys=200_000,
    repeats=3,
    peers=True,
)
WORKER_QUICK = WorkerSizes(
    count_records=3_000,
    slow_records=1_000,
    light_keys=10,
    town=TownConfig(persons=5_000, days=2, seed=1),
    events=200,
    core_persons=50,
    latency_rate=100,
    latency_s=1,
    warm_s=1,
    many_persons=400,
    few_persons=50,
    faust_keys=500,
    repeats=1,
    peers=False,
)
