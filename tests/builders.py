"""Records and states made short for tests: every part has a plain value unless a test names it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from detectors.features import FEATURE_NAMES, FEATURE_SET, pack
from schemas.closed import Text
from schemas.outcomes import LabelReason, Reason, TrainingExample
from schemas.records import AreaSignal, PersonSignal
from schemas.state import HelpState, Incident, PastSignal, Pending, PersonHistory
from schemas.taxonomy import (
    CHANNEL_CODE,
    KIND_CODE,
    ORIGIN_CODE,
    PURPOSE_CODE,
    Channel,
    Feed,
    Kind,
    Level,
    Origin,
    Purpose,
    Sign,
    sign_mask,
)
from schemas.times import to_us

NOW_US = to_us(datetime(2026, 3, 1, 12, tzinfo=UTC))
PERSON = "a" * 32
AREA = "440703101002003"


def signal_id(number: int) -> str:
    """The id of the signal with that number, as records carry it."""
    return f"{number:032x}"


def short_id(number: int) -> bytes:
    """The id of the signal with that number, as state carries it."""
    return bytes.fromhex(signal_id(number))


def person_signal(
    number: int = 1,
    *,
    at_us: int = NOW_US,
    ingest_us: int | None = None,
    person: str = PERSON,
    kind: Kind = Kind.FAMILY_DISPUTE,
    purpose: Purpose = Purpose.HARM_REPORT,
    origin: Origin = Origin.REPORTED,
    severity: int = 1,
    signs: tuple[Sign, ...] = (),
    area: str = AREA,
) -> PersonSignal:
    return PersonSignal(
        signal_id(number),
        person,
        kind,
        purpose,
        origin,
        Channel.PHONE,
        Feed.INCIDENT,
        severity,
        signs,
        area,
        at_us,
        at_us if ingest_us is None else ingest_us,
    )


def area_signal(
    number: int = 1,
    *,
    at_us: int = NOW_US,
    ingest_us: int | None = None,
    area: str = AREA,
    kind: Kind = Kind.FAMILY_DISPUTE,
    origin: Origin = Origin.REPORTED,
    place: str | None = None,
) -> AreaSignal:
    return AreaSignal(
        signal_id(number),
        area,
        kind,
        Purpose.HARM_REPORT,
        origin,
        Feed.INCIDENT,
        1,
        (),
        at_us,
        at_us if ingest_us is None else ingest_us,
        place,
    )


def past_signal_of(
    number: int = 1,
    *,
    at_us: int = NOW_US,
    kind: Kind = Kind.FAMILY_DISPUTE,
    purpose: Purpose = Purpose.HARM_REPORT,
    origin: Origin = Origin.REPORTED,
    channel: Channel = Channel.PHONE,
    severity: int = 1,
    signs: tuple[Sign, ...] = (),
    help_state: HelpState = HelpState.NONE,
) -> PastSignal:
    return PastSignal(
        at_us,
        short_id(number),
        KIND_CODE[kind],
        PURPOSE_CODE[purpose],
        ORIGIN_CODE[origin],
        CHANNEL_CODE[channel],
        severity,
        sign_mask(signs),
        help_state.value,
    )


def incident(
    number: int = 1,
    *,
    at_us: int = NOW_US,
    origin: Origin = Origin.REPORTED,
    severity: int = 1,
    signs: tuple[Sign, ...] = (),
    reports: int = 1,
    channels: int = 1,
    help_state: HelpState = HelpState.NONE,
) -> Incident:
    return Incident(
        at_us,
        short_id(number),
        KIND_CODE[Kind.FAMILY_DISPUTE],
        PURPOSE_CODE[Purpose.HARM_REPORT],
        ORIGIN_CODE[origin],
        severity,
        sign_mask(signs),
        reports,
        channels,
        help_state.value,
    )


def history_of(*signals: PastSignal) -> PersonHistory:
    """A history with these reports, in the order of event time."""
    return PersonHistory(sorted(signals, key=lambda past: (past.time_us, past.signal)))


def pending_of(number: int = 1, *, at_us: int = NOW_US, probability: float = 0.1) -> Pending:
    values = pack([0.0] * len(FEATURE_NAMES))
    return Pending(at_us, short_id(number), values, probability, "person-1-abc")


def training_example(
    values: Sequence[float] = (0.0,) * len(FEATURE_NAMES),
    *,
    harmed: bool = False,
    weight: float = 1.0,
    features: str = FEATURE_SET,
) -> TrainingExample:
    return TrainingExample(
        "e" * 32,
        features,
        tuple(values),
        harmed,
        weight,
        LabelReason.HARM if harmed else LabelReason.HORIZON,
        0.1,
        "person-1-abc",
        NOW_US,
        NOW_US,
    )


def reason(code: str, level: Level) -> Reason:
    return Reason(code, level, Text(en=code, zh=f"原因{code}"))
