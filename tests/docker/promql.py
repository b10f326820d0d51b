"""Which metrics an expression names, and which an exposition has.

Rules: names are found by taking away what is no name (strings, matchers, ranges, groupings, words
of the language, functions); that promtool parses the expression is another test's part.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DOCKER = Path(__file__).parents[2] / "docker"
RULES = DOCKER / "prometheus" / "rules"
OF_PROMETHEUS = {"ALERTS", "up"}
"""Series that Prometheus makes by itself."""
_AWAY = re.compile(
    r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]'
    r"|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"
    r"|[A-Za-z_][A-Za-z0-9_]*\s*\("
    r"|\b(?:and|or|unless|bool|offset)\b|\b[0-9.]+(?:e[0-9]+|[smhdwy])?\b"
)
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_TYPE = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)
_PARTS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


def names_in(expr: str) -> set[str]:
    """The metrics that an expression names."""
    bare = expr
    while (less := _AWAY.sub(" ", bare)) != bare:
        bare = less
    return set(_NAME.findall(bare))


def names_exposed(text: str) -> set[str]:
    """The metrics of an exposition, with and without samples at present."""
    return {
        f"{name}{part}" for name, kind in _TYPE.findall(text) for part in _PARTS.get(kind, ("",))
    }


def rules() -> list[dict[str, Any]]:
    """Every rule of every file."""
    return [
        rule
        for file in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


def alert_names() -> list[str]:
    """The names of all alerts."""
    return [rule["alert"] for rule in rules() if "alert" in rule]


def recorded_names() -> set[str]:
    """The series that recording rules make."""
    return {rule["record"] for rule in rules() if "record" in rule}


def targets_of(board: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Title and expression of each query of a dashboard, those in rows too."""
    for panel in board["panels"]:
        yield from targets_of(panel) if panel.get("panels") else ()
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
