"""Gauges that are asked for when Prometheus comes: clocks, lag, age of commits, size of state."""

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from faust.types import TP

from schemas.times import SECOND_US
from streams.worker.app import StageApp
from streams.worker.meters import Sample

if TYPE_CHECKING:
    from streams.worker.worker import Worker

Samples = Callable[["Worker"], Iterable[Sample]]


def register_gauges(worker: "Worker") -> None:
    """Register every gauge of a worker with its meters."""
    for name, about, labels, samples in GAUGES:
        worker.meters.ask(name, about, labels, partial(samples, worker))


def _idle(worker: "Worker") -> Iterable[Sample]:
    for name, host in worker.hosts.items():
        idle = [len(one.seat.clock.idle_sources()) for one in host.seats.values()]
        if idle:
            yield (name,), float(max(idle))


def _keys(worker: "Worker") -> Iterable[Sample]:
    for name, host in worker.hosts.items():
        yield (name,), float(sum(len(one.state.store) for one in host.seats.values()))


def _bytes(worker: "Worker") -> Iterable[Sample]:
    for name, host in worker.hosts.items():
        yield (name,), float(sum(one.state.store.bytes_held() for one in host.seats.values()))


def _sent(worker: "Worker") -> Iterable[Sample]:
    return [((), float(worker.bytes_sent()))]


def _refused(worker: "Worker") -> Iterable[Sample]:
    return [((what,), float(number)) for what, number in worker.refused().items()]


def _recovery(worker: "Worker") -> Iterable[Sample]:
    for name in worker.hosts:
        yield (name,), _recovery_remaining(worker.apps[name])


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


GAUGES: tuple[tuple[str, str, tuple[str, ...], Samples], ...] = (
    (
        "forewarn_clock_timestamp_seconds",
        "The stage's own time, the earliest of its partitions",
        ("stage",),
        _clocks,
    ),
    (
        "forewarn_clock_slowest_source_timestamp_seconds",
        "The source that holds a stage's time back most",
        ("stage", "source"),
        _slowest,
    ),
    (
        "forewarn_clock_idle_sources",
        "Sources that a stage's time no longer waits for, as they said nothing for long",
        ("stage",),
        _idle,
    ),
    ("forewarn_lag_records", "Offsets of the log that are not durable yet", ("stage",), _lags),
    (
        "forewarn_last_commit_age_seconds",
        "Time since offsets were last committed",
        ("stage",),
        _commit_ages,
    ),
    ("forewarn_state_keys", "Keys held by a stage", ("stage",), _keys),
    ("forewarn_state_bytes", "Bytes held by a stage", ("stage",), _bytes),
    ("forewarn_sent_bytes", "Bytes sent by the stages, changelogs included", (), _sent),
    (
        "forewarn_refused_records",
        "Models and aliases on their topics that could not be used",
        ("what",),
        _refused,
    ),
    (
        "forewarn_recovery_remaining_records",
        "Records of changelogs still to be read",
        ("stage",),
        _recovery,
    ),
    (
        "forewarn_model_info",
        "The model in force; the version is in the label",
        ("version",),
        _models,
    ),
)
