"""`forewarn map`: an export of a service to events, by a mapping.

Rules: events go to a file or to standard output, everything said about them to standard error.
What is said names rows, reasons and lines of the mapping, never what a row says: a row may name a
person. Exit codes: 0 mapped, 1 rows were rejected under --strict, 2 nothing could be mapped.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from schemas.events import EventData
from streams.feeds.mapping import Mapped, Mapping, map_rows, open_rows
from streams.feeds.mapping_output import MappingCount, WholeFile, rejected_line, rejects_beside
from streams.feeds.mapping_reasons import MEANING, FeedFileError, MappingError
from streams.feeds.mapping_shipped import load_mapping, shipped_mappings

STANDARD = "-"
DRY_RUN_EVENTS = 10
DRY_RUN_ROWS_MAX = 10_000
ROWS_PER_STEP = 2_000
REASONS_SHOWN_MAX = 40
EXIT_REJECTED = 1
EXIT_UNUSABLE = 2

Write = Callable[[bytes], object]


def _list_shipped(wanted: bool) -> None:
    if not wanted:
        return
    table = Table("name", "what it maps", title="Mappings that come with forewarn")
    for name, about in shipped_mappings().items():
        table.add_row(escape(name), escape(about))
    Console().print(table)
    raise typer.Exit


FileArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="The export: CSV or JSON lines, packed with gzip or not; - reads standard input.",
    ),
]
MappingOption = Annotated[
    str,
    typer.Option(
        metavar="MAPPING",
        help="The mapping: a YAML file, or the name of a shipped one (see --list). It says which "
        "column means what; docs/connect-a-feed.md shows how to write one.",
    ),
]
OutOption = Annotated[
    str | None,
    typer.Option(
        metavar="EVENTS",
        help="Where the events go, one JSON line each; a name that ends in .gz is packed, - is "
        "standard output. The file appears only when it is whole. Rows that are no events go to "
        "EVENTS.rejected.jsonl with their reason.",
    ),
]
RejectsOption = Annotated[
    Path | None,
    typer.Option(
        help="Where rejected rows go instead. They hold what the export said: keep the file as "
        "safe as the export itself.",
    ),
]
AreasOption = Annotated[
    Path | None,
    typer.Option(help="An area directory (JSON) instead of the one the mapping names."),
]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Write nothing; show the first ten events as a table. Start with this.",
    ),
]
StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="End with code 1 when a row was rejected (rows that a rule of the mapping leaves out "
        "are not rejected). The files are written all the same.",
    ),
]
ListOption = Annotated[
    bool,
    typer.Option(
        "--list", help="List the shipped mappings.", is_eager=True, callback=_list_shipped
    ),
]


def map_feed(
    file: FileArgument,
    mapping: MappingOption,
    out: OutOption = None,
    rejects: RejectsOption = None,
    areas: AreasOption = None,
    dry_run: DryRunOption = False,
    strict: StrictOption = False,
    show_list: ListOption = False,  # noqa: ARG001 - its callback acts before anything else is read
) -> None:
    """Map an export of a service to events.

    The person in a mapping is the person AT RISK OF HARM, never a reporter,
    a suspect or any other party. The mapping has to say so in words.

    Try: forewarn map calls.csv.gz --mapping montgomery-911 --dry-run
    """
    said = Console(stderr=True)
    try:
        code = _run(file, mapping, out, rejects, areas, dry_run=dry_run, said=said)
    except BrokenPipeError:
        raise
    except (FeedFileError, MappingError) as error:
        said.print(f"[bold red]Not mapped.[/] {escape(str(error))}", highlight=False)
        raise typer.Exit(EXIT_UNUSABLE) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        said.print(f"[bold red]Not mapped.[/] {escape(where + str(error.strerror or error))}")
        raise typer.Exit(EXIT_UNUSABLE) from error
    if strict and code:
        raise typer.Exit(EXIT_REJECTED)


def _run(
    file: str,
    mapping: str,
    out: str | None,
    rejects: Path | None,
    areas: Path | None,
    *,
    dry_run: bool,
    said: Console,
) -> int:
    """Map, and return how many rows were rejected."""
    ready = load_mapping(mapping, areas)
    if not dry_run and out is None:
        raise FeedFileError("say where the events go with --out, or look first with --dry-run")
    for written in (out, rejects):
        if written and file != STANDARD and Path(written).resolve() == Path(file).resolve():
            raise FeedFileError(f"{written} is the export itself; write the events elsewhere")
    if rejects and out and rejects.resolve() == Path(out).resolve():
        raise FeedFileError("events and rejected rows cannot go to the same file")
    with _opened(file) as raw:
        if dry_run:
            return _show(ready, raw, file)
        return _map(ready, raw, file, str(out), rejects, said)


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    if file == STANDARD:
        yield sys.stdin.buffer
    else:
        with Path(file).open("rb") as raw:
            yield raw


def _map(
    ready: Mapping, raw: IO[bytes], file: str, out: str, rejects: Path | None, said: Console
) -> int:
    count = MappingCount()
    rows = map_rows(ready, open_rows(ready, raw, file))
    beside = rejects or (None if out == STANDARD else rejects_beside(Path(out)))
    with ExitStack() as stack:
        write = _writer(out, stack)
        refuse: Write | None = None
        step = stack.enter_context(_progress(raw, file, said))
        for row in rows:
            count.add(row)
            if isinstance(row, Mapped):
                write(row.encoded)
            elif beside is not None:
                refuse = refuse or stack.enter_context(WholeFile(beside)).write
                refuse(rejected_line(row, ready.name))
            if count.rows % ROWS_PER_STEP == 0:
                step()
        if refuse is None and beside is not None and beside.exists():
            stack.enter_context(WholeFile(beside))
    said.print(_summary(count, ready, out, beside if refuse else None))
    return count.rejected


def _writer(out: str, stack: ExitStack) -> Write:
    if out != STANDARD:
        return stack.enter_context(WholeFile(Path(out))).write
    buffer = sys.stdout.buffer
    stack.callback(buffer.flush)
    return lambda line: buffer.write(line + b"\n")


@contextmanager
def _progress(raw: IO[bytes], file: str, said: Console) -> Iterator[Callable[[], None]]:
    """Show how much of the file, packed as it is, was read."""
    size = None if file == STANDARD else Path(file).stat().st_size
    columns = (TextColumn("mapping"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    shown = said.is_terminal and size is not None
    with Progress(*columns, console=said, transient=True, disable=not shown) as progress:
        task = progress.add_task("mapping", total=size)
        yield lambda: progress.update(task, completed=raw.tell()) if shown else None


def _summary(count: MappingCount, ready: Mapping, out: str, rejects: Path | None) -> Table:
    table = Table("", "", "what", title=f"{count.rows:,} rows by {escape(ready.name)}")
    table.columns[1].justify = "right"
    table.add_row("events", f"{count.events:,}", escape(out))
    span = count.span()
    if span is not None:
        first, last = span
        table.add_row("", "", f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC")
    for (kind, purpose), number in count.matters.most_common():
        table.add_row("", f"{number:,}", f"{kind} ({purpose})")
    for what, number in count.left_out.most_common():
        table.add_row("without", f"{number:,}", what)
    for (reason, line), number in count.reasons.most_common(REASONS_SHOWN_MAX):
        where = f" ({escape(ready.name)} line {line})" if line else ""
        table.add_row(reason.value, f"{number:,}", MEANING[reason] + where)
    if rejects is not None:
        table.add_row("", "", f"see {escape(str(rejects))}; keep it as safe as the export")
    elif count.reasons:
        table.add_row("", "", "these rows were not kept; --rejects FILE keeps them")
    if not count.rows:
        table.add_row("", "", "the file has a header or nothing, and no row")
    return table


def _show(ready: Mapping, raw: IO[bytes], file: str) -> int:
    """Show the first events as a table; nothing is written."""
    console = Console()
    count = MappingCount()
    table = Table(
        *(Column(name, overflow="fold") for name in ("row", "time", "about", "area", "person")),
        box=SIMPLE_HEAD,
        title=f"{escape(file)} by {escape(ready.name)}, feed {ready.file.feed.value}: "
        "a dry run, nothing is written",
    )
    for row in map_rows(ready, open_rows(ready, raw, file)):
        count.add(row)
        if isinstance(row, Mapped):
            table.add_row(*(escape(cell) for cell in _cells(row, ready)))
        if count.events == DRY_RUN_EVENTS or count.rows == DRY_RUN_ROWS_MAX:
            break
    console.print(table)
    _say_reasons(count, ready, console)
    return count.rejected


def _say_reasons(count: MappingCount, ready: Mapping, console: Console) -> None:
    console.print(f"{count.rows:,} rows were read for {count.events:,} events.", highlight=False)
    for (reason, line), number in count.reasons.most_common(REASONS_SHOWN_MAX):
        where = f" ({ready.name} line {line})" if line else ""
        console.print(escape(f"{number:,} {reason.value}: {MEANING[reason]}{where}"))


def _cells(row: Mapped, ready: Mapping) -> tuple[str, ...]:
    event, data = row.event, row.event.data
    utc = event.time.astimezone(UTC)
    signs = ", ".join(data.signs) or "no signs"
    person = f"yes, by {data.person.scheme}" if data.person else "no"
    note = f"note of {len(data.note)}" if data.note else "no note"
    return (
        str(row.number),
        f"{event.time:%Y-%m-%d %H:%M %z}\n{utc:%Y-%m-%d %H:%M} UTC",
        f"{data.kind}\n{data.purpose}\nseverity {data.severity}, {signs}",
        _area(data, ready),
        f"{person}\n{note}",
    )


def _area(data: EventData, ready: Mapping) -> str:
    if ready.directory is None:
        return data.area
    return f"{ready.directory.name(data.area).en}\n{data.area}"
