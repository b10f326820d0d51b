"""The job that every peer does: a durable count by key, and what a peer says of itself at its end.

Rules: imported by the peers' own processes, also where only msgspec is installed; so nothing else
is imported here. A state is 100 bytes: twelve digits of count, the id counted last, padding.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

STATE_BYTES = 100
_DIGITS = 12
_STATUS = Path("/proc/self/status")


class Said(msgspec.Struct):
    """The last line of a peer's process: when it had its first record, how many it took, memory."""

    first_s: float
    counted: int
    rss_bytes_max: int
    recovered_s: float = 0.0


class Counting:
    """Counts records, remembers when the first one came, and calls `done` at the last one."""

    def __init__(self, wanted: int, done: Callable[[], None]) -> None:
        self.wanted = wanted
        self.first_s = 0.0
        self.counted = 0
        self._done = done

    def took_one(self) -> None:
        """Count one record more."""
        if not self.counted:
            self.first_s = time.time()
        self.counted += 1
        if self.counted == self.wanted:
            self._done()

    def say(self, recovered_s: float = 0.0) -> None:
        """Write the last line."""
        said = Said(self.first_s, self.counted, rss_bytes_max(), recovered_s)
        sys.stdout.write(f"{msgspec.json.encode(said).decode()}\n")
        sys.stdout.flush()


def counted(before: bytes | None, record_id: str) -> bytes:
    """Return the state of a key after one record more."""
    count = count_in(before) + 1 if before else 1
    return b"%0*d%s" % (_DIGITS, count, record_id.encode().ljust(STATE_BYTES - _DIGITS))


def count_in(state: bytes) -> int:
    """Return the count in a state."""
    return int(state[:_DIGITS])


def rss_bytes_max() -> int:
    """Return the peak of this process's resident set; 0 where the system does not tell."""
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1_024
    return 0
