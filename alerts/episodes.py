"""Episodes: one open run of danger per subject and kind, from its first alert to its end.

Rules: an episode and its alert are named by the signal that triggered it, so a retry names the same
alert. More evidence raises the revision, never a second alert; a level never falls within an
episode. New danger soon after a close reopens it, later it begins the next. Whatever is decided
comes back as a named change.
"""

from hashlib import blake2b
from typing import Annotated

from msgspec import Meta

from alerts.policy import Decision
from schemas.closed import Closed
from schemas.outcomes import Change
from schemas.state import Episode
from schemas.taxonomy import Scope, rank_of
from schemas.times import DAY_US

Days = Annotated[int, Meta(ge=1, le=3_660)]


class EpisodePolicy(Closed, frozen=True):
    """How long an episode lives; re-checks fall due that many days after it opened, in that order.

    More than half of repeated harm falls in the first three months: hence the dates.
    """

    idle_days: Days = 90
    reopen_days: Days = 30
    recheck_days: tuple[Days, ...] = (7, 30)
    reasons_max: Annotated[int, Meta(ge=1, le=100)] = 20

    def __post_init__(self) -> None:
        """Refuse re-checks out of order: a later one would hide those behind it."""
        if list(self.recheck_days) != sorted(self.recheck_days):
            raise ValueError("episode policy: recheck_days must rise")


def alert_id_of(scope: Scope, subject_kind: str, trigger: str) -> str:
    """Return the id of the alert that `trigger` (a signal id, or area and day) opens."""
    named = f"{scope.value}\x1f{subject_kind}\x1f{trigger}"
    return blake2b(named.encode(), digest_size=16).hexdigest()


def opened(  # the parts of one episode, named at the one place that makes it
    *, kind: int, alert_id: str, area: str, now_us: int, decision: Decision, policy: EpisodePolicy
) -> Episode:
    """Return a new episode at revision 1."""
    episode = Episode(kind, alert_id, 1, rank_of(decision.level), now_us, now_us, area, [])
    _add_reasons(episode, decision, policy)
    return episode


def updated(
    episode: Episode, decision: Decision, now_us: int, policy: EpisodePolicy
) -> Change | None:
    """Bring new evidence into an episode and say what changed; None where nothing did.

    A closed episode changes only by new danger soon after its close.
    """
    if not episode.open:
        if decision.level is None:
            return None
        episode.open = True
        change = Change.REOPENED
    else:
        raised = rank_of(decision.level) > episode.level
        change = Change.LEVEL_RAISED if raised else Change.EVIDENCE_ADDED
    episode.level = max(episode.level, rank_of(decision.level))
    _add_reasons(episode, decision, policy)
    _revise(episode, now_us)
    return change


def begins_anew(episode: Episode, now_us: int, policy: EpisodePolicy) -> bool:
    """Say whether new danger begins the next episode instead of reopening this one."""
    return not episode.open and now_us - episode.updated_us > policy.reopen_days * DAY_US


def next_due_us(episode: Episode, policy: EpisodePolicy) -> int:
    """Return when something about this episode falls due next."""
    if not episode.open:
        return episode.updated_us + policy.reopen_days * DAY_US + 1
    ends = episode.updated_us + policy.idle_days * DAY_US
    if episode.rechecks < len(policy.recheck_days):
        return min(ends, episode.opened_us + policy.recheck_days[episode.rechecks] * DAY_US)
    return ends


def fell_due(episode: Episode, now_us: int, policy: EpisodePolicy) -> Change | None:
    """Let time pass for an open episode: it expires when idle for long, or wants a re-check."""
    if not episode.open:
        return None
    if now_us >= episode.updated_us + policy.idle_days * DAY_US:
        episode.open = False
        _revise(episode, now_us)
        return Change.EXPIRED
    due = 0
    while (
        episode.rechecks < len(policy.recheck_days)
        and now_us >= episode.opened_us + policy.recheck_days[episode.rechecks] * DAY_US
    ):
        episode.rechecks += 1
        due += 1
    if not due:
        return None
    episode.revision += 1
    return Change.RECHECK_DUE


def closed(episode: Episode, now_us: int) -> None:
    """Close an episode because the officer closed its alert."""
    episode.open = False
    episode.updated_us = now_us


def _revise(episode: Episode, now_us: int) -> None:
    episode.revision += 1
    episode.updated_us = now_us


def _add_reasons(episode: Episode, decision: Decision, policy: EpisodePolicy) -> None:
    for reason in decision.reasons:
        if reason.code not in episode.reasons and len(episode.reasons) < policy.reasons_max:
            episode.reasons.append(reason.code)
