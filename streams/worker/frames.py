"""One value of durable state as it stands on a changelog: its stamp, then the state's own bytes.

Rules: the stamp is the generation of the owner that wrote the value and the last offset of the log
that is in it. A value of a smaller generation than one before it on the changelog is nobody's: a
worker that was left for dead cannot undo what its successor wrote. An empty body says that the key
was deleted, with the same stamp; a tombstone has none and comes later.
"""

import struct
from typing import NamedTuple

from schemas.versioned import StateError

FRAME_VERSION = 1
_HEAD = struct.Struct("<BIq")
HEAD_BYTES = _HEAD.size
GENERATION_MAX = 2**32 - 1


class Stamp(NamedTuple):
    """Who wrote a value, and up to which offset of the log it goes (-1: before the first)."""

    generation: int
    applied: int


def framed(stamp: Stamp, body: bytes) -> bytes:
    """Return a body under its stamp."""
    return _HEAD.pack(FRAME_VERSION, *stamp) + body


def stamp_of(frame: bytes) -> Stamp:
    """Return the stamp of a frame. Raises StateError where the frame is damaged or newer."""
    if len(frame) < HEAD_BYTES:
        raise StateError("a value on the changelog is shorter than its head; it is not of forewarn")
    version, generation, applied = _HEAD.unpack_from(frame)
    if version != FRAME_VERSION:
        raise StateError(
            f"a value on the changelog has frame version {version}, this code reads "
            f"{FRAME_VERSION}; run the newer code, or rebuild the state from its log"
        )
    return Stamp(generation, applied)


def body_of(frame: bytes) -> bytes:
    """Return the state's own bytes, empty where the key was deleted."""
    return frame[HEAD_BYTES:]
