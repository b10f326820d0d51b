"""A worker: the stages it hosts, each with its app, and what they share.

Rules: nothing starts before the topics are known to be what they should be. A failure that no round
may swallow ends the worker with one clear line; the supervisor starts it again. A stop drains: the
round under way is finished, what is durable is committed, and only then are the connections closed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from faust.types import TP

from alerts.service_limits import LimitCalendar
from alerts.vault.keyring import Keyring
from alerts.vault.pseudonyms import Pseudonyms
from alerts.vault.sealing import Sealer
from schemas.areas import Directory
from schemas.topics import ALIASES, CHANGELOGS, FEEDS, HELP_RETURNS, MODEL_SNAPSHOTS
from streams.cluster.connect import Connection
from streams.cluster.naming import named
from streams.cluster.raw import RawSource
from streams.intake.intake import Intake
from streams.pipeline import PipelineConfig
from streams.worker.app import StageApp, stage_app, store_maker, with_table
from streams.worker.following import AliasFollower, ModelShelf
from streams.worker.gauges import register_gauges
from streams.worker.host import StageHost
from streams.worker.intake_host import IntakeHost, RawTopic
from streams.worker.meters import Meters
from streams.worker.producing import CHANGE_BATCH_BYTES_MAX, OUTPUT_BYTES_MAX, StageProducer
from streams.worker.rounds import now_s
from streams.worker.routing import Router
from streams.worker.seats import STAGES, Parts, StageKind
from streams.worker.table import DurableTable
from streams.worker.takeover import TakeoverWatch
from streams.worker.ticker import Ticker

_log = structlog.get_logger("forewarn.worker")
INTAKE = "intake"
EVERY_STAGE = (INTAKE, *STAGES)


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker is told; `partitions` are the numbers of partitions by plain topic name.

    `instance` names this worker for static membership (empty: dynamic). `faust` overrides settings
    of the apps. `takeover_wait_s` must be longer than a producer's request may take.
    """

    connection: Connection
    config: PipelineConfig
    directory: Directory
    keyring: Keyring
    code_version: str
    partitions: Mapping[str, int]
    stages: tuple[str, ...] = EVERY_STAGE
    namespace: str = ""
    store: str = "memory://"
    instance: str = ""
    tick_s: float = 60.0
    takeover_wait_s: float = 60.0
    patience_s: float = 300.0
    change_bytes_max: int = CHANGE_BATCH_BYTES_MAX
    faust: Mapping[str, Any] | None = None


class Worker:
    """Builds and runs the stages of one process; `failed` is told of what must end it."""

    def __init__(self, options: WorkerOptions, failed: Callable[[BaseException], None]) -> None:
        self.options = options
        self.meters = Meters()
        self.hosts: dict[str, StageHost] = {}
        self.intake: IntakeHost | None = None
        self.apps: dict[str, StageApp] = {}
        self._failed = failed
        self._watches: dict[str, TakeoverWatch] = {}
        self._assigned_s: dict[str, float] = {}
        self._kafka = options.connection.aiokafka_options()
        self._sealer = Sealer(options.keyring)
        self._router = Router(options.partitions, options.directory)
        self._topics = {feed: self._named(topic.name) for feed, topic in FEEDS.items()}
        self._shelf = ModelShelf(self._kafka, self._named(MODEL_SNAPSHOTS.name))
        self._producers: list[StageProducer] = []
        self._aliases: AliasFollower | None = None
        self._ticker: Ticker | None = None
        self.parts = Parts(
            options.config,
            options.directory,
            tuple(source.name for topic in self._raw_topics().values() for source in topic.sources),
            self._shelf.models,
            options.partitions,
            self._sealer,
            options.code_version,
        )

    def _named(self, name: str) -> str:
        return named(self.options.namespace, name)

    def _raw_topics(self) -> dict[str, RawTopic]:
        return {
            self._topics[feed]: RawTopic(
                topic.name,
                tuple(RawSource(feed, n) for n in range(self.options.partitions[topic.name])),
            )
            for feed, topic in FEEDS.items()
        }

    # ------------------------------------------------------------------------------- life

    async def start(self) -> None:
        """Start every stage. Raises what the clients raise where no broker answers."""
        await self._shelf.start()
        for stage in self.options.stages:
            producer = await self._new_producer(OUTPUT_BYTES_MAX)
            if stage == INTAKE:
                await self._make_intake(producer)
            else:
                changes = await self._new_producer(self.options.change_bytes_max)
                self._make_stage(STAGES[stage], stage, producer, changes)
        register_gauges(self)
        for app in self.apps.values():
            await app.start()
        if self._ticker is not None:
            self._ticker.start()

    async def stop(self) -> None:
        """Drain, commit what is durable, and let everything go."""
        if self._ticker is not None:
            await self._ticker.stop()
        for watch in self._watches.values():
            await watch.stop()
        for app in self.apps.values():
            await app.durable.revoked()
            await app.consumer.commit_and_end_transactions()
            await app.stop()
        if self._aliases is not None:
            await self._aliases.stop()
        await self._shelf.stop()
        for producer in self._producers:
            await producer.stop()

    def crashed(self) -> BaseException | None:
        """Return what Faust died of, if it did."""
        for app in self.apps.values():
            reason = app.crash_reason
            if app.crashed and reason is not None:
                return reason
        return None

    def bytes_sent(self) -> int:
        """Return the bytes sent by all stages, changelogs included."""
        return sum(producer.bytes_sent for producer in self._producers)

    # ------------------------------------------------------------------------------- parts

    def _settings(self) -> dict[str, Any]:
        settings = {**self.options.connection.faust_options(), **(self.options.faust or {})}
        if self.options.instance:
            settings["consumer_group_instance_id"] = self.options.instance
        return settings

    async def _new_producer(self, bytes_max: int) -> StageProducer:
        producer = StageProducer(
            self._kafka, bytes_max=bytes_max, patience_s=self.options.patience_s
        )
        await producer.start()
        self._producers.append(producer)
        return producer

    def _make_stage(
        self, kind: StageKind, stage: str, producer: StageProducer, changes: StageProducer
    ) -> None:
        changelog = self._named(CHANGELOGS[kind.part].name)
        host = StageHost(
            kind,
            self.parts,
            log_topic=self._named(kind.log.name),
            changelog_topic=changelog,
            producer=producer,
            changes=changes,
            router=self._router,
            models=self._shelf,
            meters=self.meters,
            failed=self._failed,
            topic_of=self._named,
        )
        app = stage_app(
            self._named(f"forewarn-{stage}"), [host.log_topic], host, **self._settings()
        )
        watch = TakeoverWatch(
            host, self._kafka, wait_s=self.options.takeover_wait_s, failed=self._failed
        )
        app.on_partitions_assigned.connect(
            lambda *_a, **_k: self._begin_recovery(stage), weak=False
        )

        def recovered(table: DurableTable, owned: Iterable[int]) -> None:
            self._recovered(stage, table, owned, watch)

        with_table(
            app,
            changelog=changelog,
            partitions=self.options.partitions[kind.log.name],
            make_store=store_maker(self.options.store, self._named(stage)),
            failed=self._failed,
            recovered=recovered,
        )
        self.hosts[stage], self.apps[stage], self._watches[stage] = host, app, watch

    def _begin_recovery(self, stage: str) -> None:
        self._assigned_s[stage] = now_s()
        self.meters.rebalances.labels(stage).inc()

    def _recovered(
        self, stage: str, table: DurableTable, owned: Iterable[int], watch: TakeoverWatch
    ) -> None:
        app, host = self.apps[stage], self.hosts[stage]
        took_s = now_s() - self._assigned_s.get(stage, now_s())
        self.meters.recovery_seconds.labels(stage).set(took_s)
        host.recovered(table, owned, lambda tp: app.consumer._committed_offset[tp])  # noqa: SLF001  # Faust keeps what the group has committed nowhere else
        regressed = {n: set(table.of(n).regressed) for n in host.seats}
        watch.begin(host.tails(), regressed)
        _log.info("recovered", stage=stage, partitions=len(host.seats), seconds=round(took_s, 3))

    async def _make_intake(self, producer: StageProducer) -> None:
        options = self.options
        intake = Intake(
            options.config.intake,
            directory=options.directory,
            pseudonyms=Pseudonyms(options.keyring, options.config.namespace),
            sealer=self._sealer,
            calendar=LimitCalendar(options.config.limits, options.directory.time_zone),
            code_version=options.code_version,
        )
        self._aliases = AliasFollower(self._kafka, self._named(ALIASES.name), intake.keys)
        await self._aliases.start()
        host = self.intake = IntakeHost(
            intake,
            self.parts,
            raw_topics=self._raw_topics(),
            help_topic=self._named(HELP_RETURNS.name),
            aligned=bool(options.namespace),
            producer=producer,
            router=self._router,
            meters=self.meters,
            failed=self._failed,
            topic_of=self._named,
        )
        topics = [*self._topics.values(), host.help_topic]
        app = stage_app(self._named("forewarn-intake"), topics, host, **self._settings())
        app.on_partitions_assigned.connect(self._intake_assigned, weak=False)
        host.flow = AppFlow(app)
        self.apps[INTAKE] = app
        if not options.namespace:
            self._ticker = self._make_ticker(app, producer)

    async def _intake_assigned(self, _app: StageApp, assigned: set[TP], **_signal: Any) -> None:
        self._begin_recovery(INTAKE)
        if self.intake is not None:
            self.intake.assigned(assigned)

    def _make_ticker(self, app: StageApp, producer: StageProducer) -> Ticker:
        first = TP(next(iter(self._topics.values())), 0)
        places = [
            (name, n)
            for name, topic in self._raw_topics().items()
            for n in range(len(topic.sources))
        ]

        def epoch() -> int | None:
            owns = first in {TP(tp.topic, tp.partition) for tp in app.consumer.assignment()}
            return app.consumer_generation_id if owns else None

        return Ticker(
            producer, places, every_s=self.options.tick_s, epoch=epoch, failed=self._failed
        )


class AppFlow:
    """Holds partitions of an app back and lets them go (`intake_host.Flow`)."""

    def __init__(self, app: StageApp) -> None:
        self._app = app
        self._held: set[TP] = set()

    def owned(self) -> set[TP]:
        """Return the partitions that are owned now."""
        return {TP(tp.topic, tp.partition) for tp in self._app.consumer.assignment()}

    def hold_back(self, partitions: set[TP]) -> None:
        """Read these partitions no further for now, and all others again."""
        owned = self.owned()
        let_go = (self._held - partitions) & owned
        begin = (partitions - self._held) & owned
        if let_go:
            self._app.consumer.resume_partitions(let_go)
        if begin:
            self._app.consumer.pause_partitions(begin)
        self._held = partitions & owned
