"""`forewarn dlq`: look at dead letters, open one, send them back once what was wrong is mended.

Rules: a body carries an identity, so it is shown only on `--reveal` with a reason, and who opened
what and why is kept beside the keyring.
"""

import getpass
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from alerts.vault.keyring import KeyringError, read_keyring
from alerts.vault.sealing import Sealer, SealError
from forewarn.asking import NamespaceOption, ask, stopped
from forewarn.settings import Settings
from schemas.outcomes import DeadLetter
from streams.cluster.dead_letters import Place, find, open_letter, overview, place_of
from streams.cluster.dead_letters import retry as send_back

OPENED = "opened-dead-letters.jsonl"

app = typer.Typer(no_args_is_help=True, help="Records that could not be taken, and their reasons.")
Reason = Annotated[str | None, typer.Option(help="Only letters of this reason.")]


@app.command("list")
def list_letters(
    reason: Reason = None,
    namespace: NamespaceOption = None,
    newest: Annotated[int, typer.Option(min=0, max=1000, help="How many to list.")] = 20,
) -> None:
    """Count dead letters by reason and topic, and list the newest with their places."""
    found = ask(
        lambda cluster, space: overview(cluster, space, reason=reason, newest_max=newest),
        namespace,
    )
    console = Console()
    counts = Table("reason", "topic", "count", "newest", title="dead letters")
    for one in found.counts:
        counts.add_row(one.reason, one.topic, f"{one.letters:,}", _when(one.newest))
    console.print(counts)
    for letter in found.newest:
        typer.echo(f"{' '.join(map(str, place_of(letter)))}  {letter.reason}  {letter.detail}")
    if found.unreadable:
        typer.echo(f"{found.unreadable:,} records on these topics are no dead letters of ours")


@app.command()
def show(
    topic: Annotated[str, typer.Argument(help="Topic the record came from.")],
    partition: int,
    offset: int,
    namespace: NamespaceOption = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Open the body; give --why.")] = False,
    why: Annotated[str, typer.Option(help="Why the body has to be seen; this is kept.")] = "",
) -> None:
    """Show one dead letter by the place it came from, its body only on --reveal with --why."""
    settings = Settings()
    if reveal and not why.strip():
        raise stopped("a body carries an identity: say with --why what you need it for")
    place = Place(topic, partition, offset)
    letter = ask(lambda cluster, space: find(cluster, space, place), namespace, settings)
    if letter is None:
        raise stopped(
            f"there is no dead letter from {topic} {partition} {offset} (any more); "
            "forewarn dlq list shows what there is"
        )
    for name in DeadLetter.__struct_fields__:
        if name not in {"sealed", "headers"}:
            typer.echo(f"{name}: {getattr(letter, name)}")
    if reveal:
        _reveal(letter, why, settings)


@app.command()
def retry(
    place: Annotated[
        tuple[str, int, int] | None,
        typer.Option(help="Only the one from this topic, partition and offset."),
    ] = None,
    reason: Reason = None,
    everything: Annotated[bool, typer.Option("--all", help="All there are.")] = False,
    namespace: NamespaceOption = None,
) -> None:
    """Send dead letters back to their topics, after what was wrong with them was mended.

    Sending one twice is harmless: its signal has the same id.
    """
    settings = Settings()
    if place is None and reason is None and not everything:
        raise stopped("say which: --place TOPIC PARTITION OFFSET, --reason REASON, or --all")

    def chosen(letter: DeadLetter) -> bool:
        return (place is None or place_of(letter) == place) and reason in {None, letter.reason}

    sealer = _sealer(settings)
    done = ask(
        lambda cluster, space: send_back(cluster, space, sealer, chosen), namespace, settings
    )
    typer.echo(f"{done.sent:,} sent back")
    for said, count in done.refused.most_common():
        typer.echo(f"{count:,} not sent: {said}")
    if done.refused:
        raise typer.Exit(1)


def _reveal(letter: DeadLetter, why: str, settings: Settings) -> None:
    try:
        opened = open_letter(letter, _sealer(settings))
    except SealError as error:
        raise stopped(str(error)) from error
    _keep_reveal(settings.keys_file.parent / OPENED, letter, why)
    for name, value in opened.headers:
        typer.echo(f"header {name}: {value.decode(errors='backslashreplace')}")
    typer.echo(opened.body.decode(errors="backslashreplace"))


def _keep_reveal(path: Path, letter: DeadLetter, why: str) -> None:
    """Keep who opened which letter and why, before its body is shown."""
    said = {
        "at": datetime.now(UTC),
        "who": getpass.getuser(),
        "place": place_of(letter),
        "digest": letter.digest,
        "why": why,
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(msgspec.json.encode(said) + b"\n")


def _sealer(settings: Settings) -> Sealer:
    try:
        return Sealer(read_keyring(settings.keys_file.read_bytes()))
    except (KeyringError, OSError) as error:
        raise stopped(
            f"bodies are sealed, and the keyring {settings.keys_file} cannot be read ({error}); "
            "set FOREWARN_KEYS_FILE to the keyring of the intake"
        ) from error


def _when(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else "unknown"
