"""One stage on this worker, ready to run: host, app, table, and the watch after a takeover."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import structlog
from faust.types import TP

from schemas.topics import CHANGELOGS
from streams.worker.app import StageApp, stage_app, store_maker, with_table
from streams.worker.gaps import refuse_passed_over
from streams.worker.host import Models, StageHost
from streams.worker.options import Shared
from streams.worker.producing import StageProducer
from streams.worker.rounds import now_s
from streams.worker.seats import StageKind
from streams.worker.table import DurableTable
from streams.worker.takeover import TakeoverWatch

_log = structlog.get_logger("forewarn.worker")


class RunningStage:
    """A stage with its app; `start` joins its consumer group."""

    host_type: type[StageHost] = StageHost

    def __init__(
        self,
        kind: StageKind,
        name: str,
        shared: Shared,
        models: Models,
        producer: StageProducer,
        changes: StageProducer,
    ) -> None:
        options = shared.options
        self.name = name
        self.host = self.host_type(
            kind,
            shared.parts,
            log_topic=options.named(kind.log.name),
            changelog_topic=options.named(CHANGELOGS[kind.part].name),
            producer=producer,
            changes=changes,
            router=shared.router,
            models=models,
            meters=shared.meters,
            failed=shared.failed,
            refuse_passed_over=partial(refuse_passed_over, shared.kafka),
            topic_of=options.named,
        )
        self.app = stage_app(
            options.named(f"forewarn-{name}"),
            [self.host.log_topic],
            self.host,
            **options.faust_settings(),
        )
        self._meters = shared.meters
        self._assigned_s = now_s()
        self._watch = TakeoverWatch(
            self.host,
            dict(shared.kafka),
            wait_s=options.takeover_wait_s,
            failed=shared.failed,
        )
        signal: Any = self.app.on_partitions_assigned
        signal.connect(self._assigned, weak=False)
        with_table(
            self.app,
            changelog=self.host.changelog_topic,
            partitions=options.partitions[kind.log.name],
            make_store=store_maker(options.store, options.named(name)),
            failed=shared.failed,
            recovered=self._recovered,
        )

    async def _assigned(self, _app: StageApp, _assigned: set[TP], **_signal: Any) -> None:
        self._assigned_s = now_s()
        self._meters.rebalances.labels(self.name).inc()

    async def _recovered(self, table: DurableTable, owned: Iterable[int]) -> None:
        took_s = now_s() - self._assigned_s
        self._meters.recovery_seconds.labels(self.name).set(took_s)
        await self.host.recovered(table, owned, self.app.committed)
        tails = self.host.tails()
        self._watch.begin(tails)
        _log.info("recovered", stage=self.name, partitions=len(tails), seconds=round(took_s, 3))

    def reading(self) -> dict[TP, int]:
        """Return the next offset to read of each partition of the log that is owned."""
        host, app = self.host, self.app
        owned = [tp for tp in app.owned() if tp.topic == host.log_topic]
        return {tp: host.durable_next(tp) or app.committed(tp) or 0 for tp in owned}

    def place(self) -> object:
        """Return how far the rounds and the recovery have come."""
        return {
            **self.app.flowing(),
            "next": sorted((tp.partition, offset) for tp, offset in self.reading().items()),
            "seated": sorted(self.host.seats),
            "recovered": sorted(self.app.recovered_offsets().items()),
        }

    def busy(self) -> bool:
        """Say whether a round is under way."""
        return self.host.rounds.busy()

    async def start(self) -> None:
        """Join the group."""
        await self.app.start()

    async def stop(self) -> None:
        """Drain, commit what is durable, leave the group."""
        await self._watch.stop()
        await self.app.drain_and_stop()
