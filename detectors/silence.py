"""Silence as a signal: of a feed, of a cell, of an open request for help that nobody answers.

A feed that broke down looks like a quiet night, a cell from which nobody calls any more may be one
where nobody dares to. So silence is judged like a count: how likely were no reports at all, over as
many as the baseline expected in that time? A request for help has a baseline too: how soon such
requests are answered here.

Rules: what is expected is added up while nothing comes, by the caller's baseline (the seasonal
detector's mean, times the share of the day that has passed), and starts again with each report; the
memory is two numbers. Silence of a person is no signal and has no place here: whoever leaves the
past behind is left alone. The clocks that law and custom set on an answer are not here either; they
run in the service stage whatever this says.

Sources: the zero term of the negative-binomial distribution; for answers, an exponential time with
a gamma belief about its rate (Lomax 1954, Journal of the American Statistical Association 49:847).
"""

from dataclasses import dataclass
from math import inf, log, log1p
from typing import NamedTuple

_LN_10 = log(10.0)
EXPECTED_MAX = 1e6
"""Reports expected in one silence, at most; beyond it nothing is added."""
HOURS_MAX = 1e7
"""Hours of waiting that are remembered, at most."""
Span = list[float]
"""Of a silence: reports expected since the last report."""
Answering = list[float]
"""Of requests: answers had, and hours that requests waited for them, both fading."""


class SilenceScore(NamedTuple):
    """What is said of a silence: -log10 of its chance, the threshold, what was expected."""

    surprise: float
    threshold: float
    expected: float

    @property
    def alarm(self) -> bool:
        """Whether chance does not explain the silence."""
        return self.surprise > self.threshold


@dataclass(frozen=True, slots=True)
class Silence:
    """Silence of a feed or a cell.

    With mean m expected and variance / mean `spread` of counts, the chance of none is
    `spread^(-m / (spread - 1))`, or `e^-m` at spread 1.

    Args:
        alpha: chance below which a silence is a signal, between 0 and 1.
        spread: variance / mean of the counts, 1 or more; above that of days where reports come in
            clusters, because silence between clusters is no failure.

    Raises:
        ValueError: a setting is out of its range.
    """

    alpha: float = 1e-4
    spread: float = 2.0

    def __post_init__(self) -> None:
        _check_alpha(self.alpha)
        if not 1.0 <= self.spread < inf:
            raise ValueError(f"spread must be finite and 1 or more, it is {self.spread}")

    def start(self) -> Span:
        """Return the span before anything was expected."""
        return [0.0]

    def after(self, span: Span, expected: float, count: int) -> Span:
        """Return the span after a stretch of time in which `count` came of `expected`.

        Raises ValueError for a number below 0 or not finite, which would stay in the span.
        """
        if not (0.0 <= expected < inf and count >= 0):
            raise ValueError(f"expected and count are 0 or more, not {expected} and {count}")
        return [0.0] if count else [min(span[0] + expected, EXPECTED_MAX)]

    def score(self, span: Span) -> SilenceScore:
        """Judge the silence so far."""
        expected, more = span[0], self.spread - 1.0
        nats = expected * log1p(more) / more if more else expected
        return SilenceScore(nats / _LN_10, -log(self.alpha) / _LN_10, expected)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An open request for help that waits longer than such requests do here.

    With answers `a` (a prior of `answers_min` in `hours_prior` each included) in `h` hours of
    waiting, the chance that a request still waits after `t` hours is `(1 + t / h)^-a`.

    Args:
        alpha: chance below which waiting is a signal, between 0 and 1.
        hours_prior: hours to an answer, as long as nothing is known, above 0.
        answers_min: weight of that, in answers, above 0.
        memory_answers: effective memory, in answers, above 1.

    Raises:
        ValueError: a setting is out of its range.
    """

    alpha: float = 0.01
    hours_prior: float = 24.0
    answers_min: float = 5.0
    memory_answers: float = 500.0

    def __post_init__(self) -> None:
        _check_alpha(self.alpha)
        for setting, least in (("hours_prior", 0), ("answers_min", 0), ("memory_answers", 1)):
            value = getattr(self, setting)
            if not least < value < inf:
                raise ValueError(f"{setting} must be finite and above {least}, it is {value}")

    def start(self) -> Answering:
        """Return what is known before the first answer."""
        return [0.0, 0.0]

    def learn_one(self, answering: Answering, waited_hours: float, answered: bool) -> Answering:
        """Return what is known after a request waited so long; `answered` False if withdrawn.

        Raises ValueError for hours below 0 or not finite.
        """
        _check_hours(waited_hours)
        answers, hours = answering[0] + float(answered), answering[1] + waited_hours
        fade = min(1.0, self.memory_answers / answers) if answers else 1.0
        return [answers * fade, min(hours * fade, HOURS_MAX)]

    def score(self, answering: Answering, waiting_hours: float) -> SilenceScore:
        """Judge an open request; `expected` of the score is how many answers its wait would bring.

        Raises ValueError for hours below 0 or not finite.
        """
        _check_hours(waiting_hours)
        answers = answering[0] + self.answers_min
        hours = answering[1] + self.answers_min * self.hours_prior
        surprise = answers * log1p(waiting_hours / hours) / _LN_10
        return SilenceScore(surprise, -log(self.alpha) / _LN_10, waiting_hours * answers / hours)


def _check_alpha(alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie between 0 and 1, it is {alpha}")


def _check_hours(hours: float) -> None:
    if not 0.0 <= hours < inf:
        raise ValueError(f"hours of waiting are 0 or more, not {hours}")
