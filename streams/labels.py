"""Late labels: a prediction waits for harm, an officer's outcome, or its horizon to pass.

Rules: every example is given out at one common maturity, horizon plus a reporting grace, so that
harm does not jump the queue and make danger look commoner than it is. Discovered harm weighs less,
as patrols find what they look for. What was averted by action is no false alarm: it teaches
nothing. Harm known before the prediction was made is no label for it.
"""

from hashlib import blake2b
from typing import Annotated

from msgspec import Meta

from detectors.features import FEATURE_SET, unpack
from schemas.closed import Closed
from schemas.outcomes import LabelReason, TrainingExample
from schemas.state import PastSignal, Pending, PersonHistory
from schemas.taxonomy import ORIGIN_CODE, PURPOSE_CODE, Origin, Outcome, Purpose
from schemas.times import DAY_US, MINUTE_US

_HARM_REPORT = PURPOSE_CODE[Purpose.HARM_REPORT]
_DISCOVERED = ORIGIN_CODE[Origin.DISCOVERED]


class LabelConfig(Closed, frozen=True):
    """What counts as severe harm, how long a prediction looks ahead and waits."""

    severe: Annotated[int, Meta(ge=1, le=4)] = 3
    horizon_days: Annotated[int, Meta(ge=1, le=365)] = 30
    grace_days: Annotated[int, Meta(ge=0, le=90)] = 7
    discovered_weight: Annotated[float, Meta(gt=0, le=1)] = 0.5
    pending_max: Annotated[int, Meta(ge=1, le=100)] = 16


def mark_harm(history: PersonHistory, past: PastSignal, config: LabelConfig) -> None:
    """Let a report of severe harm label the predictions whose horizon it falls into."""
    if past.severity < config.severe or past.purpose != _HARM_REPORT:
        return
    weight = config.discovered_weight if past.origin == _DISCOVERED else 1.0
    for pending in history.pending:
        if 0 < past.time_us - pending.predicted_us <= config.horizon_days * DAY_US:
            pending.harm = max(pending.harm, weight)


def wait(history: PersonHistory, pending: Pending, config: LabelConfig) -> bool:
    """Let a prediction wait for its label; False when too many wait already."""
    if len(history.pending) >= config.pending_max:
        return False
    history.pending.append(pending)
    return True


def first_report(history: PersonHistory, past: PastSignal, merge_minutes: int) -> bool:
    """Say whether no other report of the same matter is in the history yet."""
    window = merge_minutes * MINUTE_US
    for other in history.signals:
        if (
            other.kind == past.kind
            and abs(other.time_us - past.time_us) <= window
            and other.signal != past.signal
        ):
            return False
    return True


def maturity_us(pending: Pending, config: LabelConfig) -> int:
    """Return when a waiting prediction is given out, whatever its label."""
    return pending.predicted_us + (config.horizon_days + config.grace_days) * DAY_US


def matured(
    history: PersonHistory, person: str, now_us: int, config: LabelConfig
) -> list[TrainingExample]:
    """Take the predictions out that have waited long enough, as training examples."""
    ripe = [p for p in history.pending if maturity_us(p, config) <= now_us]
    if ripe:
        history.pending = [p for p in history.pending if maturity_us(p, config) > now_us]
    return [_example(pending, person, now_us) for pending in ripe]


def apply_outcome(
    history: PersonHistory,
    outcome: Outcome | None,
    opened_us: int,
    now_us: int,
    config: LabelConfig,
) -> None:
    """Let an officer's outcome label the predictions made while the episode was open.

    `harm_occurred` is harm. `averted` takes those predictions out, as nobody knows what would have
    happened. The other outcomes leave it to what is reported until the horizon.
    """
    first = max(opened_us, now_us - config.horizon_days * DAY_US)
    concerned = [p for p in history.pending if first <= p.predicted_us <= now_us]
    if outcome is Outcome.HARM_OCCURRED:
        for pending in concerned:
            pending.harm = 1.0
            pending.by_officer = True
    elif outcome is Outcome.AVERTED:
        history.pending = [p for p in history.pending if p not in concerned]


def _example(pending: Pending, person: str, now_us: int) -> TrainingExample:
    harmed = pending.harm > 0
    label = LabelReason.HORIZON
    if harmed:
        label = LabelReason.OUTCOME if pending.by_officer else LabelReason.HARM
    named = f"{person}\x1f{pending.signal.hex()}\x1f{pending.predicted_us}"
    return TrainingExample(
        example_id=blake2b(named.encode(), digest_size=16).hexdigest(),
        features=FEATURE_SET,
        values=unpack(pending.values),
        harmed=harmed,
        weight=pending.harm if harmed else 1.0,
        label=label,
        predicted=pending.probability,
        model_version=pending.model_version,
        predicted_us=pending.predicted_us,
        ingest_us=now_us,
    )
