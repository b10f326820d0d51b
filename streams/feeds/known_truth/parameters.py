"""What the parameters of the town with known truth are: one strict type a part of the file.

Rules: every number that decides what the town is stands in `parameters.yaml` (read by `frozen`), or
in the tables of `streams.feeds.town_*` that it shares with the demo's town.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from schemas.closed import Closed
from schemas.taxonomy import AreaLevel, Kind
from streams.feeds.town_config import DAYS_MAX, PERSONS_MAX

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0, le=100_000)]
NotNegative = Annotated[float, Meta(ge=0, le=100_000)]
Count = Annotated[int, Meta(ge=0, le=10_000)]
Three = tuple[NotNegative, NotNegative, NotNegative]
Range = tuple[float, float]


class Size(Closed, frozen=True):
    """How many people, for how many local days, from when on."""

    persons: Annotated[int, Meta(ge=1, le=PERSONS_MAX)]
    days: Annotated[int, Meta(ge=1, le=DAYS_MAX)]
    start: date


class Group(Closed, frozen=True):
    """A part of the people and the probability that a matter of theirs is told."""

    name: str
    share: Share
    reporting: Share


class Rate(Closed, frozen=True):
    """Personal rates mu: gamma with this mean (matters a year) and shape."""

    per_year: Positive
    shape: Positive


class Season(Closed, frozen=True):
    """1 + swing cos(2 pi (day of year - peak_day) / 365.25)."""

    peak_day: Annotated[int, Meta(ge=1, le=366)]
    swing: Share


class States(Closed, frozen=True):
    """The semi-Markov path of stable, tense and crisis."""

    z: Three
    tense_per_year: Positive
    rate_power: NotNegative
    dwell_shape: Positive
    tense_days: Positive
    crisis_days: Positive
    tense_to_crisis: Share
    crisis_to_tense: Share
    starts_tense: Share


class Triggers(Closed, frozen=True):
    """Blows of fate: a Poisson number a year, each active for some days."""

    per_year: NotNegative
    days: Positive
    active_max: Count


class Excitation(Closed, frozen=True):
    """How matters call forth others: sum of two exponentials, by severity to the power eta."""

    branching: Annotated[float, Meta(ge=0, le=0.5)]
    eta: NotNegative
    delays_days: tuple[Positive, Positive]
    delay_shares: tuple[Share, Share]


class Severity(Closed, frozen=True):
    """Weights of severities 1 and 2 of ordinary matters; share of 4 among severe harm."""

    ordinary: tuple[Share, Share]
    gravest: Share


class Harm(Closed, frozen=True):
    """Hazard of severe harm: per_year exp(a z + b triggers + c min(excitation, max))."""

    per_year: Positive
    state_weight: NotNegative
    trigger_weight: NotNegative
    excitation_weight: NotNegative
    excitation_max: NotNegative


class Drift(Closed, frozen=True):
    """What changes in mid-stream, from `at_share` of the span on (local midnight)."""

    at_share: Share
    harm_factor: Positive
    trigger_weight: NotNegative
    signs_seen: Share
    reporting_factor: Share


class Observation(Closed, frozen=True):
    """How matters reach the authority."""

    near_copies: Share
    exact_copies: Share
    split: Share
    unnamed: Share
    signs_seen: Share
    signs_of_state: tuple[Share, Share, Share]
    late_median_hours: Positive
    very_late: Annotated[float, Meta(gt=0, lt=0.5)]
    very_late_days: Positive
    late_days_max: Positive
    harm_reporting_factor: Annotated[float, Meta(ge=0, le=2)]
    everyday_per_year: NotNegative


class Attention(Closed, frozen=True):
    """Visits, and what is found because somebody looked."""

    visits_per_year: NotNegative
    visit_after_report: Share
    visit_after_report_days: Positive
    visits_after_alert: Annotated[int, Meta(ge=0, le=10)]
    visit_after_alert_days: Positive
    window_days: Positive
    base: NotNegative
    per_visit: NotNegative
    discovery_days: Positive
    found_anyway: Share


class Silence(Closed, frozen=True):
    """Sources that say nothing for a while; what they would have said is lost."""

    per_source_year: NotNegative
    days: tuple[Positive, Positive]


class Policy(Closed, frozen=True):
    """Who is alerted inside the simulation, and what that does to the hazard of harm."""

    reports: Annotated[int, Meta(ge=1, le=100)]
    window_days: Positive
    pause_days: Positive
    starts_days: NotNegative
    lasts_days: NotNegative
    effect: Share


class Labels(Closed, frozen=True):
    """What is known in the end, and how late: horizon plus an exponential time."""

    horizon_days: Positive
    delay_days: Positive
    confirmed_later: Share
    unreachable: Share
    unknown: Share
    averted_told: Share
    averted_claimed: Share


class AreaKind(Closed, frozen=True):
    """One kind of matter that comes over an area; `dispersion` is variance over mean."""

    kind: Kind
    share: Share
    week: tuple[NotNegative, NotNegative, NotNegative, NotNegative, NotNegative, NotNegative,
                NotNegative]  # fmt: skip
    peak_day: Annotated[int, Meta(ge=1, le=366)]
    swing: Share
    holiday: NotNegative
    after_holiday: NotNegative
    dispersion: Annotated[float, Meta(ge=1, le=100)]
    severities: tuple[Share, Share, Share, Share, Share]
    purposes: Three
    surges: bool


class Surges(Closed, frozen=True):
    """Injected rises."""

    number: Annotated[int, Meta(ge=0, le=1_000)]
    quiet_days: Count
    levels: dict[AreaLevel, Share]
    sizes: tuple[Positive, ...]
    spread_sigma: Positive
    days_max: Annotated[int, Meta(ge=1, le=60)]
    shape_days: tuple[Count, Count]


class Areas(Closed, frozen=True):
    """What happens to areas rather than to people."""

    per_person_year: NotNegative
    community_shape: Positive
    trend_per_year: Annotated[float, Meta(ge=-0.9, le=2)]
    late_median_hours: Positive
    late_sigma: NotNegative
    kinds: tuple[AreaKind, ...]
    holidays: tuple[tuple[date, Count], ...]
    surges: Surges


class Bench(Closed, frozen=True):
    """Seeds (first, last) and alert budgets for whoever compares detectors."""

    tuning_seeds: tuple[int, int]
    held_out_seeds: tuple[int, int]
    held_out_variants: tuple[int, int]
    budgets_per_10000_persons_30_days: tuple[float, ...]
    main_budget: float
    persons: int
    target_severity: int
    horizon_days: float


class Target(Closed, frozen=True):
    """Where a marginal has to lie; `source` says who says so."""

    low: float
    high: float
    source: str


class Parameters(Closed, frozen=True):
    """All that decides what the town is, apart from its seed."""

    version: int
    town: Size
    groups: tuple[Group, Group]
    rate: Rate
    season: Season
    states: States
    triggers: Triggers
    excitation: Excitation
    severity: Severity
    harm: Harm
    drift: Drift
    observation: Observation
    attention: Attention
    silence: Silence
    policy: Policy
    labels: Labels
    areas: Areas
    bench: Bench
    ranges: dict[str, Range]
    scenarios: dict[str, dict[str, int | float]]
    targets: dict[str, Target]

    def drift_day(self) -> int:
        """Return the first day (from 0) of the world after the drift."""
        return int(self.town.days * self.drift.at_share)
