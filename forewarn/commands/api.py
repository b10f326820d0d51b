"""`forewarn api`: serve the query API, the stream and the start page until told to stop."""

import socket
import time
from typing import Annotated, NamedTuple

import typer
import uvloop
from rich.console import Console
from sqlalchemy import Engine

from alerts.store.engine import StoreError
from alerts.store.migrating import open_store
from api.app import Api
from api.parts import ApiConfig, Parts
from detectors.surveillance import Surveillance
from forewarn.asking import ConfigOption, NamespaceOption, stopped
from forewarn.configuration import ConfigurationError, read_configuration
from forewarn.serving.event_sink import KafkaSink
from forewarn.serving.server import Server, listening_on, log_through_structlog, serve
from forewarn.settings import Settings, connection
from forewarn.version import CODE_VERSION
from schemas.areas import Directory, DirectoryError
from streams.cluster.connect import ClusterError, Connection
from streams.cluster.naming import NamespaceError
from streams.feeds.mapping_reasons import FeedFileError
from streams.feeds.mapping_shipped import load_areas


class Served(NamedTuple):
    """What is served, and how: a store, a cluster, a namespace of it, an area directory.

    `surveillance` is what the worker's area stage was told, for the bounds of series.
    """

    engine: Engine
    connection: Connection
    namespace: str
    directory: Directory
    config: ApiConfig
    surveillance: Surveillance


def api(
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. Speaks HTTP: put a proxy with TLS in front of any other "
            "than loopback."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0: any free one.")] = 8_080,
    store: Annotated[
        str | None,
        typer.Option(help="URL of the store; default FOREWARN_STORE."),
    ] = None,
    areas: Annotated[
        str | None, typer.Option(help="Area directory (JSON), or the name of a shipped mapping.")
    ] = None,
    config: ConfigOption = None,
    namespace: NamespaceOption = None,
    source_events_max: Annotated[
        int, typer.Option(min=1, help="Events that one source may post in a minute.")
    ] = ApiConfig().source_events_max,
) -> None:
    """Serve the query API, the stream of alerts and the start page.

    Needs the store; a broker that is away makes only the posting of events fail (503). Every
    request but those of supervision needs a token: `forewarn tokens create`. Stops on Ctrl-C or
    SIGTERM, after the answers under way.
    """
    settings = Settings()
    try:
        space = settings.namespace if namespace is None else namespace
        served = Served(
            open_store(store or settings.store, space),
            connection(settings),
            space,
            load_areas(areas) if areas else Directory(),
            ApiConfig(source_events_max=source_events_max),
            read_configuration(config).area,
        )
        listening = listening_on(host, port)
    except (
        StoreError, ClusterError, NamespaceError, FeedFileError, DirectoryError,
        ConfigurationError, OSError,
    ) as error:  # fmt: skip
        raise stopped(str(error)) from error
    log_through_structlog()
    _serve(served, listening)


def _serve(served: Served, listening: socket.socket) -> None:
    """Serve until a signal."""
    sink = KafkaSink(served.connection, served.namespace)
    made = Api(
        Parts(
            config=served.config,
            engine=served.engine,
            directory=served.directory,
            sink=sink,
            now_us=lambda: time.time_ns() // 1_000,
            version=CODE_VERSION,
            surveillance=served.surveillance,
        )
    )
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    errors = Console(stderr=True)
    errors.print(f"api: listening on http://{shown}:{port}; Ctrl-C stops", highlight=False)
    try:
        uvloop.run(serve(Server(made), sink, listening))
    finally:
        served.engine.dispose()
    errors.print("api: stopped", highlight=False)
