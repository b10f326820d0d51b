"""A person's history as an ordered set: what goes in, what is merged, what is left behind.

Rules: reports stand in the order of event time, so the order of arrival does not change the final
value. Near-duplicates (same kind, within a quarter of an hour of the first) are one incident with
several reports; two persons are never merged. A report is found again by its id as long as it may
be repeated, also after it left the history. Every list is bounded.
"""

from bisect import insort
from operator import attrgetter

from schemas.closed import Closed
from schemas.records import PersonSignal
from schemas.state import HelpState, Incident, PastSignal, PersonHistory, Seen
from schemas.taxonomy import (
    CHANNEL_CODE,
    KIND_CODE,
    ORIGIN_CODE,
    PURPOSE_CODE,
    Purpose,
    sign_mask,
)
from schemas.times import DAY_US, MINUTE_US

_in_order = attrgetter("time_us", "signal")


class HistoryConfig(Closed, frozen=True):
    """Bounds of a person's history."""

    retention_days: int = 180
    signals_max: int = 200
    lateness_days: int = 7
    seen_max: int = 1_000
    merge_minutes: int = 15
    pending_joined_max: int = 64


def past_signal(signal: PersonSignal) -> PastSignal:
    """Return the stored form of a signal."""
    asks = signal.purpose is Purpose.HELP_REQUEST
    return PastSignal(
        signal.time_us,
        bytes.fromhex(signal.signal_id),
        KIND_CODE[signal.kind],
        PURPOSE_CODE[signal.purpose],
        ORIGIN_CODE[signal.origin],
        CHANNEL_CODE[signal.channel],
        signal.severity,
        sign_mask(signal.signs),
        HelpState.OPEN.value if asks else HelpState.NONE.value,
    )


def has_seen(history: PersonHistory, signal: bytes) -> bool:
    """Say whether a signal id is in the history or was seen not long ago."""
    for past in history.signals:
        if past.signal == signal:
            return True
    return bool(history.seen) and any(seen.signal == signal for seen in history.seen)


def add(history: PersonHistory, past: PastSignal, now_us: int, config: HistoryConfig) -> None:
    """Put a report into its place; the oldest beyond the cap is dropped and counted."""
    insort(history.signals, past, key=_in_order)
    while len(history.signals) > config.signals_max:
        dropped = history.signals.pop(0)
        history.dropped += 1
        until_us = max(dropped.time_us, now_us) + config.lateness_days * DAY_US
        remember(history, dropped.signal, until_us, config)


def remember(history: PersonHistory, signal: bytes, until_us: int, config: HistoryConfig) -> None:
    """Keep the id of a report that is not in the history, to find its repetition."""
    history.seen.append(Seen(until_us, signal))
    if len(history.seen) > config.seen_max:
        del history.seen[0]


def forget_old(history: PersonHistory, now_us: int, config: HistoryConfig) -> None:
    """Leave behind what is older than the retention; evidence decays, so that anyone can."""
    oldest = now_us - config.retention_days * DAY_US
    signals = history.signals
    if signals and signals[0].time_us < oldest:
        history.signals = [past for past in signals if past.time_us >= oldest]
    if history.seen and history.seen[0].until_us < now_us:
        history.seen = [seen for seen in history.seen if seen.until_us >= now_us]


def incidents_of(history: PersonHistory, config: HistoryConfig) -> list[Incident]:
    """Merge near-duplicates: reports of one kind within `merge_minutes` of the first are one.

    An incident has the highest severity and help state of its reports, all their signs and
    channels, and the id of the first. The result is in order of time.
    """
    window = config.merge_minutes * MINUTE_US
    open_by_kind: dict[int, Incident] = {}
    incidents: list[Incident] = []
    for past in history.signals:
        current = open_by_kind.get(past.kind)
        if current is not None and past.time_us - current.time_us <= window:
            _merge(current, past)
            continue
        open_by_kind[past.kind] = incident = incident_of(past)
        incidents.append(incident)
    return incidents


def incident_of(past: PastSignal) -> Incident:
    """Return the incident of one report alone."""
    return Incident(
        past.time_us,
        past.signal,
        past.kind,
        past.purpose,
        past.origin,
        past.severity,
        past.signs,
        1,
        1 << past.channel,
        past.help,
    )


def _merge(incident: Incident, past: PastSignal) -> None:
    """Merge one more report in; a reported one outweighs a discovered one, harm a plea."""
    incident.reports += 1
    incident.severity = max(incident.severity, past.severity)
    incident.signs |= past.signs
    incident.channels |= 1 << past.channel
    incident.help = max(incident.help, past.help)
    incident.origin = min(incident.origin, past.origin)
    incident.purpose = min(incident.purpose, past.purpose)


def joined(into: PersonHistory, other: PersonHistory, now_us: int, config: HistoryConfig) -> None:
    """Join the reports and waiting predictions of `other` into a history; repeating is harmless.

    The reports dropped before are not added up: it is not known which of them both had.
    """
    into.dropped = max(into.dropped, other.dropped)
    for past in other.signals:
        if not has_seen(into, past.signal):
            add(into, past, now_us, config)
    known = {seen.signal for seen in into.seen}
    into.seen.extend(seen for seen in other.seen if seen.signal not in known)
    into.seen.sort(key=attrgetter("until_us", "signal"))
    del into.seen[: -config.seen_max]
    waiting = {(pending.predicted_us, pending.signal) for pending in into.pending}
    into.pending.extend(
        pending
        for pending in other.pending
        if (pending.predicted_us, pending.signal) not in waiting
    )
    into.pending.sort(key=attrgetter("predicted_us", "signal"))
    del into.pending[config.pending_joined_max :]
    into.never_inform = into.never_inform or other.never_inform
    into.safe_hours = into.safe_hours or other.safe_hours
    into.area = into.area or other.area
