"""What the supervisor tells of its children in a file, and what `forewarn status` reads there.

Rules: written whole or not at all, when something changes and every few seconds; it holds no
secret. Whether it is of now is told by the folder's lock, not by the file.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from forewarn.machine.member import Member
from forewarn.machine.process import resident_kb
from forewarn.machine.restarts import SERVING
from schemas.closed import Closed


class ChildState(Closed, frozen=True):
    """One child as it was; `memory_kb` is resident, `code` the last exit code it had."""

    name: str
    about: str
    phase: str
    since: datetime
    restarts: int
    well: bool
    pid: int | None = None
    port: int | None = None
    code: int | None = None
    memory_kb: int = 0

    @property
    def serves(self) -> bool:
        """Whether it does what it is for, and is well."""
        return self.phase in SERVING and self.well


class MachineState(Closed, frozen=True):
    """The whole machine as it was at `written`; `memory_kb` is of all processes, ours too."""

    pid: int
    written: datetime
    children: tuple[ChildState, ...]
    memory_kb: int = 0

    @property
    def serves(self) -> bool:
        """Whether every child does what it is for, and is well."""
        return all(one.serves for one in self.children)


def child_state(member: Member) -> ChildState:
    """Return what is told of a member."""
    ago_s = time.monotonic() - member.life.since_s
    pid = member.process.pid
    return ChildState(
        name=member.child.name,
        about=member.child.about,
        phase=member.life.phase.value,
        since=datetime.fromtimestamp(int(time.time() - ago_s), UTC),
        restarts=member.life.restarts,
        well=member.health.well or member.child.once,
        pid=pid,
        port=member.child.port,
        code=member.last_code,
        memory_kb=resident_kb(pid) if pid else 0,
    )


def write_state(path: Path, pid: int, members: Sequence[Member]) -> None:
    """Write the state, in the place of what is there."""
    children = tuple(child_state(member) for member in members)
    state = MachineState(pid, datetime.now(UTC), children, resident_kb(pid))
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(state)))
    partial.replace(path)


def read_state(path: Path) -> MachineState | None:
    """Return the state, None where none was written or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=MachineState)
    except (OSError, msgspec.DecodeError):
        return None
