"""How each person's hidden state moves: stable, tense, crisis, and how long each lasts.

Rules: a semi-Markov path; stable lasts an exponential time that is shorter for people of a high
rate, tense and crisis last gamma times (shape 2), crisis is reached through tense only. A state is
never in an event; it is in the truth. Times are days since the town's start.
"""

from enum import IntEnum

import numpy as np

from schemas.closed import Closed
from streams.feeds.town_chance import Chance, Floats, Ints
from streams.feeds.town_config import DAYS_PER_YEAR, TownConfig

TENSE_DAYS = 40.0
CRISIS_DAYS = 12.0
STAY_DAYS_MIN = 0.05
TENSE_TO_CRISIS = 0.25
CRISIS_TO_TENSE = 0.7
STARTS_TENSE = 0.04
STARTS_TENSE_MAX = 0.5
_RATE_MIN = 1e-6


class State(IntEnum):
    """How things stand with a person, unknown to everybody."""

    STABLE = 0
    TENSE = 1
    CRISIS = 2


class Paths(Closed, frozen=True):
    """All stays of all people, ordered by person and start; one entry a stay in every array.

    `start` and `end` are days, `end` is at most `days`; each person's first stay starts at 0.
    """

    person: Ints
    start: Floats
    end: Floats
    state: Ints
    days: int

    def state_at(self, person: Ints, at: Floats) -> Ints:
        """Return the state of each person at each time (days within the town's span)."""
        width = self.days + 1.0
        stays = self.person * width + self.start
        found = np.searchsorted(stays, person * width + at, side="right") - 1
        return np.asarray(self.state[found], dtype=np.int64)


def _stay(config: TownConfig, state: Ints, rate: Floats, chance: Chance) -> Floats:
    size = len(state)
    to_tension = DAYS_PER_YEAR / (max(config.tension, _RATE_MIN) * np.maximum(rate, _RATE_MIN))
    stable = chance.exponential(1.0, size) * to_tension
    strained = chance.gamma(2.0, 0.5, size) * np.where(
        state == State.CRISIS, CRISIS_DAYS, TENSE_DAYS
    )
    stay = np.where(state == State.STABLE, stable, strained)
    return np.asarray(np.maximum(stay, STAY_DAYS_MIN), dtype=np.float64)


def _next(state: Ints, chance: Chance) -> Ints:
    drawn = chance.random(len(state))
    from_tense = np.where(drawn < TENSE_TO_CRISIS, State.CRISIS, State.STABLE)
    from_crisis = np.where(drawn < CRISIS_TO_TENSE, State.TENSE, State.STABLE)
    strained = np.where(state == State.TENSE, from_tense, from_crisis)
    return np.where(state == State.STABLE, State.TENSE, strained).astype(np.int64)


def _first(rate: Floats, chance: Chance) -> Ints:
    tense = chance.random(len(rate)) < np.minimum(STARTS_TENSE_MAX, STARTS_TENSE * rate)
    return np.where(tense, State.TENSE, State.STABLE).astype(np.int64)


def walk_states(config: TownConfig, rate: Floats, chance: Chance) -> Paths:
    """Draw the path of every person; `rate` has one entry a person.

    Goes round once a stay, for all people still within the span at once: at most
    days / STAY_DAYS_MIN rounds.
    """
    person = np.arange(len(rate))
    start = np.zeros(len(rate))
    state = _first(rate, chance)
    stays: list[tuple[Ints, Floats, Floats, Ints]] = []
    while len(person):
        end = start + _stay(config, state, rate[person], chance)
        stays.append((person, start, np.minimum(end, config.days), state))
        after = _next(state, chance)
        within = end < config.days
        person, start, state = person[within], end[within], after[within]
    people, starts, ends, states = (np.concatenate(column) for column in zip(*stays, strict=True))
    order = np.lexsort((starts, people))
    return Paths(
        person=people[order],
        start=starts[order],
        end=ends[order],
        state=states[order],
        days=config.days,
    )
