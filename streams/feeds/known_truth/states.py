"""How each person's hidden course moves: the semi-Markov states, and blows of fate.

Rules: both are drawn before anything happens and do not depend on what happens; neither is ever in
an event. Stable lasts an exponential time that is shorter for people of a high rate, tense and
crisis gamma times; crisis is reached through tense only.
"""

import numpy as np

from schemas.closed import Closed
from streams.feeds.known_truth.parameters import Parameters
from streams.feeds.town_chance import Chance, Floats, Ints
from streams.feeds.town_config import DAYS_PER_YEAR
from streams.feeds.town_states import STAY_DAYS_MIN, Paths, State

_RELATIVE_MIN = 1e-9


class Blows(Closed, frozen=True):
    """All triggers of all people, ordered by person and start; days, one entry a trigger."""

    person: Ints
    start: Floats
    lasts: float
    active_max: int
    days: int

    def active(self, person: Ints, at: Floats) -> Ints:
        """Return how many triggers each person has at each time, at most `active_max`.

        `at` lies between 0 and `days`.
        """
        width = self.days + self.lasts + 1.0
        begun = np.searchsorted(self.person * width + self.start, person * width + at, side="right")
        ended = np.searchsorted(
            self.person * width + self.start + self.lasts, person * width + at, side="right"
        )
        return np.asarray(np.minimum(begun - ended, self.active_max), dtype=np.int64)


def draw_blows(parameters: Parameters, chance: Chance) -> Blows:
    """Draw the triggers of every person; those from before the town's start are left out."""
    size, triggers = parameters.town, parameters.triggers
    number = chance.poisson(triggers.per_year * size.days / DAYS_PER_YEAR, size.persons)
    person = np.repeat(np.arange(size.persons), number)
    start = chance.random(len(person)) * size.days
    order = np.lexsort((start, person))
    return Blows(
        person=person,
        start=start[order],
        lasts=triggers.days,
        active_max=triggers.active_max,
        days=size.days,
    )


def leaving_rate(parameters: Parameters, rate: Floats) -> Floats:
    """Return how often a day people of some personal rates (a year) leave the stable state."""
    states = parameters.states
    relative = np.maximum(rate / parameters.rate.per_year, _RELATIVE_MIN)
    return np.asarray(states.tense_per_year / DAYS_PER_YEAR * relative**states.rate_power)


def _stay(parameters: Parameters, state: Ints, rate: Floats, chance: Chance) -> Floats:
    states, size = parameters.states, len(state)
    stable = chance.exponential(1.0, size) / leaving_rate(parameters, rate)
    mean = np.where(state == State.CRISIS, states.crisis_days, states.tense_days)
    strained = chance.gamma(states.dwell_shape, 1 / states.dwell_shape, size) * mean
    return np.maximum(np.where(state == State.STABLE, stable, strained), STAY_DAYS_MIN)


def _next(parameters: Parameters, state: Ints, chance: Chance) -> Ints:
    states, drawn = parameters.states, chance.random(len(state))
    from_tense = np.where(drawn < states.tense_to_crisis, State.CRISIS, State.STABLE)
    from_crisis = np.where(drawn < states.crisis_to_tense, State.TENSE, State.STABLE)
    strained = np.where(state == State.TENSE, from_tense, from_crisis)
    return np.where(state == State.STABLE, State.TENSE, strained).astype(np.int64)


def walk(parameters: Parameters, rate: Floats, chance: Chance) -> Paths:
    """Draw the path of every person; at most days / STAY_DAYS_MIN rounds, one a stay."""
    days = parameters.town.days
    person, start = np.arange(len(rate)), np.zeros(len(rate))
    tense = chance.random(len(rate)) < parameters.states.starts_tense
    state = np.where(tense, State.TENSE, State.STABLE).astype(np.int64)
    stays: list[tuple[Ints, Floats, Floats, Ints]] = []
    while len(person):
        end = start + _stay(parameters, state, rate[person], chance)
        stays.append((person, start, np.minimum(end, days), state))
        after = _next(parameters, state, chance)
        within = end < days
        person, start, state = person[within], end[within], after[within]
    people, starts, ends, states = (np.concatenate(column) for column in zip(*stays, strict=True))
    order = np.lexsort((starts, people))
    return Paths(
        person=people[order],
        start=starts[order],
        end=ends[order],
        state=states[order],
        days=days,
    )
