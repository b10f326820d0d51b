"""The order in which a town's events arrive, and the ids their sources give them.

Rules: events are ordered by (`ingesttime`, source, id), which is the order a replay takes; a source
numbers its events as they arrive, so an id tells nothing; an exact copy carries the number of its
original.
"""

import numpy as np

from schemas.taxonomy import Feed, members_of
from streams.feeds.town_chance import Ints
from streams.feeds.town_map import TownMap
from streams.feeds.town_rows import FEED_CODE, Copy, Rows

WORDS = {Feed.INCIDENT: "110", Feed.HOTLINE: "12345", Feed.GRID: "grid"}
"""What a source calls itself; in the order of feeds, which is also the order of these words."""

FEEDS = len(FEED_CODE)


def source_numbers(rows: Rows, ground: TownMap) -> Ints:
    """Return the number of each row's source: county times feeds plus feed."""
    county = np.array(ground.county_of_grid, dtype=np.int64)[rows["grid"]]
    return np.asarray(county * FEEDS + rows["feed"], dtype=np.int64)


def source_names(ground: TownMap) -> tuple[str, ...]:
    """Return the CloudEvents source of each source number."""
    words = [WORDS[feed] for feed in members_of(Feed)]
    return tuple(f"/{county}/{word}" for county in ground.counties for word in words)


def id_prefixes(ground: TownMap) -> tuple[str, ...]:
    """Return what the ids of each source number begin with; the serial of 8 digits follows."""
    words = [WORDS[feed] for feed in members_of(Feed)]
    return tuple(f"{word}-{county}-" for county in ground.counties for word in words)


def _serials(source: Ints) -> Ints:
    """Number the rows of each source from 1, in the order given."""
    order = np.argsort(source, kind="stable")
    ordered = source[order]
    first = np.searchsorted(ordered, ordered, side="left")
    serials = np.empty(len(source), dtype=np.int64)
    serials[order] = np.arange(len(source)) - first + 1
    return serials


def arrived(rows: Rows, ground: TownMap) -> Rows:
    """Return the rows in the order of arrival, with their serials."""
    source = source_numbers(rows, ground)
    order = np.lexsort((rows["row"], source, rows["ingest_us"]))
    rows, source = rows[order], source[order]
    exact = rows["copy"] == Copy.EXACT
    rows["serial"][~exact] = _serials(source[~exact])
    place = np.empty(len(rows), dtype=np.int64)
    place[rows["row"]] = np.arange(len(rows))
    rows["serial"][exact] = rows["serial"][place[rows["copy_of"][exact]]]
    return rows[np.lexsort((rows["serial"], source, rows["ingest_us"]))]


def event_ids(rows: Rows, ground: TownMap) -> list[str]:
    """Return the ids of some rows, one a row."""
    prefixes = id_prefixes(ground)
    source = source_numbers(rows, ground).tolist()
    return [
        f"{prefixes[at]}{serial:08d}"
        for at, serial in zip(source, rows["serial"].tolist(), strict=True)
    ]
