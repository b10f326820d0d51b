"""`forewarn simulate --known-truth`: the frozen town on which detectors are compared, to a folder.

Rules: events, areas, truth, labels and marginals are written whole or not at all; the truth is
apart, and nothing of it is in an event. The same arguments give the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from forewarn.commands.town_files import (
    AREAS,
    ENCODER,
    EVENTS,
    LABELS,
    MARGINALS,
    TRUTH,
    encoded_lines,
    progress_of,
    write_files,
)
from schemas.areas import write_directory
from streams.feeds.known_truth.frozen import (
    frozen_parameters,
    parameter_digest,
    scenario_of,
    sized,
    variant_of,
)
from streams.feeds.known_truth.labels import labels_of
from streams.feeds.known_truth.marginals import Marginal, marginals_of
from streams.feeds.known_truth.parameters import Parameters
from streams.feeds.known_truth.town import STEPS, KnownTown, simulate
from streams.feeds.known_truth.truth import truth_of
from streams.feeds.known_truth.truth_records import PersonRecord, TruthRecord
from streams.feeds.town_config import TownError

_INDENT = 2


class Asked(NamedTuple):
    """Which town is wanted; None keeps the size of the frozen file, variant 0 its parameters."""

    persons: int | None
    days: int | None
    seed: int
    variant: int
    scenario: str

    def parameters(self) -> Parameters:
        """Return the parameters that were asked for. Raises TownError."""
        parameters = variant_of(frozen_parameters(), self.variant)
        if self.scenario:
            parameters = scenario_of(parameters, self.scenario)
        return sized(parameters, self.persons, self.days)


def simulate_known_truth(out: Path, asked: Asked, *, gzipped: bool, only_marginals: bool) -> None:
    """Write the town that was asked for, and show its marginals beside their targets."""
    console = Console()
    try:
        parameters = asked.parameters()
        with progress_of(console) as progress:
            town = _simulated(parameters, asked.seed, progress)
            measured = marginals_of(town)
            _write(town, asked, measured, out, progress, gzipped, only_marginals)
    except TownError as error:
        raise typer.BadParameter(str(error)) from error
    except OSError as error:
        console.print(f"The town could not be written: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(marginals_table(measured))
    console.print(f"Parameters {parameter_digest()}", markup=False, soft_wrap=True)
    console.print(f"Written to {out}", markup=False, soft_wrap=True)


def _simulated(parameters: Parameters, seed: int, progress: Progress) -> KnownTown:
    task = progress.add_task("Simulating", total=STEPS)

    def told(step: str) -> None:
        progress.update(task, description=f"Simulating: {step}")
        progress.advance(task)

    return simulate(parameters, seed, told)


def _write(  # the parts of one folder
    town: KnownTown,
    asked: Asked,
    measured: dict[str, Marginal],
    out: Path,
    progress: Progress,
    gzipped: bool,
    only_marginals: bool,
) -> None:
    contents = {MARGINALS: iter([marginals_file(town, asked, measured)])}
    if not only_marginals:
        events = progress.add_task("Writing events", total=len(town.rows))
        truths = progress.add_task("Writing truth", total=town.parameters.town.persons)
        contents |= {
            AREAS: iter([write_directory(town.directory())]),
            TRUTH: encoded_lines(_counted(truth_of(town), lambda: progress.advance(truths))),
            LABELS: encoded_lines(labels_of(town)),
            EVENTS: _event_lines(town, lambda n: progress.advance(events, n)),
        }
    write_files(out, contents, gzipped=gzipped)


def _counted(records: Iterable[TruthRecord], told: Callable[[], None]) -> Iterator[TruthRecord]:
    for record in records:
        yield record
        if isinstance(record, PersonRecord):
            told()


def _event_lines(town: KnownTown, told: Callable[[int], None]) -> Iterator[bytes]:
    for batch in town.event_batches():
        yield ENCODER.encode_lines(batch)
        told(len(batch))


def marginals_file(town: KnownTown, asked: Asked, measured: dict[str, Marginal]) -> bytes:
    """Return marginals as JSON, with what town they are of."""
    size = town.parameters.town
    about = {
        "parameters_sha256": parameter_digest(),
        "persons": size.persons,
        "days": size.days,
        "seed": town.seed,
        "variant": asked.variant,
        "scenario": asked.scenario,
        "events": len(town.rows),
        "marginals": measured,
    }
    return msgspec.json.format(ENCODER.encode(about), indent=_INDENT) + b"\n"


def marginals_table(measured: dict[str, Marginal]) -> Table:
    """Lay out the marginals beside their targets."""
    table = Table(title="The town with known truth")
    table.add_column("marginal", style="bold")
    for column in ("reached", "measured on", "target"):
        table.add_column(column, justify="right")
    table.add_column("")
    for name, found in measured.items():
        reached = found.reached()
        target = "" if reached is None else f"{found.low:g} to {found.high:g}"
        verdict = {None: "", True: "[green]yes[/green]", False: "[yellow]no[/yellow]"}[reached]
        table.add_row(
            name.replace("_", " "), f"{found.value:.3f}", f"{found.of:,}", target, verdict
        )
    return table
