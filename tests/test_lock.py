"""The lock names no package index (docs/decisions/0001-lock-without-hosts.md).

That the lock agrees with pyproject.toml is uv's to tell: `make check` asks it, offline.
"""

import re
from pathlib import Path

LOCK = Path(__file__).parents[1] / "uv.lock"


def test_every_address_in_the_lock_is_under_the_reserved_name() -> None:
    addresses = set(re.findall(r"\w+://[^/\"]*", LOCK.read_text()))
    assert addresses == {"https://index.invalid"}


def test_every_pinned_file_has_a_hash() -> None:
    files = [line for line in LOCK.read_text().splitlines() if "url = " in line]
    assert files
    assert [line for line in files if 'hash = "sha256:' not in line] == []
