"""The life of one child process: when it is started, started again, and given up.

    waiting ─► starting ─► ready ──────────────► stopping ─► stopped
       ▲           │  ▲       │
       │           ▼  └───────┼── its pause is over
       │        pausing ◄─────┘ ended by itself
       │           │
       │           └─► failed: too often in a row, or it refused to start at all
       └── what it needs is away          starting ─► done: a job that has to be run once

Rules: pure; `now_s` is any clock that does not go back. The pause grows from one end to the next
and has a bound; so has the number of ends in a row; a child that held for long begins anew.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

REFUSED = 2
"""The exit code by which our commands say that starting again would not help."""


class Phase(StrEnum):
    """Where a child is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    PAUSING = "pausing"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


SERVING = frozenset({Phase.READY, Phase.DONE})
RUNNING = frozenset({Phase.STARTING, Phase.READY, Phase.STOPPING})


class Why(StrEnum):
    """What decided that a child is where it is."""

    NONE = ""
    EXITED = "exited"
    REFUSED = "refused"
    TOO_OFTEN = "too_often"


@dataclass(frozen=True)
class RestartPolicy:
    """How patient the supervisor is: pauses in seconds, ends in a row, and what counts as held."""

    first_s: float = 0.5
    factor: float = 2.0
    longest_s: float = 15.0
    in_a_row_max: int = 6
    held_s: float = 60.0

    def pause_s(self, in_a_row: int) -> float:
        """Return how long to wait after so many ends in a row, at least 1."""
        doublings = min(in_a_row - 1, 64)  # beyond, the bound holds anyway
        return float(min(self.first_s * self.factor**doublings, self.longest_s))


@dataclass(frozen=True)
class Life:
    """One child's phase since `since_s`; `restarts` in all, `in_a_row` since it last held."""

    phase: Phase = Phase.WAITING
    since_s: float = 0.0
    restarts: int = 0
    in_a_row: int = 0
    again_s: float = 0.0
    was_ready: bool = False
    why: Why = Why.NONE


def may_start(life: Life, now_s: float) -> bool:
    """Say whether it is time to start, where all it needs is there."""
    return life.phase is Phase.WAITING or (life.phase is Phase.PAUSING and now_s >= life.again_s)


def started(life: Life, now_s: float) -> Life:
    """The process is there; it is not ready yet."""
    again = life.phase is Phase.PAUSING
    return replace(
        life, phase=Phase.STARTING, since_s=now_s, restarts=life.restarts + again, why=Why.NONE
    )


def became_ready(life: Life, now_s: float) -> Life:
    """It does what it is for."""
    return replace(life, phase=Phase.READY, since_s=now_s, was_ready=True)


def told_to_stop(life: Life, now_s: float) -> Life:
    """It was told to stop; one that does not run is stopped at once."""
    phase = Phase.STOPPING if life.phase in RUNNING else Phase.STOPPED
    if life.phase in {Phase.DONE, Phase.FAILED}:
        return life
    return replace(life, phase=phase, since_s=now_s)


def ended(life: Life, now_s: float, code: int, policy: RestartPolicy, *, once: bool) -> Life:
    """The process ended with `code` (negative: by that signal); decide what follows."""
    if life.phase is Phase.STOPPING:
        return replace(life, phase=Phase.STOPPED, since_s=now_s)
    if once and code == 0:
        return replace(life, phase=Phase.DONE, since_s=now_s, was_ready=True)
    if code == REFUSED and not life.was_ready:
        return replace(life, phase=Phase.FAILED, since_s=now_s, why=Why.REFUSED)
    held = life.phase is Phase.READY and now_s - life.since_s >= policy.held_s
    in_a_row = 1 if held else life.in_a_row + 1
    if in_a_row > policy.in_a_row_max:
        return replace(
            life, phase=Phase.FAILED, since_s=now_s, in_a_row=in_a_row, why=Why.TOO_OFTEN
        )
    return replace(
        life,
        phase=Phase.PAUSING,
        since_s=now_s,
        in_a_row=in_a_row,
        again_s=now_s + policy.pause_s(in_a_row),
        why=Why.EXITED,
    )
