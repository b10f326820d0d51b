"""A worker: the stages it hosts, each with its app, and what they share.

Rules: nothing starts before the topics are known to be what they should be. A failure that no round
may swallow ends the worker with one clear line; the supervisor starts it again. A stop drains: the
round under way is finished, what is durable is committed, and only then are the connections closed.
"""

import asyncio
from collections.abc import Callable, Mapping

from alerts.vault.sealing import Sealer
from schemas.topics import MODEL_SNAPSHOTS
from streams.clock import idle_us_in
from streams.worker.app import StageApp
from streams.worker.following import ModelShelf
from streams.worker.gauges import register_gauges
from streams.worker.host import StageHost
from streams.worker.meters import Meters
from streams.worker.options import Shared, WorkerOptions
from streams.worker.producing import OUTPUT_BYTES_MAX, StageProducer
from streams.worker.raw_items import INTAKE
from streams.worker.routing import Router
from streams.worker.running_intake import RunningIntake
from streams.worker.running_stage import RunningStage
from streams.worker.seats import STAGES, Parts, StageKind
from streams.worker.standstill import StandstillWatch
from streams.worker.topic_watch import TopicWatch


class Worker:
    """Builds and runs the stages of one process; `failed` is told of what must end it."""

    stage_type: type[RunningStage] = RunningStage

    def __init__(
        self,
        options: WorkerOptions,
        failed: Callable[[BaseException], None],
        stages: Mapping[str, StageKind] = STAGES,
    ) -> None:
        self.options = options
        self.meters = Meters()
        self.running: dict[str, RunningStage | RunningIntake] = {}
        self._stages = stages
        self._producers: list[StageProducer] = []
        kafka = options.connection.aiokafka_options()
        self._shelf = ModelShelf(kafka, options.named(MODEL_SNAPSHOTS.name))
        parts = Parts(
            options.config,
            options.directory,
            options.sources(),
            self._shelf.models,
            options.partitions,
            Sealer(options.keyring),
            options.code_version,
            idle_us_in(options.namespace),
        )
        router = Router(options.partitions, options.directory)
        self._shared = Shared(options, kafka, parts, router, self.meters, failed)
        self._watch = TopicWatch(
            options.connection,
            {options.named(name): number for name, number in options.partitions.items()},
            every_s=options.watch_s,
            failed=failed,
        )
        self._moving = StandstillWatch(
            self.running,
            kafka,
            every_s=options.watch_s,
            patience_s=options.patience_s,
            failed=failed,
        )

    @property
    def hosts(self) -> dict[str, StageHost]:
        """The hosts of the stages that remember, by name."""
        return {n: one.host for n, one in self.running.items() if isinstance(one, RunningStage)}

    @property
    def apps(self) -> dict[str, StageApp]:
        """The apps, by name of their stage."""
        return {name: one.app for name, one in self.running.items()}

    async def start(self) -> None:
        """Start every stage. Raises what the clients raise where no broker answers."""
        await self._shelf.start()
        for name in self.options.stages:
            self.running[name] = await self._made(name)
        register_gauges(self)
        await asyncio.gather(*(one.start() for one in self.running.values()))
        self._watch.start()
        self._moving.start()

    async def _made(self, name: str) -> RunningStage | RunningIntake:
        producer = await self._new_producer(OUTPUT_BYTES_MAX)
        if name == INTAKE:
            return RunningIntake(self._shared, producer)
        changes = await self._new_producer(self.options.change_bytes_max)
        kind = self._stages[name]
        return self.stage_type(kind, name, self._shared, self._shelf, producer, changes)

    async def _new_producer(self, bytes_max: int) -> StageProducer:
        producer = StageProducer(
            dict(self._shared.kafka), bytes_max=bytes_max, patience_s=self.options.patience_s
        )
        await producer.start()
        self._producers.append(producer)
        return producer

    async def stop(self) -> None:
        """Drain, commit what is durable, and let everything go."""
        await self._watch.stop()
        await self._moving.stop()
        for one in self.running.values():
            await one.stop()
        await self._shelf.stop()
        for producer in self._producers:
            await producer.stop()

    def crashed(self) -> BaseException | None:
        """Return what Faust died of, if it did."""
        for app in self.apps.values():
            if app.crashed and app.crash_reason is not None:
                return app.crash_reason
        return None

    def bytes_sent(self) -> int:
        """Return the bytes sent by all stages, changelogs included."""
        return sum(producer.bytes_sent for producer in self._producers)

    def refused(self) -> dict[str, int]:
        """Return how many models and aliases could not be used."""
        intakes = [one for one in self.running.values() if isinstance(one, RunningIntake)]
        return {"model": self._shelf.refused, "alias": sum(one.refused() for one in intakes)}
