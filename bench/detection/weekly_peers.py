"""What R `surveillance` says of the simulated weeks, one R process for each replicate of all 42.

Rules: R reads and writes files in a folder of the batch's own, and is never asked twice for what it
has answered: answers are kept under the hash of the question and of the script, so that a run that
was broken off goes on where it was. A batch is a bounded wait.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.detection.weekly_series import CURRENT, KS, Series

_SCRIPT = Path(__file__).parent / "r" / "weekly.R"
_BATCH_S_MAX = 1_800

GLR_WINDOWS = tuple(range(7))
"""M of glrnb: its window is the week and M more."""
STATISTICS = (
    *(f"earsC {method}, {weeks} weeks" for method in ("C1", "C2", "C3") for weeks in (7, 14)),
    "farringtonFlexible",
    *(f"glrnb M {window}" for window in GLR_WINDOWS),
    *(f"cusum k {reference}" for reference in (1.04, 2, 3)),
)
"""What the script writes, in its order."""

Statistics = NDArray[np.float32]


class NoRError(RuntimeError):
    """R or its package `surveillance` is not there; the message says how to install them."""


def ask_r(series: Series, kept: Path, *, farrington: bool) -> Statistics:
    """Return statistics x 10 (k) x n x 49 for these series; without `farrington` its are zeros.

    Raises:
        NoRError: R is not installed.
        subprocess.CalledProcessError: the script failed; R says why on standard error.
        subprocess.TimeoutExpired: half an hour went by.
    """
    asked = b"farrington" if farrington else b""

    def make() -> Statistics:
        with tempfile.TemporaryDirectory(prefix="forewarn-weekly-") as folder:
            made = _run(series, Path(folder), "yes" if farrington else "no")
            return np.fromfile(made, dtype=np.float32)

    shape = (len(STATISTICS), len(KS), len(series.quiet), CURRENT)
    return answered_once(series, kept, _SCRIPT.read_bytes() + asked, make).reshape(shape)


def answered_once(
    series: Series, kept: Path, code: bytes, make: Callable[[], Statistics]
) -> Statistics:
    """Return what `make` answers for these series, from the folder `kept` if it is there.

    Args:
        series: the question.
        kept: where answers are kept, under the hash of question and code.
        code: what answers; another code is asked anew.
        make: answers as 4-byte floats.
    """
    parts = (series.quiet, series.extra, series.start)
    question = hashlib.sha256(b"".join(part.tobytes() for part in parts) + code)
    answer = kept / f"{question.hexdigest()[:16]}.f4"
    if not answer.exists():
        made = make()
        kept.mkdir(parents=True, exist_ok=True)
        partial = answer.with_suffix(f".{os.getpid()}.partial")
        made.astype(np.float32).tofile(partial)
        partial.replace(answer)
    return np.fromfile(answer, dtype=np.float32)


def _run(series: Series, folder: Path, farrington: str) -> Path:
    files = [folder / name for name in ("counts.csv", "extra.csv", "start.csv", "answer.f4")]
    tables = (series.quiet, series.extra.reshape(len(series.extra), -1), series.start)
    for file, table in zip(files[:3], tables, strict=True):
        np.savetxt(file, table, fmt="%d", delimiter=",")
    run_r(_SCRIPT, [*map(str, files), farrington], _BATCH_S_MAX)
    return files[3]


def run_r(script: Path, arguments: list[str], timeout_s: float) -> None:
    """Run a script of R's; what it prints on standard error is shown if it fails.

    Raises:
        NoRError: R or its package is not there.
        subprocess.CalledProcessError, subprocess.TimeoutExpired: as `ask_r`.
    """
    if shutil.which("Rscript") is None:
        raise NoRError("Rscript is not on PATH: install Debian's r-cran-surveillance (1.20.3)")
    command = ["Rscript", "--vanilla", str(script), *arguments]
    subprocess.run(command, check=True, timeout=timeout_s, stdout=subprocess.DEVNULL)
