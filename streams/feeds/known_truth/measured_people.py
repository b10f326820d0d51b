"""Marginals of people: repetition, gravity, cold starts, groups, help, and how hard risk is to see.

Rules: people's reports are the first tellings of matters with a name; harm is that of the untreated
world unless a name says otherwise.

Sources of what is asked: M. Bland and B. Ariel, "Targeting escalation in reported domestic abuse",
International Criminal Justice Review 25 (2015), for repetition, concentration and flat severity.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from streams.feeds.known_truth.course import SEVERE, level_at, own_hazard, span_of
from streams.feeds.known_truth.measuring import (
    Measured,
    days_of,
    first_reports,
    person_years,
    share,
)
from streams.feeds.known_truth.town import KnownTown
from streams.feeds.known_truth.treated import REPORTED
from streams.feeds.town_chance import Floats
from streams.feeds.town_states import State

HARM_SHARE = 0.8
SEQUENCE_MIN = 3
PERIOD_DAYS = 30.0
PERSONS_OF_A_RATE = 10_000
RULE_REPORTS = 3


def sequences(town: KnownTown) -> Measured:
    """Measure how often people are reported again, and whether gravity changes."""
    rows = first_reports(town)
    people, number = np.unique(rows["person"], return_counts=True)
    yield "never_repeat", *share(number == 1)
    yield "people_reported", len(people) / town.parameters.town.persons, len(people)
    gains = []
    for person in people[number >= SEQUENCE_MIN].tolist():
        grade = rows["severity"][span_of(rows["person"], person)]
        gains.append(float(grade[len(grade) // 2 :].mean() - grade[: len(grade) // 2].mean()))
    if gains:
        yield "severity_later_minus_earlier", float(np.mean(gains)), len(gains)
        yield "severity_change_error", float(np.std(gains)) / sqrt(len(gains)), len(gains)


def harm(town: KnownTown) -> Measured:
    """Measure severe harm of the untreated world."""
    persons, harms = town.parameters.town.persons, town.harms
    each = np.sort(np.bincount(harms.person, minlength=persons))[::-1]
    needed = int((np.cumsum(each) < HARM_SHARE * each.sum()).sum()) + 1
    yield "people_with_80_percent_of_harm", needed / persons, len(harms.at)
    rows = first_reports(town)
    first = np.full(persons, np.inf)
    np.minimum.at(first, rows["person"], days_of(town, rows["ingest_us"]))
    yield "cold_start", *share(first[harms.person] >= harms.at)
    stable = town.hidden.paths.state_at(harms.person, harms.at) == State.STABLE
    yield "harm_out_of_stable", *share(stable)
    years = person_years(town)
    yield "harms_per_1000_person_years", len(harms.at) / years * 1000, len(harms.at)


def told(town: KnownTown) -> Measured:
    """Measure how much is told before the drift, by group; and whether groups differ in harm."""
    matters, treated = town.matters, town.treated
    early = treated.alive & (matters.at < town.parameters.drift_day())
    ordinary = early & (matters.severity < SEVERE)
    reported = treated.telling == REPORTED
    group = town.hidden.group[matters.person]
    yield "told", *share(reported[ordinary])
    for number, of in enumerate(town.parameters.groups):
        yield f"told_of_group_{of.name}", *share(reported[ordinary & (group == number)])
    yield "severe_told", *share(reported[early & (matters.severity >= SEVERE)])
    years = person_years(town)
    for number, of in enumerate(town.parameters.groups):
        own = town.hidden.group == number
        harmed = np.isin(town.harms.person, np.flatnonzero(own))
        rate = harmed.sum() / (years * own.mean()) * 1000
        yield f"harms_per_1000_person_years_of_group_{of.name}", float(rate), int(harmed.sum())


def helped(town: KnownTown) -> Measured:
    """Measure the alerts of the rule inside and what help averts."""
    policy, treated = town.parameters.policy, town.treated
    periods = town.parameters.town.days / PERIOD_DAYS
    ten_thousands = town.parameters.town.persons / PERSONS_OF_A_RATE
    alerts = len(treated.alerts)
    yield "alerts_per_10000_persons_30_days", alerts / periods / ten_thousands, alerts
    covered = np.zeros(len(town.harms.at), dtype=np.bool_)
    for alert in treated.alerts:
        own = span_of(town.harms.person, alert.person)
        since = town.harms.at[own] - alert.at - policy.starts_days
        covered[own] |= (since >= 0) & (since < policy.lasts_days)
    yield "harm_averted_while_helped", *share(~treated.happened[covered])
    yield "harm_averted", *share(~treated.happened)


def ranked(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve; ties count half. Not a number without both classes."""
    ordered = np.sort(score[~positive])
    above = score[positive]
    if not len(ordered) or not len(above):
        return float("nan")
    wins = np.searchsorted(ordered, above) + np.searchsorted(ordered, above, side="right")
    return float(wins.mean() / 2 / len(ordered))


def risk(town: KnownTown) -> Measured:
    """Measure, at each arrival of a report, the harm of the 30 days after it.

    The true hazard at that moment knows the hidden state, which nobody can: its ROC area lies above
    that of every filter.
    """
    rows = first_reports(town)
    at = days_of(town, rows["ingest_us"])
    seen = at < town.parameters.town.days - PERIOD_DAYS
    hazards, harmed, recent = [], [], []
    for person, now in zip(rows["person"][seen].tolist(), at[seen].tolist(), strict=True):
        moment = np.array([now])
        own = span_of(town.matters.person, person)
        everything = np.ones(own.stop - own.start, dtype=np.bool_)
        level = level_at(town.parameters, town.matters, own, everything, moment)
        hazards.append(own_hazard(town.parameters, town.hidden, person, moment, level)[0])
        since = town.harms.at[span_of(town.harms.person, person)] - now
        harmed.append(bool(((since > 0) & (since <= PERIOD_DAYS)).any()))
        arrived = now - at[span_of(rows["person"], person)]
        recent.append(int(((arrived >= 0) & (arrived <= PERIOD_DAYS)).sum()))
    outcome, often = np.array(harmed, dtype=np.bool_), np.array(recent) >= RULE_REPORTS
    periods = town.parameters.town.days / PERIOD_DAYS
    ten_thousands = town.parameters.town.persons / PERSONS_OF_A_RATE
    yield "harmed_within_30_days", *share(outcome)
    yield "roc_area_of_true_hazard", ranked(np.array(hazards), outcome), int(outcome.sum())
    yield "harmed_within_30_days_after_3_in_30", *share(outcome[often])
    yield "three_in_30_per_10000_persons_30_days", often.sum() / periods / ten_thousands, len(often)
