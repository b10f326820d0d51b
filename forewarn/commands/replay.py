"""`forewarn replay`: a feed through intake and stages in one process, to files.

Rules: the same feed, configuration, directory and keys give the same bytes; only what is shown on
the terminal knows how long it took.
"""

import time
import zlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from alerts.vault.keyring import KeyringError
from forewarn.asking import stopped
from forewarn.commands.replay_recording import replay_recording
from forewarn.configuration import ConfigurationError, digest_of, read_configuration
from forewarn.event_files import opened, why_unread
from forewarn.keys import load_or_make_keyring
from forewarn.settings import Settings
from forewarn.version import CODE_VERSION
from schemas.areas import Directory
from schemas.rejections import Rejection
from streams.feeds.mapping_reasons import FeedFileError
from streams.feeds.mapping_shipped import load_areas
from streams.pipeline import Pipeline
from streams.replay import Span
from streams.replay import replay as run_replay
from streams.replay_files import ReplayFiles

_SECOND_US = 1_000_000


def replay(
    out: Annotated[
        Path, typer.Option(help="Folder for the results; made if missing, results replaced.")
    ],
    events: Annotated[
        str,
        typer.Argument(help="Events as JSON lines, .gz too; `-` reads standard input."),
    ] = "",
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file; `forewarn config show` prints every key and its default."),
    ] = None,
    areas: Annotated[
        str | None,
        typer.Option(
            help="Area directory (JSON), or the name of a shipped mapping that has one. Without "
            "one, digit codes of 4, 6, 9, 12 and 15 digits nest by prefix.",
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(help="Instead of events: a run that `forewarn record` saved."),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="With --log: hold the outputs against the recorded ones."),
    ] = False,
) -> None:
    """Run a feed through intake and stages, and write alerts with their reasons.

    Writes alerts.jsonl, assessments.jsonl, dead-letters.jsonl, service-clocks.jsonl,
    daily-counts.jsonl and summary.json. The same feed, configuration, areas and keys give the same
    bytes, in whatever order the lines stand.
    """
    if bool(events) == (log is not None):
        raise stopped("give either EVENTS or --log")
    if log is not None:
        replay_recording(log, out, config, areas, verify=verify)
        return
    _replay(events, out, config, areas)


def _replay(events: str, out: Path, config: Path | None, areas: str | None) -> None:
    errors = Console(stderr=True)
    try:
        pipeline_config = read_configuration(config)
        directory = load_areas(areas) if areas else Directory()
        keys_file = Settings().keys_file
        keyring, made = load_or_make_keyring(keys_file)
        if made:
            errors.print("A keyring was made on first use; keep it, pseudonyms depend on it.")
        about = {
            "code": CODE_VERSION,
            "config_sha256": digest_of(pipeline_config),
            "areas": directory.version,
            "time_zone": directory.time_zone,
        }
        with ReplayFiles(out) as files:
            pipeline = Pipeline(
                pipeline_config,
                directory=directory,
                keyring=keyring,
                sink=files,
                code_version=CODE_VERSION,
            )
            started = time.perf_counter()
            span = _run(pipeline, events, errors)
            summary = files.finish(pipeline, span, about)
    except (ConfigurationError, FeedFileError, KeyringError, ValueError) as error:
        errors.print(f"[red]Stopped:[/red] {error}")
        raise typer.Exit(2) from error
    except (OSError, EOFError, zlib.error) as error:
        errors.print(f"[red]Stopped:[/red] {why_unread(error, events)}")
        raise typer.Exit(2) from error
    _show(summary, span, time.perf_counter() - started)


def _run(pipeline: Pipeline, events: str, errors: Console) -> Span:
    until_us = int(time.time() * _SECOND_US)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} records"),
        TimeElapsedColumn(),
    )
    with opened(events) as stream, Progress(*columns, console=errors, transient=True) as progress:
        reading = progress.add_task("reading and ordering", total=None)
        stepping = progress.add_task("replaying", total=None)

        def read(number: int) -> None:
            progress.update(reading, completed=number)
            progress.update(stepping, total=number)

        def stepped(number: int) -> None:
            progress.update(reading, total=number)
            progress.update(stepping, completed=number)

        return run_replay(pipeline, stream, until_us, read=read, stepped=stepped)


def _show(summary: dict[str, Any], span: Span, seconds: float) -> None:
    console = Console()
    table = Table(title="replay", show_header=False)
    rate = span.records / seconds if seconds else 0.0
    table.add_row("records", f"{span.records:,} in {seconds:.1f} s ({rate:,.0f}/s)")
    table.add_row("from, to", f"{summary['first_ingesttime']}  {summary['last_ingesttime']}")
    table.add_row("persons, cells, series", ", ".join(
        f"{summary['state'][name]:,}" for name in ("persons", "cells", "series")
    ))  # fmt: skip
    for name, number in summary["tally"].items():
        if name.startswith(("alerts.opened", "dead_letters", "vault", "service_clocks")):
            table.add_row(name.replace(".", " "), f"{number:,}")
    console.print(table)
    dead = summary["counts"].get("intake.dead_letters", 0)
    if dead > span.records / 2:
        console.print(_why_dead(summary["tally"], dead, span.records))


def _why_dead(tally: dict[str, int], dead: int, records: int) -> str:
    """Return what to do when most of a feed could not be taken."""
    prefix = "dead_letters."
    reasons = {name: n for name, n in tally.items() if name.startswith(prefix)}
    most = max(reasons, key=lambda name: reasons[name]).removeprefix(prefix)
    advice = {
        Rejection.UNKNOWN_AREA: "give the area directory of this feed with --areas",
        Rejection.MALFORMED_JSON: "is this an export? Then map it first: forewarn map --help",
        Rejection.INGESTTIME_OUT_OF_RANGE: "a feed from the future cannot have come in yet",
    }.get(Rejection(most), "dead-letters.jsonl has the reason and the place of each")
    said = f"{dead:,} of {records:,} records could not be taken, most for {most}:"
    return f"[yellow]{said}[/yellow] {advice}."
