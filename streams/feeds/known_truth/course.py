"""What would happen if nobody were ever helped: matters and severe harm of every person.

Rules: matters come in cluster form, so each knows the harm it descends from, if any. Candidates for
harm are points of one Poisson process whose height lies above every hazard that can be; a world
takes those whose own number (`draw`) lies below its hazard. The treated world (`treated`) asks the
same points, so its harms are a part of the untreated ones, and both share every random number.

Sources: A. G. Hawkes and D. Oakes, J. Appl. Prob. 11 (1974); P. A. W. Lewis and G. S. Shedler,
"Simulation of nonhomogeneous Poisson processes by thinning", Naval Res. Logistics 26 (1979).
"""

import numpy as np
from numpy.typing import NDArray

from schemas.closed import Closed
from streams.feeds.known_truth.model import (
    excitation_level,
    excitations,
    harm_hazard,
    offspring_of,
    season_at,
)
from streams.feeds.known_truth.parameters import Parameters
from streams.feeds.known_truth.states import Blows
from streams.feeds.town_chance import Chance, Floats, Ints, choose
from streams.feeds.town_config import DAYS_PER_YEAR
from streams.feeds.town_states import Paths

GENERATIONS_MAX = 60
SEVERE = 3
NO_HARM = -1


class Hidden(Closed, frozen=True):
    """The hidden course of all people: `rate` is mu (a year), `group` a position in the file."""

    rate: Floats
    group: Ints
    paths: Paths
    blows: Blows


class Matters(Closed, frozen=True):
    """True matters, told or not, ordered by person and time; one entry a matter in each array.

    `root` is the harm (position in `Harms`) that a matter is or descends from, else NO_HARM;
    `harm` is the same for the harm itself, else NO_HARM.
    """

    person: Ints
    at: Floats
    severity: Ints
    root: Ints
    harm: Ints


class Harms(Closed, frozen=True):
    """Severe harms of the untreated world, ordered by person and time.

    `draw` is the number that the hazard (per day) has to exceed for the harm to happen.
    """

    person: Ints
    at: Floats
    severity: Ints
    draw: Floats


def _roots(parameters: Parameters, hidden: Hidden, chance: Chance) -> tuple[Ints, Floats]:
    """Draw the matters that nothing called forth."""
    paths, most = hidden.paths, 1 + parameters.season.swing
    z = np.asarray(parameters.states.z)[paths.state]
    a_day = hidden.rate[paths.person] / DAYS_PER_YEAR * np.exp(z) * most
    stay = np.repeat(np.arange(len(a_day)), chance.poisson(a_day * (paths.end - paths.start)))
    at = paths.start[stay] + chance.random(len(stay)) * (paths.end - paths.start)[stay]
    kept = chance.random(len(stay)) * most < season_at(parameters, at)
    return paths.person[stay][kept], at[kept]


def _candidates(parameters: Parameters, hidden: Hidden, chance: Chance) -> tuple[Harms, Floats]:
    """Draw the points below the greatest hazard; also return the height they were drawn under."""
    paths, harm, drift = hidden.paths, parameters.harm, parameters.drift
    by_trigger = max(harm.trigger_weight, drift.trigger_weight) * parameters.triggers.active_max
    z = np.asarray(parameters.states.z)[paths.state]
    height = (
        harm.per_year
        / DAYS_PER_YEAR
        * max(1.0, drift.harm_factor)
        * np.exp(harm.state_weight * z + by_trigger + harm.excitation_weight * harm.excitation_max)
    )
    stay = np.repeat(np.arange(len(z)), chance.poisson(height * (paths.end - paths.start)))
    at = paths.start[stay] + chance.random(len(stay)) * (paths.end - paths.start)[stay]
    order = np.lexsort((at, paths.person[stay]))
    gravest = chance.random(len(stay)) < parameters.severity.gravest
    draw = chance.random(len(stay)) * height[stay]
    return (
        Harms(
            person=paths.person[stay][order],
            at=at[order],
            severity=np.where(gravest, SEVERE + 1, SEVERE),
            draw=draw[order],
        ),
        height[stay][order],
    )


def hazard_of(
    parameters: Parameters, hidden: Hidden, person: Ints, at: Floats, level: Floats
) -> Floats:
    """Return the untreated hazard (per day) of people at times, given their excitation."""
    state = hidden.paths.state_at(person, at)
    return harm_hazard(parameters, state, hidden.blows.active(person, at), level, at)


def own_hazard(
    parameters: Parameters, hidden: Hidden, person: int, at: Floats, level: Floats
) -> Floats:
    """Return what `hazard_of` returns, of one person, in time that does not grow with people."""
    paths, blows = hidden.paths, hidden.blows
    stays = span_of(paths.person, person)
    state = paths.state[stays][np.searchsorted(paths.start[stays], at, side="right") - 1]
    start = blows.start[span_of(blows.person, person)]
    begun = np.searchsorted(start, at, side="right")
    active = begun - np.searchsorted(start + blows.lasts, at, side="right")
    triggers = np.minimum(active, blows.active_max)
    return harm_hazard(parameters, state, triggers, level, at)


def span_of(people: Ints, person: int) -> slice:
    """Return where one person's entries stand in an array of people in order."""
    return slice(
        int(np.searchsorted(people, person)), int(np.searchsorted(people, person, side="right"))
    )


def chosen(harms: Harms, which: NDArray[np.bool_] | Ints) -> Harms:
    """Return some of the harms."""
    return Harms(
        person=harms.person[which],
        at=harms.at[which],
        severity=harms.severity[which],
        draw=harms.draw[which],
    )


def _possible(parameters: Parameters, hidden: Hidden, harms: Harms) -> Harms:
    """Return the candidates that the greatest excitation could make happen."""
    level = np.full(len(harms.at), parameters.harm.excitation_max)
    return chosen(harms, harms.draw < hazard_of(parameters, hidden, harms.person, harms.at, level))


def _in_order(columns: tuple[NDArray[np.generic], ...]) -> Matters:
    person, at, severity, root, harm = columns
    order = np.lexsort((harm, at, person))
    return Matters(
        person=np.asarray(person[order], dtype=np.int64),
        at=np.asarray(at[order], dtype=np.float64),
        severity=np.asarray(severity[order], dtype=np.int64),
        root=np.asarray(root[order], dtype=np.int64),
        harm=np.asarray(harm[order], dtype=np.int64),
    )


def _descend(parameters: Parameters, first: Matters, chance: Chance) -> Matters:
    """Add what each matter calls forth, generation by generation, within the span.

    GENERATIONS_MAX bounds the rounds; with a branching of one half at most, fewer than one matter
    in 10**12 would come later.
    """
    excitation, days = parameters.excitation, parameters.town.days
    found = [(first.person, first.at, first.severity, first.root, first.harm)]
    person, at, severity, root = first.person, first.at, first.severity, first.root
    for _ in range(GENERATIONS_MAX):
        parent = np.repeat(np.arange(len(at)), chance.poisson(offspring_of(parameters, severity)))
        delay = np.asarray(excitation.delays_days)[
            choose(chance, excitation.delay_shares, len(parent))
        ]
        then = at[parent] + chance.exponential(1.0, len(parent)) * delay
        parent, then = parent[then < days], then[then < days]
        if not len(parent):
            break
        person, root, at = person[parent], root[parent], then
        severity = 1 + choose(chance, parameters.severity.ordinary, len(parent))
        found.append((person, at, severity, root, np.full(len(at), NO_HARM)))
    return _in_order(tuple(np.concatenate(column) for column in zip(*found, strict=True)))


def _drawn_matters(parameters: Parameters, hidden: Hidden, harms: Harms, chance: Chance) -> Matters:
    """Draw the clusters of the roots and of every possible harm."""
    person, at = _roots(parameters, hidden, chance)
    none, number = np.full(len(at), NO_HARM), np.arange(len(harms.at))
    severity = 1 + choose(chance, parameters.severity.ordinary, len(at))
    return _descend(
        parameters,
        _in_order((
            np.concatenate([person, harms.person]),
            np.concatenate([at, harms.at]),
            np.concatenate([severity, harms.severity]),
            np.concatenate([none, number]),
            np.concatenate([none, number]),
        )),
        chance,
    )  # fmt: skip


def level_at(
    parameters: Parameters, matters: Matters, own: slice, alive: NDArray[np.bool_], at: Floats
) -> Floats:
    """Return one person's excitation at some times, from the matters that are alive."""
    past, severity = matters.at[own][alive], matters.severity[own][alive]
    sums = excitations(parameters.excitation, at, past, severity)
    return excitation_level(parameters, sums)


def _happened(
    parameters: Parameters, hidden: Hidden, harms: Harms, matters: Matters
) -> NDArray[np.bool_]:
    """Say which possible harms happen in the untreated world, one person at a time."""
    happened = np.zeros(len(harms.at), dtype=np.bool_)
    for person in np.unique(harms.person).tolist():
        own = span_of(matters.person, person)
        root = matters.root[own]
        for number in range(*span_of(harms.person, person).indices(len(harms.at))):
            alive = (root == NO_HARM) | happened[root]
            at = harms.at[number : number + 1]
            level = level_at(parameters, matters, own, alive, at)
            hazard = own_hazard(parameters, hidden, person, at, level)
            happened[number] = harms.draw[number] < hazard[0]
    return happened


def draw_course(parameters: Parameters, hidden: Hidden, chance: Chance) -> tuple[Matters, Harms]:
    """Draw every matter and every severe harm of the untreated world."""
    of_harm, of_matters = chance.spawn(2)
    candidates, _ = _candidates(parameters, hidden, of_harm)
    possible = _possible(parameters, hidden, candidates)
    matters = _drawn_matters(parameters, hidden, possible, of_matters)
    happened = _happened(parameters, hidden, possible, matters)
    number = np.where(happened, np.cumsum(happened) - 1, NO_HARM)
    alive = (matters.root == NO_HARM) | happened[matters.root]
    renumbered = [
        np.where(column[alive] == NO_HARM, NO_HARM, number[column[alive]])
        for column in (matters.root, matters.harm)
    ]
    kept = Matters(
        person=matters.person[alive],
        at=matters.at[alive],
        severity=matters.severity[alive],
        root=renumbered[0],
        harm=renumbered[1],
    )
    return kept, chosen(possible, happened)
