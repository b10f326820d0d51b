"""`forewarn schemas write`: the JSON Schemas and the AsyncAPI document, made from the types."""

from pathlib import Path
from typing import Annotated

import typer

from schemas.publish import published_files

app = typer.Typer(no_args_is_help=True, help="The published schemas, made from the types.")


@app.callback()
def schemas() -> None:
    """The published schemas, made from the types."""


@app.command()
def write(
    folder: Annotated[
        Path, typer.Argument(help="Folder to write to, normally schemas/published.")
    ] = Path("schemas/published"),
) -> None:
    """Write every published file; what is there already is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in published_files().items():
        (folder / name).write_bytes(content)
        typer.echo(f"{folder / name}")
