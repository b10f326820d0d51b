"""The alerts of a picture: a marker for each area alert, bars for all others.

Rules: shape and colour of a marker tell its level, so that it is readable without colours too; its
size tells whether it is about a whole county or a part. Markers of one day stand on one another.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from forewarn.picture_words import Language, said, word
from forewarn.replay_results import RaisedAlert
from schemas.taxonomy import LABELS, Level, rank_of

INK = "#333333"
BAND = 0.62
"""The part of a panel that counts may fill; above it stand the alerts."""

LOOK = {
    Level.RED: ("D", "#d7191c"),
    Level.ORANGE: ("^", "#f07f09"),
    Level.YELLOW: ("o", "#ffd92f"),
    Level.BLUE: ("s", "#4393c3"),
}
SIZES = {True: 10.0, False: 6.0}
"""Size of a marker in points, by whether it is about a whole county."""

_STACK_MIN = 4
_DATE_WIDTH = 0.035
"""The width of a date, as a part of a panel's width."""


def at(day: int) -> float:
    """Return where a day (proleptic ordinal) stands on the axis of days."""
    return float(date2num(date.fromordinal(day)))


def marker(shape: str, colour: str, size: float, label: str = "") -> Line2D:
    """Return a marker that has no place yet."""
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=shape,
        markersize=size,
        markerfacecolor=colour,
        markeredgecolor=INK,
        markeredgewidth=0.7,
        label=label,
    )


def draw_markers(axis: Axes, alerts: Sequence[RaisedAlert], counties: Sequence[str]) -> None:
    """Put one marker an alert into the upper part of a panel, those of one day on one another."""
    step = (1.0 - BAND) / (highest_stack(alerts) + 1)
    stacked: Counter[int] = Counter()
    for alert in alerts:
        shape, colour = LOOK[alert.level]
        one = marker(shape, colour, SIZES[alert.area in counties])
        one.set_data([at(alert.day)], [BAND + step * (stacked[alert.day] + 0.5)])
        one.set_transform(axis.get_xaxis_transform())
        one.set_zorder(3)
        one.set_gid(f"alert-{alert.alert_id}")
        axis.add_artist(one)
        stacked[alert.day] += 1
    for day in stacked:
        axis.axvline(at(day), color="#dddddd", linewidth=1.0, zorder=0)
    first, last = axis.get_xlim()
    for day, side in dated(sorted(stacked), (last - first) * _DATE_WIDTH):
        axis.annotate(
            f"{date.fromordinal(day):%m-%d}",
            (at(day), BAND + step * 0.5),
            xycoords=axis.get_xaxis_transform(),
            xytext=(7 if side == "left" else -7, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=8,
            color=INK,
        )


def highest_stack(alerts: Sequence[RaisedAlert]) -> int:
    """Return how many markers the highest stack has, and no less than gives them room."""
    return max([_STACK_MIN, *Counter(alert.day for alert in alerts).values()])


def dated(days: Sequence[int], room: float) -> Iterator[tuple[int, Literal["left", "right"]]]:
    """Yield the days (rising) that can have their date beside them, and how it is aligned.

    A date stands before its day, or after it, where `room` days are free of other alerts and dates.
    """
    taken = -math.inf
    for number, day in enumerate(days):
        following = days[number + 1] if number + 1 < len(days) else math.inf
        if day - taken > room:
            yield day, "right"
            taken = day
        elif following - day > 2 * room:
            yield day, "left"
            taken = day + room
        else:
            taken = day


def draw_bars(axis: Axes, alerts: Sequence[RaisedAlert], language: Language) -> None:
    """Draw the alerts about persons and single incidents as bars a day, by level."""
    below: Counter[int] = Counter()
    for level in sorted(LOOK, key=rank_of, reverse=True):
        by_day = Counter(alert.day for alert in alerts if alert.level is level)
        if by_day:
            days = sorted(by_day)
            axis.bar(
                [at(day) for day in days],
                [by_day[day] for day in days],
                bottom=[below[day] for day in days],
                width=0.9,
                color=LOOK[level][1],
                label=f"{said(LABELS[level], language)} {by_day.total():,}",
            )
            below.update(by_day)
    axis.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axis.set_title(word("others", language), loc="left", fontsize=10, fontweight="bold", color=INK)
    axis.legend(loc="upper right", ncols=len(LOOK), frameon=False, bbox_to_anchor=(1.0, 1.35))
