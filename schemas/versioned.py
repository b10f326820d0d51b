"""State to bytes and back: one version byte, then msgpack; older versions are upgraded on reading.

Rules: a change of a state type raises its version and adds the upgrade from the one before, as a
function on plain msgpack values. A newer version than ours is never guessed at.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from schemas.state import (
    AreaCell,
    AreaSeries,
    LearnerState,
    OpenClock,
    PersonHistory,
    StageProgress,
)

S = TypeVar("S")
Upgrade = Callable[[Any], Any]


class StateError(ValueError):
    """State bytes that cannot be read: damaged, or written by newer code."""


class VersionedCodec(Generic[S]):
    """Encode and decode one type of state, with its version and the way up from older ones."""

    def __init__(self, kind: type[S], version: int, upgrades: Mapping[int, Upgrade]) -> None:
        missing = set(range(1, version)) - set(upgrades)
        if missing:
            raise StateError(f"{kind.__name__}: no upgrade from versions {sorted(missing)}")
        self.kind = kind
        self.version = version
        self._upgrades = dict(upgrades)
        self._prefix = bytes([version])
        self._encode = msgspec.msgpack.Encoder(order="deterministic").encode
        self._decode = msgspec.msgpack.Decoder(kind).decode

    def encode(self, state: S) -> bytes:
        """Return the version byte and the state in msgpack."""
        return self._prefix + self._encode(state)

    def decode(self, data: bytes) -> S:
        """Read a state of this or an older version.

        Raises StateError when the bytes are damaged or of a newer version.
        """
        try:
            if data[:1] == self._prefix:
                return self._decode(memoryview(data)[1:])
            return self._upgraded(data)
        except StateError:
            raise
        except (msgspec.DecodeError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise StateError(f"{self.kind.__name__}: state cannot be read: {error}") from error

    def _upgraded(self, data: bytes) -> S:
        if not data:
            raise StateError(f"{self.kind.__name__}: state is empty")
        if data[0] > self.version:
            raise StateError(
                f"{self.kind.__name__}: state has version {data[0]}, this code reads up to "
                f"{self.version}; run the newer code, or rebuild the state from its log"
            )
        plain = msgspec.msgpack.decode(memoryview(data)[1:])
        for version in range(data[0], self.version):
            plain = self._upgrades[version](plain)
        return msgspec.convert(plain, self.kind)


def _as_it_is(plain: Any) -> Any:
    """Fields were added at the end, and what they hold where they are missing is right."""
    return plain


PERSON_HISTORY = VersionedCodec(PersonHistory, 1, {})
AREA_SERIES = VersionedCodec(AreaSeries, 2, {1: _as_it_is})
AREA_CELL = VersionedCodec(AreaCell, 1, {})
OPEN_CLOCK = VersionedCodec(OpenClock, 1, {})
LEARNER_STATE = VersionedCodec(LearnerState, 1, {})
STAGE_PROGRESS = VersionedCodec(StageProgress, 1, {})

STATE_CODECS: tuple[VersionedCodec[Any], ...] = (
    PERSON_HISTORY,
    AREA_SERIES,
    AREA_CELL,
    OPEN_CLOCK,
    LEARNER_STATE,
    STAGE_PROGRESS,
)
"""Every state there is, for the tests that hold its version and its bytes."""
