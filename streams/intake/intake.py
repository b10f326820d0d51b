"""The intake: one raw record in, records for the logs out, or a dead letter with its reason.

Rules: pure but for the aliases it has been told. A contact reaches a person's log only with a
purpose of harm or need and a person at risk; any other purpose opens a clock on the authority.
Identity, note and location leave the stream here, sealed for the vault. A record that is refused
for its identifier, area or time, and yet speaks of danger to life, is a dead letter *and* an
incident without a person: a typing error must never silence it.
"""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from msgspec import Meta

from alerts.service_limits import LimitCalendar
from alerts.vault.pseudonyms import Pseudonyms, signal_id
from alerts.vault.sealing import Sealer
from detectors.floors import is_red
from schemas.areas import Directory, Placed
from schemas.closed import Closed
from schemas.cloudevents import unwrap
from schemas.events import FEED_OF_TYPE, Event, RawRecord
from schemas.outcomes import ClockState, DeadLetter, ServiceClock, VaultRecord
from schemas.records import UNASSIGNED_AREA, Action, AreaSignal, PersonSignal, Transition
from schemas.rejections import Refused, Rejection
from schemas.taxonomy import AREA_PURPOSES, CLOCK_PURPOSES, PERSON_PURPOSES, Purpose, Scope
from schemas.times import DAY_US, SECOND_US, from_us, local_day, to_us
from streams.intake.dead_letters import dead_letter
from streams.intake.identifiers import normalise
from streams.intake.pseudonymise import PersonKeys
from streams.intake.sealed import ReturnAddress, open_address, seal_address, vault_record


class IntakeConfig(Closed, frozen=True):
    """Bounds of what is taken in."""

    body_bytes_max: int = 65_536
    event_age_days_max: int = 3_650
    ahead_s_max: int = 600
    ingest_year_min: Annotated[int, Meta(ge=1_970, le=9_999)] = 2_000
    phone_region: str = "CN"


class Taken(NamedTuple):
    """What became of one raw record; None where there is nothing for that log."""

    person: PersonSignal | None = None
    area: AreaSignal | None = None
    clock: ServiceClock | None = None
    vault: VaultRecord | None = None
    dead: DeadLetter | None = None


class Intake:
    """Takes raw records in; holds keys, directory, limits and aliases.

    `earliest_us` is the first `ingesttime` that is believed.
    """

    def __init__(  # the composition root hands in each part by name, once
        self,
        config: IntakeConfig,
        *,
        directory: Directory,
        pseudonyms: Pseudonyms,
        sealer: Sealer,
        calendar: LimitCalendar,
        code_version: str,
    ) -> None:
        self._config = config
        self._directory = directory
        self._pseudonyms = pseudonyms
        self._sealer = sealer
        self._calendar = calendar
        self._code_version = code_version
        self._age_us_max = config.event_age_days_max * DAY_US
        self._ahead_us_max = config.ahead_s_max * SECOND_US
        self.earliest_us = to_us(datetime(config.ingest_year_min, 1, 1, tzinfo=UTC))
        self.keys = PersonKeys(pseudonyms)

    def step(self, record: RawRecord) -> Taken:
        """Take one raw record in. Never raises for what a sender can send."""
        try:
            event = unwrap(record, body_bytes_max=self._config.body_bytes_max)
            ingest_us = self._ingest_us(event, record)
        except Refused as refused:
            return Taken(dead=self._dead(record, refused))
        try:
            placed = self._placed(event)
            time_us = self._time_us(event, ingest_us)
            self._check_valid(placed, time_us)
            person = self._person(event)
        except Refused as refused:
            dead = self._dead(record, refused)
            return Taken(dead=dead, area=self._salvaged(event, ingest_us))
        return self._taken(event, placed, person, time_us, ingest_us)

    def return_to(self, clock: ServiceClock) -> ReturnAddress | None:
        """Open the return address of a request for help; the key is the present one."""
        if clock.return_address is None:
            return None
        address = open_address(clock.return_address, clock.receipt, self._sealer)
        return ReturnAddress(self.keys.resolve(address.person), address.signal_id)

    def help_transition(self, clock: ServiceClock) -> Transition | None:
        """Return what became of a request for help as a record of its person's log, if it is one.

        Raises SealError where the return address does not open.
        """
        address = self.return_to(clock)
        if address is None:
            return None
        answered = clock.state is ClockState.ANSWERED
        return Transition(
            f"{address.signal_id}-{clock.state.value}",
            Scope.PERSON,
            address.person,
            Action.HELP_ANSWERED if answered else Action.HELP_OVERDUE,
            to_us(clock.updated),
            "",
            address.signal_id,
        )

    def _dead(self, record: RawRecord, refused: Refused) -> DeadLetter:
        return dead_letter(record, refused, self._sealer, self._code_version)

    def _ingest_us(self, event: Event, record: RawRecord) -> int:
        if event.ingesttime is None:
            return max(record.received_us, self.earliest_us)
        ingest_us = to_us(event.ingesttime)
        if not self.earliest_us <= ingest_us <= record.received_us + self._ahead_us_max:
            raise Refused(Rejection.INGESTTIME_OUT_OF_RANGE, "$.ingesttime")
        return ingest_us

    def _time_us(self, event: Event, ingest_us: int) -> int:
        time_us = to_us(event.time)
        if time_us > ingest_us + self._ahead_us_max:
            raise Refused(Rejection.TIME_IN_FUTURE, "$.time")
        if time_us < ingest_us - self._age_us_max:
            raise Refused(Rejection.TIME_TOO_OLD, "$.time")
        return time_us

    def _placed(self, event: Event) -> Placed:
        placed = self._directory.place(event.data.area)
        if placed is None:
            raise Refused(Rejection.UNKNOWN_AREA, "$.data.area")
        return placed

    def _check_valid(self, placed: Placed, time_us: int) -> None:
        if not placed.always_valid:
            day = local_day(time_us, self._directory.time_zone)
            if not self._directory.valid_on(placed.code, day):
                raise Refused(Rejection.AREA_NOT_VALID, "$.data.area")

    def _person(self, event: Event) -> str | None:
        """Return the normalised identifier of the person at risk, if there is one."""
        person = event.data.person
        if person is None:
            return None
        return normalise(person.scheme, person.value, self._config.phone_region)

    def _salvaged(self, event: Event, ingest_us: int) -> AreaSignal | None:
        data = event.data
        if data.purpose not in PERSON_PURPOSES or not is_red(data.kind, data.severity, data.signs):
            return None
        placed = self._directory.place(data.area)
        area = placed.code if placed else UNASSIGNED_AREA
        time_us = max(min(to_us(event.time), ingest_us), ingest_us - self._age_us_max)
        signal = signal_id(event.source, event.id)
        return self._area_signal(event, signal, area, time_us, ingest_us, anonymous=True)

    def _taken(
        self, event: Event, placed: Placed, identifier: str | None, time_us: int, ingest_us: int
    ) -> Taken:
        data = event.data
        purpose = data.purpose
        key = None
        if identifier is not None and data.person is not None and purpose in PERSON_PURPOSES:
            key = self.keys.key_of(data.person.scheme, event.source, identifier)
        signal = signal_id(event.source, event.id)
        person = self._person_signal(event, signal, key, time_us, ingest_us) if key else None
        area = None
        if purpose in AREA_PURPOSES:
            anonymous = key is None and purpose in PERSON_PURPOSES
            area = self._area_signal(
                event, signal, placed.code, time_us, ingest_us, anonymous=anonymous
            )
        clock = None
        if purpose in CLOCK_PURPOSES:
            clock = self._clock(event, placed, person, ingest_us)
        vault = None
        if data.person is not None or data.note is not None or data.location is not None:
            named_by_receipt = clock is not None and purpose not in PERSON_PURPOSES
            record_id = clock.receipt if clock and named_by_receipt else signal
            vault = vault_record(event, identifier, record_id, key, ingest_us, self._sealer)
        return Taken(person, area, clock, vault)

    def _person_signal(
        self, event: Event, signal: str, key: str, time_us: int, ingest_us: int
    ) -> PersonSignal:
        data = event.data
        return PersonSignal(
            signal,
            key,
            data.kind,
            data.purpose,
            data.origin,
            data.channel,
            FEED_OF_TYPE[event.type],
            data.severity,
            data.signs,
            data.area,
            time_us,
            ingest_us,
            data.person.safe_contact if data.person else None,
        )

    def _area_signal(  # the parts of one signal
        self,
        event: Event,
        signal: str,
        area: str,
        time_us: int,
        ingest_us: int,
        *,
        anonymous: bool,
    ) -> AreaSignal:
        data = event.data
        at = data.location
        return AreaSignal(
            signal,
            area,
            data.kind,
            data.purpose,
            data.origin,
            FEED_OF_TYPE[event.type],
            data.severity,
            data.signs,
            time_us,
            ingest_us,
            self._pseudonyms.place_key(at.lat, at.lon) if at else None,
            anonymous,
            at if anonymous else None,
        )

    def _clock(
        self, event: Event, placed: Placed, person: PersonSignal | None, ingest_us: int
    ) -> ServiceClock:
        data = event.data
        receipt = self._pseudonyms.receipt(event.source, event.id)
        address = None
        if person is not None and data.purpose is Purpose.HELP_REQUEST:
            back = ReturnAddress(person.person, person.signal_id)
            address = seal_address(back, receipt, self._sealer)
        opened = from_us(ingest_us)
        due_us = self._calendar.due_us(data.purpose, data.severity, ingest_us)
        return ServiceClock(
            receipt,
            ClockState.OPENED,
            data.purpose,
            data.kind,
            placed.code,
            opened,
            from_us(due_us),
            opened,
            address,
        )
