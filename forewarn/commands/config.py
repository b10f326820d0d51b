"""`forewarn config show`: every key of the configuration with its default or its value."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from forewarn.configuration import (
    ConfigurationError,
    as_plain,
    digest_of,
    read_configuration,
    reasons_of,
)

app = typer.Typer(no_args_is_help=True, help="Look at the configuration of the stages.")


@app.callback()
def config() -> None:
    """Look at the configuration of the stages."""


@app.command()
def show(
    file: Annotated[Path | None, typer.Argument(help="TOML file; without one, defaults.")] = None,
) -> None:
    """Print every key with its value as TOML tables, and the digest that names it.

    The digest is of what the stages are told: handling limits change nothing that they say.
    """
    try:
        configuration = read_configuration(file)
    except ConfigurationError as error:
        Console(stderr=True).print(f"[red]Stopped:[/red] {error}")
        raise typer.Exit(2) from error
    for line in _tables("", as_plain(configuration), configuration):
        typer.echo(line)
    typer.echo(f"# sha256 {digest_of(configuration)}")


def _tables(name: str, table: dict[str, object], struct: object) -> list[str]:
    """Return a table and those in it; `struct` is what it was made of, where it was a struct."""
    reasons = reasons_of(struct)
    lines = [f"[{name}]"] if name else []
    for key, value in table.items():
        if not isinstance(value, dict):
            reason = f"  # {reasons[key]}" if key in reasons else ""
            lines.append(f"{key} = {_value(value)}{reason}")
    for key, value in table.items():
        if isinstance(value, dict):
            inner = getattr(struct, key, None)
            lines += ["", *_tables(f"{name}.{key}" if name else key, value, inner)]
    return lines


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
