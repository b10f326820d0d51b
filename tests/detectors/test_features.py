"""Features see the person's own reports alone, stay within their caps, and never know of now."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.features import (
    DISCOVERED_WEIGHT,
    FEATURE_NAMES,
    FEATURES,
    Feature,
    features_of,
    pack,
    unpack,
)
from schemas.state import HelpState, Incident, PastSignal
from schemas.taxonomy import Origin, Sign
from schemas.times import DAY_US, HOUR_US
from streams.history import HistoryConfig, incidents_of
from tests.builders import NOW_US, history_of, incident
from tests.streams.history_strategies import days_ago, reports

NEVER_A_FEATURE = {
    "the place": {"area", "county", "town", "grid", "city", "address", "location", "district"},
    "a group": {"group", "family", "household", "neighbours", "community", "peers", "average"},
    "who told it": {
        "reporter",
        "caller",
        "informant",
        "officer",
        "grade",
        "unit",
        "feed",
        "source",
    },
    "a visit": {"visit", "visits", "patrol", "checked", "走访"},
    "silence": {"silence", "silent", "quiet", "now", "since", "idle", "today"},
    "who somebody is": {
        *("age", "sex", "gender", "ethnicity", "nationality", "religion", "income", "education"),
        *("job", "origin", "marital", "disability", "politics", "migrant", "registration"),
    },
    "another party": {"aggressor", "suspect", "offender", "partner", "husband", "perpetrator"},
    "what judges an authority": {"complaint", "petition", "enquiry", "suggestion", "service"},
}
SUMS = ("incidents_1d", "incidents_7d", "incidents_30d", "incidents_90d", "harm_30d", "harm_90d")
CONFIG = HistoryConfig()


def named(incidents: list[Incident], as_of_us: int | None = None) -> dict[str, float]:
    newest = incidents[-1].time_us if as_of_us is None else as_of_us
    return dict(zip(FEATURE_NAMES, features_of(incidents, newest), strict=True))


def merged(signals: list[PastSignal]) -> list[Incident]:
    return incidents_of(history_of(*signals), CONFIG)


incident_lists = reports(min_size=1).map(merged)


@pytest.mark.parametrize("feature", FEATURES, ids=FEATURE_NAMES)
@pytest.mark.parametrize("why", NEVER_A_FEATURE)
def test_no_feature_is_of_what_may_never_be_one(why: str, feature: Feature) -> None:
    text = f"{feature.name} {feature.unit} {feature.label.en}".replace("_", " ").lower()
    assert set(text.split()) & NEVER_A_FEATURE[why] == set()
    assert not any(word in feature.label.zh for word in NEVER_A_FEATURE[why])


def test_every_feature_has_a_name_of_its_own_a_cap_and_a_label_in_both_languages() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURES)
    for feature in FEATURES:
        assert math.isfinite(feature.cap)
        assert feature.cap > 0
        assert feature.unit
        assert feature.label.en
        assert not feature.label.zh.isascii()


@given(incidents=incident_lists)
def test_values_are_finite_and_within_their_caps(incidents: list[Incident]) -> None:
    for feature, value in zip(FEATURES, features_of(incidents, NOW_US), strict=True):
        floor = -feature.cap if feature.name == "gap_trend" else 0.0
        assert math.isfinite(value)
        assert floor <= value <= feature.cap


@given(
    incidents=st.lists(
        st.builds(
            incident,
            at_us=st.integers(0, 2**62),
            severity=st.integers(0, 4),
            reports=st.integers(1, 2**40),
            channels=st.integers(0, 2**63),
            signs=st.just(tuple(Sign)),
            help_state=st.sampled_from(HelpState),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_no_history_however_strange_leaves_the_caps(incidents: list[Incident]) -> None:
    incidents.sort(key=lambda one: one.time_us)
    for feature, value in zip(FEATURES, named(incidents).values(), strict=True):
        assert abs(value) <= feature.cap


@given(incidents=incident_lists)
def test_values_survive_storage_bit_for_bit(incidents: list[Incident]) -> None:
    values = features_of(incidents, NOW_US)
    assert unpack(pack(values)) == values
    assert len(pack(values)) == 4 * len(FEATURES)


@given(incidents=incident_lists, shift_us=st.integers(-(10**15), 10**15))
def test_the_date_itself_is_no_feature(incidents: list[Incident], shift_us: int) -> None:
    before = named(incidents)
    for one in incidents:
        one.time_us += shift_us
    assert named(incidents) == before


@given(incidents=incident_lists)
def test_neither_the_id_nor_the_purpose_of_a_report_is_a_feature(
    incidents: list[Incident],
) -> None:
    before = named(incidents)
    for one in incidents:
        one.signal, one.purpose = b"\xff" * 16, 1 - one.purpose
    assert named(incidents) == before


@given(incidents=incident_lists, place=st.integers(0, 11), severity=st.integers(0, 4))
def test_more_harm_never_lowers_what_sums_harm(
    incidents: list[Incident], place: int, severity: int
) -> None:
    before = named(incidents)
    raised = incidents[place % len(incidents)]
    raised.severity = max(raised.severity, severity)
    after = named(incidents)
    for name in ("harm_30d", "harm_90d", "severity_max_90d", "severity_last"):
        assert after[name] >= before[name]


@given(incidents=incident_lists, age_days=st.integers(0, 200), severity=st.integers(0, 4))
def test_one_more_incident_of_the_past_never_lowers_a_sum(
    incidents: list[Incident], age_days: int, severity: int
) -> None:
    before = named(incidents)
    more = incident(99, at_us=incidents[-1].time_us - age_days * DAY_US, severity=severity)
    newest = incidents[-1]
    after = named([*sorted([*incidents[:-1], more], key=lambda one: one.time_us), newest])
    for name in (*SUMS, "severity_max_90d", "signs_90d", "channels_90d", "grave_signs_90d"):
        assert after[name] >= before[name]


@given(
    incidents=reports(min_size=1, max_size=4).map(merged),
    age_hours=st.integers(0, 24 * 100),
    severity=st.integers(0, 4),
)
def test_a_discovered_incident_adds_half_of_what_a_reported_one_adds(
    incidents: list[Incident], age_hours: int, severity: int
) -> None:
    newest = incidents[-1]
    at_us = newest.time_us - age_hours * HOUR_US

    def with_one_more(origin: Origin) -> dict[str, float]:
        more = incident(99, at_us=at_us, severity=severity, signs=(Sign.WEAPON,), origin=origin)
        others = sorted([*incidents[:-1], more], key=lambda one: one.time_us)
        return named([*others, newest])

    without = named(incidents)
    reported, discovered = with_one_more(Origin.REPORTED), with_one_more(Origin.DISCOVERED)
    for name in (*SUMS, "grave_signs_90d"):
        added = reported[name] - without[name]
        assert discovered[name] - without[name] == pytest.approx(
            DISCOVERED_WEIGHT * added, abs=1e-5
        )


def test_half_is_what_a_discovered_incident_weighs() -> None:
    alone = named([incident(origin=Origin.DISCOVERED, severity=4)])
    assert [alone[name] for name in SUMS] == [0.5] * 6


@pytest.mark.parametrize(
    ("days", "sums"),
    [
        (1.0, [2, 2, 2, 2]),
        (1.001, [1, 2, 2, 2]),
        (7.0, [1, 2, 2, 2]),
        (7.001, [1, 1, 2, 2]),
        (30.0, [1, 1, 2, 2]),
        (30.001, [1, 1, 1, 2]),
        (90.0, [1, 1, 1, 2]),
        (90.001, [1, 1, 1, 1]),
    ],
)
def test_windows_end_where_their_names_say(days: float, sums: list[int]) -> None:
    values = named([incident(1, at_us=days_ago(days)), incident(2)])
    assert [values[name] for name in SUMS[:4]] == sums


def test_a_first_incident_is_marked_as_such_and_has_the_longest_gap() -> None:
    values = named([incident()])
    assert (values["first_incident"], values["gap_days"], values["gap_trend"]) == (1, 90, 0)


def test_gaps_that_grow_shorter_are_seen() -> None:
    def trend(*days: float) -> float:
        return named([incident(at_us=days_ago(d)) for d in days])["gap_trend"]

    assert trend(30, 10, 0) > 0.9
    assert trend(20, 10, 0) == 0
    assert trend(12, 10, 0) < -0.9
    assert trend(90, 0, 0) == 3.0
    assert named([incident(at_us=days_ago(4)), incident()])["gap_days"] == 4


def test_an_older_incident_ends_a_gap_though_it_counts_no_longer() -> None:
    values = named([incident(1, at_us=days_ago(100), severity=4), incident(2, severity=1)])
    assert (values["gap_days"], values["first_incident"]) == (90, 0)
    assert (values["incidents_90d"], values["severity_max_90d"]) == (1, 1)


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        (lambda: incident(severity=3), "severity_last", 3),
        (lambda: incident(severity=4), "harm_30d", 1),
        (lambda: incident(severity=2), "harm_90d", 0.25),
        (lambda: incident(signs=(Sign.INJURY, Sign.ISOLATION)), "signs_90d", 2),
        (lambda: incident(signs=(Sign.STRANGULATION,)), "grave_signs_90d", 1),
        (lambda: incident(signs=(Sign.INJURY,)), "grave_signs_90d", 0),
        (lambda: incident(help_state=HelpState.OPEN), "help_unanswered", 1),
        (lambda: incident(help_state=HelpState.OVERDUE), "help_unanswered", 1),
        (lambda: incident(help_state=HelpState.ANSWERED), "help_unanswered", 0),
        (lambda: incident(channels=0b101), "channels_90d", 2),
        (lambda: incident(reports=4), "reports_merged", 3),
    ],
)
def test_a_feature_is_what_its_label_says(
    change: Callable[[], Incident], name: str, value: float
) -> None:
    assert named([change()])[name] == value
