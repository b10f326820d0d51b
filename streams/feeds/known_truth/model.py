"""The generative model as formulas, for the simulation, the truth and a filter with the truth.

Rules: functions of numbers and arrays alone, without chance. Times are days since the town's first
local midnight; rates and hazards are per day. What a filter needs is here and in `parameters`; the
densities are written out in docs/the-town-with-known-truth.md.

Sources: A. G. Hawkes, "Spectra of some self-exciting and mutually exciting point processes",
Biometrika 58 (1971); G. O. Mohler et al., "Self-exciting point process modeling of crime", JASA
106 (2011), for the shape of repeat victimisation.
"""

from math import log, pi
from statistics import NormalDist

import numpy as np

from streams.feeds.known_truth.parameters import Excitation, Parameters
from streams.feeds.town_chance import Floats, Ints
from streams.feeds.town_config import DAYS_PER_YEAR

HOURS_PER_DAY = 24.0


def season_at(parameters: Parameters, at: Floats) -> Floats:
    """Return the season's factor on reports at some times."""
    season = parameters.season
    of_year = parameters.town.start.timetuple().tm_yday + at
    turn = 2 * pi * (of_year - season.peak_day) / DAYS_PER_YEAR
    return np.asarray(1 + season.swing * np.cos(turn))


def mean_weight(parameters: Parameters) -> float:
    """Return the mean of severity^eta over ordinary matters."""
    weights = np.asarray(parameters.severity.ordinary)
    grades = np.arange(1, len(weights) + 1) ** parameters.excitation.eta
    return float(weights @ grades / weights.sum())


def offspring_of(parameters: Parameters, severity: Ints) -> Floats:
    """Return how many matters one of each severity calls forth in all, on average."""
    excitation = parameters.excitation
    grown = severity.astype(np.float64) ** excitation.eta
    return np.asarray(excitation.branching * grown / mean_weight(parameters))


def alphas(parameters: Parameters) -> tuple[float, float]:
    """Return alpha of each delay: the rate right after a matter of severity 1 is their sum."""
    excitation = parameters.excitation
    whole = excitation.branching / mean_weight(parameters)
    first, second = (
        whole * share / delay
        for share, delay in zip(excitation.delay_shares, excitation.delays_days, strict=True)
    )
    return first, second


def excitations(excitation: Excitation, at: Floats, past: Floats, severity: Ints) -> Floats:
    """Return X, shape (2, len(at)): sums over matters before each time, one row a delay.

    X_k(t) = sum over past matters i with t_i < t of severity_i^eta exp(-(t - t_i) / tau_k).
    """
    gap = at[:, None] - past[None, :]
    grown = np.where(gap > 0, severity.astype(np.float64) ** excitation.eta, 0.0)
    waited = np.maximum(gap, 0.0)
    return np.stack([(grown * np.exp(-waited / tau)).sum(axis=1) for tau in excitation.delays_days])


def excitation_level(parameters: Parameters, sums: Floats) -> Floats:
    """Return the capped excitation that the hazard of harm sees, from X of `excitations`."""
    level: Floats = np.asarray(parameters.excitation.delay_shares) @ sums
    return np.minimum(level, parameters.harm.excitation_max)


def report_rate(parameters: Parameters, rate: Floats, state: Ints, at: Floats, sums: Floats) -> (
    Floats
):  # fmt: skip
    """Return lambda(t) per day: mu season e^z + sum of alpha_k X_k(t); `rate` is mu a year."""
    z = np.asarray(parameters.states.z)[state]
    base = rate / DAYS_PER_YEAR * season_at(parameters, at) * np.exp(z)
    called: Floats = np.asarray(alphas(parameters)) @ sums
    return np.asarray(base + called)


def harm_hazard(
    parameters: Parameters, state: Ints, triggers: Ints, level: Floats, at: Floats
) -> Floats:
    """Return the untreated hazard of severe harm per day.

    h0 exp(a z + b triggers + c level); from the drift's day on h0 and b are others.
    """
    harm, drift = parameters.harm, parameters.drift
    z = np.asarray(parameters.states.z)[state]
    drifted = at >= parameters.drift_day()
    base = harm.per_year / DAYS_PER_YEAR * np.where(drifted, drift.harm_factor, 1.0)
    by_trigger = np.where(drifted, drift.trigger_weight, harm.trigger_weight)
    score = harm.state_weight * z + by_trigger * triggers + harm.excitation_weight * level
    return np.asarray(base * np.exp(score))


def signs_seen(parameters: Parameters, at: Floats) -> Floats:
    """Return the probability that a sign that is there is told."""
    drifted = at >= parameters.drift_day()
    return np.where(drifted, parameters.drift.signs_seen, parameters.observation.signs_seen)


def telling(parameters: Parameters, group: Ints, severe: Ints, at: Floats) -> Floats:
    """Return the probability that a matter is told by somebody."""
    of_group = np.array([group.reporting for group in parameters.groups])[group]
    factor = np.where(severe > 0, parameters.observation.harm_reporting_factor, 1.0)
    drifted = at >= parameters.drift_day()
    factor = factor * np.where(drifted, parameters.drift.reporting_factor, 1.0)
    return np.asarray(np.minimum(of_group * factor, 1.0))


def discovery(parameters: Parameters, visits: int) -> float:
    """Return the probability that an untold matter is found, by the visits of late."""
    attention = parameters.attention
    return float(1 - np.exp(-(attention.base + attention.per_visit * visits)))


def late_sigma(parameters: Parameters) -> float:
    """Return sigma of the lognormal lateness that has the wanted median and tail."""
    observation = parameters.observation
    ratio = observation.very_late_days * HOURS_PER_DAY / observation.late_median_hours
    return log(ratio) / NormalDist().inv_cdf(1 - observation.very_late)
