"""The formulas of the frozen model hold, and what is simulated obeys them."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.feeds.known_truth.course import (
    NO_HARM,
    hazard_of,
    level_at,
    own_hazard,
    span_of,
)
from streams.feeds.known_truth.frozen import frozen_parameters, sized
from streams.feeds.known_truth.model import (
    alphas,
    discovery,
    excitation_level,
    excitations,
    harm_hazard,
    late_sigma,
    offspring_of,
    report_rate,
)
from streams.feeds.known_truth.parameters import Parameters
from streams.feeds.known_truth.town import KnownTown, simulate
from streams.feeds.town_chance import Floats

NOON = 0.5


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    return frozen_parameters()


def _busy(parameters: Parameters) -> Parameters:
    """The same model with ten times the matters and harm, so that few people show much."""
    rate = msgspec.structs.replace(parameters.rate, per_year=parameters.rate.per_year * 10)
    harm = msgspec.structs.replace(parameters.harm, per_year=parameters.harm.per_year * 10)
    return msgspec.structs.replace(parameters, rate=rate, harm=harm)


@pytest.fixture(scope="module")
def busy(parameters: Parameters) -> KnownTown:
    return simulate(sized(_busy(parameters), 1_500, 700), seed=3)


def test_what_a_matter_calls_forth_is_the_area_under_its_rate(parameters: Parameters) -> None:
    severity = np.array([1, 2, 3, 4])
    taus = np.asarray(parameters.excitation.delays_days)
    area = severity**parameters.excitation.eta * float(np.asarray(alphas(parameters)) @ taus)
    assert area == pytest.approx(offspring_of(parameters, severity))
    weights = np.asarray(parameters.severity.ordinary)
    mean = float(offspring_of(parameters, np.array([1, 2])) @ weights)
    assert mean == pytest.approx(parameters.excitation.branching)


@given(gap=st.floats(0.001, 200), severity=st.integers(1, 4))
def test_excitation_decays_and_never_passes_its_cap(
    parameters: Parameters, gap: float, severity: int
) -> None:
    past, grade = np.zeros(1), np.array([severity])
    sums = excitations(parameters.excitation, np.array([gap, gap + 1.0]), past, grade)
    assert (sums[:, 1] < sums[:, 0]).all()
    many = excitations(parameters.excitation, np.array([gap]), np.zeros(50), np.full(50, severity))
    assert excitation_level(parameters, many)[0] <= parameters.harm.excitation_max


def test_a_matter_does_not_excite_itself_or_the_past(parameters: Parameters) -> None:
    sums = excitations(parameters.excitation, np.array([1.0, 2.0]), np.array([2.0]), np.array([3]))
    assert (sums == 0).all()


@given(state=st.integers(0, 1), triggers=st.integers(0, 1), level=st.floats(0, 2))
def test_danger_grows_with_state_triggers_and_excitation(
    parameters: Parameters, state: int, triggers: int, level: float
) -> None:
    at = np.zeros(1)

    def hazard(more_state: int, more_triggers: int, more_level: float) -> float:
        return float(
            harm_hazard(
                parameters,
                np.array([state + more_state]),
                np.array([triggers + more_triggers]),
                np.array([level + more_level]),
                at,
            )[0]
        )

    usual = hazard(0, 0, 0.0)
    assert min(hazard(1, 0, 0.0), hazard(0, 1, 0.0), hazard(0, 0, 0.1)) > usual > 0


def test_the_lognormal_has_the_wanted_tail(parameters: Parameters) -> None:
    drawn = np.random.Generator(np.random.PCG64(1)).standard_normal(200_000)
    hours = parameters.observation.late_median_hours * np.exp(late_sigma(parameters) * drawn)
    assert float((hours > 7 * 24).mean()) == pytest.approx(0.05, abs=0.002)


def test_more_visits_discover_more(parameters: Parameters) -> None:
    chances = [discovery(parameters, visits) for visits in range(20)]
    assert chances == sorted(chances)
    assert 0 < chances[0] < chances[-1] < 1


@given(person=st.integers(0, 1_499), at=st.floats(0, 699.9))
@settings(max_examples=50)
def test_one_persons_hazard_is_that_of_the_whole_town(
    busy: KnownTown, person: int, at: float
) -> None:
    when, level = np.array([at]), np.array([0.7])
    alone = own_hazard(busy.parameters, busy.hidden, person, when, level)
    among = hazard_of(busy.parameters, busy.hidden, np.array([person]), when, level)
    assert alone == pytest.approx(among)


def test_as_much_happens_as_the_hazard_and_the_rate_say(busy: KnownTown) -> None:
    """The compensator of a point process: expected minus counted is noise of known size."""
    parameters = busy.parameters
    at: Floats = np.arange(parameters.town.days, dtype=np.float64) + NOON
    harm = matters = 0.0
    for person in range(parameters.town.persons):
        own = span_of(busy.matters.person, person)
        everything = np.ones(own.stop - own.start, dtype=np.bool_)
        level = level_at(parameters, busy.matters, own, everything, at)
        harm += float(own_hazard(parameters, busy.hidden, person, at, level).sum())
        past, severity = busy.matters.at[own], busy.matters.severity[own]
        sums = excitations(parameters.excitation, at, past, severity)
        state = busy.hidden.paths.state_at(np.full(len(at), person), at)
        rate = np.full(len(at), busy.hidden.rate[person])
        matters += float(report_rate(parameters, rate, state, at, sums).sum())
    counted = int((busy.matters.harm == NO_HARM).sum())
    assert len(busy.harms.at) > 300
    assert abs(len(busy.harms.at) - harm) < 4 * harm**0.5 + 0.02 * harm
    assert abs(counted - matters) < 4 * matters**0.5 + 0.02 * matters
