"""The discounted gamma-Poisson level: its tail, what it learns, its false alarms and its speed."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.base import AreaDetector, AreaScore, Memory, Past
from detectors.ears import Ears, Method
from detectors.gamma_poisson import GammaPoisson

FIRST_DAY = 740_000
PAST_DAYS = 14
WEEK = np.array([1.3, 1.2, 1.2, 1.1, 1.0, 0.7, 0.5])
PRIOR_DISPERSION = 0.1


def simulate(
    rng: np.random.Generator,
    mean: float,
    dispersion: float,
    days: int,
    rise_from: int | None = None,
) -> list[int]:
    """Negative-binomial counts with a weekly pattern, doubled from a day on."""
    means = mean * WEEK[(FIRST_DAY + np.arange(days)) % 7]
    if rise_from is not None:
        means[rise_from:] *= 2
    if dispersion:
        means = means * rng.gamma(1 / dispersion, dispersion, days)
    counts: list[int] = rng.poisson(means).tolist()
    return counts


def alarm_days(detector: AreaDetector, counts: Sequence[int]) -> list[int]:
    """The positions at which the detector alarms, each judged before it is learned."""
    memory, alarms = detector.start(), []
    for day, count in enumerate(counts):
        past = Past(FIRST_DAY + day, counts[max(0, day - PAST_DAYS) : day])
        limit = detector.limit_one(memory, past)
        if limit is not None and count >= limit:
            alarms.append(day)
        memory = detector.learn_one(memory, past, count)
    return alarms


def learn(counts: Sequence[int]) -> Memory:
    """What the default detector remembers after a series."""
    detector = GammaPoisson(0.01)
    memory = detector.start()
    for day, count in enumerate(counts):
        memory = detector.learn_one(memory, Past(FIRST_DAY + day, ()), count)
    return memory


def score(memory: Memory, count: int, day: int = FIRST_DAY) -> AreaScore:
    """What the default detector says of `count`; it must say something."""
    said = GammaPoisson(0.01).score_one(memory, Past(day, ()), count)
    assert said is not None
    return said


def belief(shape: float, rate: float) -> Memory:
    """A memory that knows a level and nothing of weekdays or dispersion."""
    return [14.0, shape, rate] + [0.0] * 16


def probabilities(mean: float, size: float, length: int) -> NDArray[np.float64]:
    """Negative-binomial probabilities of 0 to length - 1, as textbooks write them."""
    ways = [math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1.0) for k in range(length)]
    failure, success = math.log(size / (size + mean)), math.log(mean / (size + mean))
    return np.exp(np.array(ways) + size * failure + np.arange(length) * success)


@pytest.mark.parametrize("shape", [0.5, 4.0, 40.0, 4_000.0])
@pytest.mark.parametrize("mean", [0.02, 0.7, 6.0, 80.0])
def test_the_statistic_is_the_surprise_of_the_predicted_tail(shape: float, mean: float) -> None:
    size = 1 / (PRIOR_DISPERSION + 1 / shape)
    chances = probabilities(mean, size, 6_000)
    memory = belief(shape, shape / mean)
    assert score(memory, 0).threshold == pytest.approx(2.0)
    for count in (0, 1, 2, 3, 5, 10, int(mean), int(mean) + 1, int(3 * mean) + 1):
        said = score(memory, count)
        assert said.expected == pytest.approx(mean)
        assert said.statistic == pytest.approx(-math.log10(chances[count:].sum()), abs=1e-8)


@pytest.mark.parametrize("alpha", [0.9, 0.5, 0.01, 1e-6])
@pytest.mark.parametrize("mean", [0.02, 0.7, 6.0, 80.0])
def test_the_limit_is_the_first_count_rarer_than_alpha(alpha: float, mean: float) -> None:
    tails = probabilities(mean, 1 / (PRIOR_DISPERSION + 1 / 40), 6_000)[::-1].cumsum()[::-1]
    limit = GammaPoisson(alpha).limit_one(belief(40.0, 40 / mean), Past(FIRST_DAY, ()))
    assert limit == int(np.argmax(tails < alpha))


def test_the_rarest_counts_still_have_a_finite_surprise_that_grows() -> None:
    memory = belief(40.0, 40.0)
    surprises = [score(memory, count).statistic for count in (10**3, 10**4, 10**5, 10**6)]
    assert surprises == sorted(surprises)
    assert all(map(math.isfinite, surprises))
    assert surprises[0] > 300


def test_it_speaks_after_a_fortnight() -> None:
    detector = GammaPoisson(0.01)
    assert detector.limit_one(learn([3] * 13), Past(FIRST_DAY + 13, ())) is None
    assert detector.limit_one(learn([3] * 14), Past(FIRST_DAY + 14, ())) is not None


def test_the_prediction_of_a_constant_series_is_that_count() -> None:
    assert score(learn([6] * 400), 6).expected == pytest.approx(6, rel=0.02)


def test_each_day_of_the_week_has_its_own_prediction() -> None:
    counts = [(10, 12, 8, 10, 10, 3, 0)[(FIRST_DAY + day) % 7] for day in range(700)]
    memory = learn(counts)
    predicted = {
        (FIRST_DAY + day) % 7: score(memory, 0, FIRST_DAY + day).expected for day in range(7)
    }
    for weekday, usual in enumerate((10, 12, 8, 10, 10, 3, 0)):
        assert predicted[weekday] == pytest.approx(usual, abs=0.8)


def test_the_level_follows_a_lasting_change() -> None:
    after_a_month, after_a_year = learn([4] * 100 + [8] * 30), learn([4] * 100 + [8] * 365)
    assert 5 < score(after_a_month, 0).expected < 8
    assert score(after_a_year, 0).expected == pytest.approx(8, rel=0.05)


def test_a_surge_teaches_no_more_than_its_cap() -> None:
    before = score(learn([4] * 100), 0).expected
    assert score(learn([4] * 100 + [10**6]), 0).expected < before + 0.4
    assert score(learn([4] * 100 + [10**6] * 7), 0).expected < 2 * before


def test_over_dispersed_counts_have_a_higher_limit() -> None:
    rng = np.random.default_rng(2)
    even, uneven = (learn(simulate(rng, 8, dispersion, 400)) for dispersion in (0.0, 0.6))
    detector, past = GammaPoisson(0.01), Past(FIRST_DAY, ())
    limits = [detector.limit_one(memory, past) for memory in (even, uneven)]
    assert limits[0] is not None
    assert limits[1] is not None
    assert limits[0] + 5 < limits[1]


def test_a_silent_year_leaves_a_level_above_nothing() -> None:
    said = score(learn([0] * 730), 1)
    assert 0.01 < said.expected < 0.02
    assert not said.alarm


@pytest.mark.parametrize("dispersion", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("mean", [0.2, 2.0, 20.0])
def test_false_alarms_are_about_alpha(mean: float, dispersion: float) -> None:
    """Seeded: 4,000 judged days a setting at alpha 0.01.

    Counts are whole, so the rate of a sparse series is below alpha (its limit is rounded up); an
    strongly over-dispersed one is up to twice alpha: dispersion and factors are estimated.
    """
    counts = simulate(np.random.default_rng(7), mean, dispersion, 4_100)
    rate = sum(day >= 100 for day in alarm_days(GammaPoisson(0.01), counts)) / 4_000
    assert (0.0005 if mean < 1 else 0.002) < rate < 0.02


@pytest.mark.parametrize(("mean", "dispersion"), [(5.0, 0.0), (5.0, 0.1), (10.0, 0.1)])
def test_a_doubling_is_found_sooner_than_by_c2_at_no_more_false_alarms(
    mean: float, dispersion: float
) -> None:
    """Seeded: 60 series, a doubling after day 160, a miss counts as 14 days.

    EARS raises several times its nominal rate, so equal nominal rates compare nothing. Its alpha is
    set here so that it raises at least as many false alarms, counted on days 100 to 159.
    """
    rng = np.random.default_rng(5)
    many = [simulate(rng, mean, dispersion, 174, rise_from=160) for _ in range(60)]
    delays, false_alarms = [], []
    for detector in (GammaPoisson(0.01), Ears(Method.C2, 3e-5)):
        alarms = [alarm_days(detector, counts) for counts in many]
        found = [min((day for day in days if day >= 160), default=174) for days in alarms]
        delays.append(np.mean(found) - 160)
        false_alarms.append(sum(100 <= day < 160 for days in alarms for day in days))
    assert false_alarms[0] <= false_alarms[1]
    assert delays[0] + 1 < delays[1]


@pytest.mark.parametrize(
    "settings",
    [
        {"memory_days": 1.0},
        {"pattern_days": 7.0},
        {"weekday_shape": 0.0},
        {"dispersion": 0.0},
        {"dispersion_weight": -1.0},
        {"teach_sd": math.nan},
        {"memory_days": math.inf},
    ],
)
def test_a_setting_out_of_its_range_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        GammaPoisson(0.01, **settings)
