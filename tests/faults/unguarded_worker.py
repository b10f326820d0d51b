"""A worker with one guard of delivery taken out, to see that the faults then show.

Rules: for fault runs only. `--without nothing` is the product as it is, `--slow-s` waits between
the two writes of a round, as slow brokers would: what is unguarded shows sooner, what is guarded
must not care.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated

import typer
import uvloop
from faust.types import TP
from rich.console import Console

from forewarn.commands.worker import options_of, run, session_settings
from streams.worker.host import Seated, StageHost
from streams.worker.running_stage import RunningStage
from streams.worker.seats import LogRecord
from streams.worker.table import DurableTable
from streams.worker.worker import Worker

SLOW_S = 0.0


class Slow(StageHost):
    """Every guard in place, between slow brokers."""

    async def _send_outputs(self, stepped: list[Seated]) -> None:
        await super()._send_outputs(stepped)
        await asyncio.sleep(SLOW_S)


class WithoutOutputsFirst(StageHost):
    """State goes out before what was said."""

    async def _send_outputs(self, stepped: list[Seated]) -> None:
        """Say nothing yet."""

    async def _send_state(self, stepped: list[tuple[Seated, int]]) -> None:
        await super()._send_state(stepped)
        await asyncio.sleep(SLOW_S)
        await super()._send_outputs([seated for seated, _ in stepped])


class WithoutApplied(Slow):
    """Nobody looks at how far the values are that were recovered, nor for the end of a chunk."""

    async def recovered(
        self, table: DurableTable, partitions: Iterable[int], committed: Callable[[TP], int | None]
    ) -> None:
        owned = list(partitions)
        for one in map(table.of, owned):
            one.store.write({key: value for key, (_, value) in one._chunk.items()}, one.read_to)
            one._chunk.clear()
            one.high = -1
        await super().recovered(table, owned, committed)


class WithoutDurable(Slow):
    """What has been read is committed, durable or not, and nobody looks at gaps."""

    def __init__(self, *args: object, **parts: object) -> None:
        super().__init__(*args, **parts)  # type: ignore[arg-type]  # as StageHost
        self._read: dict[int, int] = {}

    async def recovered(
        self, table: DurableTable, partitions: Iterable[int], committed: Callable[[TP], int | None]
    ) -> None:
        self._read.clear()
        await super().recovered(table, partitions, committed)

    def durable_next(self, tp: TP) -> int | None:
        return self._read.get(tp.partition, super().durable_next(tp))

    async def _fresh(self, tp: TP, seated: Seated, records: list[LogRecord]) -> list[LogRecord]:
        self._read[tp.partition] = records[-1].offset + 1
        return [one for one in records if one.offset >= seated.state.progress.next_offset]


HOSTS: dict[str, type[StageHost]] = {
    "nothing": Slow,
    "outputs-first": WithoutOutputsFirst,
    "applied": WithoutApplied,
    "durable": WithoutDurable,
}


def stage_without(guard: str) -> type[RunningStage]:
    """The stage of a worker that has lost one guard."""

    class Unguarded(RunningStage):
        host_type = HOSTS[guard]

    return Unguarded


def main(
    without: Annotated[str, typer.Option()],
    areas: Annotated[str, typer.Option()],
    namespace: Annotated[str, typer.Option()],
    session_s: Annotated[float, typer.Option()] = 3.0,
    takeover_wait_s: Annotated[float, typer.Option()] = 10.0,
    change_bytes_max: Annotated[int, typer.Option()] = 8_000_000,
    slow_s: Annotated[float, typer.Option()] = 0.2,
    metrics_port: Annotated[int, typer.Option()] = 0,
) -> None:
    """Run all stages with one guard taken out."""
    global SLOW_S  # noqa: PLW0603  # one process, one setting
    SLOW_S = slow_s

    class UnguardedWorker(Worker):
        stage_type = stage_without(without)

    every = "intake,person,area,service,learner"
    options = replace(
        options_of(every, namespace, None, areas, "memory://", ""),
        takeover_wait_s=takeover_wait_s,
        change_bytes_max=change_bytes_max,
        faust=session_settings(session_s),
    )
    errors = Console(stderr=True)
    sys.exit(uvloop.run(run(options, metrics_port, errors, UnguardedWorker)))


if __name__ == "__main__":
    typer.run(main)
