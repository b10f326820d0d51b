"""`forewarn compare`: the alerts of two runs as sets, so that runs can be held against each other.

Rules: an alert is what it came to: who it is about, when it was opened, and the level of its last
revision. The order in which alerts were raised does not count. A side is a folder of a replay, an
alerts.jsonl, or a namespace of the cluster.
"""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from forewarn.asking import NamespaceOption, ask, stopped
from forewarn.replay_results import ResultsError, read_lines
from schemas.codec import CodecError, decoder_of
from schemas.outcomes import Alert
from schemas.topics import ALERTS
from streams.cluster.connect import Connection
from streams.cluster.reading import read_to_end

_FILE = "alerts.jsonl"
_SHOWN_MAX = 20


class Raised(NamedTuple):
    """What an alert came to."""

    scope: str
    subject: str
    kind: str
    level: str
    opened: str


def compare(
    one: Annotated[Path, typer.Argument(help="alerts.jsonl, or the folder of a replay.")],
    other: Annotated[
        Path | None, typer.Argument(help="As the first; without it, the cluster is read.")
    ] = None,
    namespace: NamespaceOption = None,
) -> None:
    """Compare the alerts of two runs, or of a run and a namespace; exit 1 where they differ."""
    try:
        left = came_to(_read(one))
        right = came_to(_read(other)) if other else ask(_on_cluster, namespace)
    except (ResultsError, OSError) as error:
        raise stopped(str(error)) from error
    differences = differing(left, right)
    for said in differences[:_SHOWN_MAX]:
        typer.echo(said)
    if len(differences) > _SHOWN_MAX:
        typer.echo(f"… and {len(differences) - _SHOWN_MAX:,} more")
    typer.echo(f"{len(left.keys() | right.keys()):,} alerts compared, {len(differences):,} differ")
    if differences:
        raise typer.Exit(1)


def came_to(revisions: list[Alert]) -> dict[str, Raised]:
    """Return what each alert came to, by its id: that of its last revision."""
    last: dict[str, Alert] = {}
    for alert in revisions:
        held = last.get(alert.alert_id)
        if held is None or alert.revision >= held.revision:
            last[alert.alert_id] = alert
    return {
        alert.alert_id: Raised(
            alert.scope, alert.subject, alert.kind, alert.level, alert.opened.isoformat()
        )
        for alert in last.values()
    }


def differing(left: dict[str, Raised], right: dict[str, Raised]) -> list[str]:
    """Return a line for each alert that is not the same on both sides, in order of id."""
    said = []
    for alert_id in sorted(left.keys() | right.keys()):
        one, other = left.get(alert_id), right.get(alert_id)
        if one is None or other is None:
            side, there = ("first", one) if one else ("second", other)
            said.append(f"{alert_id} only in the {side}: {' '.join(there or ())}")
        elif one != other:
            parts = [
                f"{name} {a} and {b}"
                for name, a, b in zip(Raised._fields, one, other, strict=True)
                if a != b
            ]
            said.append(f"{alert_id} differs: {', '.join(parts)}")
    return said


def _read(path: Path) -> list[Alert]:
    return list(read_lines(path / _FILE if path.is_dir() else path, Alert))


async def _on_cluster(cluster: Connection, space: str) -> dict[str, Raised]:
    decode = decoder_of(ALERTS.name)
    found: list[Alert] = []
    async for chunk in read_to_end(cluster, space, [ALERTS.name]):
        for kept in chunk:
            try:
                found.append(decode(kept.value or b""))
            except CodecError as error:
                raise ResultsError(
                    f"{kept.topic} {kept.partition} {kept.offset}: {error}"
                ) from error
    return came_to(found)
