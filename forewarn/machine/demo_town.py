"""The town of the demo: made once, with a past that ends now and a future that is still to be told.

    town of 110 days ─► the first 80, up to now ─► history.jsonl, in the order in which it came in
                     └► the days to come ───────► to_tell.jsonl, its stories first

Rules: the past has its true times of arrival, so models and area detectors have something to know;
what is to be told gets its time when it is told (`demo_player.py`). The scripted cases and the
injected surges are taken out of the past and told first, so that something is seen soon.
"""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain, zip_longest
from pathlib import Path

import msgspec
import numpy as np

from forewarn.canary import with_canary
from forewarn.machine.folder import AREAS, HISTORY, TO_TELL
from schemas.areas import write_directory
from schemas.taxonomy import Purpose
from schemas.times import SECOND_US
from streams.feeds.town import Town, simulate
from streams.feeds.town_config import TownConfig
from streams.feeds.town_events import EventWriter
from streams.feeds.town_rows import Part, Rows, code

PAST_DAYS = 80
DAYS_TO_COME = 30
PERSONS = 30_000
SEED = 20
_SURGES_TOLD = (2, 0)
"""Which of the town's surges are told at the beginning: accidents, then gas hazards."""
_UNANSWERED_ONE_IN = 40
_TOWN_ZONE = timezone(timedelta(hours=8))
_encode = msgspec.json.Encoder().encode_lines


def write_town(folder: Path, now_us: int, persons: int = PERSONS) -> None:
    """Make the town of a folder unless it has one; the last file is written when all are whole."""
    if (folder / TO_TELL).exists():
        return
    town = _town(now_us, persons)
    (folder / AREAS).write_bytes(write_directory(with_canary(town.directory())))
    past, to_tell = parted(town, now_us)
    writer = EventWriter(town.ground)
    _write(folder / HISTORY, writer, past)
    _write(folder / TO_TELL, writer, to_tell)


def _town(now_us: int, persons: int) -> Town:
    today = datetime.fromtimestamp(now_us / SECOND_US, _TOWN_ZONE).date()
    start = today - timedelta(days=PAST_DAYS)
    return simulate(TownConfig(persons, PAST_DAYS + DAYS_TO_COME, SEED, start))


def parted(town: Town, now_us: int) -> tuple[Rows, Rows]:
    """Return the rows that came in up to now, and those to tell in the order of telling."""
    rows = town.rows
    story = (rows["part"] == Part.CASE) | (rows["part"] == Part.SURGE)
    past = _answered(rows[~story & (rows["ingest_us"] <= now_us)])
    later = rows[~story & (rows["ingest_us"] > now_us)]
    told = np.array(list(_stories(rows)), dtype=np.int64)
    opening = [at for pair in zip_longest(told, range(len(told))) for at in pair]
    first = [rows[at] if number % 2 == 0 else later[at] for number, at in enumerate(opening)]
    return past, np.concatenate([np.array(first, dtype=rows.dtype), later[len(told) :]])


def _answered(past: Rows) -> Rows:
    """Tell most pleas of the past as reports: they were answered, and nobody plays who answers.

    A request for help opens a clock on the authority; hundreds of them would fall overdue at once.
    """
    pleas = np.flatnonzero(past["purpose"] == code(Purpose.HELP_REQUEST))
    past["purpose"][np.delete(pleas, np.s_[::_UNANSWERED_ONE_IN])] = code(Purpose.HARM_REPORT)
    return past


def _stories(rows: Rows) -> Iterator[int]:
    """Yield the places of story rows: cases and surges in turn, so that both are seen soon."""
    cases = np.flatnonzero(rows["part"] == Part.CASE).tolist()
    is_surge = rows["part"] == Part.SURGE
    surges = [np.flatnonzero(is_surge & (rows["mark"] == mark)).tolist() for mark in _SURGES_TOLD]
    for pair in zip_longest(cases, chain(*surges)):
        yield from (at for at in pair if at is not None)


def _write(path: Path, writer: EventWriter, rows: Rows) -> None:
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.writelines(_encode(batch) for batch in writer.batches(rows))
    partial.replace(path)


def main() -> None:
    """Make the town of the folder that is named."""
    folder = Path(sys.argv[1])
    write_town(folder, int(time.time() * SECOND_US))
    sys.stdout.write(f"the town is in {folder}, up to {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n")


if __name__ == "__main__":
    main()
