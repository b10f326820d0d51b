"""How a command asks the cluster: connection and namespace from the settings, errors in words."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from forewarn.settings import Settings, connection
from streams.cluster.connect import ClusterError, Connection

T = TypeVar("T")
Question = Callable[[Connection, str], Coroutine[Any, Any, T]]
NamespaceOption = Annotated[
    str | None, typer.Option(help="Namespace; the default is FOREWARN_NAMESPACE.")
]

ConfigOption = Annotated[
    Path | None, typer.Option(help="TOML file; `forewarn config show` prints every key.")
]


def ask(question: Question[T], namespace: str | None, settings: Settings | None = None) -> T:
    """Return what a question to the cluster gives; the command stops where it gives nothing.

    `namespace` is that of the command line, None where none was given.
    """
    settings = settings or Settings()
    space = settings.namespace if namespace is None else namespace
    try:
        return asyncio.run(question(connection(settings), space))
    except (ClusterError, ValueError) as error:
        raise stopped(str(error)) from error


def stopped(why: str, code: int = 2) -> typer.Exit:
    """Say why the command stops, and return the exit to raise."""
    said = f"[red]Stopped:[/red] {escape(why)}"
    Console(stderr=True).print(said, highlight=False, soft_wrap=True)
    return typer.Exit(code)
