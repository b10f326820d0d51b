"""FOCuS against the search over all onsets that it stands for."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.focus import STRETCHES_MAX, Focus, Stretch, evidence, extended

some_days = st.lists(
    st.builds(Stretch, st.integers(0, 12).map(float), st.floats(0.3, 6.0)), min_size=1, max_size=60
)


def searched(days: list[Stretch], rise_min: float) -> float:
    """The greatest log-likelihood ratio over every onset, each factor `rise_min` or more."""
    most = cases = usual = 0.0
    for day in reversed(days):
        cases, usual = cases + day.cases, usual + day.usual
        rise = max(cases / usual, rise_min)
        most = max(most, cases * math.log(rise) - (rise - 1) * usual)
    return most


@given(days=some_days, rise_min=st.sampled_from([1.0001, 1.25, 2.0]))
def test_a_few_onsets_are_as_good_as_all(days: list[Stretch], rise_min: float) -> None:
    stretches: list[Stretch] = []
    for number, day in enumerate(days, start=1):
        stretches = extended(stretches, day, rise_min)
        if len(stretches) < STRETCHES_MAX:
            expected = searched(days[:number], rise_min)
            assert evidence(stretches, rise_min) == pytest.approx(expected, abs=1e-9)


@given(days=some_days)
def test_the_excess_of_stretches_rises_and_their_number_is_bounded(days: list[Stretch]) -> None:
    stretches: list[Stretch] = []
    for day in days:
        stretches = extended(stretches, day, 1.25)
        excess = [stretch.cases / stretch.usual for stretch in stretches]
        assert excess == sorted(excess)
        assert len(stretches) <= STRETCHES_MAX


def test_a_rise_that_grows_for_ever_keeps_twelve_stretches_and_its_evidence() -> None:
    days = [Stretch(2.0 + number, 1.0) for number in range(40)]
    stretches: list[Stretch] = []
    for day in days:
        stretches = extended(stretches, day, 1.25)
    assert len(stretches) == STRETCHES_MAX
    assert evidence(stretches, 1.25) > 0.9 * searched(days, 1.25)


@pytest.mark.parametrize("rise_min", [1.0, 0.5, math.nan, math.inf])
def test_a_rise_of_nothing_is_refused(rise_min: float) -> None:
    with pytest.raises(ValueError, match="rise_min"):
        Focus(0.01, rise_min=rise_min)
