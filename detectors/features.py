"""What the person model sees: features of a person's own reports of harm or need, nothing else.

Rules: features come from the person's own incidents alone. Nothing of area, group, reporter or
officer's grade is here, no visit, and no silence: `as_of_us` is the time of the newest report and
not now, so that leaving the past behind never costs anything. Values are finite and capped, and do
not depend on the order in which reports arrived. What a discovered incident adds is weighted, as
patrols find what they look for.
"""

import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

from schemas.closed import Text
from schemas.state import HelpState, Incident
from schemas.taxonomy import ORIGIN_CODE, SIGN_BIT, Origin, Sign
from schemas.times import DAY_US

FEATURE_SET = "person-features-1"
DISCOVERED_WEIGHT = 0.5
_DISCOVERED = ORIGIN_CODE[Origin.DISCOVERED]
_GRAVE_SIGNS = SIGN_BIT[Sign.STRANGULATION] | SIGN_BIT[Sign.WEAPON] | SIGN_BIT[Sign.THREAT_TO_KILL]
_GAP_DAYS_MAX = 90.0
_TREND_MAX = 3.0
_WINDOW_DAYS = 90
_UNANSWERED = (HelpState.OPEN, HelpState.OVERDUE)


class Feature(NamedTuple):
    """One feature: its name, unit, cap (the floor is 0 or minus the cap) and label."""

    name: str
    unit: str
    cap: float
    label: Text


def _feature(name: str, unit: str, cap: float, en: str, zh: str) -> Feature:
    return Feature(name, unit, cap, Text(en=en, zh=zh))


FEATURES: tuple[Feature, ...] = (
    _feature("incidents_1d", "incidents", 10, "incidents in 1 day", "1天内事件数"),
    _feature("incidents_7d", "incidents", 15, "incidents in 7 days", "7天内事件数"),
    _feature("incidents_30d", "incidents", 20, "incidents in 30 days", "30天内事件数"),
    _feature("incidents_90d", "incidents", 30, "incidents in 90 days", "90天内事件数"),
    _feature("harm_30d", "harm", 20, "gravity of harm in 30 days", "30天内伤害严重度之和"),
    _feature("harm_90d", "harm", 30, "gravity of harm in 90 days", "90天内伤害严重度之和"),
    _feature("severity_last", "0-4", 4, "severity of the newest incident", "最近一次严重度"),
    _feature("severity_max_90d", "0-4", 4, "highest severity in 90 days", "90天内最高严重度"),
    _feature("gap_days", "days", 90, "days between the last two incidents",
             "最近两次事件间隔天数"),
    _feature("gap_trend", "halvings", 3, "how much faster incidents follow", "事件间隔缩短程度"),
    _feature("signs_90d", "signs", 12, "different signs of danger in 90 days",
             "90天内危险征兆种类"),
    _feature("grave_signs_90d", "incidents", 5, "incidents with grave signs in 90 days",
             "90天内严重征兆事件数"),
    _feature("help_unanswered", "requests", 5, "requests for help without an answer",
             "尚未得到答复的求助"),
    _feature("channels_90d", "channels", 7, "different channels in 90 days", "90天内求助渠道种类"),
    _feature("reports_merged", "reports", 5, "further reports of the same incidents",
             "同一事件的重复报告数"),
    _feature("first_incident", "0/1", 1, "no earlier incident is known", "此前无记录"),
)  # fmt: skip

FEATURE_NAMES = tuple(feature.name for feature in FEATURES)
_PACKING = struct.Struct(f"<{len(FEATURES)}f")
_CAPS = tuple(feature.cap for feature in FEATURES)
_HARM = tuple((severity / 4) ** 2 for severity in range(5))


def pack(values: Sequence[float]) -> bytes:
    """Pack feature values (length `len(FEATURES)`) into little-endian float32."""
    return _PACKING.pack(*values)


def unpack(packed: bytes) -> tuple[float, ...]:
    """Unpack what `pack` packed, rounded to float32."""
    return _PACKING.unpack(packed)


def features_of(incidents: Sequence[Incident], as_of_us: int) -> tuple[float, ...]:
    """Return the feature values of incidents in order of time, in the order of `FEATURES`.

    `incidents` is not empty, and none is after `as_of_us`; those more than 90 days before it do not
    count, except that an older one ends a gap. The result is rounded to float32, as it is stored.
    """
    counts, harm, severity_max, signs, grave, help_open, channels, merged = _sums(
        incidents, as_of_us
    )
    gap, trend = _rhythm(incidents)
    values = (
        *counts,
        *harm,
        incidents[-1].severity,
        severity_max,
        gap,
        trend,
        signs.bit_count(),
        grave,
        help_open,
        channels.bit_count(),
        merged,
        len(incidents) == 1,
    )
    return _PACKING.unpack(_PACKING.pack(*map(min, values, _CAPS)))


def _sums(
    incidents: Sequence[Incident], as_of_us: int
) -> tuple[tuple[float, ...], tuple[float, ...], int, int, float, int, int, int]:
    """Sum over windows: counts at 1, 7, 30, 90 days; harm at 30, 90; and six single figures."""
    d1 = d7 = d30 = d90 = harm30 = harm90 = grave = 0.0
    severity_max = signs = help_open = channels = merged = 0
    for incident in reversed(incidents):
        age = as_of_us - incident.time_us
        if age > _WINDOW_DAYS * DAY_US:
            break
        weight = DISCOVERED_WEIGHT if incident.origin == _DISCOVERED else 1.0
        harm = weight * _HARM[incident.severity]
        d90 += weight
        harm90 += harm
        if age <= 30 * DAY_US:
            d30 += weight
            harm30 += harm
            if age <= 7 * DAY_US:
                d7 += weight
                if age <= DAY_US:
                    d1 += weight
        severity_max = max(severity_max, incident.severity)
        signs |= incident.signs
        channels |= incident.channels
        grave += weight * bool(incident.signs & _GRAVE_SIGNS)
        help_open += incident.help in _UNANSWERED
        merged += incident.reports - 1
    counts, harm_sums = (d1, d7, d30, d90), (harm30, harm90)
    return counts, harm_sums, severity_max, signs, grave, help_open, channels, merged


def _rhythm(incidents: Sequence[Incident]) -> tuple[float, float]:
    """Return the last gap in days and by how many halvings it is shorter than the one before."""
    if len(incidents) == 1:
        return _GAP_DAYS_MAX, 0.0
    last = (incidents[-1].time_us - incidents[-2].time_us) / DAY_US
    gap = min(last, _GAP_DAYS_MAX)
    if len(incidents) == 2:  # noqa: PLR2004  # two gaps need three incidents
        return gap, 0.0
    before = (incidents[-2].time_us - incidents[-3].time_us) / DAY_US
    trend = math.log2((before + 0.1) / (last + 0.1))
    return gap, max(-_TREND_MAX, min(_TREND_MAX, trend))
