"""Gauges that are asked for when Prometheus comes: clocks, lag, age of commits, size of state."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from faust.types import TP

from schemas.times import SECOND_US
from streams.worker.app import StageApp
from streams.worker.meters import Sample

if TYPE_CHECKING:
    from streams.worker.worker import Worker


def register_gauges(worker: "Worker") -> None:
    """Register every gauge of a worker with its meters."""
    ask = worker.meters.ask
    ask(
        "forewarn_clock_timestamp_seconds",
        "The stage's own time, the earliest of its partitions",
        ("stage",),
        lambda: _clocks(worker),
    )
    ask(
        "forewarn_clock_slowest_source_timestamp_seconds",
        "The source that holds a stage's time back most",
        ("stage", "source"),
        lambda: _slowest(worker),
    )
    ask(
        "forewarn_clock_idle_sources",
        "Sources that a stage's time no longer waits for, as they said nothing for long",
        ("stage",),
        lambda: [
            ((name,), float(max(len(one.seat.clock.idle_sources()) for one in host.seats.values())))
            for name, host in worker.hosts.items()
            if host.seats
        ],
    )
    ask(
        "forewarn_lag_records",
        "Records of the log that are not durable yet",
        ("stage",),
        lambda: _lags(worker),
    )
    ask(
        "forewarn_last_commit_age_seconds",
        "Time since offsets were last committed",
        ("stage",),
        lambda: _commit_ages(worker),
    )
    ask(
        "forewarn_state_keys",
        "Keys held by a stage",
        ("stage",),
        lambda: [
            ((name,), float(sum(len(one.state.store) for one in host.seats.values())))
            for name, host in worker.hosts.items()
        ],
    )
    ask(
        "forewarn_state_bytes",
        "Bytes held by a stage",
        ("stage",),
        lambda: [
            ((name,), float(sum(one.state.store.bytes_held() for one in host.seats.values())))
            for name, host in worker.hosts.items()
        ],
    )
    ask(
        "forewarn_sent_bytes",
        "Bytes sent by the stages, changelogs included",
        (),
        lambda: [((), float(worker.bytes_sent()))],
    )
    ask(
        "forewarn_recovery_remaining_records",
        "Records of changelogs still to be read",
        ("stage",),
        lambda: [
            ((name,), _recovery_remaining(app))
            for name, app in worker.apps.items()
            if name in worker.hosts
        ],
    )
    ask(
        "forewarn_model_info",
        "The model in force; the version is in the label",
        ("version",),
        lambda: _models(worker),
    )


def _clocks(worker: "Worker") -> Iterable[Sample]:
    for name, host in worker.hosts.items():
        times = [one.seat.clock.now_us for one in host.seats.values()]
        if times:
            yield (name,), min(times) / SECOND_US


def _slowest(worker: "Worker") -> Iterable[Sample]:
    for name, host in worker.hosts.items():
        found = [one.seat.clock.slowest() for one in host.seats.values()]
        if found:
            source, at_us = min(found, key=lambda pair: pair[1])
            yield (name, source), at_us / SECOND_US


def _lags(worker: "Worker") -> Iterable[Sample]:
    for name, app in worker.apps.items():
        behind = 0
        for tp in app.durable.durable_partitions():
            end = app.monitor.tp_end_offsets.get(tp)
            done = app.durable.durable_next(tp)
            behind += max(0, (end or 0) - (done or 0))
        yield (name,), float(behind)


def _recovery_remaining(app: StageApp) -> float:
    tables: Any = app.tables
    return float(tables.recovery.active_remaining_total())


def _commit_ages(worker: "Worker") -> Iterable[Sample]:
    now = time.monotonic()
    for name, app in worker.apps.items():
        at = last_commit_s(app)
        if at is not None:
            yield (name,), max(0.0, now - at)


def last_commit_s(app: StageApp) -> float | None:
    """Return the monotonic time at which an app last committed, None where it never did."""
    consumer: Any = app.consumer
    thread = consumer._thread  # noqa: SLF001  # Faust keeps the times of commits there alone
    times = [at for tp, at in thread.tp_last_committed_at.items() if isinstance(tp, TP | tuple)]
    return max(times, default=None)


def _models(worker: "Worker") -> Iterable[Sample]:
    host = worker.hosts.get("person")
    versions = set()
    for one in host.seats.values() if host else ():
        in_force = one.seat.model_version()
        if in_force:
            versions.add(in_force)
    return [((version,), 1.0) for version in sorted(versions)]
