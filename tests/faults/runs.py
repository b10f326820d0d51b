"""One run under faults: everything started, time passed by progress, everything brought to rest.

Rules: moments of faults are fractions of the whole work, drawn from the seed; a wait is for a
condition and has a deadline; whatever happens, all processes end with the run.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from alerts.vault.keyring import Keyring
from forewarn.keys import load_or_make_keyring
from forewarn.version import CODE_VERSION
from schemas.times import DAY_US
from schemas.topics import AREA_LOG, PERSON_LOG, SERVICE_LOG
from streams.pipeline import PipelineConfig
from tests.faults.cluster import PARTITIONS, READ_BY, Cluster, fault_cluster
from tests.faults.expected import Expected, expected_of, intake_of
from tests.faults.processes import Crew, Deadline, Feeder
from tests.faults.towns import Feed, chance_of, made_feed
from tests.faults.verdict import Verdict, verdict_on

POLL_S = 0.05
SAID_EVERY_S = 10.0
FURTHER_RECORDS_MAX = 3_000
FURTHER_S_MAX = 3.0
QUIET_S = 2.0
_LOGS = {"person": PERSON_LOG, "area": AREA_LOG, "service": SERVICE_LOG}


@dataclass(frozen=True)
class Size:
    """How large a run is: events over days of the feed's own time, sent in about `feed_s`."""

    events: int
    days: int
    feed_s: float
    patience_s: float = 900.0


@dataclass
class Run:
    """A run under way; `say` is told what happens."""

    cluster: Cluster
    crew: Crew
    feed: Feed
    feeder: Feeder
    expected: Expected
    keyring: Keyring
    folder: Path
    chance: Random
    patience_s: float
    say: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)
    _said: float = 0.0
    _work: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Count what each group has to read at least."""
        ticks, counts = self.expected.ticks, self.expected.counts()
        self._work = {stage: ticks * PARTITIONS + counts[log.name] for stage, log in _LOGS.items()}
        self._work["intake"] = len(self.feed.lines) + ticks * 3 * PARTITIONS

    def progress(self) -> float:
        """The share of the work that is committed, from 0 to 1."""
        lags = self.cluster.lags()
        shares = [min(1.0, lags[stage].committed / work) for stage, work in self._work.items()]
        share = sum(shares) / len(shares)
        if time.monotonic() - self._said > SAID_EVERY_S:
            self._said = time.monotonic()
            behind = ", ".join(f"{n} {lag.committed:,}/{lag.end:,}" for n, lag in lags.items())
            self.say(f"{self._said - self.began:6.1f} s  {share:4.0%}  {behind}")
        return share

    def wait(self, condition: Callable[[], bool], what: str, seconds: float | None = None) -> None:
        """Wait for a condition; meanwhile start again what ends."""
        deadline = Deadline(seconds or self.patience_s, what)
        while not condition():
            self.crew.tend()
            try:
                deadline.check()
            except TimeoutError:
                for one in self.crew.workers:
                    self.say(f"{one.name} ({one.ends}):\n{one.last_words()}")
                raise
            time.sleep(POLL_S)

    def until_share(self, share: float) -> None:
        """Wait until a share of the work is done, then for a random number of records more."""
        self.wait(lambda: self.progress() >= share, f"{share:.0%} of the work")
        wanted = self.cluster.written() + self.chance.randrange(FURTHER_RECORDS_MAX)
        until = time.monotonic() + FURTHER_S_MAX
        while self.cluster.written() < wanted and time.monotonic() < until:
            pass

    def at_rest(self) -> None:
        """Wait until every group has read and made durable all there is, and nothing moves."""
        self.wait(self.feeder.done, "the feed is sent")
        still_since: list[float] = [0.0]
        before: list[object] = [None]

        def rest() -> bool:
            self.progress()
            lags = self.cluster.lags()
            if any(lags[stage].committed != lags[stage].end for stage in READ_BY):
                before[0] = None
                return False
            if lags != before[0]:
                before[0], still_since[0] = lags, time.monotonic()
            return time.monotonic() - still_since[0] > QUIET_S

        self.wait(rest, "all groups at the ends of their topics")
        self.say(f"{time.monotonic() - self.began:6.1f} s  at rest")

    def verdict(self) -> Verdict:
        """Judge; the workers have been stopped."""
        for one in self.crew.workers:
            self.say(f"{one.name}: {one.starts} starts, {one.kills} kills, other ends {one.ends}")
        started = time.monotonic()
        judged = verdict_on(self.cluster, self.feed, self.expected, self.keyring, self.folder)
        self.say(f"judged in {time.monotonic() - started:.1f} s")
        return judged


@contextmanager
def run_under_faults(
    folder: Path,
    size: Size,
    seed: int,
    say: Callable[[str], None],
    *,
    module: tuple[str, ...] = ("forewarn", "worker"),
    options: tuple[str, ...] = (),
) -> Iterator[Run]:
    """Start a broker and a feeder; workers join by `run.crew.join()`."""
    feed = made_feed(folder / "town", events=size.events, days=size.days, seed=seed)
    keyring, _ = load_or_make_keyring(folder / "keys.json")
    expected = expected_of(feed, intake_of(feed, keyring, PipelineConfig(), CODE_VERSION))
    span_us = max(line.ingest_us for line in feed.lines) - feed.lines[0].ingest_us
    say(f"{len(feed.lines):,} events of {span_us / DAY_US:.0f} days, {expected.ticks:,} ticks")
    with fault_cluster(folder) as cluster:
        crew = Crew(cluster, feed, folder, module=module, options=options)
        feeder = Feeder(cluster, feed, folder, span_us / 1e6 / size.feed_s)
        try:
            yield Run(
                cluster, crew, feed, feeder, expected, keyring, folder,
                chance_of(seed, "further records"), size.patience_s, say,
            )  # fmt: skip
        finally:
            crew.stop()
            feeder.stop()
