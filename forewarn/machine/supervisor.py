"""The supervisor: starts children in their order, starts again what ends, stops them backwards.

Rules: one thread decides; every wait is bounded; a child is started only while all it needs serves,
so what merely waits for a broker that is away is not counted as failing. When one child cannot go
on, all are stopped, and the last line says which and why.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

from forewarn.machine.member import Member
from forewarn.machine.plan import Child, checked
from forewarn.machine.process import Process, cut, last_lines
from forewarn.machine.restarts import Life, Phase, RestartPolicy, Why, may_start

LOOK_S = 0.1
_TIDY_S = 2.0
_KILLED_S_MAX = 10.0


class Failure(NamedTuple):
    """Why the machine cannot go on: who, the reason in one line, and what came before it."""

    name: str
    reason: str
    before: str = ""
    refused: bool = False


class Watcher(Protocol):
    """Who is told what happens."""

    def changed(self, members: Sequence[Member]) -> None:
        """Something about one of them has changed."""
        ...

    def passed(self, members: Sequence[Member], seconds: float) -> None:
        """Time has passed, in seconds since the start."""
        ...

    def all_serve(self, seconds: float) -> None:
        """All of them serve, for the first time."""
        ...

    def stops(self, name: str) -> None:
        """This one is being stopped."""
        ...


class Supervisor:
    """Runs a plan until it is told to stop or cannot go on.

    `trouble` says why the machine itself cannot go on; `more_logs` are what children write besides.
    """

    def __init__(
        self,
        children: tuple[Child, ...],
        logs: Path,
        variables: Mapping[str, str],
        watcher: Watcher,
        *,
        policy: RestartPolicy | None = None,
        trouble: Callable[[], str | None] = lambda: None,
        more_logs: tuple[Path, ...] = (),
    ) -> None:
        self._started_s = time.monotonic()
        self._asking = ThreadPoolExecutor(4, thread_name_prefix="asking")
        self.members = [
            Member(
                Process(child, logs / f"{child.name}.log", variables),
                policy or RestartPolicy(),
                self._asking,
                self._started_s,
            )
            for child in checked(children)
        ]
        self._named = {member.child.name: member for member in self.members}
        self._logs = (*(member.process.log for member in self.members), *more_logs)
        self._watcher = watcher
        self._trouble = trouble
        self._tidied_s = 0.0
        self._served = False

    def run(self, over: threading.Event, at_once: threading.Event) -> Failure | None:
        """Run until `over` is set; `at_once` ends the patience of the stop. None: as told."""
        try:
            while not over.wait(LOOK_S):
                failure = self._look(time.monotonic())
                if failure is not None:
                    return failure
            return None
        finally:
            self._stop(at_once)
            self._asking.shutdown()

    def _look(self, now_s: float) -> Failure | None:
        changed = [member.look(now_s) for member in self.members]
        for member in self.members:
            needed = all(self._named[name].serves for name in member.child.needs)
            if needed and may_start(member.life, now_s):
                member.start(now_s)
                changed.append(True)
        if any(changed):
            self._watcher.changed(self.members)
        self._watcher.passed(self.members, now_s - self._started_s)
        if not self._served and all(member.serves for member in self.members):
            self._served = True
            self._watcher.all_serve(now_s - self._started_s)
        failed = next((one for one in self.members if one.life.phase is Phase.FAILED), None)
        if failed is not None:
            return self._failure(failed)
        return self._tidy(now_s)

    def _tidy(self, now_s: float) -> Failure | None:
        """Keep logs within bounds, and look whether the machine itself is in trouble."""
        if now_s - self._tidied_s < _TIDY_S:
            return None
        self._tidied_s = now_s
        for log in self._logs:
            cut(log)
        trouble = self._trouble()
        return None if trouble is None else Failure("the machine", trouble)

    def _failure(self, member: Member) -> Failure:
        """Return the last words of one that cannot go on, and what else it said."""
        name, log = member.child.name, member.process.log
        said = last_lines(log, member.process.said_from)
        last = said.rpartition("\n")[2]
        if member.life.why is Why.REFUSED:
            return Failure(name, f"{name} refused to start: {last}", said, refused=True)
        often = f"{name} ended {member.life.in_a_row} times in a row, last with {member.last_code}"
        return Failure(name, f"{often}: {last} (all it said is in {log})", said)

    def _stop(self, at_once: threading.Event) -> None:
        """Stop all of them in reverse order, each within its bound; then kill."""
        for member in reversed(self.members):
            if member.process.pid is None:
                member.tell_to_stop(time.monotonic())
                continue
            self._watcher.stops(member.child.name)
            member.tell_to_stop(time.monotonic())
            self._watcher.changed(self.members)
            until_s = time.monotonic() + member.child.stop_s_max
            while not member.process.ended_within(LOOK_S):
                if at_once.is_set() or time.monotonic() > until_s:
                    member.process.kill()
                    member.process.ended_within(_KILLED_S_MAX)
                    break
            member.life = _stopped(member)
        self._watcher.changed(self.members)


def _stopped(member: Member) -> Life:
    return replace(member.life, phase=Phase.STOPPED, since_s=time.monotonic())
