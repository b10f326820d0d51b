"""How a simulated town gets to disk: every file of it, or none.

Rules: files are written under temporary names and take their own only when all are complete; what a
former town left there, compressed or not, goes. Compressed files hold no name and no time, so the
same town gives the same bytes.
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EVENTS = "events.jsonl"
TRUTH = "truth.jsonl"
LABELS = "labels.jsonl"
AREAS = "areas.json"
MARGINALS = "marginals.json"
GZIPPED = ".gz"
BATCH = 4_096
_LINES = (EVENTS, TRUTH, LABELS)
_ALL_NAMES = (*_LINES, *(name + GZIPPED for name in _LINES), AREAS, MARGINALS)
_GZIP_LEVEL = 6
ENCODER = msgspec.json.Encoder()


def refuse_to_overwrite(out: Path, *, force: bool) -> None:
    """Raise typer.BadParameter where a town is in the folder already, unless forced."""
    there = [name for name in _ALL_NAMES if (out / name).exists()]
    if there and not force:
        raise typer.BadParameter(
            f"{out} already holds {', '.join(there)}; choose another folder, or give --force",
            param_hint="'--out'",
        )


def progress_of(console: Console) -> Progress:
    """Return a progress display that counts what is done and says how long it will take."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def encoded_lines(records: Iterable[msgspec.Struct]) -> Iterator[bytes]:
    """Yield records as JSON lines, a batch at a time."""
    waiting = iter(records)
    while batch := list(islice(waiting, BATCH)):
        yield ENCODER.encode_lines(batch)


def write_files(out: Path, contents: Mapping[str, Iterator[bytes]], *, gzipped: bool) -> None:
    """Write files of the given names to the folder `out`, all or none of them.

    The `.jsonl` ones are compressed, and named so, if asked. Raises OSError.
    """
    out.mkdir(parents=True, exist_ok=True)
    named = {
        name + GZIPPED if gzipped and name in _LINES else name: chunks
        for name, chunks in contents.items()
    }
    with ExitStack() as undo:
        for name in named:
            undo.callback((out / _partial(name)).unlink, missing_ok=True)
        for name, chunks in named.items():
            _write(out / _partial(name), chunks, gzipped=name.endswith(GZIPPED))
        for name in named:
            (out / _partial(name)).replace(out / name)
    for stale in set(_ALL_NAMES) - set(named):
        (out / stale).unlink(missing_ok=True)


def _partial(name: str) -> str:
    return f".{name}.partial"


def _write(path: Path, chunks: Iterator[bytes], *, gzipped: bool) -> None:
    with path.open("wb") as file:
        if not gzipped:
            file.writelines(chunks)
            return
        # No name and no time in the header: the same town has to give the same bytes.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as packed:
            packed.writelines(chunks)
