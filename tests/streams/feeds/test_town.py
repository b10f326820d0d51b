"""A synthetic town is the same each time, and is the kind of town it was meant to be."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.taxonomy import Feed, Purpose, members_of
from schemas.times import DAY_US, MINUTE_US
from streams.feeds.town import Town, simulate
from streams.feeds.town_arrival import arrived, event_ids, source_names, source_numbers
from streams.feeds.town_background import KINDS
from streams.feeds.town_calendar import start_us
from streams.feeds.town_config import (
    DAYS_MAX,
    PERSONS_MAX,
    SEED_MAX,
    TownConfig,
    TownError,
    checked,
)
from streams.feeds.town_events import EventWriter
from streams.feeds.town_people import Identity
from streams.feeds.town_rows import FEED_CODE, Copy, Part, code
from streams.feeds.town_states import State
from streams.feeds.town_summary import Summary, summarise

YEAR = TownConfig(persons=10_000, days=365, seed=7)


@pytest.fixture(scope="module")
def town() -> Town:
    return simulate(YEAR)


@pytest.fixture(scope="module")
def summary(town: Town) -> Summary:
    return summarise(town)


def bytes_of(town: Town) -> bytes:
    encoder = msgspec.json.Encoder()
    return b"".join(encoder.encode_lines(batch) for batch in town.event_batches())


def test_the_same_config_gives_the_same_bytes_and_another_seed_does_not() -> None:
    config = TownConfig(persons=400, days=60, seed=3)
    assert bytes_of(simulate(config)) == bytes_of(simulate(config))
    other = msgspec.structs.replace(config, seed=4)
    assert bytes_of(simulate(config)) != bytes_of(simulate(other))


@pytest.mark.parametrize("field", ["exact_copies", "near_copies", "very_late", "everyday"])
def test_changing_one_thing_does_not_reshuffle_the_people_or_their_harm(field: str) -> None:
    plain = TownConfig(persons=500, days=90, seed=5)
    changed = msgspec.structs.replace(plain, **{field: 0.0})
    one, other = simulate(plain), simulate(changed)
    assert (one.people.home == other.people.home).all()
    assert (one.paths.start == other.paths.start).all()
    assert (one.harms.at == other.harms.at).all()
    told_once = [
        np.sort(each.rows["time_us"][(each.rows["part"] == Part.REPORT) & (each.rows["copy"] == 0)])
        for each in (one, other)
    ]
    assert (told_once[0] == told_once[1]).all()


def test_events_come_in_the_order_of_arrival_source_and_id(town: Town) -> None:
    order = [
        (event.ingesttime, event.source, event.id)
        for batch in town.event_batches()
        for event in batch
        if event.ingesttime is not None
    ]
    assert order == sorted(order)
    assert len(order) == len(town.rows)


def test_events_that_arrive_at_once_are_ordered_by_source_and_id(town: Town) -> None:
    rows = town.rows.copy()
    rows["ingest_us"] = rows["time_us"].max()
    at_once = arrived(rows, town.ground)
    sources = source_names(town.ground)
    named = [sources[number] for number in source_numbers(at_once, town.ground).tolist()]
    order = list(zip(named, event_ids(at_once, town.ground), strict=True))
    assert order == sorted(order)


def test_the_marginals_are_those_of_the_town_that_was_meant(summary: Summary) -> None:
    assert 3.0 <= summary.per_person_year <= 6.0
    assert 0.55 <= summary.with_person <= 0.65
    assert 0.6 <= summary.never_repeat <= 0.9
    assert 0.5 <= summary.top_harm <= 1.0
    assert 0.5 <= summary.cold_harm <= 0.95
    assert 0.005 <= summary.very_late <= 0.02
    assert 0.045 <= summary.near_copies / summary.events <= 0.065
    assert 0.007 <= summary.exact_copies / summary.events <= 0.013


def test_every_purpose_and_feed_is_there_and_most_contacts_are_everyday(summary: Summary) -> None:
    assert min(summary.by_purpose.values()) > 1_000
    assert min(summary.by_feed.values()) > 1_000
    everyday = {Purpose.ENQUIRY, Purpose.COMPLAINT, Purpose.PETITION, Purpose.SUGGESTION}
    assert sum(summary.by_purpose[purpose] for purpose in everyday) > 0.4 * summary.events
    assert sum(summary.by_purpose.values()) == sum(summary.by_feed.values()) == summary.events


def test_harm_is_more_frequent_the_worse_things_stand(town: Town) -> None:
    paths, harms = town.paths, town.harms
    lived = np.bincount(paths.state, weights=paths.end - paths.start, minlength=len(State))
    came = np.bincount(paths.state_at(harms.person, harms.at), minlength=len(State))
    rates = came / lived
    assert rates[State.STABLE] < rates[State.TENSE] / 5 < rates[State.CRISIS] / 25


def test_only_true_harm_makes_a_report_about_a_person_severe(town: Town) -> None:
    rows = town.rows[town.rows["part"] == Part.REPORT]
    of_harm = rows["mark"] >= 0
    assert rows["severity"][of_harm].min() >= 3
    assert rows["severity"][~of_harm].max() <= 2
    once = rows[of_harm & (rows["copy"] == Copy.NONE)]
    assert len(once) == town.harms.reported.sum()


def test_hidden_paths_cover_the_span_of_every_person_without_a_gap(town: Town) -> None:
    paths = town.paths
    first = np.flatnonzero(np.diff(paths.person, prepend=-1))
    assert len(first) == YEAR.persons
    assert (paths.start[first] == 0).all()
    same = paths.person[1:] == paths.person[:-1]
    assert (paths.start[1:][same] == paths.end[:-1][same]).all()
    assert (paths.end[:-1][~same] == YEAR.days).all()
    assert (paths.state[1:][same] != paths.state[:-1][same]).all()


def test_visits_know_nothing_of_danger(town: Town) -> None:
    visits = town.rows[(town.rows["part"] == Part.VISIT) & (town.rows["copy"] == Copy.NONE)]
    visited = np.unique(visits["person"])
    rate = town.people.rate
    assert abs(rate[visited].mean() - rate.mean()) < 0.3
    assert visits["severity"].max() == 0
    assert set(visits["feed"].tolist()) == {FEED_CODE[Feed.GRID]}


def test_nothing_arrives_before_it_happened_and_everything_happens_within_the_span(
    town: Town,
) -> None:
    rows = town.rows
    assert (rows["ingest_us"] > rows["time_us"]).all()
    once = rows["time_us"][rows["copy"] == Copy.NONE]
    start = start_us(YEAR.start)
    assert start <= once.min()
    assert once.max() < start + YEAR.days * DAY_US


def test_a_near_copy_is_told_within_15_minutes_and_an_exact_copy_differs_in_arrival_only(
    town: Town,
) -> None:
    rows = town.rows
    by_row = rows[np.argsort(rows["row"])]
    near, exact = rows[rows["copy"] == Copy.NEAR], rows[rows["copy"] == Copy.EXACT]
    later = near["time_us"] - by_row["time_us"][near["copy_of"]]
    assert later.min() > 0
    assert later.max() < 15 * MINUTE_US
    originals = by_row[exact["copy_of"]]
    assert (exact["ingest_us"] > originals["ingest_us"]).all()
    before, after = exact[:200].copy(), originals[:200].copy()
    before["ingest_us"] = after["ingest_us"]
    writer = EventWriter(town.ground)
    assert list(writer.batches(before)) == list(writer.batches(after))


def test_who_is_known_by_a_pseudonym_is_told_of_by_the_hotline_alone(town: Town) -> None:
    rows = town.rows[(town.rows["person"] >= 0) & (town.rows["person"] < YEAR.persons)]
    hidden = rows[town.people.identity[rows["person"]] == Identity.PSEUDONYM]
    assert len(hidden) > 100
    assert set(hidden["feed"].tolist()) == {FEED_CODE[Feed.HOTLINE]}


def test_each_surge_is_there_and_stands_out_from_the_same_place_before(town: Town) -> None:
    rows = town.rows[town.rows["copy"] == Copy.NONE]
    day = (rows["time_us"] - start_us(YEAR.start)) // DAY_US
    assert len(town.surges) >= 3
    for number, surge in enumerate(town.surges):
        here = np.isin(rows["grid"], town.ground.grids_in(surge.place))
        same = here & (rows["kind"] == code(surge.kind))
        days = np.arange(surge.first_day, surge.first_day + surge.days)
        before = np.arange(surge.first_day - 28, surge.first_day)
        injected = (rows["part"] == Part.SURGE) & (rows["mark"] == number)
        assert int((injected & same & np.isin(day, days)).sum()) == surge.size
        usual = (same & np.isin(day, before)).sum() / len(before)
        assert (same & np.isin(day, days)).sum() / len(days) > 2 * usual


def test_background_counts_are_over_dispersed(town: Town) -> None:
    rows = town.rows[town.rows["part"] == Part.BACKGROUND]
    day = (rows["time_us"] - start_us(YEAR.start)) // DAY_US
    for each in KINDS:
        counts = np.bincount(day[rows["kind"] == code(each.kind)], minlength=YEAR.days)
        assert counts.var() > counts.mean()
    assert (rows["person"] < 0).all()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"persons": 0}, "persons"),
        ({"persons": PERSONS_MAX + 1}, "persons"),
        ({"days": 0}, "days"),
        ({"days": DAYS_MAX + 1}, "days"),
        ({"seed": -1}, "seed"),
        ({"seed": SEED_MAX + 1}, "seed"),
        ({"exact_copies": 1.5}, "exact_copies"),
        ({"everyday": float("nan")}, "everyday"),
        ({"branching": 0.9}, "branching"),
        ({"harm_per_year": (0.0, -1.0, 0.0)}, "harm_per_year"),
        ({"persons": PERSONS_MAX, "days": DAYS_MAX}, "fewer persons"),
    ],
)
def test_a_number_out_of_bounds_is_refused_by_name(change: dict[str, object], named: str) -> None:
    with pytest.raises(TownError, match=named):
        checked(msgspec.structs.replace(YEAR, **change))


@settings(max_examples=25, deadline=None)
@given(persons=st.integers(1, 60), days=st.integers(1, 40), seed=st.integers(0, SEED_MAX))
def test_a_town_of_any_size_holds_together(persons: int, days: int, seed: int) -> None:
    town = simulate(TownConfig(persons=persons, days=days, seed=seed))
    summary = summarise(town)
    assert summary.events == len(town.rows) == sum(len(batch) for batch in town.event_batches())
    for surge in town.surges:
        assert 0 <= surge.first_day < surge.first_day + surge.days <= days
    assert len(members_of(Purpose)) == len(summary.by_purpose)


def test_a_town_without_any_rate_has_its_cast_and_surges_only() -> None:
    nothing = TownConfig(
        persons=5,
        days=3,
        seed=1,
        base_reports=0.0,
        everyday=0.0,
        background=0.0,
        visits=0.0,
        tension=0.0,
        harm_per_year=(0.0, 0.0, 0.0),
    )
    parts = set(simulate(nothing).rows["part"].tolist())
    assert parts == {Part.SURGE, Part.CASE}
