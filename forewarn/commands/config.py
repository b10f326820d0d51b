"""`forewarn config show`: every key of the configuration with its default or its value."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from forewarn.configuration import ConfigurationError, as_plain, digest_of, read_configuration

app = typer.Typer(no_args_is_help=True, help="Look at the configuration of the stages.")


@app.callback()
def config() -> None:
    """Look at the configuration of the stages."""


@app.command()
def show(
    file: Annotated[Path | None, typer.Argument(help="TOML file; without one, defaults.")] = None,
) -> None:
    """Print every key with its value as TOML tables, and the digest that names it."""
    try:
        configuration = read_configuration(file)
    except ConfigurationError as error:
        Console(stderr=True).print(f"[red]Stopped:[/red] {error}")
        raise typer.Exit(2) from error
    for line in _tables("", as_plain(configuration)):
        typer.echo(line)
    typer.echo(f"# sha256 {digest_of(configuration)}")


def _tables(name: str, table: dict[str, object]) -> list[str]:
    lines = [f"[{name}]"] if name else []
    lines += [f"{k} = {_value(v)}" for k, v in table.items() if not isinstance(v, dict)]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += ["", *_tables(f"{name}.{key}" if name else key, value)]
    return lines


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
