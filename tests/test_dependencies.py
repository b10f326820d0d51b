"""Every direct dependency has its reason in docs/dependencies.md, and every reason a dependency."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PAGE = (ROOT / "docs" / "dependencies.md").read_text()

DECLARED: dict[str, list[str]] = {
    "At run time": PROJECT["project"]["dependencies"],
    "For development": PROJECT["dependency-groups"]["dev"],
}


def reasons(section: str) -> dict[str, str]:
    """The rows of one section's table: dependency and reason."""
    text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| (\S+) \| (.*) \|$", text, re.MULTILINE))
    return {name: why for name, why in rows.items() if name not in {"Dependency", "---"}}


@pytest.mark.parametrize("section", DECLARED)
def test_the_page_lists_what_is_declared_and_nothing_else(section: str) -> None:
    names = [re.split(r"[<>=!~;\[ ]", requirement)[0] for requirement in DECLARED[section]]
    assert list(reasons(section)) == sorted(names)


@pytest.mark.parametrize("section", DECLARED)
def test_every_dependency_has_a_reason(section: str) -> None:
    assert [name for name, why in reasons(section).items() if not why.strip()] == []


@pytest.mark.parametrize("section", DECLARED)
def test_every_dependency_has_an_upper_bound(section: str) -> None:
    assert [line for line in DECLARED[section] if "<" not in line and "==" not in line] == []
