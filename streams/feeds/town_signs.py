"""Which signs of danger are told with which matter, and how that grows with the hidden state.

Rules: each pair of kind and sign has its own probability in crisis; tense has a third of it, stable
a tenth. A sign that is there is told only with the probability the config gives. The gravest
signs are rare, because a rule floor answers them with a red alert.
"""

import numpy as np

from schemas.taxonomy import Kind, Sign, members_of
from streams.feeds.town_chance import Chance, Ints
from streams.feeds.town_rows import code

OF_STATE = np.array([0.1, 0.33, 1.0])
IN_CRISIS: dict[Kind, dict[Sign, float]] = {
    Kind.DOMESTIC_VIOLENCE: {
        Sign.INJURY: 0.4,
        Sign.STRANGULATION: 0.06,
        Sign.WEAPON: 0.08,
        Sign.THREAT_TO_KILL: 0.15,
        Sign.CHILD_PRESENT: 0.45,
        Sign.PREGNANCY: 0.06,
        Sign.RECENT_SEPARATION: 0.35,
        Sign.ISOLATION: 0.25,
        Sign.HELP_REFUSED: 0.15,
    },
    Kind.FAMILY_DISPUTE: {
        Sign.INJURY: 0.1,
        Sign.THREAT_TO_KILL: 0.05,
        Sign.CHILD_PRESENT: 0.3,
        Sign.RECENT_SEPARATION: 0.4,
        Sign.HELP_REFUSED: 0.1,
    },
    Kind.MENTAL_HEALTH_CRISIS: {
        Sign.SELF_HARM_WORDS: 0.4,
        Sign.ISOLATION: 0.4,
        Sign.HELP_REFUSED: 0.25,
        Sign.HAZARD_AT_HOME: 0.1,
        Sign.WEAPON: 0.02,
    },
    Kind.SELF_HARM: {Sign.SELF_HARM_WORDS: 0.7, Sign.INJURY: 0.35, Sign.ISOLATION: 0.4},
    Kind.CHILD_OR_ELDER_NEGLECT: {
        Sign.NO_FOOD_OR_HEAT: 0.4,
        Sign.ISOLATION: 0.35,
        Sign.HAZARD_AT_HOME: 0.3,
        Sign.CHILD_PRESENT: 0.4,
    },
    Kind.MISSING_PERSON: {Sign.SELF_HARM_WORDS: 0.15, Sign.ISOLATION: 0.25},
    Kind.VULNERABLE_CARE: {
        Sign.ISOLATION: 0.4,
        Sign.NO_FOOD_OR_HEAT: 0.2,
        Sign.HAZARD_AT_HOME: 0.25,
        Sign.HELP_REFUSED: 0.1,
    },
    Kind.ACCIDENT: {Sign.INJURY: 0.4},
    Kind.FIRE_GAS_HAZARD: {Sign.HAZARD_AT_HOME: 0.5},
    Kind.NATURAL_HAZARD: {Sign.HAZARD_AT_HOME: 0.2},
}


def _table() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    table = np.zeros((len(members_of(Kind)), len(members_of(Sign))))
    for kind, signs in IN_CRISIS.items():
        for sign, probability in signs.items():
            table[code(kind), code(sign)] = probability
    return table


TABLE = _table()


def draw_signs(chance: Chance, kind: Ints, strain: Ints, seen: float) -> Ints:
    """Draw a mask of signs for each matter.

    `kind` holds codes, `strain` states (0 to 2); `seen` is the probability that a sign is told.
    Bit n of a mask is the n-th member of `Sign`.
    """
    probability = TABLE[kind] * OF_STATE[strain][:, None] * seen
    told = chance.random(probability.shape) < probability
    bits = 1 << np.arange(TABLE.shape[1])
    return np.asarray((told * bits).sum(axis=1), dtype=np.int64)
