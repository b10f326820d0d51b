"""Small machines for tests: a supervisor over real processes that are a few lines of Python each.

Rules: a child says `up` when it is ready and writes its process id; what a test waits for has a
deadline; whatever a test leaves running ends with the supervisor.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from forewarn.machine.checks import Check, Says
from forewarn.machine.member import Member
from forewarn.machine.plan import Child
from forewarn.machine.restarts import Phase, RestartPolicy
from forewarn.machine.supervisor import Failure, Supervisor

READY_S_MAX = 20.0
UP = Says("up")
Trouble = Callable[[], str | None]
STEADY = """
import signal, sys, time
over = []
signal.signal(signal.SIGTERM, lambda *_: over.append(1))
print("up", flush=True)
while not over:
    time.sleep(0.01)
print("down", flush=True)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
BROKEN = "print('up to here'); raise SystemExit(3)"
REFUSING = "print('the setting is wrong'); raise SystemExit(2)"
QUICK = RestartPolicy(first_s=0.05, longest_s=0.2, in_a_row_max=3, held_s=600.0)


def script(
    name: str,
    code: str = STEADY,
    needs: tuple[str, ...] = (),
    *,
    well: Check = UP,
    start_s_max: float = READY_S_MAX,
    stop_s_max: float = 10.0,
    unwell_s_max: float = 60.0,
) -> Child:
    """A child that runs some Python and is ready once it says `up`."""
    return Child(
        name,
        name,
        ("-c", code),
        needs,
        ready=UP,
        well=well,
        start_s_max=start_s_max,
        stop_s_max=stop_s_max,
        unwell_s_max=unwell_s_max,
    )


def job(name: str, code: str, *needs: str) -> Child:
    """A child that is run once."""
    return Child(name, name, ("-c", code), needs, once=True)


class Heard:
    """A watcher that keeps what it was told."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, Phase]] = []
        self.stopped: list[str] = []
        self.serves = threading.Event()

    def changed(self, members: Sequence[Member]) -> None:
        for member in members:
            said = (member.child.name, member.life.phase)
            if said not in self.phases[-len(members) :]:
                self.phases.append(said)

    def passed(self, members: Sequence[Member], seconds: float) -> None:
        pass

    def all_serve(self, seconds: float) -> None:
        self.serves.set()

    def stops(self, name: str) -> None:
        self.stopped.append(name)

    def first(self, name: str, phase: Phase) -> int:
        """When a child was first in a phase, as a position among all that was told."""
        return self.phases.index((name, phase))


class Running:
    """A supervisor at work in a thread."""

    def __init__(
        self, children: tuple[Child, ...], folder: Path, trouble: Trouble = lambda: None
    ) -> None:
        self.heard = Heard()
        self.over, self.at_once = threading.Event(), threading.Event()
        self.failure: Failure | None = None
        self.supervisor = Supervisor(
            children,
            folder,
            {},
            self.heard,
            policy=QUICK,
            trouble=trouble,
        )
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        self.failure = self.supervisor.run(self.over, self.at_once)

    def member(self, name: str) -> Member:
        return next(one for one in self.supervisor.members if one.child.name == name)

    def pid(self, name: str) -> int:
        pid = self.member(name).process.pid
        assert pid is not None
        return pid

    def serves(self) -> None:
        """Wait until all serve."""
        assert self.heard.serves.wait(READY_S_MAX), [one.life for one in self.supervisor.members]

    def stop(self) -> None:
        self.over.set()
        self.thread.join(READY_S_MAX)
        assert not self.thread.is_alive()


@contextmanager
def running(
    children: tuple[Child, ...], folder: Path, trouble: Trouble = lambda: None
) -> Iterator[Running]:
    """Run a machine for a test, and stop it."""
    machine = Running(children, folder, trouble)
    try:
        yield machine
    finally:
        machine.at_once.set()
        machine.stop()


def until(holds: Callable[[], bool], what: str, seconds: float = READY_S_MAX) -> None:
    """Wait until it holds; an error where it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not in {seconds:.0f} s: {what}"
        time.sleep(0.02)


def is_there(pid: int) -> bool:
    """Whether a process is there, and is no mere remnant that nobody has taken note of."""
    try:
        os.kill(pid, 0)
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (ProcessLookupError, FileNotFoundError):
        return False


def kill(pid: int) -> None:
    """Kill one process."""
    os.kill(pid, signal.SIGKILL)
