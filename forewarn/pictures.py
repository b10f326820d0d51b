"""A picture of a replay: reports a day by kind, and on which days which alerts were raised.

Rules: one marker an area alert, on the day of its surge, in the panel of its kind: shape and colour
tell its level, size whether it is about a whole county or a part. Alerts about persons and single
incidents are bars, so that nobody can be told apart. The same results give the same bytes: no date,
no version and no random name is in the file.
"""

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from forewarn.picture_alerts import (
    BAND,
    INK,
    LOOK,
    SIZES,
    at,
    draw_bars,
    draw_markers,
    highest_stack,
    marker,
)
from forewarn.picture_words import Language, font_for, said, summed_up, word
from forewarn.replay_results import RaisedAlert, ReplayResults, ResultsError
from schemas.taxonomy import LABELS, Kind, Scope, rank_of

PANELS_MAX = 8
"""Most panels of single kinds; the kinds beyond share one."""

WIDTH_IN = 13.0
DPI = 110
PEAKS = 3
_TYPES = (".svg", ".png")
_COUNTS, _ALL = "#9db8cc", "#5f7f99"
_HEADS_IN = 1.05
_PEAK_WIDTH = 0.09
"""The width of a peak's date, as a part of a panel's width."""


class Panel(NamedTuple):
    """One panel: its title, its counts by day, its alerts."""

    title: str
    counts: Counter[int]
    alerts: Sequence[RaisedAlert]


def draw(results: ReplayResults, path: Path, language: Language) -> Language:
    """Draw results to an .svg or .png file and return the language of its words.

    That is English where a PNG was asked for in Chinese and no font here has Chinese. Raises
    ResultsError for another type of file, OSError.
    """
    if path.suffix.lower() not in _TYPES:
        raise ResultsError(f"{path}: give a name that ends in .svg or .png")
    svg = path.suffix.lower() == ".svg"
    installed = {entry.name for entry in fontManager.ttflist}
    family = font_for(language, installed, keeps_text=svg)
    if family is None:
        language, family = Language.EN, "DejaVu Sans"
    with _style(family):
        figure = _figure(results, language)
        partial = path.with_name(f".{path.name}.partial")
        figure.savefig(
            partial,
            format="svg" if svg else "png",
            metadata={"Date": None} if svg else {"Software": None},
        )
    partial.replace(path)
    return language


@contextmanager
def _style(family: str) -> Iterator[None]:
    """Set everything that decides the bytes, whatever the user's own matplotlib settings are."""
    with mpl.rc_context(), warnings.catch_warnings():
        # An SVG's reader has the font that this machine may lack; only widths are guessed here.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "font.family": [family],
                "font.size": 9.0,
                "svg.fonttype": "none",
                "svg.hashsalt": "forewarn",
                "figure.dpi": DPI,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.edgecolor": "#888888",
            }
        )
        yield


def panels_of(results: ReplayResults, language: Language) -> list[Panel]:
    """Return the panels: all kinds together, the commonest kinds, and the others in one."""
    by_kind = results.by_kind()
    kinds = list(by_kind)
    own = kinds if len(kinds) <= PANELS_MAX + 1 else kinds[:PANELS_MAX]
    panels = [Panel(word("all", language), _summed(by_kind, kinds), ())]
    panels += [
        Panel(said(LABELS[kind], language), by_kind[kind], _of_areas(results, [kind]))
        for kind in own
    ]
    if rest := kinds[len(own) :]:
        found = _of_areas(results, rest)
        panels.append(Panel(word("other", language), _summed(by_kind, rest), found))
    return panels


def _summed(by_kind: Mapping[Kind, Counter[int]], kinds: Sequence[Kind]) -> Counter[int]:
    total: Counter[int] = Counter()
    for kind in kinds:
        total.update(by_kind[kind])
    return total


def _of_areas(results: ReplayResults, kinds: Sequence[Kind]) -> list[RaisedAlert]:
    alerts = [a for a in results.alerts if a.scope is Scope.AREA and a.kind in kinds]
    return sorted(alerts, key=lambda a: (a.day, -rank_of(a.level), a.area, a.alert_id))


def _figure(results: ReplayResults, language: Language) -> Figure:
    panels = panels_of(results, language)
    others = [alert for alert in results.alerts if alert.scope is not Scope.AREA]
    heights = [
        1.5,
        *(0.75 + highest_stack(p.alerts) / 16 for p in panels[1:]),
        *([1.0] if others else []),
    ]
    height_in = _HEADS_IN + 0.4 + 1.35 * sum(heights)
    below_heads = ConstrainedLayoutEngine(rect=(0.0, 0.0, 1.0, 1.0 - _HEADS_IN / height_in))
    figure = Figure(figsize=(WIDTH_IN, height_in), layout=below_heads)
    rows = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
    axes: list[Axes] = list(rows[:, 0])
    first, last = results.days()
    marked = Counter(alert.day for panel in panels for alert in panel.alerts)
    for number, (axis, panel) in enumerate(zip(axes, panels, strict=False)):
        axis.set_xlim(at(first) - 1.0, at(last) + 1.0)
        _counted(axis, panel.counts, first, last, _COUNTS if number else _ALL)
        axis.set_title(panel.title, loc="left", fontsize=10, fontweight="bold", color=INK)
        draw_markers(axis, panel.alerts, results.areas)
        if not number:
            _peaks(axis, panel.counts)
            for day in marked:
                axis.axvline(at(day), color="#dddddd", linewidth=1.0, zorder=0)
    if others:
        draw_bars(axes[-1], others, language)
    axes[-1].xaxis.set_major_locator(AutoDateLocator(minticks=4, maxticks=10))
    axes[-1].xaxis.set_major_formatter(DateFormatter("%Y-%m-%d"))
    _heads(figure, results, others, language)
    return figure


def _counted(axis: Axes, counts: Counter[int], first: int, last: int, colour: str) -> None:
    days = range(first, last + 1)
    values = [counts[day] for day in days]
    axis.fill_between([at(day) for day in days], values, step="mid", color=colour, linewidth=0.0)
    axis.set_ylim(0, max(*values, 1) / BAND)
    axis.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axis.grid(axis="y", color="#eeeeee")
    axis.set_axisbelow(True)


def _peaks(axis: Axes, counts: Counter[int]) -> None:
    """Write date and count on the highest days that are not close to a higher one."""
    found: list[int] = []
    first, last = axis.get_xlim()
    room = (last - first) * _PEAK_WIDTH
    for day, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if len(found) == PEAKS:
            break
        if all(abs(day - other) >= room for other in found):
            found.append(day)
            axis.annotate(
                f"{date.fromordinal(day)}\n{count:,}",
                (at(day), count),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                va="bottom",
                color=INK,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
            )


def _heads(
    figure: Figure, results: ReplayResults, others: Sequence[RaisedAlert], language: Language
) -> None:
    """Put title, summary and legend above the panels."""
    of_areas = [alert for alert in results.alerts if alert.scope is Scope.AREA]
    first, last = results.days()
    line = summed_up(
        ", ".join(results.areas),
        (str(date.fromordinal(first)), str(date.fromordinal(last))),
        sum(count.incidents for count in results.counts),
        (len(of_areas), len(others)),
        language,
    )
    height = figure.get_figheight()
    figure.text(
        0.01, 1 - 0.12 / height, word("title", language), va="top", fontsize=15, weight="bold"
    )
    figure.text(0.01, 1 - 0.42 / height, line, va="top", fontsize=10, color=INK)
    levels = Counter(alert.level for alert in of_areas)
    handles = [
        marker(*LOOK[level], SIZES[False] + 2, f"{said(LABELS[level], language)} {levels[level]:,}")
        for level in LOOK
    ]
    handles += [
        marker("o", "white", SIZES[whole], word("county" if whole else "part", language))
        for whole in (True, False)
    ]
    figure.legend(
        handles=handles,
        title=word("legend", language),
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(0.004, 1 - 0.58 / height),
        ncols=len(handles),
        frameon=False,
        handletextpad=0.2,
        columnspacing=1.2,
    )
