"""The canary: a suggestion that nobody made, timed on its way through a live system.

    raw topic ─► intake ─► service log ─► service stage ─► service clocks ─► seen here, and answered

A suggestion touches no score, so no canary can ever become an alert. It is made in an area of its
own, which lies in no county, so no officer who is in charge of areas meets its clock either. A
directory gets that area once, when it is made: `with_canary`.

Rules: pure but for its meters; a flight is known by the microsecond in which it was sent, which is
its clock's opening; only our own clocks are answered. Each flight counts once: as seconds when it
came out, or as lost. What is remembered has a bound in time.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.areas import CANARY_CODE, Area, Directory
from schemas.closed import Text
from schemas.events import TYPE_OF_FEED, Event, EventData
from schemas.outcomes import ClockAnswer, ClockState, ServiceClock
from schemas.taxonomy import AreaLevel, Channel, Feed, Kind, Origin, Purpose
from schemas.times import SECOND_US, from_us, to_us

SOURCE = "/forewarn/canary"
CANARY_AREA = Area(code=CANARY_CODE, level=AreaLevel.GRID, name=Text(en="Canary", zh="金丝雀"))
LOST_S_MAX = 60.0
"""A flight that has not come out by then is lost; if it comes yet, it counts no more."""
REMEMBERED_S_MAX = 3_600.0
SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Lost(StrEnum):
    """Why a flight counts as lost."""

    NOT_ACCEPTED = "not_accepted"
    NOT_SEEN = "not_seen"


class Flight(NamedTuple):
    """One canary: the event, and the raw topic's feed that it goes to."""

    event: Event
    feed: Feed
    sent_us: int


class CanaryMeters:
    """What Prometheus is told; `age_s` is asked when it comes."""

    def __init__(self, age_s: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        kept = self.registry
        self.sent = Counter("forewarn_canary_sent_total", "Canaries sent", registry=kept)
        self.seconds = Histogram(
            "forewarn_canary_seconds",
            "From sending a canary to its clock",
            buckets=SECONDS,
            registry=kept,
        )
        self.lost = Counter(
            "forewarn_canary_lost_total",
            "Canaries that did not come out in time, by why",
            ("reason",),
            registry=kept,
        )
        for reason in Lost:
            self.lost.labels(reason.value)
        self.broker_reached = Gauge(
            "forewarn_broker_reached",
            "Whether the last canary was acknowledged by the broker",
            registry=kept,
        )
        Gauge(
            "forewarn_canary_age_seconds",
            "Time since the newest canary that came out was sent; before the first, since start",
            registry=kept,
        ).set_function(age_s)


class Canary:
    """The flights of one process; `area` is known to the intake, `now_us` is the clock."""

    def __init__(self, area: str, now_us: Callable[[], int]) -> None:
        self._area = area
        self._now_us = now_us
        self._counted: OrderedDict[int, bool] = OrderedDict()
        self._newest_us = now_us()
        self._feeds = tuple(Feed)
        self._number = 0
        self.meters = CanaryMeters(lambda: (now_us() - self._newest_us) / SECOND_US)

    def next_flight(self) -> Flight:
        """Return the next canary; it takes each feed in turn, and is remembered as under way."""
        sent_us = self._now_us()
        while sent_us in self._counted:
            sent_us += 1
        feed = self._feeds[self._number % len(self._feeds)]
        self._number += 1
        self._counted[sent_us] = False
        self.meters.sent.inc()
        return Flight(_event(self._area, feed, sent_us), feed, sent_us)

    def accepted(self, flight: Flight, *, by_broker: bool) -> None:
        """Take note of whether the broker acknowledged it."""
        self.meters.broker_reached.set(float(by_broker))
        if not by_broker:
            self._lose(flight.sent_us, Lost.NOT_ACCEPTED)

    def came_out(self, clock: ServiceClock) -> ClockAnswer | None:
        """Take note of a clock; return the answer that ends it where it is one of ours."""
        opened_us = to_us(clock.opened)
        ours = clock.area == self._area and clock.purpose is Purpose.SUGGESTION
        if not ours or clock.state is not ClockState.OPENED or opened_us not in self._counted:
            return None
        now_us = self._now_us()
        if not self._counted[opened_us]:
            self._counted[opened_us] = True
            self.meters.seconds.observe((now_us - opened_us) / SECOND_US)
        self._newest_us = max(self._newest_us, opened_us)
        return ClockAnswer(clock.receipt, now_us)

    def give_up(self) -> None:
        """Count as lost what is out for too long, and forget what is long past."""
        now_us = self._now_us()
        for sent_us in self._older_than(now_us, LOST_S_MAX):
            self._lose(sent_us, Lost.NOT_SEEN)
        for sent_us in self._older_than(now_us, REMEMBERED_S_MAX):
            del self._counted[sent_us]

    def _lose(self, sent_us: int, why: Lost) -> None:
        if not self._counted[sent_us]:
            self._counted[sent_us] = True
            self.meters.lost.labels(why.value).inc()

    def _older_than(self, now_us: int, age_s: float) -> Iterable[int]:
        return [sent for sent in self._counted if now_us - sent > age_s * SECOND_US]


def with_canary(directory: Directory) -> Directory:
    """Return the same areas and the canary's own, which lies in no other and borders on none."""
    return Directory(
        {**directory.areas, CANARY_CODE: CANARY_AREA}.values(),
        version=directory.version,
        time_zone=directory.time_zone,
        county_partitions=directory.county_partitions,
    )


def _event(area: str, feed: Feed, sent_us: int) -> Event:
    at = from_us(sent_us)
    return Event(
        specversion="1.0",
        id=str(sent_us),
        source=SOURCE,
        type=TYPE_OF_FEED[feed],
        time=at,
        ingesttime=at,
        data=EventData(
            purpose=Purpose.SUGGESTION,
            kind=Kind.ENVIRONMENT,
            area=area,
            severity=0,
            signs=(),
            origin=Origin.REPORTED,
            channel=Channel.DEVICE,
        ),
    )
