"""Level and season of a series of counts, learned online: a dynamic Poisson regression.

The log of the mean is a level that drifts plus two harmonics of the year. Their five coefficients
are learned together, with their covariance, because within one year they look alike. That step is
taken once a fortnight, or sooner while little is known: until then what the days say is added up,
and the mean runs on along its tangent, so that a day costs one exponential.

Rules: the state lies in a detector's memory from a place on and is changed there; nothing here
knows what a weekday or a surge is. The covariance is of the coming day.

Source: West and Harrison (1997), Bayesian Forecasting and Dynamic Models, 2nd ed., chapter 14.
"""

from math import cos, exp, pi, sin

from detectors.base import Memory

# Places in the state: five coefficients, the lower triangle of their covariance by rows; then the
# log of the mean on the first day held back, its slope a day and its variance; what the days held
# back say (slope and curvature of their log-likelihood), and how many they are.
_COEFFICIENTS, _COVARIANCE, _LOG_MEAN = 0, 5, 20
_SLOPE, _VARIANCE, _SCORE, _INFORMATION, _HELD = range(_LOG_MEAN + 1, _LOG_MEAN + 6)
LENGTH = _HELD + 1
_DIAGONAL = (5, 7, 10, 14, 19)

HELD_DAYS_MAX = 14
_HELD_SHARE_MAX = 0.2
"""Days are held back while they know less than this share of what the level is known to."""
_YEAR = 2.0 * pi / 365.25
_LOG_MEAN_MIN, _LOG_MEAN_MAX = -5.0, 16.0
_SEASON_MAX = 2.0
_VARIANCE_MIN, _VARIANCE_MAX = 1e-9, 1.0
_STEP_MAX = 1.0
"""A step moves the log of the mean by at most this."""


def begin(
    memory: Memory, at: int, day: int, *, log_level: float, variance: float, season_sd: float
) -> None:
    """Write the state of a level known to `variance`, of which no season was seen, before `day`."""
    first, second = season_sd**2, (season_sd / 2.0) ** 2
    memory[at : at + LENGTH] = [0.0] * LENGTH
    memory[at] = log_level
    for place, prior in zip(_DIAGONAL, (variance, first, first, second, second), strict=True):
        memory[at + place] = prior
    _look_ahead(memory, at, day)


def mean_ahead(memory: Memory, at: int) -> float:
    """Return the mean of the coming day."""
    return exp(memory[at + _LOG_MEAN] + memory[at + _SLOPE] * memory[at + _HELD])


def variance_ahead(memory: Memory, at: int) -> float:
    """Return the variance of the log of that mean."""
    return memory[at + _VARIANCE]


def learn(
    memory: Memory, at: int, day: int, information: float, score: float, drift: tuple[float, float]
) -> None:
    """Take a day in.

    Args:
        memory: where the state lies.
        at: from which place on.
        day: the day, a `date.toordinal`.
        information: of the day about the log of its mean (0: it taught nothing).
        score: slope of its log-likelihood in the log of its mean.
        drift: variance that a day adds to the level, and to each coefficient of the season.
    """
    memory[at + _HELD] += 1.0
    memory[at + _SCORE] += score
    known = memory[at + _INFORMATION] = memory[at + _INFORMATION] + information
    held = memory[at + _HELD]
    if held >= HELD_DAYS_MAX or known * memory[at + _VARIANCE] >= _HELD_SHARE_MAX:
        _step(memory, at, day - 0.5 * (held - 1.0), (drift[0] * held, drift[1] * held))
        _look_ahead(memory, at, day + 1)


def doubt(memory: Memory, at: int, day: int, variance: float) -> None:
    """Add `variance` to the level's before `day`: what was known of it may not hold any more."""
    place = at + _COVARIANCE
    memory[place] = min(memory[place] + variance, _VARIANCE_MAX)
    _look_ahead(memory, at, day)


def _look_ahead(memory: Memory, at: int, day: int) -> None:
    """Set the tangent of the log mean from `day` on; no day is held back."""
    angle = _YEAR * day
    c, s = cos(angle), sin(angle)
    cc, ss = 2.0 * c * c - 1.0, 2.0 * s * c
    t0, t1, t2, t3, t4 = memory[at : at + _COVARIANCE]
    gain = _gain(memory, at, c, s, cc, ss)
    variance = gain[0] + gain[1] * c + gain[2] * s + gain[3] * cc + gain[4] * ss
    variance = min(max(variance, _VARIANCE_MIN), _VARIANCE_MAX)
    log_mean = t0 + t1 * c + t2 * s + t3 * cc + t4 * ss + 0.5 * variance
    slope = _YEAR * (t2 * c - t1 * s + 2.0 * (t4 * cc - t3 * ss))
    log_mean = min(max(log_mean, _LOG_MEAN_MIN), _LOG_MEAN_MAX)
    memory[at + _LOG_MEAN : at + LENGTH] = [log_mean, slope, variance, 0.0, 0.0, 0.0]


def _gain(
    memory: Memory, at: int, c: float, s: float, cc: float, ss: float
) -> tuple[float, float, float, float, float]:
    """Return the covariance times the wave (1, c, s, cc, ss)."""
    p00, p10, p11, p20, p21, p22, p30, p31, p32, p33, p40, p41, p42, p43, p44 = memory[
        at + _COVARIANCE : at + _LOG_MEAN
    ]
    return (
        p00 + p10 * c + p20 * s + p30 * cc + p40 * ss,
        p10 + p11 * c + p21 * s + p31 * cc + p41 * ss,
        p20 + p21 * c + p22 * s + p32 * cc + p42 * ss,
        p30 + p31 * c + p32 * s + p33 * cc + p43 * ss,
        p40 + p41 * c + p42 * s + p43 * cc + p44 * ss,
    )


def _step(memory: Memory, at: int, day: float, drift: tuple[float, float]) -> None:
    """Let the days held back teach, as if all had been in their middle, `day`; then add drift."""
    angle = _YEAR * day
    c, s = cos(angle), sin(angle)
    cc, ss = 2.0 * c * c - 1.0, 2.0 * s * c
    gain = _gain(memory, at, c, s, cc, ss)
    variance = gain[0] + gain[1] * c + gain[2] * s + gain[3] * cc + gain[4] * ss
    variance = max(variance, _VARIANCE_MIN)
    information = memory[at + _INFORMATION]
    share = 1.0 / (1.0 + variance * information)
    most = _STEP_MAX / variance
    step = min(max(share * memory[at + _SCORE], -most), most)
    for place, part in enumerate(gain):
        moved = memory[at + place] + part * step
        low, high = (-_SEASON_MAX, _SEASON_MAX) if place else (_LOG_MEAN_MIN, _LOG_MEAN_MAX)
        memory[at + place] = min(max(moved, low), high)
    shrink = share * information
    place = at + _COVARIANCE
    for row, part in enumerate(gain, 1):
        shrunk = shrink * part
        for other in gain[:row]:
            memory[place] -= shrunk * other
            place += 1
    for coefficient, diagonal in enumerate(_DIAGONAL):
        added = memory[at + diagonal] + drift[1 if coefficient else 0]
        memory[at + diagonal] = min(added, _VARIANCE_MAX)
