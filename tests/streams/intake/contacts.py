"""Contacts as they come in, and an intake and a pipeline to take them; every key is made up."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from alerts.service_limits import LimitCalendar, ServiceLimits
from alerts.vault.keyring import Keyring, new_keyring
from alerts.vault.pseudonyms import Pseudonyms
from alerts.vault.sealing import Sealer
from schemas.areas import Directory
from schemas.closed import Closed
from schemas.events import RawRecord
from schemas.outcomes import Alert, Assessment, DeadLetter, ServiceClock, VaultRecord
from schemas.taxonomy import Purpose, Scheme
from schemas.times import from_us
from streams.intake.intake import Intake, IntakeConfig, Taken
from streams.pipeline import Pipeline, PipelineConfig
from tests.builders import AREA, NOW_US

CODE_VERSION = "test"
PHONE = "+8613800138000"
SOURCE = "/440703/110"


def full_width(text: str) -> str:
    """The text as a Chinese keyboard may write it: letters, digits and signs in full width."""
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def key_of(name: str) -> bytes:
    """A key of 32 bytes, another one for each name."""
    return sha256(name.encode()).digest()


def keyring_named(name: str) -> Keyring:
    """A keyring with one version of each key."""
    return new_keyring(
        (
            key_of(f"{name} pseudonym"),
            key_of(f"{name} sealing"),
            key_of(f"{name} receipt"),
            key_of(f"{name} place"),
        )
    )


KEYRING = keyring_named("first")
TWO_VERSIONS = msgspec.structs.replace(
    KEYRING,
    pseudonym={**KEYRING.pseudonym, "2": key_of("rotated pseudonym")},
    sealing={**KEYRING.sealing, "2": key_of("rotated sealing")},
)
"""The first keyring with a second version of each key, which is not active yet."""


def person(value: str = PHONE, scheme: Scheme = Scheme.PHONE, **more: Any) -> dict[str, Any]:
    return {"scheme": scheme.value, "value": value, **more}


def contact(
    event_id: str = "110-1",
    *,
    source: str = SOURCE,
    at: int | str | datetime = NOW_US,
    ingest: int | str | datetime | None = NOW_US,
    **data: Any,
) -> dict[str, Any]:
    """An event as plain JSON values; what a test does not name is an ordinary report of harm."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": "forewarn.incident-report.v1",
        "time": _written(at),
        "data": {
            "purpose": Purpose.HARM_REPORT.value,
            "kind": "family_dispute",
            "area": AREA,
            "severity": 1,
            "signs": [],
            "origin": "reported",
            "channel": "phone",
            **data,
        },
    }
    return event if ingest is None else {**event, "ingesttime": _written(ingest)}


def _written(at: int | str | datetime) -> str:
    if isinstance(at, str):
        return at
    return (from_us(at) if isinstance(at, int) else at).isoformat()


def raw(event: dict[str, Any] | bytes, *, received_us: int = NOW_US, offset: int = 1) -> RawRecord:
    """A raw record with an event, or with any bytes."""
    value = event if isinstance(event, bytes) else msgspec.json.encode(event)
    return RawRecord(value, "replay", 0, offset, received_us)


def intake_with(
    *,
    directory: Directory | None = None,
    keyring: Keyring = KEYRING,
    config: IntakeConfig | None = None,
    limits: ServiceLimits | None = None,
) -> Intake:
    directory = directory or Directory()
    return Intake(
        config or IntakeConfig(),
        directory=directory,
        pseudonyms=Pseudonyms(keyring),
        sealer=Sealer(keyring),
        calendar=LimitCalendar(limits or ServiceLimits(), directory.time_zone),
        code_version=CODE_VERSION,
    )


def taken(event: dict[str, Any], **parts: Any) -> Taken:
    """What becomes of one event at an intake of its own."""
    return intake_with(**parts).step(raw(event))


class Kept:
    """A sink that keeps all it is given, in order."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.assessments: list[Assessment] = []
        self.clocks: list[ServiceClock] = []
        self.dead_letters: list[DeadLetter] = []
        self.vault_records: list[VaultRecord] = []

    def alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def assessment(self, assessment: Assessment) -> None:
        self.assessments.append(assessment)

    def service_clock(self, clock: ServiceClock) -> None:
        self.clocks.append(clock)

    def dead_letter(self, letter: DeadLetter) -> None:
        self.dead_letters.append(letter)

    def vault_record(self, record: VaultRecord) -> None:
        self.vault_records.append(record)

    def said(self) -> tuple[Closed, ...]:
        """Everything that leaves in clear: all but what is for the vault."""
        return (*self.alerts, *self.assessments, *self.clocks, *self.dead_letters)

    def latest_alerts(self) -> dict[str, Alert]:
        """The newest revision of each alert, as a sink would show it."""
        latest: dict[str, Alert] = {}
        for alert in self.alerts:
            known = latest.get(alert.alert_id)
            if known is None or alert.revision > known.revision:
                latest[alert.alert_id] = alert
        return latest


def pipeline_with(
    *, directory: Directory | None = None, keyring: Keyring = KEYRING
) -> tuple[Pipeline, Kept]:
    kept = Kept()
    pipeline = Pipeline(
        PipelineConfig(),
        directory=directory or Directory(),
        keyring=keyring,
        sink=kept,
        code_version=CODE_VERSION,
    )
    return pipeline, kept
