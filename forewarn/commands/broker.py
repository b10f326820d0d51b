"""`forewarn broker run|fetch|lock`: a real Kafka broker on this machine, without containers.

Rules: for one machine and for trying things out; it listens on loopback alone.
"""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from forewarn.broker.broker import Broker, BrokerConfig, BrokerError
from forewarn.broker.jars import JarsError, fetch, write_lock
from forewarn.broker.ports import PortsError
from forewarn.settings import Settings

app = typer.Typer(no_args_is_help=True, help="A Kafka broker on this machine.")
_WATCH_S = 0.5


@app.callback()
def broker() -> None:
    """A Kafka broker on this machine."""


@app.command()
def run(
    data: Annotated[Path, typer.Option(help="Folder that keeps what the broker writes.")],
    port: Annotated[
        int,
        typer.Option(min=0, max=65_535, help="Port of clients; 0 takes a free one and keeps it."),
    ] = 0,
    heap_mb: Annotated[int, typer.Option(min=128, help="Memory of its heap, in MB.")] = 512,
) -> None:
    """Run a broker until Ctrl-C, and print where it listens."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        jars = fetch(Settings().cache_dir, _say)
        config = BrokerConfig(data=data, jars=jars, port=port, heap_mb=heap_mb)
        with Broker(config) as running:
            typer.echo(running.bootstrap)
            _say(f"its log is {running.log_file}; end it with Ctrl-C")
            while running.running and not over.wait(_WATCH_S):
                pass
            if not over.is_set():
                _say(f"the broker ended by itself: see {running.log_file}")
                raise typer.Exit(1)
    except (BrokerError, JarsError, PortsError) as error:
        _say(f"Stopped: {error}")
        raise typer.Exit(2) from error


@app.command(name="fetch")
def fetch_jars() -> None:
    """Fetch the jars of Apache Kafka, unless the cache has them."""
    try:
        jars = fetch(Settings().cache_dir, _say)
    except JarsError as error:
        _say(f"Stopped: {error}")
        raise typer.Exit(2) from error
    _say(f"{len(jars)} jars in {jars[0].parent}")


@app.command()
def lock() -> None:
    """Write the lock of the jars anew: for whoever moves Kafka to another version."""
    _say(f"{write_lock(_say)} jars locked")


def _say(line: str) -> None:
    typer.echo(line, err=True)
