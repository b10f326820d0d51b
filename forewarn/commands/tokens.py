"""`forewarn tokens create|revoke|list`: who may use the API."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alerts.store.engine import StoreError
from alerts.store.migrating import open_store
from alerts.store.tokens import SECRET_BYTES, Role, TokenError, TokenRow, Tokens
from forewarn.asking import NamespaceOption, stopped
from forewarn.settings import Settings
from schemas.times import DAY_US, from_us
from streams.cluster.naming import NamespaceError

app = typer.Typer(no_args_is_help=True, help="Who may use the API, as what, and until when.")
StoreOption = Annotated[str | None, typer.Option(help="URL of the store; default FOREWARN_STORE.")]


@app.callback()
def tokens() -> None:
    """Who may use the API, as what, and until when."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose it is, for the list and the audit.")],
    role: Annotated[Role, typer.Option(help="What the holder is.")],
    area: Annotated[
        list[str] | None,
        typer.Option(help="Area code with all that lies in it; again for more; none: everywhere."),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Source a gateway may post for; none: any.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3_660, help="Good for so many days.")] = 90,
    store: StoreOption = None,
    namespace: NamespaceOption = None,
) -> None:
    """Make a token and print it, once: the store keeps only its digest."""
    now_us = _now_us()
    with _tokens(store, namespace) as kept:
        made = kept.create(
            secrets.token_bytes(SECRET_BYTES),
            name=name,
            role=role,
            now_us=now_us,
            expires_us=now_us + days * DAY_US,
            areas=tuple(area or ()),
            sources=tuple(source or ()),
        )
    typer.echo(made.token)
    until = from_us(made.caller.expires_us).date().isoformat()
    typer.echo(
        f"id {made.caller.token_id}, {role.value}, good until {until}; it is not shown again",
        err=True,
    )


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(help="The id that `forewarn tokens list` shows.")],
    store: StoreOption = None,
    namespace: NamespaceOption = None,
) -> None:
    """Make a token useless from now on."""
    with _tokens(store, namespace) as kept:
        done = kept.revoke(token_id, _now_us())
    if not done:
        raise stopped(f"no good token has the id {token_id!r}: forewarn tokens list")
    typer.echo(f"revoked: {token_id}")


@app.command("list")
def show(store: StoreOption = None, namespace: NamespaceOption = None) -> None:
    """Show the tokens, newest first, without their secrets."""
    with _tokens(store, namespace) as kept:
        rows = kept.listed()
    table = Table("id", "name", "role", "areas", "sources", "until", "state")
    for row in rows:
        one = row.caller
        table.add_row(
            one.token_id, one.name, one.role.value, " ".join(one.areas) or "all",
            " ".join(one.sources) or "all", from_us(one.expires_us).date().isoformat(), _state(row),
        )  # fmt: skip
    Console().print(table)


def _state(row: TokenRow) -> str:
    if row.revoked_us is not None:
        return "revoked"
    return "good" if row.caller.expires_us > _now_us() else "expired"


@contextmanager
def _tokens(store: str | None, namespace: str | None) -> Iterator[Tokens]:
    """Open the tokens of a store; the command stops where that cannot be."""
    settings = Settings()
    space = settings.namespace if namespace is None else namespace
    try:
        engine = open_store(store or settings.store, space)
        try:
            yield Tokens(engine)
        finally:
            engine.dispose()
    except (StoreError, TokenError, NamespaceError) as error:
        raise stopped(str(error)) from error


def _now_us() -> int:
    return time.time_ns() // 1_000
