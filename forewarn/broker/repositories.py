"""Which Maven repositories this machine is configured for.

Rules: no address is written here. The first of these that names any wins: `[repositories]` of
jgo's own settings file, the mirrors of Maven's settings file; else jgo's default.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from jgo.config import GlobalSettings

# What `mirrorOf` may say of a mirror that stands for the central repository.
_FOR_CENTRAL = frozenset({"*", "central", "external:*"})


def repositories() -> dict[str, str] | None:
    """Return configured repositories as name to address; None leaves jgo its default."""
    configured = GlobalSettings.load().repositories
    if configured:
        return dict(configured)
    for file in _maven_settings():
        mirrors = mirrors_in(file)
        if mirrors:
            return mirrors
    return None


def mirrors_in(file: Path) -> dict[str, str]:
    """Return the mirrors of the central repository that a Maven settings file names."""
    try:
        root = ET.parse(file).getroot()  # noqa: S314  # the user's own settings file
    except (OSError, ET.ParseError):
        return {}
    found = {}
    for mirror in root.iter():
        if _tag(mirror) == "mirror":
            parts = {_tag(part): (part.text or "").strip() for part in mirror}
            if parts.get("url") and _FOR_CENTRAL & set(parts.get("mirrorOf", "").split(",")):
                found[parts.get("id") or "mirror"] = parts["url"].rstrip("/")
    return found


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _maven_settings() -> Iterator[Path]:
    yield Path.home() / ".m2" / "settings.xml"
    home = os.environ.get("MAVEN_HOME")
    if home:
        yield Path(home) / "conf" / "settings.xml"
    program = shutil.which("mvn")
    if program:
        yield Path(program).resolve().parents[1] / "conf" / "settings.xml"
