"""`forewarn simulate` writes a whole town or nothing, and says what was wrong."""

import gzip
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from forewarn.commands.simulate import simulate
from schemas.areas import read_directory
from schemas.events import Event

SMALL = ("--persons", "200", "--days", "20", "--seed", "5")
NAMES = ["areas.json", "events.jsonl", "truth.jsonl"]


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(simulate)
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, arguments)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_town_is_written_and_described(tmp_path: Path) -> None:
    out = tmp_path / "new" / "town"
    result = run(*SMALL, "--out", str(out))
    assert result.exit_code == 0, result.output
    assert names_in(out) == NAMES
    decoder = msgspec.json.Decoder(Event)
    events = decoder.decode_lines((out / "events.jsonl").read_bytes())
    directory = read_directory((out / "areas.json").read_bytes())
    assert all(directory.known(event.data.area) for event in events)
    for said in ("events with a person", "of them, never again", "top 2 %", "surge accident"):
        assert said in result.output


def test_the_same_arguments_write_the_same_bytes_packed_or_not(tmp_path: Path) -> None:
    one, other, packed = (tmp_path / name for name in ("one", "other", "packed"))
    for out in (one, other):
        assert run(*SMALL, "--out", str(out)).exit_code == 0
    assert run(*SMALL, "--out", str(packed), "--gzip").exit_code == 0
    for name in NAMES:
        assert (one / name).read_bytes() == (other / name).read_bytes()
    for name in ("events.jsonl", "truth.jsonl"):
        squeezed = (packed / f"{name}.gz").read_bytes()
        assert gzip.decompress(squeezed) == (one / name).read_bytes()
        flags, made_at = squeezed[3], squeezed[4:8]
        assert (flags, made_at) == (0, bytes(4)), "no file name and no time in the header"


def test_a_town_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    assert run(*SMALL, "--out", str(tmp_path)).exit_code == 0
    before = (tmp_path / "events.jsonl").read_bytes()
    refused = run("--persons", "50", "--days", "5", "--out", str(tmp_path))
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert (tmp_path / "events.jsonl").read_bytes() == before
    forced = run("--persons", "50", "--days", "5", "--gzip", "--out", str(tmp_path), "--force")
    assert forced.exit_code == 0
    assert names_in(tmp_path) == ["areas.json", "events.jsonl.gz", "truth.jsonl.gz"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--persons", "0"), "--persons"),
        (("--persons", "2000001"), "--persons"),
        (("--days", "0"), "--days"),
        (("--days", "3661"), "--days"),
        (("--seed", "-1"), "--seed"),
        (("--start", "tomorrow"), "--start"),
        (("--start", "1999-12-31"), "2000 to 2099"),
        (("--persons", "2000000", "--days", "3660"), "fewer persons"),
    ],
)
def test_arguments_out_of_bounds_are_refused_before_anything_is_written(
    tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    out = tmp_path / "town"
    result = run(*arguments, "--out", str(out))
    assert result.exit_code == 2
    assert named in result.output
    assert not out.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    result = run(*SMALL, "--out", str(tmp_path / "file" / "town"))
    assert result.exit_code == 1
    assert "could not be written" in result.output


def test_a_failure_half_way_leaves_no_town_and_no_remains(tmp_path: Path) -> None:
    (tmp_path / ".events.jsonl.partial").mkdir()
    result = run(*SMALL, "--out", str(tmp_path))
    assert result.exit_code != 0
    assert not set(names_in(tmp_path)) & {*NAMES, ".areas.json.partial", ".truth.jsonl.partial"}


def test_another_first_day_moves_the_town(tmp_path: Path) -> None:
    assert run(*SMALL, "--start", "2024-02-20", "--out", str(tmp_path)).exit_code == 0
    first = (tmp_path / "events.jsonl").read_bytes().splitlines()[0]
    assert b'"time":"2024-02-20T' in first
