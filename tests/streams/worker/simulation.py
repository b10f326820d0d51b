"""A worker that dies at any await, over a broker in memory: the real round, state and recovery.

One seed gives one story: how records are cut into chunks, how chunks are gathered, where the
worker dies, how much of what it was sending arrives, and what of it arrives only after others have
gone on.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from faust.types import TP

from streams.cluster.raw import Headers
from streams.worker.frames import body_of
from streams.worker.gaps import PlaceLostError
from streams.worker.host import StageHost
from streams.worker.meters import Meters
from streams.worker.producing import Record, StageProducer
from streams.worker.routing import Router
from streams.worker.stores import MemoryStore
from streams.worker.table import DurableTable, Recovered
from tests.streams.worker.changelogs import Logged
from tests.streams.worker.simulated_logs import PARTITIONS, Job

LOG, CHANGELOG = "log", "changelog"
LIVES_MAX = 400
METERS = Meters()
Place = tuple[str, int]
Said = tuple[str, int, bytes, bytes | None]


class DiedError(RuntimeError):
    """The worker is killed here."""


class ClaimLostError(RuntimeError):
    """Somebody wrote between the recovery and the claim: the worker ends and starts again."""


class Late(NamedTuple):
    """Records of a dead worker that are still under way."""

    rounds: int
    place: Place
    records: list[Record]


class BrokerInMemory:
    """Topics as lists; offsets are positions."""

    def __init__(self) -> None:
        self.topics: dict[Place, list[Logged]] = defaultdict(list)
        self.committed: dict[int, int] = {}
        self.late: list[Late] = []

    def append(self, place: Place, records: Iterable[Record]) -> int:
        """Append records; return the last offset."""
        topic = self.topics[place]
        topic += [Logged(len(topic) + n, value, key) for n, (key, value) in enumerate(records)]
        return len(topic) - 1

    def a_round_passed(self) -> None:
        """Let arrive what has been under way long enough."""
        waiting, self.late = self.late, []
        for rounds, place, records in waiting:
            if rounds <= 0:
                self.append(place, records)
            else:
                self.late.append(Late(rounds - 1, place, records))

    def said(self) -> set[Said]:
        """Everything that was told to the outside, what was told twice but once."""
        return {
            (*place, one.key or b"", one.value)
            for place, records in self.topics.items()
            if place[0] != CHANGELOG
            for one in records
        }


class Fate:
    """Decides where a life ends: `steps` more awaits, or never."""

    def __init__(self, chance: random.Random, steps: int | None) -> None:
        self.chance = chance
        self._steps = steps

    def strikes(self) -> bool:
        """Say whether it ends here."""
        if self._steps is None:
            return False
        self._steps -= 1
        return self._steps < 0


class FatedProducer(StageProducer):
    """Sends to the broker in memory, batch by batch, and may die before, between and after."""

    def __init__(self, broker: BrokerInMemory, fate: Fate, batch: int, late_share: float) -> None:
        super().__init__({})
        self._broker = broker
        self._fate = fate
        self._batch = batch
        self._late_share = late_share

    async def send(
        self, batches: Mapping[Place, Sequence[Record]], headers: Headers = ()
    ) -> dict[Place, int]:
        """Append everything, or die with a part of it appended and a part of it under way."""
        if self._fate.strikes():
            raise DiedError
        waiting = {place: list(records) for place, records in batches.items()}
        lasts = dict.fromkeys(batches, -1)
        while waiting:
            if self._fate.strikes():
                self._leave_under_way(waiting)
                raise DiedError
            place = self._fate.chance.choice(sorted(waiting))
            lasts[place] = self._broker.append(place, waiting[place][: self._batch])
            waiting[place] = waiting[place][self._batch :]
            if not waiting[place]:
                del waiting[place]
        if self._fate.strikes():
            raise DiedError
        return lasts

    def _leave_under_way(self, waiting: dict[Place, list[Record]]) -> None:
        """Of a share of what waits, the next batch arrives late: one a partition is in flight."""
        for place, records in waiting.items():
            if self._fate.chance.random() < self._late_share:
                late = Late(self._fate.chance.randrange(6), place, records[: self._batch])
                self._broker.late.append(late)


class TableInMemory(DurableTable):
    """What a host asks of its table, without an app of Faust around it."""

    def __init__(self, kept: dict[int, Recovered]) -> None:
        self.partitions_kept = kept


class NoModelsToWaitFor:
    """All bodies are there already."""

    async def ensure(self, versions: Iterable[str]) -> None:
        """Return at once."""


def recover(
    broker: BrokerInMemory, partitions: Iterable[int], kind: type[Recovered] = Recovered
) -> dict[int, Recovered]:
    """Read the changelogs from their beginning, in chunks."""
    kept = {number: kind(MemoryStore()) for number in partitions}
    for number, one in kept.items():
        records = broker.topics[CHANGELOG, number]
        for first in range(0, len(records), 50):
            one.apply(records[first : first + 50])
    return kept


class Simulation:
    """One story of a stage: lives that end too early, and a last one that finishes."""

    host_kind: type[StageHost] = StageHost
    recovered_kind: type[Recovered] = Recovered
    batches: tuple[int, ...] = (1, 3, 10, 1_000)
    late_share = 0.5

    def __init__(self, job: Job, seed: int, *, deaths: int = 12) -> None:
        self.job = job
        self.chance = random.Random(seed)  # noqa: S311  # a seed, no secret
        self.broker = BrokerInMemory()
        self.deaths = deaths
        self.died = 0
        self.wrong = 0
        self.lost_place = 0

    async def run(self) -> "Simulation":
        """Live until everything is durable."""
        for life in range(LIVES_MAX):
            last = life >= self.deaths
            fate = Fate(self.chance, None if last else self.chance.randrange(1, 40))
            try:
                await self._live(fate)
            except DiedError:
                self.died += 1
            except ClaimLostError:
                self.lost_place += 1
            else:
                return self
        raise AssertionError("it never came to an end")

    def host_of(self, fate: Fate) -> StageHost:
        """Make the stage of a new process."""
        batch = self.chance.choice(self.batches)
        return self.host_kind(
            self.job.kind,
            self.job.parts,
            log_topic=LOG,
            changelog_topic=CHANGELOG,
            producer=FatedProducer(self.broker, fate, 1_000, self.late_share),
            changes=FatedProducer(self.broker, fate, batch, self.late_share),
            router=Router(PARTITIONS, self.job.parts.directory),
            models=NoModelsToWaitFor(),
            meters=METERS,
            failed=_not_expected,
            refuse_passed_over=self.probe,
        )

    async def probe(self, _topic: str, _partition: int, wanted: int, taken: Sequence[int]) -> int:
        """Find no hole, as the simulated logs have none: whoever sees one has lost its place."""
        raise PlaceLostError(f"read from {taken[0]} on, {wanted} was never taken")

    async def _live(self, fate: Fate) -> None:
        host = await self.seated(self.host_of(fate))
        read = {number: self.broker.committed.get(number, 0) for number in self.job.log}
        while any(read[number] < len(log) for number, log in self.job.log.items()):
            await self._round(host, read)
            self.broker.a_round_passed()
            if fate.strikes():
                raise DiedError
            if self.chance.random() < 0.5:
                self.commit(host)

    async def seated(self, host: StageHost) -> StageHost:
        """Let a new process recover what the changelogs hold."""
        kept = recover(self.broker, self.job.log, self.recovered_kind)
        self.wrong += sum(len(one.wrong) for one in kept.values())
        if self.chance.random() < 0.3:
            self.broker.a_round_passed()
        try:
            await host.recovered(TableInMemory(kept), self.job.log, self.committed)
        except PlaceLostError as error:
            raise ClaimLostError from error
        await host.rounds.stop()  # the simulation takes the rounds itself
        return host

    async def _round(self, host: StageHost, read: dict[int, int]) -> None:
        gathered: dict[TP, Any] = {}
        for number in self.chance.sample(sorted(read), self.chance.randint(1, len(read))):
            log = self.job.log[number]
            # A chunk may begin with records that were read before.
            first = max(0, read[number] - self.chance.choice((0, 0, 0, 3)))
            first = max(first, self.broker.committed.get(number, 0))
            until = min(len(log), read[number] + self.chance.randint(1, 40))
            if log[first:until]:
                gathered[TP(LOG, number)] = log[first:until]
            read[number] = until
        await self.take(host, gathered)

    async def take(self, host: StageHost, gathered: dict[TP, Any]) -> None:
        """Take one round, as the loop of rounds would."""
        await host._round(gathered)

    def commit(self, host: StageHost) -> None:
        """Commit what is durable, as the consumer would."""
        for tp in host.durable_partitions():
            offset = host.durable_next(tp)
            if offset is not None:
                self.broker.committed[tp.partition] = offset

    def committed(self, tp: TP) -> int | None:
        """Return what is committed of a partition."""
        return self.broker.committed.get(tp.partition)

    def state(self) -> dict[tuple[int, bytes], bytes]:
        """The state as the next owner would find it: bodies by partition and key."""
        return {
            (number, key): body_of(frame)
            for number, kept in recover(self.broker, self.job.log, self.recovered_kind).items()
            for section in range(1, 256)
            for key in kept.store.keys(bytes([section]))
            if (frame := kept.store.get(key)) and body_of(frame)
        }


def _not_expected(error: BaseException) -> None:
    raise AssertionError from error
