"""Histories that move to another key: rotation of the key, or two identifiers of one person.

Rules: a move empties the old key and leaves the way to the new one, so a signal still under way is
passed on and never begins a second history. An arrival joins what is there; arriving twice is
harmless. Of two open episodes of one kind the more dangerous goes on, and the other says so.
"""

from collections.abc import Callable

from msgspec.structs import replace

from schemas.outcomes import Change
from schemas.records import HistoryArrival, HistoryMove, PersonSignal
from schemas.state import Episode, PersonHistory
from schemas.versioned import PERSON_HISTORY
from streams.history import HistoryConfig, incidents_of, joined
from streams.outputs import Outputs
from streams.person_alerts import LATE_EVIDENCE_MAX, Telling, alert_of

Tell = Callable[[Episode, Change, str | None], None]


def move_away(history: PersonHistory | None, move: HistoryMove, out: Outputs) -> PersonHistory:
    """Send a history on to its new key and return what stays: the way to it."""
    if history is not None and not history.moved_to:
        history.due_us = 0
        packed = PERSON_HISTORY.encode(history)
        out.person_records.append(HistoryArrival(move.to, move.person, packed, move.ingest_us))
        out.counts["person.history_moved"] += 1
    return PersonHistory(moved_to=move.to)


def forward(signal: PersonSignal, history: PersonHistory, out: Outputs) -> None:
    """Pass a signal on to the key its history has moved to."""
    out.person_records.append(replace(signal, person=history.moved_to))
    out.counts["person.signal_forwarded"] += 1


def arrive(
    present: PersonHistory | None, arrival: HistoryArrival, config: HistoryConfig, out: Outputs
) -> PersonHistory:
    """Join an arrived history into the one that is there, and tell of its open episodes."""
    history = present or PersonHistory()
    moved = PERSON_HISTORY.decode(arrival.history)
    if history.moved_to:
        out.person_records.append(
            replace(arrival, person=history.moved_to, moved_from=arrival.person)
        )
        return history
    joined(history, moved, arrival.ingest_us, config)
    incidents = incidents_of(history, config)

    def tell(episode: Episode, change: Change, into: str | None) -> None:
        episode.revision += 1
        telling = Telling(
            arrival.person, history, episode, change, incidents, arrival.ingest_us, merged_into=into
        )
        out.alerts.append(alert_of(telling))

    for episode in moved.episodes:
        other = next((e for e in history.episodes if e.kind == episode.kind), None)
        if other is None:
            history.episodes.append(episode)
            tell(episode, Change.MOVED, None)
        elif other.alert_id != episode.alert_id:
            _settle(history, other, episode, tell)
    return history


def _settle(history: PersonHistory, one: Episode, two: Episode, tell: Tell) -> None:
    """Let the more dangerous, then the older, of two episodes of one kind go on."""
    kept, given_up = sorted(
        (one, two), key=lambda e: (not e.open, -e.level, e.opened_us, e.alert_id)
    )
    kept.late = [*kept.late, *given_up.late][:LATE_EVIDENCE_MAX]
    history.episodes[history.episodes.index(one)] = kept
    if given_up.open:
        given_up.open = False
        tell(given_up, Change.MERGED, kept.alert_id)
    if kept is two:
        tell(kept, Change.MOVED, None)
