"""`forewarn feed`: a file of events onto the raw topics of a cluster.

Rules: a historical feed goes to a namespace of its own, whose time it makes; without a namespace
the events go to the live topics as they are. Only a whole feed is sent, in the order of a replay.
"""

import time
import zlib
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from forewarn.asking import ask, stopped
from forewarn.event_files import opened, why_unread
from schemas.times import from_us, to_us
from streams.cluster.connect import Connection
from streams.cluster.feeder import FeedReport, refuse_if_fed
from streams.cluster.feeder import feed as send_feed
from streams.intake.intake import IntakeConfig
from streams.replay_order import ordered

_SECOND_US = 1_000_000


def feed(
    events: Annotated[
        str, typer.Argument(help="Events as JSON lines, .gz too; `-` reads standard input.")
    ],
    namespace: Annotated[
        str | None,
        typer.Option(
            help="Namespace of a historical feed, whose time passes as the feed says. The empty "
            "one is live; the default is FOREWARN_NAMESPACE."
        ),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=0.001, help="How many times faster than it came in, such as 60."),
    ] = None,
    fast: Annotated[
        bool, typer.Option("--as-fast-as-possible", help="Do not wait at all; the default.")
    ] = False,
) -> None:
    """Send a file of events to the cluster, in the order in which they came in.

    The whole feed is read and put in order first. It is sent once: where the cluster goes away for
    too long, the command stops and says how far it came.
    """
    errors = Console(stderr=True)
    if fast and speed is not None:
        raise stopped("give either --speed or --as-fast-as-possible, not both")
    try:
        report = _send(events, namespace, speed, errors)
    except (OSError, EOFError, zlib.error) as error:
        raise stopped(why_unread(error, events)) from error
    typer.echo(_summary(report))


def _send(events: str, namespace: str | None, speed: float | None, errors: Console) -> FeedReport:
    until_us = int(time.time() * _SECOND_US)
    earliest_us = to_us(datetime(IntakeConfig().ingest_year_min, 1, 1, tzinfo=UTC))
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} records"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with opened(events) as stream, Progress(*columns, console=errors, transient=True) as progress:
        reading = progress.add_task("reading and ordering", total=None, rate="")
        sending = progress.add_task("sending", total=None, rate="")
        started = time.perf_counter()

        def sent(number: int) -> None:
            rate = number / (time.perf_counter() - started)
            progress.update(sending, completed=number, rate=f"{rate:,.0f}/s")

        lines = ordered(
            stream,
            until_us,
            earliest_us=earliest_us,
            progress=lambda number: progress.update(reading, completed=number),
        )

        async def send(cluster: Connection, space: str) -> FeedReport:
            await refuse_if_fed(cluster, space)
            return await send_feed(cluster, space, lines, speed=speed, progress=sent)

        return ask(send, namespace)


def _summary(report: FeedReport) -> str:
    sent = report.records + report.ticks
    rate = sent / report.seconds if report.seconds else 0.0
    span = "no readable time"
    if report.first_us:
        span = f"{from_us(report.first_us).isoformat()} to {from_us(report.last_us).isoformat()}"
    cut = f", {report.cut:,} of them cut" if report.cut else ""
    return (
        f"{report.records:,} records{cut} and {report.ticks:,} ticks in {report.seconds:.1f} s "
        f"({rate:,.0f}/s), {report.bytes / 1e6:,.1f} MB, {span}"
    )
