"""How the town's matters reach the authority: by which feed, how late, how often told twice.

Rules: the same matter told again within 15 minutes is a near copy with an id of its own, perhaps
by another feed, with fewer signs or no name; an event delivered twice is an exact copy with the
same source and id and a later `ingesttime`. A person known by a pseudonym only is always told of
by the hotline, whose pseudonym it is. Nothing arrives before it happened.
"""

import numpy as np

from schemas.taxonomy import Channel, Feed, Kind, Origin, Purpose, Sign, members_of
from schemas.times import DAY_US, MINUTE_US, SECOND_US
from streams.feeds.town_chance import Chance, Floats, Ints, choose_by_row
from streams.feeds.town_config import TownConfig
from streams.feeds.town_harm import SEVERE
from streams.feeds.town_people import Identity, People, draw_schemes
from streams.feeds.town_rows import FEED_CODE, UNKNOWN, Copy, Part, Rows, code

NEAR_S_MIN = 20
NEAR_S_MAX = 14 * 60
NEAR_UNNAMED = 0.15
SIGN_KEPT = 0.8
GRADED_LOWER = 0.2
LOCATED = 0.75
LOCATION_SPREAD = 15.0
LOCATION_OFF_MAX = 60
"""Offsets from a grid's centre are in units of 0.0001 degrees."""

NOTED = 0.3
NOTES_EACH = 6
COARSE_SHARE = 0.08
COMMUNITY_DIGITS = 12
GRID_DISCOVERS = 0.6
POLICE_DISCOVERS = 0.05
LATE_MEDIAN_MIN = np.array([12.0, 4.0, 240.0])
LATE_SPREAD = np.array([1.5, 1.2, 1.4])
VERY_LATE_MORE_DAYS = 4.0
LATE_DAYS_MAX = 60
VERY_LATE_DAYS = 7
AGAIN_MEDIAN_MIN = 10.0

# Weight of the feeds incident, hotline and grid for: harm, help, everyday, visit, background.
_FEEDS = np.array(
    [[0.7, 0.14, 0.16], [0.15, 0.65, 0.2], [0.04, 0.86, 0.1], [0.0, 0.0, 1.0], [0.62, 0.2, 0.18]]
)
_HARM, _HELP, _EVERYDAY, _VISIT, _AREA = range(5)
_WAY_OF_PART = np.array([_HELP, _EVERYDAY, _VISIT, _AREA, _AREA])

# Weight of the channels, in the order of the vocabulary, under each feed.
_CHANNELS = np.array(
    [
        [0.84, 0.05, 0.0, 0.06, 0.0, 0.03, 0.02],
        [0.78, 0.09, 0.1, 0.02, 0.0, 0.0, 0.01],
        [0.03, 0.04, 0.0, 0.0, 0.88, 0.0, 0.05],
    ]
)


def near_copies(share: float, rows: Rows, chance: Chance) -> Rows:
    """Return the rows that tell of some of `rows` again; `copy_of` is a position in `rows`."""
    told_again = chance.random(len(rows)) < share
    again = np.flatnonzero(told_again & (rows["part"] != Part.VISIT))
    copies = rows[again]
    size = len(copies)
    copies["copy"] = Copy.NEAR
    copies["copy_of"] = again
    copies["time_us"] += chance.integers(NEAR_S_MIN, NEAR_S_MAX, size) * SECOND_US
    copies["person"][chance.random(size) < NEAR_UNNAMED] = UNKNOWN
    lower = (chance.random(size) < GRADED_LOWER) & (copies["severity"] < SEVERE)
    copies["severity"] = np.maximum(copies["severity"] - lower, 0)
    kept = chance.random((size, len(members_of(Sign)))) < SIGN_KEPT
    copies["signs"] &= (kept * (1 << np.arange(kept.shape[1]))).sum(axis=1).astype(np.int16)
    return copies


def identity_of(rows: Rows, people: People) -> Ints:
    """Return by which identifier the person of each row is named; a phone for nobody."""
    named = rows["person"] >= 0
    return np.where(named, people.identity[np.maximum(rows["person"], 0)], Identity.PHONE)


def set_feed(rows: Rows, identity: Ints, chance: Chance) -> None:
    """Set feed, channel and origin."""
    way = _WAY_OF_PART[rows["part"]]
    harm = (rows["part"] == Part.REPORT) & (rows["purpose"] == code(Purpose.HARM_REPORT))
    feed = choose_by_row(chance, _FEEDS, np.where(harm, _HARM, way))
    feed = np.where(identity == Identity.PSEUDONYM, FEED_CODE[Feed.HOTLINE], feed)
    rows["feed"] = feed
    rows["channel"] = choose_by_row(chance, _CHANNELS, feed)
    found = np.zeros(len(Feed))
    found[FEED_CODE[Feed.GRID]] = GRID_DISCOVERS
    found[FEED_CODE[Feed.INCIDENT]] = POLICE_DISCOVERS
    may = ((rows["part"] == Part.REPORT) | (way == _AREA)) & (
        rows["channel"] != code(Channel.PHONE)
    )
    discovered = may & (chance.random(len(rows)) < found[feed])
    rows["origin"][discovered] = code(Origin.DISCOVERED)


def set_name(rows: Rows, people: People, identity: Ints, chance: Chance) -> None:
    """Set the scheme of the identifier and, in domestic violence, the safe way to reach."""
    named = rows["person"] >= 0
    rows["scheme"] = np.where(named, draw_schemes(chance, identity), UNKNOWN)
    careful = named & (rows["kind"] == code(Kind.DOMESTIC_VIOLENCE))
    safe = people.safe[np.maximum(rows["person"], 0)]
    rows["safe"] = np.where(careful, safe, UNKNOWN)


def set_description(rows: Rows, chance: Chance) -> None:
    """Set the location, how exact the area is, and the note."""
    size = len(rows)
    rows["located"] = chance.random(size) < LOCATED
    for name in ("lat_off", "lon_off"):
        off = np.rint(chance.normal(0.0, LOCATION_SPREAD, size))
        rows[name] = np.clip(off, -LOCATION_OFF_MAX, LOCATION_OFF_MAX)
    coarse = (chance.random(size) < COARSE_SHARE) & (rows["feed"] == FEED_CODE[Feed.INCIDENT])
    rows["digits"][coarse] = COMMUNITY_DIGITS
    noted = chance.random(size) < NOTED
    rows["note"] = np.where(noted, chance.integers(0, NOTES_EACH, size), UNKNOWN)


def _lateness_us(config: TownConfig, feed: Ints, chance: Chance) -> Ints:
    """Draw how late each event is: lognormal by feed, a few beyond VERY_LATE_DAYS."""
    size = len(feed)
    minutes = LATE_MEDIAN_MIN[feed] * np.exp(LATE_SPREAD[feed] * chance.standard_normal(size))
    usual: Floats = minutes * MINUTE_US
    very = chance.random(size) < config.very_late
    more = chance.exponential(VERY_LATE_MORE_DAYS, size)
    late = np.where(very, (VERY_LATE_DAYS + more) * DAY_US, usual)
    seconds = np.ceil(np.minimum(late, LATE_DAYS_MAX * DAY_US) / SECOND_US)
    return seconds.astype(np.int64) * SECOND_US


def exact_copies(share: float, rows: Rows, chance: Chance) -> Rows:
    """Return the second deliveries of some of `rows`."""
    again = np.flatnonzero(chance.random(len(rows)) < share)
    copies = rows[again]
    copies["copy"] = Copy.EXACT
    copies["copy_of"] = again
    minutes = AGAIN_MEDIAN_MIN * np.exp(chance.standard_normal(len(copies)))
    copies["ingest_us"] += np.ceil(minutes * 60).astype(np.int64) * SECOND_US
    return copies


def observed(config: TownConfig, people: People, rows: Rows, chance: Chance) -> Rows:
    """Return the rows of one part as they reach the authority, copies added at the end.

    Each step has a stream of its own, so a change of one does not reshuffle the others.
    """
    near, route, name, describe, late, exact = chance.spawn(6)
    told = np.concatenate([rows, near_copies(config.near_copies, rows, near)])
    identity = identity_of(told, people)
    set_feed(told, identity, route)
    set_name(told, people, identity, name)
    set_description(told, describe)
    told["ingest_us"] = told["time_us"] + _lateness_us(config, told["feed"], late)
    return np.concatenate([told, exact_copies(config.exact_copies, told, exact)])
