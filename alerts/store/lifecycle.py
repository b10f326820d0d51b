"""How an alert stands, worked out from what the stage told and what officers decided.

Rules: pure. A decision holds for the danger the officer saw: when danger rises after it (a raised
level, a reopening), the alert is new again, so no red is hidden behind an older close. Deadlines
are configuration: they differ by place.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from schemas.closed import Closed
from schemas.outcomes import Change
from schemas.records import Action
from schemas.taxonomy import Level
from schemas.times import HOUR_US

DANGER_ROSE = frozenset({Change.OPENED, Change.LEVEL_RAISED, Change.REOPENED})
Hours = Annotated[int, Meta(ge=1, le=8_760)]


class AlertState(StrEnum):
    """How an alert stands for those who act on it."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    EXPIRED = "expired"
    MERGED = "merged"
    SUPERSEDED = "superseded"


OPEN_STATES = frozenset({AlertState.NEW, AlertState.ACKNOWLEDGED})


class HandlingLimits(Closed, frozen=True):
    """Hours from the last rise of danger until an alert of a level must have been handled.

    The defaults are customary and differ by place; the description of each says where it is from.
    """

    red_hours: Annotated[Hours, Meta(description="custom: danger to life, 2 hours")] = 2
    orange_hours: Annotated[
        Hours, Meta(description="custom names none: one shift, so that whoever comes on sees it")
    ] = 8
    yellow_hours: Annotated[Hours, Meta(description="custom: yellow, 24 hours")] = 24
    blue_hours: Annotated[Hours, Meta(description="custom: blue, 72 hours")] = 72

    def due_us(self, level: Level, danger_us: int) -> int:
        """Return when an alert of this level falls due."""
        hours = {
            Level.RED: self.red_hours,
            Level.ORANGE: self.orange_hours,
            Level.YELLOW: self.yellow_hours,
            Level.BLUE: self.blue_hours,
        }[level]
        return danger_us + hours * HOUR_US


class Decided(NamedTuple):
    """One decision of an officer: at which revision, and what."""

    revision: int
    action: str


class Group(NamedTuple):
    """What can have one open row."""

    scope: str
    subject: str
    kind: str


def group_of(row: Mapping[str, Any]) -> Group:
    """Return the group of an alert's row."""
    return Group(row["scope"], row["subject"], row["kind"])


def own_state(
    told_open: bool, told_change: str, danger_revision: int, decided: Iterable[Decided]
) -> AlertState:
    """Return how an alert stands by itself, whatever others there are of its group."""
    if not told_open:
        return AlertState.MERGED if told_change == Change.MERGED else AlertState.EXPIRED
    held = {one.action for one in decided if one.revision >= danger_revision}
    if Action.CLOSED in held:
        return AlertState.CLOSED
    return AlertState.ACKNOWLEDGED if Action.ACKNOWLEDGED in held else AlertState.NEW


def holder_of(rows: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the alert that holds its group's one open row, of those that would be open.

    The most dangerous, then the newest: the stages keep one episode a group, and two are open here
    only while the end of one is still on its way; until then nothing red is hidden.
    """
    best = max(
        rows, key=lambda row: (row["level_rank"], row["opened_us"], row["alert_id"]), default=None
    )
    return None if best is None else str(best["alert_id"])
