"""The intake on this worker, ready to run: aliases, host, app, and the ticker of live topics."""

from functools import partial
from typing import Any

from faust.types import TP

from alerts.service_limits import LimitCalendar
from alerts.vault.pseudonyms import Pseudonyms
from schemas.topics import ALIASES, HELP_RETURNS, SERVICE_LOG
from streams.cluster.naming import plain_name
from streams.intake.intake import Intake
from streams.worker.already_said import Said, already_said, open_pleas
from streams.worker.app import StageApp, stage_app
from streams.worker.following import AliasFollower
from streams.worker.gaps import refuse_passed_over
from streams.worker.intake_host import IntakeHost
from streams.worker.options import Shared
from streams.worker.producing import StageProducer
from streams.worker.raw_items import INTAKE
from streams.worker.routing import STAGE_LOGS
from streams.worker.ticker import Ticker


class RunningIntake:
    """The intake with its app; in the live namespace with the ticker, which one worker is."""

    name = INTAKE

    def __init__(self, shared: Shared, producer: StageProducer) -> None:
        options = self._options = shared.options
        self._shared = shared
        intake = Intake(
            options.config.intake,
            directory=options.directory,
            pseudonyms=Pseudonyms(options.keyring, options.config.namespace),
            sealer=shared.parts.sealer,
            calendar=LimitCalendar(options.config.limits, options.directory.time_zone),
            code_version=options.code_version,
        )
        self._aliases = AliasFollower(dict(shared.kafka), options.named(ALIASES.name), intake.keys)
        self._raw = options.raw_topics()
        self.host = IntakeHost(
            intake,
            shared.parts,
            raw_topics=self._raw,
            help_topic=options.named(HELP_RETURNS.name),
            aligned=bool(options.namespace),
            producer=producer,
            router=shared.router,
            meters=shared.meters,
            failed=shared.failed,
            refuse_passed_over=partial(refuse_passed_over, shared.kafka),
            topic_of=options.named,
        )
        topics = [*self._raw, self.host.help_topic]
        self.app = stage_app(
            options.named(f"forewarn-{INTAKE}"), topics, self.host, **options.faust_settings()
        )
        signal: Any = self.app.on_partitions_assigned
        signal.connect(self._assigned, weak=False)
        self._flow = self.host.flow = AppFlow(self.app)
        self.host.committed = self.app.committed
        self.host.end_of = self.app.end_of
        self._ticker = Ticker(
            producer,
            [
                (name, number)
                for name, raw in self._raw.items()
                for number in range(len(raw.sources))
            ],
            every_s=options.tick_s,
            epoch=self._epoch,
            failed=shared.failed,
        )

    async def _assigned(self, _app: StageApp, assigned: set[TP], **_signal: Any) -> None:
        self._shared.meters.rebalances.labels(INTAKE).inc()
        if not self._options.namespace:
            self.host.assigned(assigned)
            return
        kafka = dict(self._shared.kafka)
        pleas = await open_pleas(
            kafka, self._topic(SERVICE_LOG.name), self._topic(HELP_RETURNS.name)
        )
        self.host.assigned(assigned, await self._said(assigned), pleas)

    def _topic(self, name: str) -> tuple[str, int]:
        return self._options.named(name), self._options.partitions[name]

    async def _said(self, assigned: set[TP]) -> Said:
        sources = {
            self._raw[tp.topic].sources[tp.partition].name
            for tp in assigned
            if tp.topic in self._raw
        }
        options = self._options
        logs = {options.named(log.name): options.partitions[log.name] for log in STAGE_LOGS}
        found = await already_said(dict(self._shared.kafka), logs, sources)
        return {
            (plain_name(options.namespace, topic), number): ticks
            for (topic, number), ticks in found.items()
        }

    def _epoch(self) -> int | None:
        """Return the epoch of this worker as the ticker, None where another one is."""
        first = TP(next(iter(self._raw)), 0)
        return self.app.consumer_generation_id if first in self.app.owned() else None

    def reading(self) -> dict[TP, int]:
        """Return the next offset to read of each owned partition that is not held back."""
        return {tp: self.host.next_to_read(tp) for tp in self.app.owned() - self._flow.held}

    def place(self) -> object:
        """Return how far it has read."""
        return {**self.app.flowing(), "next": sorted(self.reading().items())}

    def busy(self) -> bool:
        """Say whether a round is under way."""
        return self.host.rounds.busy()

    async def start(self) -> None:
        """Read the aliases to their end, join the group, tell time if that is ours to do."""
        await self._aliases.start()
        await self.app.start()
        if not self._options.namespace:
            self._ticker.start()

    def refused(self) -> int:
        """Return how many aliases could not be used."""
        return self._aliases.refused

    async def stop(self) -> None:
        """Stop telling time, drain, commit what is durable, leave the group."""
        await self._ticker.stop()
        await self.app.drain_and_stop()
        await self._aliases.stop()


class AppFlow:
    """Holds partitions of an app back and lets them go (`intake_host.Flow`)."""

    def __init__(self, app: StageApp) -> None:
        self._app = app
        self.held: set[TP] = set()

    def hold_back(self, partitions: set[TP]) -> None:
        """Read these partitions no further for now, and all others again."""
        owned = self._app.owned()
        let_go = (self.held - partitions) & owned
        begin = (partitions - self.held) & owned
        if let_go:
            self._app.consumer.resume_partitions(let_go)
        if begin:
            self._app.consumer.pause_partitions(begin)
        self.held = partitions & owned
