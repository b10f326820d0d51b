"""The peers of the daily comparison: what each says of every judged day of every series.

Rules: a peer sees the counts up to the judged day and nothing else, like any detector; one that
says "given the calendar" knows the holidays too. Statistics are n x 343, higher is more unusual; a
peer's parameters are those of its source, or were chosen on the tuning span. EARS is the product's
own, whose figures equal those of R's `earsC` (see `ports`).
"""

import numpy as np

from bench.detection.daily_series import (
    DAYS,
    FIRST_DAY,
    JUDGED,
    JUDGED_FROM,
    Counts,
    DailySeries,
    Floats,
)
from detectors.base import Past
from detectors.ears import Ears, Method

GLR_DAYS = 14
WEEKS_BEFORE = 8
_STEPS = 8
_LEAST = 0.05


def ears(series: DailySeries, method: Method) -> Floats:
    """Return what `detectors.ears` says."""
    detector = Ears(method, 0.01)
    said = np.zeros((len(series.counts), JUDGED))
    for row, counts in enumerate(series.counts.tolist()):
        for place in range(JUDGED):
            day = JUDGED_FROM + place
            past = Past(FIRST_DAY + day, counts[day - 14 : day])
            score = detector.score_one([], past, counts[day])
            said[row, place] = score.statistic if score else 0.0
    return said


def weekday_ewma(series: DailySeries, weight: float) -> Floats:
    """Return a moving average of scores against the same weekday of the last 8 weeks.

    After Elbert and Burkom (2009), Statistics in Medicine 28:3226-3248: the day-of-week adjusted
    EWMA of syndromic surveillance, here with the usual week's guard before the judged day.
    """
    counts = series.counts.astype(float)
    average = np.zeros(len(counts))
    said = np.zeros((len(counts), JUDGED))
    for day in range(JUDGED_FROM - 60, DAYS):
        before = counts[:, [day - 7 * week for week in range(2, 2 + WEEKS_BEFORE)]]
        mean = before.mean(axis=1)
        spread = np.sqrt(np.maximum(before.var(axis=1, ddof=1), np.maximum(mean, 0.25)))
        score = np.clip((counts[:, day] - mean) / spread, -4.0, 8.0)
        closed = (mean == 0) & (counts[:, day] == 0)
        average = np.where(closed, average, (1 - weight) * average + weight * score)
        if day >= JUDGED_FROM:
            said[:, day - JUDGED_FROM] = np.where(closed, -9.0, average)
    return said


def glr(series: DailySeries, calendar: bool) -> Floats:
    """Return the generalised likelihood ratio of a rise within the last 14 days.

    After Höhle and Paul (2008), Computational Statistics and Data Analysis 52:4357-4368: the usual
    mean is a log-linear regression on the years before (weekday, trend, two harmonics of the year),
    the rise is estimated; over-dispersion scales the ratio, as in a quasi-likelihood.
    """
    columns = _columns(series, calendar)
    said = np.zeros((len(series.counts), JUDGED))
    for row, counts in enumerate(series.counts):
        mean, dispersion = _regression(columns, counts)
        sums = np.concatenate([[0.0], np.cumsum(counts[JUDGED_FROM - GLR_DAYS :])])
        means = np.concatenate([[0.0], np.cumsum(mean[JUDGED_FROM - GLR_DAYS :])])
        best = np.zeros(JUDGED)
        ends = np.arange(GLR_DAYS, GLR_DAYS + JUDGED) + 1
        for days in range(1, GLR_DAYS + 1):
            came, usual = sums[ends] - sums[ends - days], means[ends] - means[ends - days]
            more = np.maximum(came, usual)
            best = np.maximum(best, more * np.log(more / usual) + usual - more)
        closed = (mean[JUDGED_FROM:] < _LEAST) & (counts[JUDGED_FROM:] == 0)
        said[row] = np.where(closed, 0.0, best / dispersion)
    return said


def _columns(series: DailySeries, calendar: bool) -> Floats:
    day = np.arange(DAYS)
    angle = 2 * np.pi * day / 365.25
    weekdays = [(day % 7 == weekday).astype(float) for weekday in range(7)]
    season = [np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)]
    columns = [*weekdays, *season, (day - JUDGED_FROM) / 1_000]
    if calendar:
        holiday = np.isin(FIRST_DAY + day, list(series.holidays))
        after = np.zeros(DAYS)
        after[1:] = holiday[:-1] & ~holiday[1:]
        monday = (day % 7 == 0) & ~holiday
        friday = np.roll(holiday, 3) | np.roll(holiday, 2) | np.roll(holiday, 1)
        columns += [holiday.astype(float), np.maximum(after, (monday & friday).astype(float))]
    return np.column_stack(columns)


def _regression(columns: Floats, counts: Counts) -> tuple[Floats, float]:
    """Return the mean of all days by the years before the judged ones, and variance / mean."""
    x, y = columns[:JUDGED_FROM], counts[:JUDGED_FROM].astype(float)
    mean = np.maximum((y + y.mean()) / 2, 0.1)
    prior = 0.1 * np.eye(x.shape[1])
    coefficients = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        log_mean = np.log(mean)
        weighted = x * mean[:, None]
        target = weighted.T @ (log_mean + (y - mean) / mean)
        coefficients = np.linalg.solve(weighted.T @ x + prior, target)
        mean = np.exp(np.clip(x @ coefficients, -12, 14))
    usual = np.maximum(np.exp(np.clip(columns @ coefficients, -12, 14)), 1e-3)
    open_days = mean > _LEAST
    squares = (y - mean)[open_days] ** 2 / mean[open_days]
    return usual, max(1.0, float(np.minimum(squares, 16.0).mean()))
