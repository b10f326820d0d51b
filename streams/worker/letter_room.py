"""Room for dead letters: what cannot be taken must still fit on its dead-letter topic.

Rules: a sealed record is a third larger than the record was (base64), so one that just fitted on
its own topic would not fit beside it, and the worker would end over it again and again. So only the
beginning of a very large record is kept, with size and digest of the whole; such a record is far
above what the intake takes (`IntakeConfig.body_bytes_max`). Headers that do not fit are left out.
"""

from hashlib import sha256

import msgspec

from schemas.events import RawRecord
from schemas.outcomes import DeadLetter

LETTER_BYTES_MAX = 640_000
"""Sealed value and headers of a letter: in base64 below the limit that topics have by default."""
_SEAL_BYTES = 1_000


def beginning(record: RawRecord) -> RawRecord:
    """Return a record that is too large to be kept whole as its beginning; any other as it is."""
    value = record.value
    if len(value) <= LETTER_BYTES_MAX:
        return record
    return msgspec.structs.replace(
        record,
        value=value[:LETTER_BYTES_MAX],
        size=record.size or len(value),
        digest=record.digest or sha256(value).hexdigest(),
    )


def fitting(letter: DeadLetter) -> DeadLetter:
    """Return a letter without its headers where they do not fit."""
    if len(letter.sealed) + len(letter.headers or b"") <= LETTER_BYTES_MAX + _SEAL_BYTES:
        return letter
    return msgspec.structs.replace(letter, headers=None, truncated=True)
