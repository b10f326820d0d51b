"""The feed of a fault run: a synthetic town, cut to size, with spoiled lines among its events.

Rules: the same size and seed give the same bytes. Spoiled lines stand for what must be found again
as dead letters; they take the times of their neighbours, so that no clock is moved by them.
"""

from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec

from schemas.areas import Directory, write_directory
from schemas.events import Event
from streams.replay_order import Line, ordered
from tests.streams.towns import UNTIL_US, lines_of, town_events

EVENTS_PER_PERSON_DAY = 0.0105
SPOILED_SHARE = 0.01
_MADE_MORE = 1.4


def chance_of(seed: int, what: str) -> Random:
    """The chance of one part of a run: the same seed and part, the same draws."""
    return Random(f"{what} {seed}")  # noqa: S311  # seeded on purpose


class Feed(NamedTuple):
    """A feed on disk and in memory; `lines` are in the order of a replay."""

    path: Path
    areas: Path
    directory: Directory
    lines: list[Line]


def made_feed(folder: Path, *, events: int, days: int, seed: int) -> Feed:
    """Write a feed of so many lines over so many days, and its areas."""
    persons = int(_MADE_MORE * events / (EVENTS_PER_PERSON_DAY * days))
    town, directory = town_events(persons, days, seed)
    chance = chance_of(seed, "feed")
    lines = [_spoiled(line, chance) for line in lines_of(_thinned(town, events, chance))]
    folder.mkdir(parents=True, exist_ok=True)
    path, areas = folder / "events.jsonl", folder / "areas.json"
    path.write_bytes(b"".join(lines))
    areas.write_bytes(write_directory(directory))
    with path.open("rb") as stream:
        in_order = list(ordered(stream, UNTIL_US, earliest_us=1))
    return Feed(path, areas, directory, in_order)


def _thinned(events: list[Event], wanted: int, chance: Random) -> list[Event]:
    """As many events as wanted, spread over all days; the order stays."""
    assert len(events) >= wanted, f"the town has {len(events)} events only"
    chosen = sorted(chance.sample(range(len(events)), wanted))
    return [events[place] for place in chosen]


def _spoiled(line: bytes, chance: Random) -> bytes:
    """Most lines as they are, a few spoiled in a way that leaves their times readable."""
    if chance.random() >= SPOILED_SHARE:
        return line
    event = msgspec.json.decode(line)
    spoiled = chance.choice(("area", "field", "severity"))
    if spoiled == "area":
        event["data"]["area"] = f"nowhere {chance.randrange(10**9)}"
    elif spoiled == "field":
        event[f"x{chance.randrange(10**9)}"] = 1
    else:
        event["data"]["severity"] = 5 + chance.randrange(10**6)
    return msgspec.json.encode(event) + b"\n"
