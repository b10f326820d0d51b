"""`forewarn store migrate|rebuild|retain|backup|restore|check`: looking after the store.

Rules: exit 0 means that it was done, or that nothing is wrong; 2 that it was not, with what to do.
What loses something asks for a word more.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import Engine

from alerts.store.engine import StoreError, open_engine
from alerts.store.migrating import migrate as bring_up
from alerts.store.migrating import open_store
from alerts.store.projection import Projection
from alerts.store.rebuilding import counts, faults, outbox_age_us
from alerts.store.retention import Retention, newest_us
from alerts.store.retention import retain as delete_old
from alerts.store.writing import Writer
from forewarn.asking import ConfigOption, NamespaceOption, stopped
from forewarn.backups import BackupError, back_up
from forewarn.backups import restore as put_back
from forewarn.configuration import ConfigurationError, read_configuration
from forewarn.settings import Settings, connection
from schemas.areas import Directory, DirectoryError
from schemas.times import SECOND_US
from streams.cluster.connect import ClusterError
from streams.cluster.naming import NamespaceError
from streams.feeds.mapping_reasons import FeedFileError
from streams.feeds.mapping_shipped import load_areas
from streams.projector.projector import ProjectorOptions
from streams.projector.rebuild import read_through
from streams.projector.source import AheadError, no_longer_kept

app = typer.Typer(no_args_is_help=True, help="Look after the store.")
StoreOption = Annotated[str | None, typer.Option(help="URL of the store; default FOREWARN_STORE.")]
AreasOption = Annotated[
    str | None, typer.Option(help="Area directory (JSON), or the name of a shipped mapping.")
]
_REFUSALS = (
    StoreError, BackupError, ClusterError, NamespaceError, FeedFileError, DirectoryError,
    AheadError, ConfigurationError, OSError,
)  # fmt: skip


@contextmanager
def _said_plainly() -> Iterator[Settings]:
    try:
        yield Settings()
    except _REFUSALS as error:
        raise stopped(str(error)) from error


@contextmanager
def _closing(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()


@app.callback()
def store_commands() -> None:
    """Look after the store."""


@app.command()
def migrate(store: StoreOption = None) -> None:
    """Bring the tables up to this code, in one transaction."""
    with _said_plainly() as settings, _closing(open_engine(store or settings.store)) as engine:
        before, after = bring_up(engine)
    typer.echo(f"the store has version {after}" + ("" if before == after else f", had {before}"))


@app.command()
def rebuild(
    store: StoreOption = None,
    namespace: NamespaceOption = None,
    areas: AreasOption = None,
    config: ConfigOption = None,
    lose_older: Annotated[
        bool,
        typer.Option("--lose-older", help="Go on where topics no longer keep their beginning."),
    ] = False,
) -> None:
    """Empty the projected tables and read them again off the topics.

    Tokens, decisions, audit and outbox stay. What the topics no longer keep is lost to the store,
    so that needs --lose-older. No projector may run meanwhile; the API may, and shows less until
    it is done.
    """
    with _said_plainly() as settings:
        space = settings.namespace if namespace is None else namespace
        directory = load_areas(areas) if areas else Directory()
        limits = read_configuration(config).handling
        link = connection(settings)
        gone = asyncio.run(no_longer_kept(link, space))
        if gone and not lose_older:
            listed = ", ".join(f"{topic} ({number} records)" for topic, number in gone.items())
            raise stopped(
                f"these topics no longer keep their beginning: {listed}; what came of it is lost "
                "by a rebuild. Take a backup, then give --lose-older"
            )
        with _closing(open_store(store or settings.store, space)) as engine:
            _rebuild(ProjectorOptions(link, space, engine, directory, limits))


def _rebuild(options: ProjectorOptions) -> None:
    begun = time.monotonic()
    writer = Writer(options.directory, options.limits, feed=False)
    with Projection(options.engine, writer) as projection, _progress() as bar:
        task = bar.add_task("", read=0, left=0)
        projection.empty()
        read = asyncio.run(
            read_through(
                options, projection, lambda read, left: bar.update(task, read=read, left=left)
            )
        )
        projection.broken_feed()
    seconds = time.monotonic() - begun
    typer.echo(f"{read:,} records read in {seconds:.1f} s")
    _show_counts(options.engine)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[read]:,} records read, {task.fields[left]:,} known to wait"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _show_counts(engine: Engine) -> None:
    table = Table("table", "rows")
    for name, rows in counts(engine).items():
        table.add_row(name, f"{rows:,}")
    Console().print(table)


@app.command()
def retain(
    store: StoreOption = None,
    namespace: NamespaceOption = None,
    alerts_days: Annotated[int, typer.Option(min=1)] = Retention().alerts_days,
    events_days: Annotated[int, typer.Option(min=1)] = Retention().events_days,
    assessments_days: Annotated[int, typer.Option(min=1)] = Retention().assessments_days,
    audit_days: Annotated[int, typer.Option(min=1)] = Retention().audit_days,
) -> None:
    """Delete what is older than so many days, in small batches; open alerts always stay.

    A running projector does this each hour, with the defaults. In a namespace the present is that
    of its newest report.
    """
    rules = Retention(
        alerts_days=alerts_days,
        events_days=events_days,
        assessments_days=assessments_days,
        audit_days=audit_days,
    )
    with _said_plainly() as settings:
        space = settings.namespace if namespace is None else namespace
        with _closing(open_store(store or settings.store, space)) as engine:
            now_us = newest_us(engine, _now_us()) if space else _now_us()
            gone = delete_old(engine, rules, now_us)
    for name, rows in sorted(gone.items()):
        typer.echo(f"{name}: {rows:,} rows deleted")
    typer.echo(f"{gone.total():,} rows deleted")


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="The file to write; it must not be there.")],
    store: StoreOption = None,
) -> None:
    """Write the store to one file, while everything runs."""
    with _said_plainly() as settings, _closing(open_engine(store or settings.store)) as engine:
        size = back_up(engine, out)
    typer.echo(f"backup written: {out} ({size:,} bytes)")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file that `forewarn store backup` wrote.")],
    store: StoreOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the store that is there.")
    ] = False,
) -> None:
    """Put a backup in the place of the store; stop projector and API first.

    The projector then reads on from where the backup stood.
    """
    with _said_plainly() as settings:
        before, after = put_back(store or settings.store, source, replace=replace)
    typer.echo(f"restored: version {before}, now {after}; start the projector, it catches up")


@app.command()
def check(store: StoreOption = None, namespace: NamespaceOption = None) -> None:
    """Look whether the store is sound; show what it holds, and how old its outbox is."""
    with _said_plainly() as settings:
        space = settings.namespace if namespace is None else namespace
        with _closing(open_store(store or settings.store, space)) as engine:
            found = faults(engine)
            _show_counts(engine)
            waits_s = outbox_age_us(engine, _now_us()) / SECOND_US
    typer.echo(f"the oldest decision in the outbox waits for {waits_s:,.0f} s")
    for fault in found:
        typer.echo(f"WRONG: {fault.what}: {fault.number} ({', '.join(fault.examples)})")
    if found:
        raise typer.Exit(2)
    typer.echo("the store is sound")


def _now_us() -> int:
    return time.time_ns() // 1_000
