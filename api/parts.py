"""What the API is made of: its limits, and the parts it is handed at its making.

Rules: nothing is global and nothing is built at import; the broker is behind one protocol, because
this room knows no Kafka; every limit is here, with its unit last.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple, Protocol

from msgspec import Meta
from sqlalchemy import Engine

from detectors.surveillance import Surveillance
from schemas.areas import Directory
from schemas.closed import Closed
from schemas.taxonomy import Feed

Seconds = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]


class ApiConfig(Closed, frozen=True):
    """The limits of the API.

    A token is looked up again after `token_cache_s_max`, so that long a revoked one may still be
    good. `source_events_max` is what one source may send in a minute.
    """

    token_cache_s_max: Seconds = 5.0
    tokens_cached_max: Count = 1_024
    event_bytes_max: Count = 65_536
    batch_bytes_max: Count = 8 * 1024 * 1024
    batch_events_max: Count = 1_000
    request_bytes_max: Count = 16_384
    body_s_max: Seconds = 30.0
    source_events_max: Count = 60_000
    stream_poll_s: Seconds = 0.25
    stream_heartbeat_s: Seconds = 15.0
    stream_clients_max: Count = 1_000
    stream_queue_max: Count = 256
    stream_replay_max: Count = 2_000
    stream_stall_s_max: Seconds = 30.0
    retry_after_s: Count = 5


class Outgoing(NamedTuple):
    """One event on its way to the raw topic of its feed."""

    feed: Feed
    key: bytes
    value: bytes


class SinkAwayError(Exception):
    """The broker did not acknowledge in time; some of what was sent may be there all the same."""


class EventSink(Protocol):
    """Where events go."""

    async def send(self, events: Sequence[Outgoing]) -> None:
        """Return once the broker has acknowledged all of them. Raises SinkAwayError."""

    async def reachable(self) -> bool:
        """Say whether the broker answers, within a second or two."""


class Parts(NamedTuple):
    """What an API is made of; `now_us` is the clock, microseconds since the epoch.

    `surveillance` is how the area stage judges, so that what is shown as usual is what it goes by.
    """

    config: ApiConfig
    engine: Engine
    directory: Directory
    sink: EventSink
    now_us: Callable[[], int]
    version: str
    surveillance: Surveillance = Surveillance()
