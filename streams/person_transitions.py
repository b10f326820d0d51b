"""What comes back into the person log: an alert was closed or reopened, help was given or not.

Rules: a transition that fits nothing here is counted by reason and changes nothing; it never fails,
as the alert it speaks of may have ended long ago.
"""

from alerts.episodes import closed
from schemas.records import Action, Transition
from schemas.state import HelpState, PastSignal, PersonHistory
from schemas.taxonomy import Kind, members_of
from streams.labels import LabelConfig, apply_outcome
from streams.outputs import Outputs
from streams.person_judgement import Cause

_KINDS = members_of(Kind)


def alert_transition(
    history: PersonHistory, record: Transition, labels: LabelConfig, out: Outputs
) -> None:
    """Bring an episode in line with the lifecycle of its alert."""
    episode = next((e for e in history.episodes if e.alert_id == record.alert_id), None)
    if episode is None:
        out.counts["person.transition_of_unknown_alert"] += 1
    elif record.action is Action.CLOSED:
        if not episode.open:
            out.counts["person.transition_repeated"] += 1
            return
        closed(episode, record.ingest_us)
        apply_outcome(history, record.outcome, episode.opened_us, record.ingest_us, labels)
        out.counts["person.alert_closed"] += 1
    elif record.action is Action.REOPENED:
        episode.open = True
        episode.updated_us = record.ingest_us
        out.counts["person.alert_reopened"] += 1
    else:
        out.counts[f"person.alert_{record.action.value}"] += 1


def help_transition(history: PersonHistory, record: Transition, out: Outputs) -> Cause | None:
    """Note that a request for help was answered or is overdue; a cause to judge in the latter."""
    signal = bytes.fromhex(record.signal_id)
    request = next((past for past in history.signals if past.signal == signal), None)
    if request is None or request.help == HelpState.NONE:
        out.counts["person.transition_of_unknown_request"] += 1
        return None
    if record.action is Action.HELP_ANSWERED:
        request.help = HelpState.ANSWERED.value
        out.counts["person.help_answered"] += 1
        return None
    if request.help != HelpState.OPEN:
        out.counts["person.transition_repeated"] += 1
        return None
    request.help = HelpState.OVERDUE.value
    out.counts["person.help_overdue"] += 1
    return _cause(history, record, request)


def _cause(history: PersonHistory, record: Transition, request: PastSignal) -> Cause:
    """Return the cause: named after the plea, yet not as the plea itself, which was judged before.

    An alert or assessment of that name may be long told; a second one would be taken for a repeat.
    """
    kind = _KINDS[request.kind]
    named = f"{record.signal_id}-overdue"
    return Cause(record.subject, kind, history.area, named, record.ingest_us)
