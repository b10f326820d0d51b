"""One example of every type that is on a topic, as it is published with its schema.

Why: an example tells a writer of a gateway or a sink more than a schema does. Rules: an example is
a value of its type, so it cannot go stale; all persons, numbers and places in it are made up.
"""

from datetime import UTC, datetime
from hashlib import sha256

from schemas import events, outcomes, records
from schemas.closed import Closed, Text
from schemas.events import TYPE_OF_FEED
from schemas.taxonomy import (
    Channel,
    Feed,
    Kind,
    Level,
    Origin,
    Outcome,
    Purpose,
    Scheme,
    Scope,
    Sign,
)

_HAPPENED = datetime(2026, 11, 1, 13, 4, tzinfo=UTC)
_INGESTED = datetime(2026, 11, 1, 13, 9, 12, tzinfo=UTC)
_HAPPENED_US = 1_793_538_240_000_000
_INGESTED_US = 1_793_538_552_000_000
_PERSON = "5f0c1d2e3a4b59687786a5b4c3d2e1f0"
_OTHER = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
_SIGNAL = "9a3b5c7d1e2f40516273849506a7b8c9"
_GRID = "440703101002003"
_SEALED = b"sealed bytes"
_SIGNS = (Sign.THREAT_TO_KILL, Sign.CHILD_PRESENT)
_SAFE = events.SafeContact(hours="09:00-17:00", never_inform_household=True)
_WHERE = events.Location(lat=22.59, lon=113.09)


def event_of(feed: Feed) -> events.Event:
    """Return the example of an event of one feed."""
    found = feed is Feed.GRID
    return events.Event(
        specversion="1.0",
        id="110-2026-000381",
        source="/440703/110",
        type=TYPE_OF_FEED[feed],
        time=_HAPPENED,
        ingesttime=_INGESTED,
        data=events.EventData(
            purpose=Purpose.HARM_REPORT,
            kind=Kind.DOMESTIC_VIOLENCE,
            area=_GRID,
            severity=3,
            signs=_SIGNS,
            origin=Origin.DISCOVERED if found else Origin.REPORTED,
            channel=Channel.FIELD if found else Channel.PHONE,
            person=events.Person(scheme=Scheme.PHONE, value="+8613800000000", safe_contact=_SAFE),
            location=_WHERE,
            note="free text for the officer, never a feature",
        ),
    )


def _record_examples() -> tuple[Closed, ...]:
    return (
        records.PersonSignal(
            signal_id=_SIGNAL,
            person=_PERSON,
            kind=Kind.DOMESTIC_VIOLENCE,
            purpose=Purpose.HARM_REPORT,
            origin=Origin.REPORTED,
            channel=Channel.PHONE,
            feed=Feed.INCIDENT,
            severity=3,
            signs=_SIGNS,
            area=_GRID,
            time_us=_HAPPENED_US,
            ingest_us=_INGESTED_US,
            safe_contact=_SAFE,
        ),
        records.AreaSignal(
            signal_id=_SIGNAL,
            area=_GRID,
            kind=Kind.FIRE_GAS_HAZARD,
            purpose=Purpose.HARM_REPORT,
            origin=Origin.REPORTED,
            feed=Feed.HOTLINE,
            severity=2,
            signs=(Sign.HAZARD_AT_HOME,),
            time_us=_HAPPENED_US,
            ingest_us=_INGESTED_US,
            anonymous=True,
            location=_WHERE,
        ),
        records.Tick(source="forewarn.hotline-calls.v1/3", at_us=_INGESTED_US),
        records.Transition(
            transition_id="t-000017",
            scope=Scope.PERSON,
            subject=_PERSON,
            action=records.Action.CLOSED,
            ingest_us=_INGESTED_US,
            alert_id=_SIGNAL,
            outcome=Outcome.AVERTED,
        ),
        records.HistoryMove(
            person=_PERSON, to=_OTHER, reason=records.MoveReason.MERGE, ingest_us=_INGESTED_US
        ),
        records.HistoryArrival(
            person=_OTHER, moved_from=_PERSON, history=_SEALED, ingest_us=_INGESTED_US
        ),
        records.Activation(
            what=records.Activated.PERSON_MODEL, version="m-12", epoch=4, ingest_us=_INGESTED_US
        ),
        records.Alias(
            person=_PERSON, to=_OTHER, reason=records.MoveReason.ROTATION, ingest_us=_INGESTED_US
        ),
        records.KeyActivation(version="2026-11", ingest_us=_INGESTED_US),
    )


def _alert() -> outcomes.Alert:
    return outcomes.Alert(
        alert_id=_SIGNAL,
        revision=1,
        change=outcomes.Change.OPENED,
        scope=Scope.PERSON,
        subject=_PERSON,
        kind=Kind.DOMESTIC_VIOLENCE,
        level=Level.ORANGE,
        area=_GRID,
        opened=_INGESTED,
        updated=_INGESTED,
        headline=Text(en="domestic violence, in growing danger", zh="家庭暴力,危险上升"),
        evidence=(
            outcomes.Evidence(
                signal_id=_SIGNAL,
                time=_HAPPENED,
                kind=Kind.DOMESTIC_VIOLENCE,
                purpose=Purpose.HARM_REPORT,
                origin=Origin.REPORTED,
                severity=3,
                signs=_SIGNS,
            ),
        ),
        reasons=(
            outcomes.Reason(
                code="threat_with_child",
                level=Level.ORANGE,
                text=Text(en="threat to kill with a child present", zh="扬言杀害且有儿童在场"),
            ),
        ),
        score=outcomes.Score(
            probability=0.31,
            horizon_days=30,
            model_version="m-12",
            base=-2.0,
            contributions=(
                outcomes.Contribution(
                    feature="reports_30d",
                    value=3.0,
                    usual=0.4,
                    weight=0.6,
                    amount=1.2,
                    text=Text(
                        en="3 reports in 30 days, usually 0.4", zh="30 天内 3 次,平常 0.4 次"
                    ),
                ),
            ),
            uncalibrated=0.28,
        ),
        safe_contact=_SAFE,
    )


def _outcome_examples() -> tuple[Closed, ...]:
    return (
        _alert(),
        outcomes.Assessment(
            assessment_id=_SIGNAL,
            scope=Scope.AREA,
            subject="440703",
            kind=Kind.FIRE_GAS_HAZARD,
            area="440703101",
            at=_INGESTED,
            decision="surge_confirmed",
            level=Level.YELLOW,
            surge=outcomes.Surge(
                day="2026-11-01", count=14, expected=4.2, limit=9.5, detectors=("ears_c2",)
            ),
        ),
        outcomes.ServiceClock(
            receipt="r-2026-11-01-000017",
            state=outcomes.ClockState.OPENED,
            purpose=Purpose.COMPLAINT,
            kind=Kind.PROPERTY_MANAGEMENT,
            area=_GRID,
            opened=_HAPPENED,
            due=datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
            updated=_INGESTED,
        ),
        outcomes.ClockAnswer(receipt="r-2026-11-01-000017", ingest_us=_INGESTED_US),
        outcomes.VaultRecord(
            record_id=_SIGNAL,
            subject=_PERSON,
            key_version="2026-11",
            ingest_us=_INGESTED_US,
            sealed=_SEALED,
        ),
        outcomes.DeadLetter(
            reason="out_of_range",
            detail="$.data.severity",
            topic="forewarn.incident-reports.v1",
            partition=3,
            offset=381,
            first_seen=_INGESTED,
            code_version="0.1.0",
            size=len(_SEALED),
            digest=sha256(_SEALED).hexdigest(),
            key_version="2026-11",
            sealed=_SEALED,
        ),
        outcomes.TrainingExample(
            example_id=_SIGNAL,
            features="person-v1",
            values=(3.0, 0.5, 12.0),
            harmed=False,
            weight=1.0,
            label=outcomes.LabelReason.HORIZON,
            predicted=0.31,
            model_version="m-12",
            predicted_us=_HAPPENED_US,
            ingest_us=_INGESTED_US,
        ),
        outcomes.ModelSnapshot(
            model_version="m-13",
            epoch=4,
            format=1,
            body=_SEALED,
            digest=sha256(_SEALED).hexdigest(),
            ingest_us=_INGESTED_US,
        ),
    )


def examples() -> dict[str, Closed]:
    """Return an example of every type on a topic, by the name of the type."""
    found = (event_of(Feed.INCIDENT), *_record_examples(), *_outcome_examples())
    return {type(example).__name__: example for example in found}
