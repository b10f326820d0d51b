"""One child as a process of this machine: start, look, ask, tell to stop, kill.

Rules: a child has a process group of its own, so a Ctrl-C at the terminal reaches the supervisor
alone, which stops children in their order; only that group is ever signalled. What it says goes to
one file that is appended to, and never grows beyond its bound.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from forewarn.leash import leash, let_go
from forewarn.machine.plan import Child

LOG_BYTES_MAX = 4 * 1024 * 1024
_REAP_S_MAX = 10.0


class Process:
    """The process of one child, over all its starts; not for use from several threads."""

    def __init__(self, child: Child, log: Path, variables: Mapping[str, str]) -> None:
        self.child = child
        self.log = log
        self.said_from = 0
        self._variables = {**variables, **child.variables}
        self._process: subprocess.Popen[bytes] | None = None
        self._leash: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process, None where there is none."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self.said_from = log.tell()
            self._process = subprocess.Popen(  # noqa: S603  # our own program and arguments
                [sys.executable, *self.child.words],
                env={**os.environ, **self._variables, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._leash = leash(self._process.pid)

    def exit_code(self) -> int | None:
        """Return its exit code once it has ended (negative: by that signal), and forget it."""
        code = self._process.poll() if self._process else None
        if code is not None:
            self._forget()
        return code

    def terminate(self) -> None:
        """Tell it to stop: what it has taken becomes durable, then it ends."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, with all of its group."""
        self._signal(signal.SIGKILL)

    def ended_within(self, seconds: float) -> bool:
        """Wait for its end, so long at most."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._forget()
        return True

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _forget(self) -> None:
        """Forget a process that has ended; whatever it left in its group ends too."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._leash is not None:
            let_go(self._leash)
        self._process = self._leash = None


def resident_kb(pid: int) -> int:
    """Return the resident memory of a process and its descendants in KiB; 0 where nobody tells."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0
    own = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return next(own, 0) + sum(resident_kb(int(child)) for child in below)


def cut(log: Path, bytes_max: int = LOG_BYTES_MAX) -> None:
    """Keep a log within its bound: what it has goes to one older file, and it begins anew.

    Whoever writes it appends, and goes on at its new end; a line written in between is lost.
    """
    if log.exists() and log.stat().st_size > bytes_max:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def last_lines(log: Path, since: int, number: int = 12) -> str:
    """Return the last lines of a log from a place on, at most so many."""
    if not log.exists():
        return ""
    said = log.read_bytes()
    part = said[since:] if since <= len(said) else said
    return "\n".join(part.decode("utf-8", "replace").rstrip().splitlines()[-number:])
