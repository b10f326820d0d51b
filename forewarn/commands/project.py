"""`forewarn project`: topics into the store, decisions back onto the logs, until told to stop."""

import asyncio
import os
import signal
import sys
import time
from typing import Annotated, NoReturn

import structlog
import typer
from prometheus_client import ProcessCollector, start_http_server
from rich.console import Console
from sqlalchemy import Engine

from alerts.store.engine import StoreError, UnfitError
from alerts.store.migrating import open_store
from forewarn.asking import ConfigOption, NamespaceOption, stopped
from forewarn.configuration import ConfigurationError, read_configuration
from forewarn.settings import Settings, connection
from schemas.areas import Directory, DirectoryError
from streams.cluster.connect import ClusterError
from streams.cluster.naming import NamespaceError
from streams.feeds.mapping_reasons import FeedFileError
from streams.feeds.mapping_shipped import load_areas
from streams.projector.projector import Projector, ProjectorError, ProjectorOptions
from streams.projector.source import AheadError

EXIT_USAGE = 2
EXIT_FAILED = 70
STOP_S_MAX = 30.0
_RETRY_S = 1.0
_log = structlog.get_logger("forewarn.project")

StoreOption = Annotated[str | None, typer.Option(help="URL of the store; default FOREWARN_STORE.")]
AreasOption = Annotated[
    str | None, typer.Option(help="Area directory (JSON), or the name of a shipped mapping.")
]


def project(
    store: StoreOption = None,
    namespace: NamespaceOption = None,
    areas: AreasOption = None,
    config: ConfigOption = None,
    metrics_port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of Prometheus metrics; 0: none.")
    ] = 9_466,
    away_s: Annotated[
        float, typer.Option(min=1, help="How long store or cluster may be away, in seconds.")
    ] = 60.0,
) -> None:
    """Read alerts, reports, assessments, clocks and models off the topics into the store.

    Puts the decisions of officers back onto the logs. One projector a store. Stops on Ctrl-C or
    SIGTERM after the transaction under way. Ends with code 70 and one clear last line where it
    cannot go on; whatever supervises it should start it again.
    """
    settings = Settings()
    errors = Console(stderr=True)
    try:
        link, space = connection(settings), settings.namespace if namespace is None else namespace
        directory = load_areas(areas) if areas else Directory()
        limits = read_configuration(config).handling
        engine = opened(store or settings.store, space, away_s)
    except (
        UnfitError, ClusterError, NamespaceError, FeedFileError, DirectoryError, ConfigurationError,
        OSError,
    ) as error:  # fmt: skip
        raise stopped(str(error)) from error
    except StoreError as error:
        _end_at_once(error)
    options = ProjectorOptions(link, space, engine, directory, limits, away_s_max=away_s)
    sys.exit(asyncio.run(run(options, settings.metrics_host, metrics_port, errors)))


def opened(url: str, namespace: str, away_s: float) -> Engine:
    """Open a store, waiting a while for one that is away. Raises UnfitError, StoreError."""
    until = time.monotonic() + away_s
    while True:
        try:
            return open_store(url, namespace)
        except UnfitError:
            raise
        except StoreError as error:
            if time.monotonic() >= until:
                raise
            _log.warning("store_awaited", detail=str(error))
            time.sleep(_RETRY_S)


async def run(
    options: ProjectorOptions, metrics_host: str, metrics_port: int, errors: Console
) -> int:
    """Run a projector until it is told to stop; return the exit code."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    projector = Projector(options)
    ProcessCollector(registry=projector.meters.registry)
    try:
        if metrics_port:
            start_http_server(metrics_port, addr=metrics_host, registry=projector.meters.registry)
    except OSError as error:
        errors.print(
            f"[red]Stopped:[/red] no metrics on port {metrics_port} ({error}): give another "
            "--metrics-port, or 0"
        )
        return EXIT_USAGE
    telling = asyncio.create_task(_tell_running(projector, errors))
    running = asyncio.create_task(projector.run(stopping))
    stop_asked = asyncio.create_task(stopping.wait())
    await asyncio.wait([running, stop_asked], return_when=asyncio.FIRST_COMPLETED)
    done, _ = await asyncio.wait([running], timeout=STOP_S_MAX)
    telling.cancel()
    if not done:
        _end_at_once(TimeoutError(f"told to stop, and not done in {STOP_S_MAX:.0f} s"))
    return _code_of(running, errors)


def _code_of(running: "asyncio.Task[None]", errors: Console) -> int:
    error = running.exception()
    if error is None:
        errors.print("projector: stopped, all that was fetched is in the store")
        return 0
    if not isinstance(error, UnfitError | AheadError | NamespaceError):
        _end_at_once(error)
    errors.print(f"[red]Stopped:[/red] {error}", soft_wrap=True, highlight=False)
    return EXIT_USAGE


async def _tell_running(projector: Projector, errors: Console) -> None:
    await projector.running.wait()
    errors.print("projector: running; Ctrl-C stops")


def _end_at_once(error: BaseException) -> NoReturn:
    """End without cleaning up: what is not in the store is read again."""
    said = str(error) if isinstance(error, ProjectorError) else f"{type(error).__name__}: {error}"
    _log.error("projector_failed", detail=said)
    sys.stderr.write(f"forewarn project: ended, could not go on: {said}\n")
    sys.stderr.flush()
    os._exit(EXIT_FAILED)
