"""What the API measures of itself: requests, errors, durations; events taken; streams.

Rules: a request is counted by the template of its route, never by its path, and no label names a
person, an area, a source or a token. Each application has a registry of its own.
"""

from collections import Counter as Counts
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from api.receiving import Received
from schemas.taxonomy import Feed

NO_ROUTE = "none"
CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Meters:
    """The meters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._of_route = cache(self._meters_of)
        self._requests = Counter(
            "forewarn_api_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "forewarn_api_request_seconds",
            "Time until a request was answered; a stream counts until it began.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "forewarn_api_requests_in_flight", "Requests being answered.", registry=self.registry
        )
        self._accepted = Counter(
            "forewarn_api_events_accepted",
            "Events that the broker has acknowledged.",
            ("feed",),
            registry=self.registry,
        )
        self._accepted_of = {feed: self._accepted.labels(feed.value) for feed in Feed}
        self._refused = Counter(
            "forewarn_api_events_refused",
            "Events of batches that were refused.",
            ("reason",),
            registry=self.registry,
        )
        self.stream_clients = Gauge(
            "forewarn_api_stream_clients", "Streams open.", registry=self.registry
        )
        self.stream_dropped = Counter(
            "forewarn_api_stream_dropped",
            "Streams ended because their client was too slow.",
            registry=self.registry,
        )
        self.stream_sequence = Gauge(
            "forewarn_api_stream_sequence",
            "The newest change that went to the streams.",
            registry=self.registry,
        )
        self.stream_polls = Counter(
            "forewarn_api_stream_polls",
            "Looks into the store for changes, by how they went.",
            ("outcome",),
            registry=self.registry,
        )

    def _meters_of(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        """Return the meters of one kind of answer; there are as many as endpoints and statuses."""
        return (
            self._requests.labels(method, route, str(status)),
            self._seconds.labels(method, route),
        )

    def begun(self) -> None:
        """Count a request that came."""
        self._in_flight.inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request as its answer begins."""
        requests, took = self._of_route(method if method in _METHODS else "other", route, status)
        requests.inc()
        took.observe(seconds)

    def ended(self) -> None:
        """Count a request that is over."""
        self._in_flight.dec()

    def events(self, received: Received) -> None:
        """Count events that were taken and refused."""
        for feed, count in Counts(one.feed for one in received.outgoing).items():
            self._accepted_of[feed].inc(count)
        for one in received.refused:
            self._refused.labels(one.reason or one.type.rpartition(":")[2]).inc()

    def exposition(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self.registry)
