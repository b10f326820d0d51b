"""Whether the machine has room: disk, memory, ports. Found out before anything is started.

Rules: a message names what is missing, how much there is, and what to do; ports are chosen once and
kept, so that addresses and bookmarks hold.
"""

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from forewarn.broker.ports import HOST, free_ports, is_free

MEBIBYTE = 1024 * 1024
DISK_TO_START_MB = 2_048
DISK_TO_GO_ON_MB = 512
MEMORY_TO_START_MB = 1_200
_PORTS_FREE_S_MAX = 5.0
_LOOK_S = 0.2
_NO_LIMIT = "max"


class RoomError(Exception):
    """The machine has no room; the message says what to do."""


def free_disk_bytes(folder: Path) -> int:
    """Return the space that is left where the folder lies, in bytes."""
    return shutil.disk_usage(folder).free


def free_disk_mb(folder: Path) -> int:
    """Return the space that is left where the folder lies, in MiB."""
    return free_disk_bytes(folder) // MEBIBYTE


def free_memory_mb() -> int | None:
    """Return what memory could be had, in MiB; None where the system does not tell."""
    known = [one for one in (_available_mb(), _left_in_group_mb()) if one is not None]
    return min(known) if known else None


def _available_mb() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = (line for line in lines if line.startswith("MemAvailable:"))
    return next((int(line.split()[1]) // 1024 for line in found), None)


def _left_in_group_mb() -> int | None:
    """Return what a control group's limit leaves (version 2), None where there is no limit."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        used = int((group / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if limit == _NO_LIMIT else max(int(limit) - used, 0) // MEBIBYTE


def refuse_without_room(folder: Path, disk_mb: int, memory_mb: int) -> None:
    """Raise RoomError where disk or memory would not do."""
    disk, memory = free_disk_mb(folder), free_memory_mb()
    if disk < disk_mb:
        raise RoomError(
            f"the disk of {folder} has {disk:,} MiB left and at least {disk_mb:,} are needed: "
            "free some space, or name a folder on another disk with --data"
        )
    if memory is not None and memory < memory_mb:
        raise RoomError(
            f"{memory:,} MiB of memory could be had and about {memory_mb:,} are needed: "
            "end other programs, or use a larger machine"
        )


def disk_trouble(folder: Path, disk_mb: int) -> str | None:
    """Return why it cannot go on for want of disk, None while it can."""
    left = free_disk_mb(folder)
    if left >= disk_mb:
        return None
    return (
        f"the disk of {folder} is full: {left:,} MiB left, and below {disk_mb:,} everything is "
        "stopped, so that nothing is written in part; free some space and start again"
    )


def ports_of(file: Path, wanted: Mapping[str, int], asked: Mapping[str, int]) -> dict[str, int]:
    """Return a port for each name in `wanted`: the one asked for, the one kept, or a free one.

    `wanted` are ports to take where they are free when first chosen, 0 for any. Raises RoomError
    where a port that was asked for or kept is in use.
    """
    kept = json.loads(file.read_text(encoding="ascii")) if file.exists() else {}
    ports = dict(kept)
    for name, first in wanted.items():
        if asked.get(name):
            ports[name] = asked[name]
        elif name not in kept:
            taken = first in ports.values()
            ports[name] = first if first and not taken and is_free(first) else free_ports(1)[0]
    _refuse_ports_in_use({name: ports[name] for name in wanted}, set(asked))
    file.write_text(json.dumps(ports), encoding="ascii")
    return ports


def _refuse_ports_in_use(ports: Mapping[str, int], asked: set[str]) -> None:
    """Raise RoomError for a port in use; whoever was just killed may need a moment to let go."""
    until_s = time.monotonic() + _PORTS_FREE_S_MAX
    while in_use := {name: port for name, port in ports.items() if not is_free(port)}:
        if asked & set(in_use) or time.monotonic() > until_s:
            listed = ", ".join(f"{HOST}:{port} (for the {name})" for name, port in in_use.items())
            how = "give another with --port" if "api" in in_use else "start again"
            raise RoomError(f"in use by another program: {listed}; end that program, or {how}")
        time.sleep(_LOOK_S)
