"""A package of Debian, unpacked beside the system: for one of its files, nothing installed.

Rules: fetched once by apt, which checks signatures and sums, into the cache; a machine that cannot
fetch fails with what to do. Programs are `tests.debian`'s part.
"""

import fcntl
import subprocess
import tempfile
from pathlib import Path

from forewarn.settings import Settings

FETCH_S_MAX = 240.0


def unpacked(package: str) -> Path:
    """Return the folder with the files of a package, as they would lie under the root."""
    cache = Settings().cache_dir / "debian"
    cache.mkdir(parents=True, exist_ok=True)
    there = cache / package
    with (cache / f"{package}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not there.is_dir():
            _fetch(package, there)
    return there


def _fetch(package: str, there: Path) -> None:
    with tempfile.TemporaryDirectory(dir=there.parent) as made:
        folder = Path(made)
        if not _apt(folder, "download", package):
            _apt(folder, "update")
            if not _apt(folder, "download", package):
                raise RuntimeError(
                    f"the tests need Debian's package {package}, and apt-get cannot fetch it: "
                    f"install it (apt-get install {package}), or run them on a Debian machine"
                )
        (archive,) = folder.glob("*.deb")
        subprocess.run(
            ["dpkg", "-x", str(archive), str(folder / "files")], check=True, timeout=FETCH_S_MAX
        )
        (folder / "files").rename(there)


def _apt(folder: Path, *words: str) -> bool:
    try:
        done = subprocess.run(
            ["apt-get", "-q", *words],
            cwd=folder,
            capture_output=True,
            timeout=FETCH_S_MAX,
            check=False,
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0
