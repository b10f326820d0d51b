"""The cast: a handful of scripted cases in the first two weeks, so that a demo shows something.

Rules: each case has people of its own, numbered after the town's persons, whose only events are
the ones written here. A case names what it shows, never a level: that is for the detectors to say.
In a town shorter than the script, the script is played faster.
"""

import numpy as np

from schemas.closed import Closed, Text
from schemas.taxonomy import Channel, Feed, Kind, Origin, Purpose, Scheme, Sign, sign_mask
from streams.feeds.town_calendar import to_instants
from streams.feeds.town_config import TownConfig
from streams.feeds.town_map import TownMap
from streams.feeds.town_observed import NOTES_EACH
from streams.feeds.town_rows import FEED_CODE, UNKNOWN, Part, Rows, blank, code

SCRIPT_DAYS = 14.0
ARRIVES_AFTER_S = 180
_GRIDS_APART = 13


class Scene(Closed, frozen=True):
    """One event of a case; `hour` counts from the town's start."""

    hour: float
    kind: Kind
    severity: int
    signs: tuple[Sign, ...] = ()
    purpose: Purpose = Purpose.HARM_REPORT
    feed: Feed = Feed.INCIDENT
    channel: Channel = Channel.PHONE
    origin: Origin = Origin.REPORTED
    scheme: Scheme | None = Scheme.PHONE


class Case(Closed, frozen=True):
    """A scripted case about one person (or nobody named)."""

    name: str
    shows: Text
    scenes: tuple[Scene, ...]
    safe: int = UNKNOWN


_DV = Kind.DOMESTIC_VIOLENCE
_MIND = Kind.MENTAL_HEALTH_CRISIS
_HELP = Purpose.HELP_REQUEST

CASES = (
    Case(
        name="strangulation",
        shows=Text(en="danger to life, told once", zh="一次报告即有生命危险"),
        safe=0,
        scenes=(Scene(hour=9.2, kind=_DV, severity=4, signs=(Sign.INJURY, Sign.STRANGULATION)),),
    ),
    Case(
        name="weapon-nobody-named",
        shows=Text(en="danger to life without an identity", zh="身份不明的生命危险"),
        scenes=(
            Scene(
                hour=20.7,
                kind=_DV,
                severity=3,
                signs=(Sign.WEAPON, Sign.THREAT_TO_KILL),
                scheme=None,
            ),
        ),
    ),
    Case(
        name="violence-that-grows",
        shows=Text(
            en="the same person again and again, each time worse", zh="同一人反复受害且渐重"
        ),
        safe=1,
        scenes=(
            Scene(hour=19.0, kind=Kind.FAMILY_DISPUTE, severity=1),
            Scene(hour=92.5, kind=_DV, severity=1, signs=(Sign.CHILD_PRESENT,)),
            Scene(hour=188.0, kind=_DV, severity=2, purpose=_HELP, feed=Feed.HOTLINE),
            Scene(
                hour=259.5,
                kind=_DV,
                severity=2,
                signs=(Sign.CHILD_PRESENT, Sign.RECENT_SEPARATION),
            ),
            Scene(
                hour=309.0,
                kind=_DV,
                severity=3,
                signs=(Sign.INJURY, Sign.THREAT_TO_KILL, Sign.CHILD_PRESENT),
            ),
        ),
    ),
    Case(
        name="two-identifiers",
        shows=Text(
            en="one person in despair, named by phone and by citizen id",
            zh="同一人先后以电话和身份号码出现",
        ),
        scenes=(
            Scene(
                hour=30.5,
                kind=_MIND,
                severity=1,
                signs=(Sign.ISOLATION,),
                purpose=_HELP,
                feed=Feed.HOTLINE,
            ),
            Scene(
                hour=103.0,
                kind=_MIND,
                severity=2,
                signs=(Sign.SELF_HARM_WORDS,),
                scheme=Scheme.CITIZEN_ID,
            ),
            Scene(
                hour=150.0,
                kind=Kind.SELF_HARM,
                severity=2,
                signs=(Sign.SELF_HARM_WORDS, Sign.ISOLATION),
                purpose=_HELP,
                feed=Feed.HOTLINE,
            ),
        ),
    ),
    Case(
        name="told-twice",
        shows=Text(en="one matter by two feeds within minutes", zh="同一事项几分钟内由两路报告"),
        scenes=(
            Scene(hour=45.0, kind=Kind.MISSING_PERSON, severity=2, signs=(Sign.ISOLATION,)),
            Scene(
                hour=45.1,
                kind=Kind.MISSING_PERSON,
                severity=2,
                purpose=_HELP,
                feed=Feed.HOTLINE,
            ),
        ),
    ),
    Case(
        name="found-by-the-grid",
        shows=Text(en="need that nobody reported", zh="无人报告、由网格发现的困难"),
        scenes=(
            Scene(
                hour=58.0,
                kind=Kind.CHILD_OR_ELDER_NEGLECT,
                severity=2,
                signs=(Sign.ISOLATION, Sign.NO_FOOD_OR_HEAT),
                feed=Feed.GRID,
                channel=Channel.FIELD,
                origin=Origin.DISCOVERED,
            ),
        ),
    ),
    Case(
        name="only-visited",
        shows=Text(en="visits alone, which must not raise a score", zh="仅有走访,不应抬高评分"),
        scenes=tuple(
            Scene(
                hour=34.0 + 48.0 * number,
                kind=Kind.VULNERABLE_CARE,
                severity=0,
                purpose=Purpose.SERVICE_REQUEST,
                feed=Feed.GRID,
                channel=Channel.FIELD,
                origin=Origin.VISIT,
            )
            for number in range(6)
        ),
    ),
)


def _write(rows: Rows, at: int, scene: Scene) -> None:
    rows["purpose"][at] = code(scene.purpose)
    rows["kind"][at] = code(scene.kind)
    rows["severity"][at] = scene.severity
    rows["signs"][at] = sign_mask(scene.signs)
    rows["feed"][at] = FEED_CODE[scene.feed]
    rows["channel"][at] = code(scene.channel)
    rows["origin"][at] = code(scene.origin)
    rows["scheme"][at] = UNKNOWN if scene.scheme is None else code(scene.scheme)


def case_rows(config: TownConfig, ground: TownMap) -> Rows:
    """Return the events of the whole cast; `mark` is the position in CASES.

    A near repetition stays within 15 minutes because a script is only ever played faster.
    """
    played = [(number, case, scene) for number, case in enumerate(CASES) for scene in case.scenes]
    rows = blank(len(played), Part.CASE)
    pace = min(1.0, config.days / SCRIPT_DAYS)
    hours = np.array([scene.hour for _, _, scene in played])
    rows["time_us"] = to_instants(config.start, hours * pace / 24)
    rows["ingest_us"] = rows["time_us"] + ARRIVES_AFTER_S * 1_000_000
    rows["safe"] = UNKNOWN
    rows["located"] = 1
    for at, (number, case, scene) in enumerate(played):
        _write(rows, at, scene)
        rows["mark"][at] = number
        rows["person"][at] = UNKNOWN if scene.scheme is None else config.persons + number
        rows["grid"][at] = (number * _GRIDS_APART) % len(ground.grids)
        rows["note"][at] = at % NOTES_EACH
        rows["safe"][at] = case.safe if scene.kind is _DV and scene.scheme else UNKNOWN
    return rows
