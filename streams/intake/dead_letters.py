"""Records that could not be taken: kept whole and sealed, with a named reason, never dropped.

Rules: reason and detail are ours, the content is the sender's: content is in the sealed body alone.
"""

from hashlib import sha256

import msgspec

from alerts.vault.sealing import Sealer
from schemas.events import RawRecord
from schemas.outcomes import DeadLetter
from schemas.rejections import Refused
from schemas.times import from_us


def context_of(topic: str, partition: int, offset: int) -> bytes:
    """Return the sealing context of a dead letter: the place it came from."""
    return f"dead-letter {topic} {partition} {offset}".encode()


def dead_letter(
    record: RawRecord, refused: Refused, sealer: Sealer, code_version: str
) -> DeadLetter:
    """Make the dead letter of a raw record; the same record and reason give the same bytes."""
    context = context_of(record.topic, record.partition, record.offset)
    headers = msgspec.json.encode(record.headers) if record.headers else None
    return DeadLetter(
        reason=refused.reason,
        detail=refused.detail,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        first_seen=from_us(record.received_us) if record.received_us else None,
        code_version=code_version,
        size=record.size or len(record.value),
        digest=record.digest or sha256(record.value).hexdigest(),
        key_version=sealer.version,
        sealed=sealer.seal(record.value, context),
        headers=sealer.seal(headers, context + b" headers") if headers else None,
        truncated=bool(record.size and record.size > len(record.value)),
    )
