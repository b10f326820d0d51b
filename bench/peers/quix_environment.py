"""The environment in which the Quix peers run: made when first asked for, then kept.

Rules: every package is pinned with its hash (`quix-requirements.txt`, compiled from
`quix-requirements.in`); a stamp with the hash of the pins says that an environment is whole.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.peers.watched import ROOT, PeerError

REQUIREMENTS = Path(__file__).with_name("quix-requirements.txt")
FOLDER = ROOT / ".venv" / "peers" / "quix"
INSTALL_S_MAX = 600.0


def variables() -> dict[str, str]:
    """Return environment variables with which our own packages are found there."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def python() -> Path:
    """Return the interpreter, after having installed what is missing; PeerError when pip fails."""
    found = FOLDER / "bin" / "python"
    stamp = FOLDER / "installed"
    wanted = f"{sys.version} {hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return found
    print("installing Quix Streams for its measurement, once (a minute)", file=sys.stderr)
    shutil.rmtree(FOLDER, ignore_errors=True)
    _call([sys.executable, "-m", "venv", str(FOLDER)])
    pip = [str(found), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    _call([*pip, "--no-deps", "--require-hashes", "--requirement", str(REQUIREMENTS)])
    stamp.write_text(wanted, encoding="utf-8")
    return found


def _call(command: list[str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALL_S_MAX, check=False
    )
    if done.returncode:
        raise PeerError(
            "the environment of the Quix peer cannot be installed; it needs the package index "
            f"that pip is configured for:\n{done.stderr[-2000:]}"
        )
