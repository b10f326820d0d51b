"""The whole machine as a person starts it: `forewarn up` as a process of its own.

Rules: every machine has a folder of its own and free ports; it is stopped by a signal to its own
process; what it leaves behind is looked for among all processes, by the name of its folder.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alerts.store.tokens import Role
from forewarn.machine.first_tokens import token_file
from forewarn.machine.folder import Folder
from forewarn.machine.state_file import ChildState, MachineState, read_state
from tests.forewarn.machine.small_machines import until

READY_S_MAX = 150.0
STOP_S_MAX = 120.0
ROOM = ("--disk-mb", "300", "--disk-low-mb", "100", "--memory-mb", "0")


class Machine:
    """One `forewarn up` and what it says."""

    def __init__(self, root: Path, *words: str) -> None:
        self.folder = Folder(root)
        self.said_file = root.with_name(f"{root.name}.said")
        with self.said_file.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "forewarn", "up", "--data", str(root), *ROOM, *words],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """All it has said."""
        return self.said_file.read_text(encoding="utf-8")

    def wait_ready(self) -> None:
        """Wait until all serve."""
        until(lambda: "\nready after" in self.said or self._over(), self.said, READY_S_MAX)
        assert not self._over(), self.said

    def _over(self) -> bool:
        return self.process.poll() is not None

    def state(self) -> MachineState:
        """How it said that it was."""
        state = read_state(self.folder.state)
        assert state is not None
        return state

    def child(self, name: str) -> ChildState:
        """How one of its children was."""
        return next(one for one in self.state().children if one.name == name)

    def pid(self, name: str) -> int:
        """The process of a child; of the broker, the broker itself below it."""
        pid = self.child(name).pid
        assert pid is not None
        if name != "broker":
            return pid
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return next(int(one) for one in below if "kafka.Kafka" in command_line(Path("/proc", one)))

    def token(self, role: Role) -> str:
        """A token of it."""
        return token_file(self.folder.secrets, role).read_text(encoding="ascii").strip()

    def port(self, name: str) -> int:
        """A port of it."""
        kept: dict[str, int] = json.loads((self.folder.run / "ports.json").read_text("ascii"))
        return kept[name]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop, and return its exit code."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.process.wait(STOP_S_MAX)

    def left_behind(self) -> list[str]:
        """The command lines of processes that have its folder in them, but for its own."""
        said = {path.name: command_line(path) for path in Path("/proc").glob("[0-9]*")}
        said.pop(str(self.process.pid), None)
        return [words for words in said.values() if str(self.folder.root) in words]


def command_line(process: Path) -> str:
    """The command line of a process by its folder in /proc; empty where it is gone."""
    try:
        words = (process / "cmdline").read_bytes()
    except OSError:
        return ""
    return words.replace(b"\0", b" ").decode("utf-8", "replace")


@contextmanager
def machine(root: Path, *words: str) -> Iterator[Machine]:
    """Run a machine for a test, and see it end."""
    running = Machine(root, *words)
    try:
        yield running
    finally:
        running.stop()


def status_of(root: Path) -> "subprocess.CompletedProcess[str]":
    """Run `forewarn status`."""
    return subprocess.run(
        [sys.executable, "-m", "forewarn", "status", "--data", str(root)],
        capture_output=True,
        text=True,
        timeout=READY_S_MAX,
        check=False,
    )


def refused(root: Path, *words: str, **variables: str) -> str:
    """Start a machine that cannot start, and return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "forewarn.machine.alone", "up", "--data", str(root), *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=READY_S_MAX,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    return done.stderr
