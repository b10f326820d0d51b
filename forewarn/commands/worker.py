"""`forewarn worker`: run stages on Kafka until told to stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from traceback import extract_tb
from typing import Annotated, NoReturn

import structlog
import typer
import uvloop
from aiokafka.errors import KafkaError
from prometheus_client import ProcessCollector, start_http_server
from rich.console import Console

from alerts.vault.keyring import KeyringError
from forewarn.configuration import ConfigurationError, read_configuration
from forewarn.keys import load_or_make_keyring
from forewarn.settings import Settings, connection
from forewarn.version import CODE_VERSION
from schemas.areas import Directory
from streams.cluster.connect import ClusterError
from streams.cluster.naming import NamespaceError
from streams.cluster.provision import describe
from streams.feeds.mapping_reasons import FeedFileError
from streams.feeds.mapping_shipped import load_areas
from streams.worker.app import SettingsError
from streams.worker.options import EVERY_STAGE, WorkerOptions
from streams.worker.partitions_there import partitions_or_refuse
from streams.worker.producing import CHANGE_BATCH_BYTES_MAX
from streams.worker.worker import Worker

EXIT_USAGE = 2
EXIT_FAILED = 70
WATCH_S = 0.5
STOP_S_MAX = 30.0
START_S_MAX = 20.0
"""How long a worker that is told to stop while starting is given to have started."""
_log = structlog.get_logger("forewarn.worker")


def worker(
    stages: Annotated[
        str, typer.Option(help="Stages to run here, with commas between them.")
    ] = ",".join(EVERY_STAGE),
    namespace: Annotated[
        str | None, typer.Option(help="Namespace of topics; default FOREWARN_NAMESPACE.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file; `forewarn config show` prints every key.")
    ] = None,
    areas: Annotated[
        str | None, typer.Option(help="Area directory (JSON), or the name of a shipped mapping.")
    ] = None,
    store: Annotated[
        str, typer.Option(help="Where state is held: memory:// or rocksdb://FOLDER.")
    ] = "memory://",
    instance: Annotated[
        str,
        typer.Option(
            help="Name of this worker among its group, for restarts without a rebalance; two "
            "workers must never share one."
        ),
    ] = "",
    metrics_port: Annotated[
        int,
        typer.Option(min=0, max=65_535, help="Port of Prometheus metrics; 0: none."),
    ] = 9_464,
    session_s: Annotated[
        float,
        typer.Option(
            hidden=True, min=1.0, max=35.0, help="When a silent worker loses its partitions."
        ),
    ] = 15.0,
    takeover_wait_s: Annotated[
        float, typer.Option(hidden=True, min=1.0, help="When to look for a former owner's writes.")
    ] = 60.0,
    watch_s: Annotated[
        float, typer.Option(hidden=True, min=0.1, help="How often to ask if all topics are there.")
    ] = 10.0,
    change_bytes_max: Annotated[
        int, typer.Option(hidden=True, min=1_000, help="The largest batch of changes of state.")
    ] = CHANGE_BATCH_BYTES_MAX,
) -> None:
    """Run stages on Kafka: raw records in, alerts out, with durable state.

    Stops on Ctrl-C or SIGTERM after the round under way is durable. Ends with code 70 and one clear
    last line where it cannot go on; whatever supervises it should start it again.
    """
    errors = Console(stderr=True)
    try:
        options = replace(
            options_of(stages, namespace, config, areas, store, instance),
            takeover_wait_s=takeover_wait_s,
            watch_s=watch_s,
            change_bytes_max=change_bytes_max,
            faust=session_settings(session_s),
        )
    except (
        ConfigurationError, FeedFileError, KeyringError, ClusterError, SettingsError,
        NamespaceError, ValueError, OSError,
    ) as error:  # fmt: skip
        errors.print(f"[red]Stopped:[/red] {error}", soft_wrap=True)
        raise typer.Exit(EXIT_USAGE) from error
    sys.exit(uvloop.run(run(options, metrics_port, errors)))


def session_settings(session_s: float) -> dict[str, float]:
    """Return Faust's settings for a session of so many seconds."""
    return {"broker_session_timeout": session_s, "broker_heartbeat_interval": session_s / 5}


def options_of(
    stages: str,
    namespace: str | None,
    config: Path | None,
    areas: str | None,
    store: str,
    instance: str,
) -> WorkerOptions:
    """Return a worker's options from the command line's words and the settings.

    Raises what the readers of files and the cluster raise.
    """
    settings = Settings()
    wanted = tuple(part.strip() for part in stages.split(",") if part.strip())
    unknown = [stage for stage in wanted if stage not in EVERY_STAGE]
    if unknown or not wanted:
        raise SettingsError(
            f"no stage is called {', '.join(unknown) or '(nothing)'}; there are "
            f"{', '.join(EVERY_STAGE)}"
        )
    keyring, _ = load_or_make_keyring(settings.keys_file)
    space = settings.namespace if namespace is None else namespace
    link = connection(settings)
    there = {one.name: one.partitions for one in describe(link, space)}
    partitions = partitions_or_refuse(space, there)
    return WorkerOptions(
        connection=link,
        config=read_configuration(config),
        directory=load_areas(areas) if areas else Directory(),
        keyring=keyring,
        code_version=CODE_VERSION,
        partitions=partitions,
        stages=wanted,
        namespace=space,
        store=store,
        instance=instance,
    )


async def run(
    options: WorkerOptions,
    metrics_port: int,
    errors: Console,
    worker_type: type[Worker] = Worker,
) -> int:
    """Run a worker until it is told to stop; return the exit code."""
    stopping = asyncio.Event()
    failure: list[BaseException] = []

    def failed(error: BaseException) -> None:
        failure.append(error)
        stopping.set()

    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    running = worker_type(options, failed)
    _show_metrics(running, metrics_port)
    starting = asyncio.create_task(running.start())
    await _until(starting.done, running, stopping, failed)
    if not failure:
        # Told to stop early: some stages may be at work already, and what has started can drain.
        await asyncio.wait([starting], timeout=START_S_MAX)
    if failure:
        _end_at_once(failure[0])
    await _started(starting, options)
    errors.print(f"worker: {', '.join(options.stages)} are running; Ctrl-C stops")
    await _until(stopping.is_set, running, stopping, failed)
    if failure:
        _end_at_once(failure[0])
    await _stopped(running)
    errors.print("worker: stopped, all that was taken is durable")
    return 0


def _show_metrics(running: Worker, port: int) -> None:
    try:
        if port:
            ProcessCollector(registry=running.meters.registry)
            host = Settings().metrics_host
            start_http_server(port, addr=host, registry=running.meters.registry)
    except OSError as error:
        message = f"no metrics on port {port} ({error}): give another --metrics-port, or 0"
        _end_at_once(SettingsError(message), EXIT_USAGE)


async def _started(starting: "asyncio.Task[None]", options: WorkerOptions) -> None:
    """Return where the start went well; else end with what it says."""
    if not starting.done():
        sys.stderr.write("worker: stopped while starting; what is not durable is read again\n")
        os._exit(0)
    try:
        await starting
    except (KafkaError, OSError) as error:
        where = ",".join(options.connection.bootstrap)
        _end_at_once(ClusterError(f"no broker at {where}: {error}"))
    except Exception as error:  # noqa: BLE001  # the last line says it, and the code
        _end_at_once(error)


async def _until(
    done: Callable[[], bool],
    running: Worker,
    stopping: asyncio.Event,
    failed: Callable[[BaseException], None],
) -> None:
    """Wait until it is done or time to stop; Faust's own crashes are found out by looking."""
    while not (done() or stopping.is_set()):
        crash = running.crashed()
        if crash is not None:
            failed(crash)
        try:
            await asyncio.wait_for(stopping.wait(), WATCH_S)
        except TimeoutError:
            continue


async def _stopped(running: Worker) -> None:
    try:
        await asyncio.wait_for(running.stop(), STOP_S_MAX)
    except (KafkaError, TimeoutError) as error:
        _log.warning("not_drained", detail=repr(error))
        _end_at_once(TimeoutError(
            f"told to stop, and not drained in {STOP_S_MAX:.0f} s; what is not durable will be "
            "read again"
        ))  # fmt: skip


def _end_at_once(error: BaseException, code: int = EXIT_FAILED) -> NoReturn:
    """End without cleaning up: nothing may be committed by a worker that has failed."""
    where = [f"{one.filename}:{one.lineno} {one.name}" for one in extract_tb(error.__traceback__)]
    _log.error("worker_failed", detail=f"{type(error).__name__}: {error}", where=where[-20:])
    sys.stderr.write(f"forewarn worker: ended, could not go on: {type(error).__name__}: {error}\n")
    sys.stderr.flush()
    os._exit(code)
