"""`forewarn topics create|describe|check`: the topics of a namespace on a cluster.

Rules: exit 0 means that the cluster is as the catalogue says, 2 that it differs or cannot be
reached; each difference is named with how to mend it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from forewarn.settings import Settings, connection
from streams.cluster import provision
from streams.cluster.connect import ClusterError
from streams.cluster.naming import NamespaceError

app = typer.Typer(no_args_is_help=True, help="The topics on a Kafka cluster.")

Namespace = Annotated[
    str | None,
    typer.Option(help="Prefix of all topics; FOREWARN_NAMESPACE, or none, when not given."),
]
Replication = Annotated[
    int, typer.Option(min=1, max=7, help="On how many brokers each partition is kept.")
]
Partitions = Annotated[
    int | None,
    typer.Option(min=1, max=1024, help="Partitions of every topic that has more than one."),
]


@app.callback()
def topics() -> None:
    """The topics on a Kafka cluster."""


@app.command()
def create(
    namespace: Namespace = None,
    replication: Replication = 1,
    partitions: Partitions = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only ask the broker whether it would.")
    ] = False,
) -> None:
    """Make every topic that is missing; refuse, and make none, where the cluster differs."""
    with _said_plainly() as settings:
        report = provision.create(
            connection(settings),
            settings.namespace if namespace is None else namespace,
            replication=replication,
            partitions=partitions,
            dry_run=dry_run,
        )
    _stop_at(report.differences)
    made = "would be made" if dry_run else "made"
    for name in report.created:
        typer.echo(f"{made}: {name}")
    typer.echo(f"{len(report.created)} {made}, {len(report.kept)} were there")


@app.command()
def describe(namespace: Namespace = None) -> None:
    """Show the topics of a namespace as they are on the cluster."""
    with _said_plainly() as settings:
        found = provision.describe(
            connection(settings), settings.namespace if namespace is None else namespace
        )
    table = Table("topic", "partitions", "kept", "configuration")
    for topic in found:
        configs = " ".join(f"{key}={value}" for key, value in sorted(topic.configs.items()))
        table.add_row(topic.name, str(topic.partitions), str(topic.replication), configs)
    Console().print(table)


@app.command()
def check(
    namespace: Namespace = None, replication: Replication = 1, partitions: Partitions = None
) -> None:
    """Compare the cluster with the catalogue."""
    with _said_plainly() as settings:
        differences = provision.check(
            connection(settings),
            settings.namespace if namespace is None else namespace,
            replication=replication,
            partitions=partitions,
        )
    _stop_at(differences)
    typer.echo("the cluster is as the catalogue says")


@contextmanager
def _said_plainly() -> Iterator[Settings]:
    try:
        yield Settings()
    except (ClusterError, NamespaceError, ValidationError) as error:
        Console(stderr=True).print(f"[red]Stopped:[/red] {error}", soft_wrap=True)
        raise typer.Exit(2) from error


def _stop_at(differences: Iterable[provision.Difference]) -> None:
    listed = tuple(differences)
    if not listed:
        return
    errors = Console(stderr=True)
    for difference in listed:
        errors.print(f"[red]{difference.topic}[/red] {difference.said}", soft_wrap=True)
        errors.print(f"    mend: {difference.mend}", soft_wrap=True, highlight=False)
    errors.print(f"{len(listed)} differences between the cluster and the catalogue")
    raise typer.Exit(2)
