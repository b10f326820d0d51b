"""What is on a raw topic beside events: ticks, and what a feeder says of a record.

Rules: a tick is told from an event by its header, before any byte of the value is looked at, so a
sender's JSON can never pass for one. A feeder's own word on when a record was received and where it
stands in its feed counts only in a namespace of its own; on a live topic the broker's time counts.
"""

from typing import NamedTuple

import msgspec

from schemas.closed import Closed
from schemas.taxonomy import Feed
from schemas.times import MINUTE_US

TICK_HEADER = "forewarn-tick"
RECEIVED_HEADER = "forewarn-received-us"
PLACE_HEADER = "forewarn-place"
SIZE_HEADER = "forewarn-size"
DIGEST_HEADER = "forewarn-digest"
OURS = frozenset({TICK_HEADER, RECEIVED_HEADER, PLACE_HEADER, SIZE_HEADER, DIGEST_HEADER})
TICK_AHEAD_US_MAX = 5 * MINUTE_US
"""How far a live tick may be ahead of the broker's clock before it is refused."""

Headers = tuple[tuple[str, bytes], ...]


class RawTick(Closed, frozen=True, tag="raw-tick"):
    """Every record of this partition up to here came in by `at_us`; told by ticker `epoch`."""

    at_us: int
    epoch: int = 0


class RawSource(NamedTuple):
    """One partition of a raw topic, as the clocks of the stages name it."""

    feed: Feed
    partition: int

    @property
    def name(self) -> str:
        """Return the name of the source in ticks, such as `hotline/3`."""
        return f"{self.feed.value}/{self.partition}"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(RawTick).decode
TICK_KEY = b"tick"
TICK_HEADERS: Headers = ((TICK_HEADER, b"1"),)


def write_tick(tick: RawTick) -> bytes:
    """Return a tick as the value of a raw record; it goes under `TICK_KEY` with `TICK_HEADERS`."""
    return _encode(tick)


def read_tick(value: bytes | None, headers: Headers) -> RawTick | None:
    """Return the tick of a raw record, None where it is an event or no tick of ours."""
    if value is None or not any(name == TICK_HEADER for name, _ in headers):
        return None
    try:
        return _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def feeder_headers(*, received_us: int, place: int, size: int = 0, digest: str = "") -> Headers:
    """Return what a feeder says of a record: when it came in and its place in the feed's order.

    `size` (bytes) and `digest` (SHA-256, hex) are of the whole where only its beginning is sent.
    """
    said = [(RECEIVED_HEADER, b"%d" % received_us), (PLACE_HEADER, b"%d" % place)]
    if size:
        said += [(SIZE_HEADER, b"%d" % size), (DIGEST_HEADER, digest.encode())]
    return tuple(said)
