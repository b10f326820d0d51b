"""`forewarn tail alerts`: alerts in the terminal as they are raised, for a person to read.

Rules: evidence before reasons, in the reader's language; every revision is a paragraph of its own.
Nothing is committed anywhere: looking changes nothing.
"""

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text as Styled

from forewarn.asking import NamespaceOption, ask
from forewarn.picture_words import Language
from schemas.closed import Text
from schemas.codec import CodecError, decoder_of
from schemas.outcomes import Alert, Evidence
from schemas.taxonomy import LABELS, Level
from schemas.topics import ALERTS
from streams.cluster.connect import Connection
from streams.cluster.reading import reader_of

app = typer.Typer(no_args_is_help=True, help="Follow what the system says, in the terminal.")
_COLOURS = {
    Level.RED: "bold white on red",
    Level.ORANGE: "bold black on dark_orange",
    Level.YELLOW: "bold black on yellow",
    Level.BLUE: "bold white on blue",
}


@app.callback()
def tail() -> None:
    """Follow what the system says, in the terminal."""


@app.command()
def alerts(
    namespace: NamespaceOption = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Begin with all that the topic keeps.")
    ] = False,
    language: Annotated[Language, typer.Option(help="Language of the sentences.")] = Language.EN,
    limit: Annotated[
        int, typer.Option(min=0, help="Stop after so many revisions; 0 is never.")
    ] = 0,
) -> None:
    """Follow the alerts until Ctrl-C, one paragraph a revision."""
    console = Console(highlight=False, soft_wrap=True)

    async def follow(cluster: Connection, space: str) -> None:
        shown = 0
        async with reader_of(cluster, space, [ALERTS.name]) as reader:
            if not from_beginning:
                await reader.pass_over()
            async for chunk in reader.onward():
                for kept in chunk:
                    console.print(_paragraph(kept.value or b"", language))
                    shown += 1
                    if shown == limit:
                        return

    try:
        ask(follow, namespace)
    except KeyboardInterrupt:
        console.print()


def told(alert: Alert, language: Language) -> Styled:
    """Return an alert as a paragraph: level and headline, evidence, then reasons."""
    paragraph = Styled()
    label = _in(LABELS[alert.level], language)
    paragraph.append(f" {label} ", style=_COLOURS[alert.level])
    paragraph.append(f" {_in(alert.headline, language)}\n", style="bold")
    when = alert.updated.isoformat(timespec="minutes")
    paragraph.append(f"  {when}  {alert.area}  {alert.alert_id} r{alert.revision}", style="dim")
    for one in alert.evidence:
        paragraph.append(f"\n  • {_evidence(one, language)}")
    if alert.surge is not None:
        surge = alert.surge
        paragraph.append(
            f"\n  • {surge.day}: {surge.count} ({surge.expected:.1f} < {surge.limit:.1f})"
        )
    for reason in alert.reasons:
        paragraph.append(f"\n  → {_in(reason.text, language)}")
    return paragraph


def _evidence(one: Evidence, language: Language) -> str:
    words = [_in(LABELS[word], language) for word in (one.kind, *one.signs)]
    reports = f" ×{one.reports}" if one.reports > 1 else ""
    return f"{one.time.isoformat(timespec='minutes')}  {', '.join(words)}{reports}"


def _in(text: Text, language: Language) -> str:
    return text.zh if language is Language.ZH else text.en


def _paragraph(value: bytes, language: Language) -> Styled:
    try:
        return told(decoder_of(ALERTS.name)(value), language)
    except CodecError as error:
        return Styled(f"unreadable: {error}", style="dim")
