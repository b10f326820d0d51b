"""`forewarn simulate`: write a synthetic town to a folder, for demos and tests.

Rules: files are written under temporary names and take their own only when all are complete; a
town that is there already is kept unless `--force` is given; the same arguments give the same
bytes. No clock is read: the first day is an argument.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from forewarn.commands.simulate_known_truth import Asked, simulate_known_truth
from forewarn.commands.town_files import (
    AREAS,
    ENCODER,
    EVENTS,
    TRUTH,
    encoded_lines,
    progress_of,
    refuse_to_overwrite,
    write_files,
)
from schemas.areas import write_directory
from streams.feeds.known_truth.frozen import VARIANT_MAX
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
    int | None,
    typer.Option(
        min=1,
        max=PERSONS_MAX,
        show_default="10000; 20000 with --known-truth",
        help="People who live there. Most are never in need; about one in ten is reported "
        "in a year, and few again and again.",
    ),
]
Days = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=DAYS_MAX,
        show_default="365; 1096 with --known-truth",
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
    datetime | None,
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
KnownTruth = Annotated[
    bool,
    typer.Option(
        "--known-truth",
        help="The town on which detectors are compared: a frozen model, with what would have "
        "happened without help, groups, drift, silent feeds, late labels (labels.jsonl) and the "
        "marginals it reaches (marginals.json).",
    ),
]
Variant = Annotated[
    int,
    typer.Option(
        min=0,
        max=VARIANT_MAX,
        help="With --known-truth: held-out parameters of this number; 0 is the frozen middle.",
    ),
]
Scenario = Annotated[
    str,
    typer.Option(
        help="With --known-truth: a named world of the parameter file, such as planted_loop.",
        show_default=False,
    ),
]
OnlyMarginals = Annotated[
    bool,
    typer.Option(
        "--only-marginals", help="With --known-truth: measure the town, write only marginals.json."
    ),
]
PERSONS = 10_000
DAYS = 365


def simulate(
    out: Out,
    persons: Persons = None,
    days: Days = None,
    seed: Seed = 1,
    start: Start = None,
    gzipped: Gzipped = False,
    force: Force = False,
    known_truth: KnownTruth = False,
    variant: Variant = 0,
    scenario: Scenario = "",
    only_marginals: OnlyMarginals = False,
) -> None:
    """Write a synthetic town: three feeds of events, the truth behind, its areas.

    A town is for demos and for testing the machinery; nobody in it exists.

    It has scripted cases in its first two weeks and four area surges.

    Do not compare detectors on it: docs/the-synthetic-town.md says why. For that there is
    --known-truth, and docs/the-town-with-known-truth.md.
    """
    console = Console()
    refuse_to_overwrite(out, force=force)
    if known_truth:
        if start is not None:
            raise typer.BadParameter("the frozen file sets it", param_hint="'--start'")
        asked = Asked(persons, days, seed, variant, scenario)
        simulate_known_truth(out, asked, gzipped=gzipped, only_marginals=only_marginals)
        return
    if variant or scenario or only_marginals:
        raise typer.BadParameter("--variant, --scenario and --only-marginals need --known-truth")
    try:
        config = TownConfig(
            persons=persons or PERSONS,
            days=days or DAYS,
            seed=seed,
            start=start.date() if start else DEFAULT_START,
        )
        with console.status("Simulating the town"):
            town = simulate_town(config)
    except TownError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        with progress_of(console) as progress:
            task = progress.add_task("Writing events", total=len(town.rows))
            write_town(town, out, gzipped=gzipped, told=lambda n: progress.advance(task, n))
    except OSError as error:
        console.print(f"The town could not be written: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(summary_table(summarise(town), town))
    console.print(f"Written to {out}", markup=False, soft_wrap=True)


def write_town(town: Town, out: Path, *, gzipped: bool, told: Told) -> None:
    """Write a town's three files to the folder `out`, all or none of them.

    Takes the place of a town that is there, compressed or not. Raises OSError.
    """
    contents = {
        AREAS: iter([write_directory(town.directory())]),
        TRUTH: encoded_lines(truth_of(town)),
        EVENTS: _event_lines(town, told),
    }
    write_files(out, contents, gzipped=gzipped)


def _event_lines(town: Town, told: Told) -> Iterator[bytes]:
    for batch in town.event_batches():
        yield ENCODER.encode_lines(batch)
        told(len(batch))


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
