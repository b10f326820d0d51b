"""What leaves the stream here, sealed: identities, notes and locations, and the way back of a plea.

Rules: a vault record is named by its signal, or by its receipt where the contact is about the
authority and must not be joined to a person; it is sealed in the context of that name. The return
address of a request for help is sealed in the context of its receipt.
"""

import msgspec

from alerts.vault.sealing import Sealer
from schemas.closed import Closed
from schemas.events import Event
from schemas.outcomes import VaultRecord


class Sealed(Closed, frozen=True):
    """What a vault record holds once opened."""

    source: str
    event_id: str
    scheme: str | None = None
    identifier: str | None = None
    safe_hours: str | None = None
    never_inform_household: bool = False
    lat: float | None = None
    lon: float | None = None
    note: str | None = None


class ReturnAddress(Closed, frozen=True):
    """Where the fate of a request for help goes back to."""

    person: str
    signal_id: str


_encode = msgspec.json.Encoder().encode
_read_address = msgspec.json.Decoder(ReturnAddress).decode


def vault_record(  # the parts of one record
    event: Event,
    identifier: str | None,
    record_id: str,
    person_key: str | None,
    ingest_us: int,
    sealer: Sealer,
) -> VaultRecord:
    """Seal what may not travel: identifier (normalised), safe contact, location and note."""
    data = event.data
    who, at = data.person, data.location
    safe = who.safe_contact if who else None
    content = Sealed(
        event.source,
        event.id,
        who.scheme.value if who else None,
        identifier,
        safe.hours if safe else None,
        safe.never_inform_household if safe else False,
        at.lat if at else None,
        at.lon if at else None,
        data.note,
    )
    sealed = sealer.seal(_encode(content), record_id.encode())
    return VaultRecord(record_id, person_key or "", sealer.version, ingest_us, sealed)


def seal_address(address: ReturnAddress, receipt: str, sealer: Sealer) -> bytes:
    """Seal the return address of a request for help."""
    return sealer.seal(_encode(address), receipt.encode())


def open_address(sealed: bytes, receipt: str, sealer: Sealer) -> ReturnAddress:
    """Open a return address. Raises SealError where it does not belong to this receipt."""
    return _read_address(sealer.open_any(sealed, receipt.encode()))
