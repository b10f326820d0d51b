"""The world with help is that without it, less what help averted; the truth stays apart."""

import io
import re

import msgspec
import numpy as np
import pytest

from schemas.events import Event
from schemas.taxonomy import Origin, Outcome
from schemas.times import DAY_US
from streams.feeds.known_truth.areas import (
    Shape,
    community_shares,
    daily_mean,
    draw_counts,
    draw_surges,
    holidays,
)
from streams.feeds.known_truth.course import NO_HARM, span_of
from streams.feeds.known_truth.frozen import frozen_parameters, scenario_of, sized
from streams.feeds.known_truth.labels import LaterHarm, OutcomeLabel, labels_of
from streams.feeds.known_truth.parameters import Parameters
from streams.feeds.known_truth.town import KnownTown, simulate
from streams.feeds.known_truth.treated import DISCOVERED, REPORTED, UNTOLD
from streams.feeds.known_truth.truth import HAZARD_STEP, hazard_steps, truth_of
from streams.feeds.known_truth.truth_records import PersonRecord, SurgeRecord, TownRecord
from streams.feeds.town_calendar import start_us
from streams.feeds.town_chance import generator
from streams.feeds.town_map import build_map
from streams.feeds.town_rows import Copy, Part
from streams.replay import replay
from tests.streams.towns import UNTIL_US, house_of, lines_of


def _busy(parameters: Parameters, persons: int, days: int) -> Parameters:
    """The frozen model with ten times the matters and harm: much to see in a small town."""
    rate = msgspec.structs.replace(parameters.rate, per_year=parameters.rate.per_year * 10)
    harm = msgspec.structs.replace(parameters.harm, per_year=parameters.harm.per_year * 10)
    return sized(msgspec.structs.replace(parameters, rate=rate, harm=harm), persons, days)


@pytest.fixture(scope="module")
def town() -> KnownTown:
    return simulate(_busy(frozen_parameters(), 3_000, 500), seed=2)


@pytest.fixture(scope="module")
def people(town: KnownTown) -> list[PersonRecord]:
    return [record for record in truth_of(town) if isinstance(record, PersonRecord)]


def test_help_averts_some_harm_and_brings_none(town: KnownTown) -> None:
    happened = town.treated.happened
    assert 0 < (~happened).sum() < len(happened) / 4
    assert len(town.harms.at) == len(happened), "every harm is one of the untreated world"


def test_without_any_effect_both_worlds_are_one() -> None:
    parameters = scenario_of(_busy(frozen_parameters(), 800, 300), "no_help")
    town = simulate(parameters, seed=4)
    assert town.treated.happened.all()
    assert town.treated.alive.all()


def test_help_changes_nothing_before_the_first_alert() -> None:
    parameters = _busy(frozen_parameters(), 800, 300)
    helped, alone = simulate(parameters, 4), simulate(scenario_of(parameters, "no_help"), 4)
    assert (helped.matters.at == alone.matters.at).all()
    assert (helped.harms.draw == alone.harms.draw).all()
    first = {alert.person: alert.at for alert in reversed(helped.treated.alerts)}
    differs = np.flatnonzero(helped.treated.telling != alone.treated.telling)
    for number in differs.tolist():
        assert helped.matters.at[number] >= first[int(helped.matters.person[number])]


def test_what_descends_from_an_averted_harm_never_happens(town: KnownTown) -> None:
    root, treated = town.matters.root, town.treated
    of_harm = root != NO_HARM
    assert (treated.alive[of_harm] == treated.happened[root[of_harm]]).all()
    assert treated.alive[~of_harm].all()
    assert (treated.telling[~treated.alive] == UNTOLD).all()


def test_every_averted_harm_falls_into_a_time_of_help_or_follows_one(town: KnownTown) -> None:
    policy = town.parameters.policy
    starts = {alert.person: alert.at + policy.starts_days for alert in town.treated.alerts[::-1]}
    for harm in np.flatnonzero(~town.treated.happened).tolist():
        assert town.harms.at[harm] >= starts[int(town.harms.person[harm])]


def test_nothing_of_the_truth_is_in_an_event(town: KnownTown) -> None:
    encoder = msgspec.json.Encoder()
    events = b"".join(encoder.encode_lines(batch) for batch in town.event_batches())
    decoded = msgspec.json.Decoder(Event).decode_lines(events)
    assert len(decoded) == len(town.rows)
    words = rb'"(group|state|crisis|tense|hazard|mark|part|copy|root|telling|rate)"'
    assert re.search(words, events) is None


def test_groups_tell_less_by_half_and_are_in_no_more_danger(town: KnownTown) -> None:
    ordinary = town.treated.alive & (town.matters.severity <= 2)
    group = town.hidden.group[town.matters.person]
    told = town.treated.telling == REPORTED
    a, b = (float(told[ordinary & (group == each)].mean()) for each in (0, 1))
    assert b / a == pytest.approx(0.5, abs=0.08)
    harms = [float((town.hidden.group[town.harms.person] == each).sum()) for each in (0, 1)]
    persons = [float((town.hidden.group == each).sum()) for each in (0, 1)]
    rates = [harm / number for harm, number in zip(harms, persons, strict=True)]
    noise = sum(harm / number**2 for harm, number in zip(harms, persons, strict=True)) ** 0.5
    assert abs(rates[0] - rates[1]) < 4 * noise


def test_nothing_that_a_silent_source_said_arrives(town: KnownTown) -> None:
    rows = town.rows
    at = (rows["time_us"] - start_us(town.parameters.town.start)) / DAY_US
    county = np.array(town.ground.county_of_grid)[rows["grid"]]
    assert len(town.silences.source)
    assert not town.silences.lost(county * 3 + rows["feed"], at).any()


def test_copies_are_of_events_that_arrived(town: KnownTown) -> None:
    rows = town.rows
    place = np.empty(len(rows), dtype=np.int64)
    place[rows["row"]] = np.arange(len(rows))
    copies = rows[rows["copy"] != Copy.NONE]
    originals = rows[place[copies["copy_of"]]]
    assert (copies["mark"] == originals["mark"]).all()
    assert (copies["kind"] == originals["kind"]).all()
    assert (copies["time_us"] >= originals["time_us"]).all()


def test_what_is_found_comes_by_the_grid_and_is_said_to_be_found(town: KnownTown) -> None:
    rows = town.rows
    mine = (rows["part"] == Part.REPORT) & (rows["mark"] >= 0) & (rows["copy"] == Copy.NONE)
    found = town.treated.telling[rows["mark"][mine]] == DISCOVERED
    origin = list(Origin).index(Origin.DISCOVERED)
    assert found.any()
    assert ((rows["origin"][mine] == origin) == found).all()


def test_the_truth_of_a_person_is_whole_and_finds_its_events(
    town: KnownTown, people: list[PersonRecord]
) -> None:
    ids = {event.id for batch in town.event_batches() for event in batch}
    named = [m.event for person in people for m in person.matters if m.event]
    assert len(people) == town.parameters.town.persons
    assert len(named) == len(set(named)) > 500
    assert set(named) <= ids
    assert sum(len(person.harms) for person in people) == len(town.harms.at)
    for person in people:
        of_harm = [m.harm for m in person.matters if m.harm is not None]
        assert of_harm == list(range(len(person.harms)))
        assert all(m.happened or m.event is None for m in person.matters)


def test_the_hazard_of_the_truth_is_the_model_s(town: KnownTown) -> None:
    calm = int(np.flatnonzero(np.bincount(town.matters.person, minlength=3_000) == 0)[0])
    for person in (calm, int(town.harms.person[0])):
        record = hazard_steps(town, person)
        assert record.days[0] == 0
        assert list(record.days) == sorted(set(record.days))
        assert all(a != b for a, b in zip(record.steps, record.steps[1:], strict=False))
        least = np.log(town.parameters.harm.per_year / 365.25) / HAZARD_STEP
        assert min(record.steps) >= round(least)


def test_labels_come_after_the_horizon_and_only_of_this_world(town: KnownTown) -> None:
    labels = labels_of(town)
    assert labels == labels_of(town)
    assert [label.known for label in labels] == sorted(label.known for label in labels)
    outcomes = [label for label in labels if isinstance(label, OutcomeLabel)]
    later = [label for label in labels if isinstance(label, LaterHarm)]
    assert len(outcomes) == len(town.treated.alerts)
    assert {Outcome.HARM_OCCURRED, Outcome.AVERTED} <= {each.outcome for each in outcomes}
    horizon = town.parameters.labels.horizon_days
    assert all((each.known - each.alerted).days >= horizon - 1 for each in outcomes)
    assert all((each.known - each.event.time).days >= horizon - 1 for each in later)
    assert all(each.event.data.severity >= 3 for each in later)
    told = {(each.event.source, each.event.id) for each in later}
    assert len(told) == len(later) > 50


def test_surges_are_apart_in_the_truth_and_whole() -> None:
    parameters = sized(frozen_parameters(), 20_000, 800)
    ground = build_map()
    shares = community_shares(parameters, ground, generator(1))
    surges = draw_surges(parameters, ground, shares, generator(2))
    assert {surge.shape for surge in surges} == set(Shape)
    quiet = parameters.areas.surges.quiet_days
    last = quiet
    for surge in surges:
        assert surge.first_day >= last, "no two overlap"
        assert min(surge.daily[0], surge.daily[-1], sum(surge.daily)) > 0
        last = surge.first_day + len(surge.daily)
    assert last <= parameters.town.days


def test_surges_of_the_truth_name_the_events_they_added() -> None:
    town = simulate(sized(frozen_parameters(), 2_000, 400), seed=6)
    found = [record for record in truth_of(town) if isinstance(record, SurgeRecord)]
    assert found
    for record, surge in zip(found, town.surges, strict=True):
        assert len(record.events) <= sum(surge.daily) == sum(record.daily)
    whole = sum(sum(record.daily) for record in found)
    assert sum(len(record.events) for record in found) > 0.8 * whole


def test_five_day_services_rest_and_catch_up() -> None:
    parameters = frozen_parameters()
    free, after = holidays(parameters)
    office = next(each for each in parameters.areas.kinds if each.holiday == 0)
    mean = daily_mean(parameters, office)
    weekday = (parameters.town.start.weekday() + np.arange(len(mean))) % 7
    assert (mean[(weekday >= 5) | free] == 0).all()
    assert (mean[(weekday < 5) & ~free] > 0).all()
    assert not (free & after).any()
    assert after.sum() <= len(parameters.areas.holidays)


@pytest.mark.parametrize("dispersion", [1.0, 1.6, 3.0])
def test_counts_are_as_spread_as_they_are_meant_to_be(dispersion: float) -> None:
    counts = draw_counts(np.full(100_000, 2.0), dispersion, generator(7))
    assert float(counts.mean()) == pytest.approx(2.0, abs=0.05)
    assert float(counts.var() / counts.mean()) == pytest.approx(dispersion, rel=0.05)


def test_a_mean_of_zero_stays_zero() -> None:
    assert not draw_counts(np.zeros(10), 1.5, generator(1)).any()


def test_observers_find_more_where_a_loop_is_planted() -> None:
    plain = _busy(frozen_parameters(), 1_000, 300)
    usual, looped = simulate(plain, 8), simulate(scenario_of(plain, "planted_loop"), 8)
    nothing = [
        int(((t.rows["part"] == Part.REPORT) & (t.rows["mark"] < 0)).sum()) for t in (usual, looped)
    ]
    assert nothing[1] > 5 * max(nothing[0], 1)
    assert (usual.harms.draw == looped.harms.draw).all(), "the same harm threatens in both"


def test_the_intake_takes_every_event_and_every_late_label() -> None:
    town = simulate(_busy(frozen_parameters(), 600, 120), seed=9)
    events = [event for batch in town.event_batches() for event in batch]
    later = [label.event for label in labels_of(town) if isinstance(label, LaterHarm)]
    assert later
    pipeline, kept = house_of(town.directory())
    lines = lines_of([*events, *later])
    span = replay(pipeline, io.BytesIO(b"".join(lines)), UNTIL_US)
    assert span.records == len(lines)
    assert kept.dead_letters == []


def test_the_first_record_says_how_the_town_was_made(town: KnownTown) -> None:
    first = next(iter(truth_of(town)))
    assert isinstance(first, TownRecord)
    assert first.parameters == msgspec.to_builtins(town.parameters)
    assert first.events == len(town.rows)


def test_a_person_s_entries_stand_together() -> None:
    people = np.array([0, 0, 2, 2, 2, 5])
    assert [span_of(people, n) for n in (0, 1, 2, 9)] == [
        slice(0, 2),
        slice(2, 2),
        slice(2, 5),
        slice(6, 6),
    ]
