"""The decision: from floors, score and unanswered help to a level, with a named reason.

Rules: a floor is never lowered, by nothing. A score alone is advice and never red: red needs a
report of danger to life. A decision names its reason, also when it is "no alert". Thresholds are
configuration, set so that the people who are there can answer the alerts.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from msgspec import Meta

from schemas.closed import Closed, Text
from schemas.outcomes import Reason
from schemas.taxonomy import Level, rank_of

Probability = Annotated[float, Meta(gt=0, le=1)]


class PersonPolicy(Closed, frozen=True):
    """From which probability of severe harm a score alone raises which level."""

    orange_probability: Probability = 0.35
    yellow_probability: Probability = 0.20
    blue_probability: Probability = 0.12
    help_overdue_level: Level = Level.YELLOW

    def __post_init__(self) -> None:
        """Refuse thresholds that are not in the order of danger, and red without such a report."""
        if not self.blue_probability <= self.yellow_probability <= self.orange_probability:
            raise ValueError("person policy: blue <= yellow <= orange must hold for probabilities")
        if self.help_overdue_level is Level.RED:
            raise ValueError("person policy: an overdue request for help alone is never red")


class AreaPolicy(Closed, frozen=True):
    """When a surge is more than a yellow: how many times the usual, and how many more."""

    orange_ratio: Annotated[float, Meta(gt=1)] = 2.0
    orange_excess: Annotated[int, Meta(ge=1)] = 20


class Decision(NamedTuple):
    """A level (None: no alert), the name of what decided, and all reasons there are."""

    level: Level | None
    name: str
    reasons: tuple[Reason, ...] = ()


NO_ALERT = Decision(None, "below_thresholds")
RULES_ONLY = Decision(None, "no_floor_and_no_score")


def decide_person(
    floors: Sequence[Reason], probability: float | None, policy: PersonPolicy, *, help_overdue: bool
) -> Decision:
    """Decide about one person; `probability` is None where no score may be used."""
    scored = None if probability is None else _scored(probability, policy)
    if not (floors or help_overdue or scored):
        return RULES_ONLY if probability is None else NO_ALERT
    reasons = list(floors)
    if help_overdue:
        reasons.append(_help_overdue(policy))
    if scored is not None:
        reasons.append(scored)
    strongest = max(reasons, key=lambda reason: rank_of(reason.level))
    return Decision(strongest.level, strongest.code, tuple(reasons))


def decide_incident(floors: Sequence[Reason]) -> Decision:
    """Decide about an incident without a person: floors alone, red ones only.

    Lower floors speak of a person to be helped, and there is nobody to reach; they are counted in
    their area.
    """
    reds = tuple(reason for reason in floors if reason.level is Level.RED)
    return Decision(Level.RED, reds[0].code, reds) if reds else Decision(None, "no_red_floor")


def decide_surge(count: int, expected: float, policy: AreaPolicy) -> Decision:
    """Decide about a rise that the detectors agreed on."""
    excess = count - expected
    grave = count >= policy.orange_ratio * expected and excess >= policy.orange_excess
    level = Level.ORANGE if grave else Level.YELLOW
    text = Text(
        en=f"{count} reports in the day where about {expected:.1f} are usual",
        zh=f"当日{count}起，通常约{expected:.1f}起",
    )
    return Decision(level, "surge", (Reason("surge", level, text),))


def _scored(probability: float, policy: PersonPolicy) -> Reason | None:
    if probability < policy.blue_probability:
        return None
    for level, threshold in (
        (Level.ORANGE, policy.orange_probability),
        (Level.YELLOW, policy.yellow_probability),
        (Level.BLUE, policy.blue_probability),
    ):
        if probability >= threshold:
            text = Text(
                en=f"the estimate of severe harm is {probability:.0%}, at or above {threshold:.0%}",
                zh=f"严重伤害的估计概率为{probability:.0%}，达到{threshold:.0%}的界限",
            )
            return Reason(f"score_{level.value}", level, text)
    return None


def _help_overdue(policy: PersonPolicy) -> Reason:
    text = Text(en="a request for help is overdue for an answer", zh="求助已逾期未答复")
    return Reason("help_overdue", policy.help_overdue_level, text)
