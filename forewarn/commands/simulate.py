"""`forewarn simulate`: write a synthetic town to a folder, for demos and tests.

Rules: files are written under temporary names and take their own only when all are complete; a
town that is there already is kept unless `--force` is given; the same arguments give the same
bytes. No clock is read: the first day is an argument.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from schemas.areas import write_directory
from streams.feeds.town import Town
from streams.feeds.town import simulate as simulate_town
from streams.feeds.town_config import (
    DAYS_MAX,
    DEFAULT_START,
    PERSONS_MAX,
    SEED_MAX,
    TownConfig,
    TownError,
)
from streams.feeds.town_summary import Summary, summarise
from streams.feeds.town_truth import truth_of

EVENTS = "events.jsonl"
TRUTH = "truth.jsonl"
AREAS = "areas.json"
GZIPPED = ".gz"
_GZIP_LEVEL = 6
_TRUTH_BATCH = 4_096
_ENCODER = msgspec.json.Encoder()

Told = Callable[[int], None]
"""Called with the number of events just written."""


Out = Annotated[
    Path,
    typer.Option(
        help="Folder to write to; made if it is not there. It gets events.jsonl, truth.jsonl "
        "(what really happened, for nobody's detector) and areas.json.",
        file_okay=False,
    ),
]
Persons = Annotated[
    int,
    typer.Option(
        min=1,
        max=PERSONS_MAX,
        help="People who live there. Most are never in need; about one in ten is reported "
        "in a year, and few again and again.",
    ),
]
Days = Annotated[
    int,
    typer.Option(
        min=1,
        max=DAYS_MAX,
        help="Local days to simulate. Area detectors need some weeks to learn what is usual.",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        min=0,
        max=SEED_MAX,
        help="Number that all chance comes from: same seed and arguments, same bytes.",
    ),
]
Start = Annotated[
    datetime,
    typer.Option(
        formats=["%Y-%m-%d"],
        show_default=f"{DEFAULT_START}",
        help="First local day (Asia/Shanghai), from 2000 to 2099. The clock is never read.",
    ),
]
Gzipped = Annotated[
    bool,
    typer.Option("--gzip", help="Compress the two .jsonl files (about a tenth of the size)."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace a town that is in the folder already.")
]
_FIRST_DAY = datetime.combine(DEFAULT_START, datetime.min.time())


def simulate(
    out: Out,
    persons: Persons = 10_000,
    days: Days = 365,
    seed: Seed = 1,
    start: Start = _FIRST_DAY,
    gzipped: Gzipped = False,
    force: Force = False,
) -> None:
    """Write a synthetic town: three feeds of events, the truth behind, its areas.

    A town is for demos and for testing the machinery; nobody in it exists.

    It has scripted cases in its first two weeks and four area surges.

    Do not compare detectors on it: docs/the-synthetic-town.md says why.
    """
    console = Console()
    _refuse_to_overwrite(out, force=force)
    try:
        config = TownConfig(persons=persons, days=days, seed=seed, start=start.date())
        with console.status("Simulating the town"):
            town = simulate_town(config)
    except TownError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        with _progress(console) as progress:
            task = progress.add_task("Writing events", total=len(town.rows))
            write_town(town, out, gzipped=gzipped, told=lambda n: progress.advance(task, n))
    except OSError as error:
        console.print(f"The town could not be written: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(summary_table(summarise(town), town))
    console.print(f"Written to {out}", markup=False, soft_wrap=True)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _all_names() -> tuple[str, ...]:
    return (EVENTS, TRUTH, EVENTS + GZIPPED, TRUTH + GZIPPED, AREAS)


def _refuse_to_overwrite(out: Path, *, force: bool) -> None:
    there = [name for name in _all_names() if (out / name).exists()]
    if there and not force:
        raise typer.BadParameter(
            f"{out} already holds {', '.join(there)}; choose another folder, or give --force",
            param_hint="'--out'",
        )


def write_town(town: Town, out: Path, *, gzipped: bool, told: Told) -> None:
    """Write a town's three files to the folder `out`, all or none of them.

    Takes the place of a town that is there, compressed or not. Raises OSError.
    """
    out.mkdir(parents=True, exist_ok=True)
    suffix = GZIPPED if gzipped else ""
    contents = {
        AREAS: iter([write_directory(town.directory())]),
        TRUTH + suffix: _truth_lines(town),
        EVENTS + suffix: _event_lines(town, told),
    }
    with ExitStack() as undo:
        for name in contents:
            undo.callback((out / _partial(name)).unlink, missing_ok=True)
        for name, chunks in contents.items():
            _write(out / _partial(name), chunks, gzipped=name.endswith(GZIPPED))
        for name in contents:
            (out / _partial(name)).replace(out / name)
    for stale in set(_all_names()) - set(contents):
        (out / stale).unlink(missing_ok=True)


def _partial(name: str) -> str:
    return f".{name}.partial"


def _event_lines(town: Town, told: Told) -> Iterator[bytes]:
    for batch in town.event_batches():
        yield _ENCODER.encode_lines(batch)
        told(len(batch))


def _truth_lines(town: Town) -> Iterator[bytes]:
    records = truth_of(town)
    while batch := list(islice(records, _TRUTH_BATCH)):
        yield _ENCODER.encode_lines(batch)


def _write(path: Path, chunks: Iterator[bytes], *, gzipped: bool) -> None:
    with path.open("wb") as file:
        if not gzipped:
            file.writelines(chunks)
            return
        # No name and no time in the header: the same town has to give the same bytes.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as packed:
            packed.writelines(chunks)


def summary_table(summary: Summary, town: Town) -> Table:
    """Lay out what a town turned out to be."""
    table = Table(title="The synthetic town", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for label, value in _figures(summary):
        table.add_row(label, value)
    table.add_section()
    for label, counts in (("purpose", summary.by_purpose), ("feed", summary.by_feed)):
        for name, count in counts.items():
            table.add_row(f"{label} {name}", f"{count:,}")
        table.add_section()
    for surge in town.surges:
        where = f"{surge.days} days from day {surge.first_day + 1} in {surge.place}"
        table.add_row(
            f"surge {surge.kind}", f"{surge.size} more ({surge.usual:.1f} usual), {where}"
        )
    return table


def _figures(summary: Summary) -> Iterator[tuple[str, str]]:
    yield "persons", f"{summary.persons:,}"
    yield "events", f"{summary.events:,}"
    yield "events per person and year", f"{summary.per_person_year:.2f}"
    yield "events with a person", f"{summary.with_person:.1%}"
    yield "told again within 15 minutes", f"{summary.near_copies:,}"
    yield "delivered twice", f"{summary.exact_copies:,}"
    yield "later than 7 days", f"{summary.very_late:.1%}"
    yield "people with a report of danger", f"{summary.reported_people:,}"
    yield "of them, never again", f"{summary.never_repeat:.1%}"
    yield "true severe harms (of them reported)", f"{summary.harms:,} ({summary.harms_reported:,})"
    yield "harm carried by the top 2 % of people", f"{summary.top_harm:.1%}"
    yield "harm without an earlier report", f"{summary.cold_harm:.1%}"
