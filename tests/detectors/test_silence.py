"""Silence: judged by what was expected, bounded, and ended by one report."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.silence import EXPECTED_MAX, HOURS_MAX, Silence, Unanswered

expectations = st.lists(st.floats(0, 1e9), max_size=50)
waits = st.lists(st.tuples(st.floats(0, 1e9), st.booleans()), max_size=50)


def test_poisson_silence_is_as_likely_as_the_exponential_says() -> None:
    said = Silence(1e-4, spread=1.0).score([7.0])
    assert said.surprise == pytest.approx(7.0 / math.log(10))
    assert not said.alarm


@pytest.mark.parametrize("spread", [1.5, 3.0])
def test_clustered_silence_is_as_likely_as_counts_say(spread: float) -> None:
    mean = 4.0
    chance = np.random.default_rng(1).negative_binomial(mean / (spread - 1), 1 / spread, 200_000)
    said = Silence(0.01, spread).score([mean])
    assert 10**-said.surprise == pytest.approx(float((chance == 0).mean()), rel=0.05)


def test_a_feed_that_broke_down_is_noticed_after_a_few_hours_and_one_report_ends_it() -> None:
    silence = Silence(1e-4)
    span = silence.start()
    hours = 0
    while not silence.score(span).alarm:
        span = silence.after(span, 4.0, 0)
        hours += 1
    assert hours == 4  # 13.3 expected, at two thirds of a nat each
    assert silence.after(span, 4.0, 1) == silence.start()


@given(expected=expectations, more=st.floats(0, 1e9))
def test_longer_silence_is_never_less_surprising_and_stays_bounded(
    expected: list[float], more: float
) -> None:
    silence = Silence()
    span = silence.start()
    for part in expected:
        span = silence.after(span, part, 0)
    longer = silence.after(span, more, 0)
    assert silence.score(span).surprise <= silence.score(longer).surprise < math.inf
    assert len(longer) == 1
    assert longer[0] <= EXPECTED_MAX


def test_nothing_expected_is_no_surprise() -> None:
    assert Silence().score([0.0]).surprise == 0.0


@pytest.mark.parametrize(
    ("expected", "count"), [(-1.0, 0), (math.nan, 0), (math.inf, 0), (1.0, -1)]
)
def test_what_is_no_number_of_reports_is_refused(expected: float, count: int) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Silence().after([0.0], expected, count)


def test_a_request_that_waits_longer_than_others_did_is_noticed() -> None:
    unanswered = Unanswered(0.01)
    known = unanswered.start()
    for waited in np.random.default_rng(2).exponential(5.0, 200).tolist():
        known = unanswered.learn_one(known, waited, answered=True)
    assert not unanswered.score(known, 15.0).alarm
    assert unanswered.score(known, 40.0).alarm
    assert unanswered.score(known, 5.0).expected == pytest.approx(1.0, rel=0.2)


def test_the_chance_of_a_long_wait_is_what_it_says() -> None:
    """Of 20,000 requests answered as the others were, one in a hundred alarms at alpha 0.01."""
    rng = np.random.default_rng(3)
    unanswered = Unanswered(0.01)
    known = unanswered.start()
    for waited in rng.exponential(5.0, 500).tolist():
        known = unanswered.learn_one(known, waited, answered=True)
    said = [unanswered.score(known, waited).alarm for waited in rng.exponential(5.0, 20_000)]
    assert 0.005 < sum(said) / len(said) < 0.02


def test_requests_that_were_withdrawn_tell_that_answers_are_slow() -> None:
    unanswered = Unanswered()
    withdrawn = answered = unanswered.start()
    for _ in range(50):
        answered = unanswered.learn_one(answered, 10.0, answered=True)
        withdrawn = unanswered.learn_one(withdrawn, 10.0, answered=False)
    assert unanswered.score(withdrawn, 60.0).surprise < unanswered.score(answered, 60.0).surprise


@given(waits=waits, wait=st.floats(0, 1e9))
def test_what_is_known_of_answers_is_bounded(waits: list[tuple[float, bool]], wait: float) -> None:
    unanswered = Unanswered(memory_answers=20.0)
    known = unanswered.start()
    for waited, answered in waits:
        known = unanswered.learn_one(known, waited, answered=answered)
    assert len(known) == 2
    assert known[0] <= 20.0 * (1 + 1e-9)
    assert known[1] <= HOURS_MAX
    said = unanswered.score(known, wait)
    assert 0 <= said.surprise < math.inf
    assert said.surprise <= unanswered.score(known, wait + 1).surprise


@pytest.mark.parametrize("hours", [-1.0, math.nan, math.inf])
def test_hours_that_are_none_are_refused(hours: float) -> None:
    unanswered = Unanswered()
    with pytest.raises(ValueError, match="hours of waiting"):
        unanswered.score(unanswered.start(), hours)
    with pytest.raises(ValueError, match="hours of waiting"):
        unanswered.learn_one(unanswered.start(), hours, answered=True)


@pytest.mark.parametrize(
    ("of", "settings"),
    [
        (Silence, {"alpha": 0.0}),
        (Silence, {"spread": 0.9}),
        (Unanswered, {"alpha": 1.0}),
        (Unanswered, {"hours_prior": 0.0}),
        (Unanswered, {"answers_min": math.nan}),
        (Unanswered, {"memory_answers": 1.0}),
    ],
)
def test_a_setting_out_of_its_range_is_refused(of: Any, settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        of(**settings)
