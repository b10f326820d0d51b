"""The folder of one machine: where everything of it is kept, and who has it at present.

    kafka/    what the broker writes          logs/    what each process says
    secrets/  keys, tokens: owner alone       run/     lock, ports, state.json
    store/    the store                       demo/    the town of the demo

Rules: nothing of a machine is kept anywhere else, so removing the folder removes it; one supervisor
has a folder at a time; what is secret is made once, for its owner alone to read.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_OWNER_ONLY = 0o600
# The files of the demo's town: its past, what is still to tell, its areas.
HISTORY = "history.jsonl"
TO_TELL = "to_tell.jsonl"
AREAS = "areas.json"


class FolderError(Exception):
    """The folder cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Folder:
    """The parts of a machine's folder."""

    root: Path

    @property
    def kafka(self) -> Path:
        """What the broker writes."""
        return self.root / "kafka"

    @property
    def logs(self) -> Path:
        """What each process says."""
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        """Keys and tokens."""
        return self.root / "secrets"

    @property
    def store(self) -> Path:
        """The database."""
        return self.root / "store"

    @property
    def demo(self) -> Path:
        """The town of the demo."""
        return self.root / "demo"

    @property
    def run(self) -> Path:
        """Lock, ports, state."""
        return self.root / "run"

    @property
    def state(self) -> Path:
        """What `forewarn status` reads."""
        return self.run / "state.json"

    def make(self) -> None:
        """Make all of it, for its owner alone. Raises FolderError."""
        parts = (self.kafka, self.logs, self.secrets, self.store, self.demo, self.run)
        try:
            for part in (self.root, *parts):
                part.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise FolderError(
                f"the folder {self.root} cannot be made or written: {error.strerror or error}; "
                "name another with --data"
            ) from error


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner alone, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)


@contextmanager
def held(folder: Folder) -> Iterator[None]:
    """Have the folder to oneself; the system lets it go when the process ends, however it ends.

    Raises FolderError where another process has it.
    """
    descriptor = os.open(folder.run / "lock", os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise FolderError(
                f"{folder.root} is in use by process {holder or '(unknown)'}: look with "
                f"`forewarn status --data {folder.root}`, or name another folder with --data"
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)


def is_held(folder: Folder) -> bool:
    """Say whether a supervisor has the folder now."""
    try:
        descriptor = os.open(folder.run / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
