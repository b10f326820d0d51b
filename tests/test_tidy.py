"""The style of the code, where a machine can hold it.

What ruff, mypy and import-linter hold is theirs (pyproject.toml) and is not repeated here:
docstrings of public names, unfinished-work marks in code, codes on ignores, clocks, room imports.

Names that must not be written anywhere are put together from parts, so that this file passes.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("schemas", "detectors", "alerts", "streams", "api", "forewarn")
FOLDERS = (*ROOMS, "docker", "bench", "docs", "tests", ".ci")
FILES = {
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "docker-compose.yml",
    "pyproject.toml",
    "uv.lock",
}
# Installed, generated, or one person's own: what .gitignore names, and git itself.
NOT_OURS = re.compile(
    r"\.git|\.venv|\.env|\.idea|\.vscode|\.DS_Store|\.hypothesis|\.\w+_cache|__pycache__"
    r"|build|dist|results|town|uv\.lock\.new|.*\.egg-info|.*\.py[cod]|.*\.swp"
)
NOT_TEXT = {".png"}
LINES_MAX = {"tests": 400, "bench": 400}
ROOM_LINES_MAX = 300
FUNCTION_LINES_MAX = 70
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}

UNFINISHED = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.>)}*~-])/(?:root|work|home|tmp)(?![\w-])")
# A container has a folder of that name of its own.
OF_A_CONTAINER = {Path("docker-compose.yml"): '"/' + "tmp:"}
REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("crates", "io"),
            ("proxy", "golang", "org"),
            ("maven", "org"),
            ("maven", "apache", "org"),
            ("deb", "debian", "org"),
            ("anaconda", "org"),
        )
    )
)
IGNORE = re.compile(r"#\s*(?:type:\s*ignore|noqa)\b")
IGNORE_WITH_REASON = re.compile(
    r"#\s*(?:type:\s*ignore\[[\w, -]+\]|noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)[\s#:–-]+\w+"
)


def walk(folder: Path) -> Iterator[Path]:
    """Every file of ours below a folder."""
    for path in sorted(folder.iterdir()):
        if NOT_OURS.fullmatch(path.name):
            continue
        if path.is_dir():
            yield from walk(path)
        else:
            yield path


OURS = [path.relative_to(ROOT) for path in walk(ROOT)]
MODULES = [path for path in OURS if path.suffix == ".py"]
ROOM_MODULES = [path for path in MODULES if path.parts[0] in ROOMS]
TEXTS = [path for path in OURS if path.suffix not in NOT_TEXT]

each_module = pytest.mark.parametrize("path", MODULES, ids=str)
each_room_module = pytest.mark.parametrize("path", ROOM_MODULES, ids=str)
each_text = pytest.mark.parametrize("path", TEXTS, ids=str)


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def parse(path: Path) -> ast.Module:
    return ast.parse(read(path), filename=str(path))


def matches(pattern: re.Pattern[str], path: Path) -> list[str]:
    """Where a pattern occurs, as `line number: line`."""
    lines = enumerate(read(path).splitlines(), start=1)
    return [f"{number}: {line.strip()}" for number, line in lines if pattern.search(line)]


def imported(tree: ast.Module) -> Iterator[str]:
    """Top-level names of everything a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_fixed_folder_is_there(folder: str) -> None:
    assert (ROOT / folder).is_dir()


def test_nothing_unknown_is_at_the_top() -> None:
    top = {path.parts[0] for path in OURS}
    assert sorted(top - FILES - set(FOLDERS)) == []


@each_module
def test_a_file_is_short(path: Path) -> None:
    assert len(read(path).splitlines()) <= LINES_MAX.get(path.parts[0], ROOM_LINES_MAX)


@each_module
def test_a_function_is_short(path: Path) -> None:
    lengths = {
        node.name: (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: n for name, n in lengths.items() if n > FUNCTION_LINES_MAX} == {}


@each_module
def test_a_name_says_what_is_inside(path: Path) -> None:
    words = {word for part in path.with_suffix("").parts for word in part.split("_")}
    assert words & NAMES_THAT_SAY_NOTHING == set()


@each_module
def test_a_module_opens_with_what_it_is(path: Path) -> None:
    assert ast.get_docstring(parse(path))


@each_module
def test_an_ignored_finding_has_its_reason(path: Path) -> None:
    with (ROOT / path).open("rb") as source:
        tokens = tokenize.tokenize(source.readline)
        comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    ignores = [comment for comment in comments if IGNORE.search(comment)]
    assert [comment for comment in ignores if not IGNORE_WITH_REASON.search(comment)] == []


@each_module
def test_nothing_is_unpickled(path: Path) -> None:
    assert set(imported(parse(path))) & UNPICKLERS == set()


@each_room_module
def test_only_the_command_line_prints(path: Path) -> None:
    calls = [node.func for node in ast.walk(parse(path)) if isinstance(node, ast.Call)]
    prints = [func.lineno for func in calls if isinstance(func, ast.Name) and func.id == "print"]
    assert prints == [] or path.parts[0] == "forewarn"


@each_text
def test_nothing_is_marked_as_unfinished(path: Path) -> None:
    assert matches(UNFINISHED, path) == []


@each_text
def test_no_path_of_a_machine_is_written_down(path: Path) -> None:
    allowed = OF_A_CONTAINER.get(path)
    found = matches(MACHINE_PATH, path)
    assert [line for line in found if allowed is None or allowed not in line] == []


@each_text
def test_no_package_registry_is_named(path: Path) -> None:
    assert matches(REGISTRIES, path) == []


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_else_installs_a_package_of_our_name(room: str) -> None:
    assert set(packages_distributions().get(room, [])) <= {"forewarn"}
