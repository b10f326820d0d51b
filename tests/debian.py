"""How a test gets a program of a Debian package: the one that is there, or installed now.

Rules: what is installed is used; else root installs it, one process at a time (tests run in
several); else the test fails and says what to install. Nothing is skipped: a test that did not run
has shown nothing.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

INSTALL_S_MAX = 600
_LOCK = Path(tempfile.gettempdir()) / "forewarn-tests-debian.lock"
_PLACES = ("/usr/lib/postgresql/*/bin",)


class MissingPackageError(AssertionError):
    """A program that a test needs is not there; the message says what to install."""


def program(name: str, package: str) -> Path:
    """The path of a program, its Debian package installed where it was not."""
    found = _found(name)
    if found is not None:
        return found
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _found(name)
        if found is None:
            _install(name, package)
            found = _found(name)
    if found is None:
        raise MissingPackageError(f"the package {package} is installed, and has no {name}")
    return found


def _found(name: str) -> Path | None:
    on_path = shutil.which(name)
    if on_path is not None:
        return Path(on_path).resolve()
    for pattern in _PLACES:
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
            if (folder / name).is_file():
                return folder / name
    return None


def _install(name: str, package: str) -> None:
    advice = f"this test needs {name}: apt-get install {package}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingPackageError(advice)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = ["-y", "-qq", "--no-install-recommends"]
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", *quiet, package]):
        done = subprocess.run(
            command,
            env=environment,
            timeout=INSTALL_S_MAX,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0 and "install" in command:
            raise MissingPackageError(f"{advice}; it cannot be installed: {done.stderr[-500:]}")
