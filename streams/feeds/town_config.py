"""How big a synthetic town is and how often things happen in it: one frozen value.

Rules: nothing about a town comes from anywhere but this value, so the same value gives the same
bytes. Every number has its unit in its name and a bound; a town that would be too large for memory
is refused before anything is drawn.
"""

from datetime import date

import msgspec

from schemas.closed import Closed

PERSONS_MAX = 2_000_000
DAYS_MAX = 3_660
SEED_MAX = 2**63 - 1
FIRST_YEAR = 2000
LAST_YEAR = 2099
EVENTS_MAX = 20_000_000
"""Most events one town may be expected to have: about 250 bytes each while it is built, 5 GB."""

DAYS_PER_YEAR = 365.25
DEFAULT_START = date(2025, 1, 1)


class TownError(ValueError):
    """A town that cannot be built; the message says which number is out of its bounds."""


class TownConfig(Closed, frozen=True):
    """All that decides what a town is.

    Size:
        persons: people who live there, without the cast of the scripted cases.
        days: local calendar days, from `start` on.
        seed: the one source of chance.
        start: the first local day.

    Rates, per person and year, before copies are added:
        base_reports: reports about a person's danger that no earlier report called forth, for a
            person who stays stable all year; spread over people by `rate_shape`.
        everyday: enquiries, complaints, petitions and the like; they know nothing of danger.
        background: accidents, hazards and emergencies of an area, without a person.
        visits: planned visits by grid workers; they know nothing of danger either.

    Danger:
        rate_shape: shape of the gamma distribution of personal rates (small: few carry most).
        tension: times a year that a person of mean rate leaves the stable state.
        branching: further reports that one report of severity 0 calls forth, on average; grows
            with the square root of (1 + severity).
        harm_per_year: true harms a year in the states stable, tense and crisis.
        harm_reported: probability that a true harm is reported at all.

    Observation, all as shares between 0 and 1:
        near_copies: matters reported a second time within 15 minutes, with an id of their own.
        exact_copies: events delivered twice, with the same source and id.
        split: people named by phone one time and by citizen id another.
        unnamed: reports about a person that name nobody.
        very_late: events that arrive later than 7 days after they happened.
        signs_seen: signs of danger that make it into a report.
    """

    persons: int
    days: int
    seed: int
    start: date = DEFAULT_START
    base_reports: float = 0.08
    everyday: float = 2.75
    background: float = 0.85
    visits: float = 0.12
    rate_shape: float = 0.3
    tension: float = 0.4
    branching: float = 0.1
    harm_per_year: tuple[float, float, float] = (0.008, 0.25, 4.0)
    harm_reported: float = 0.55
    near_copies: float = 0.06
    exact_copies: float = 0.01
    split: float = 0.05
    unnamed: float = 0.04
    very_late: float = 0.01
    signs_seen: float = 0.7


_SHARES = (
    "harm_reported",
    "near_copies",
    "exact_copies",
    "split",
    "unnamed",
    "very_late",
    "signs_seen",
)
_RATES = {
    "base_reports": 10.0,
    "everyday": 100.0,
    "background": 100.0,
    "visits": 100.0,
    "tension": 20.0,
    "branching": 0.4,
}


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise TownError(f"{name} is {value:,}; it has to lie between {low:,} and {high:,}")


def expected_events(config: TownConfig) -> float:
    """Return roughly how many events a town will have (reports of danger are taken at 0.5)."""
    a_year = config.everyday + config.background + config.visits + max(0.5, config.base_reports)
    copies = 1 + config.near_copies + config.exact_copies
    return config.persons * config.days / DAYS_PER_YEAR * a_year * copies


def checked(config: TownConfig) -> TownConfig:
    """Return the same config, or raise TownError naming the first number that is out of bounds."""
    _within("persons", config.persons, 1, PERSONS_MAX)
    _within("days", config.days, 1, DAYS_MAX)
    _within("seed", config.seed, 0, SEED_MAX)
    if not FIRST_YEAR <= config.start.year <= LAST_YEAR:
        raise TownError(f"start is {config.start}; its year has to be {FIRST_YEAR} to {LAST_YEAR}")
    _within("rate_shape", config.rate_shape, 0.05, 50.0)
    for name, most in _RATES.items():
        _within(name, getattr(config, name), 0.0, most)
    for name in _SHARES:
        _within(name, getattr(config, name), 0.0, 1.0)
    for hazard in config.harm_per_year:
        _within("harm_per_year", hazard, 0.0, 50.0)
    if expected_events(config) > EVENTS_MAX:
        raise TownError(
            f"{config.persons:,} persons over {config.days:,} days would be about "
            f"{expected_events(config):,.0f} events; the most is {EVENTS_MAX:,}: "
            "take fewer persons or fewer days"
        )
    return config


def as_json(config: TownConfig) -> dict[str, object]:
    """Return every field as plain values, defaults too, for the truth file."""
    return {name: msgspec.to_builtins(getattr(config, name)) for name in config.__struct_fields__}
