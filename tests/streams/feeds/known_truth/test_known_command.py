"""`forewarn simulate --known-truth` writes a whole town or nothing, and shows what it reached."""

from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from forewarn.commands.simulate import simulate
from schemas.areas import read_directory
from schemas.events import Event
from streams.feeds.known_truth.frozen import parameter_digest
from streams.feeds.known_truth.labels import Label
from streams.feeds.known_truth.truth_records import TruthRecord

SMALL = ("--known-truth", "--persons", "300", "--days", "90", "--seed", "5")
NAMES = ["areas.json", "events.jsonl", "labels.jsonl", "marginals.json", "truth.jsonl"]


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(simulate)
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, arguments)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_town_is_written_and_its_marginals_shown(tmp_path: Path) -> None:
    result = run(*SMALL, "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert names_in(tmp_path) == NAMES
    events = msgspec.json.Decoder(Event).decode_lines((tmp_path / "events.jsonl").read_bytes())
    directory = read_directory((tmp_path / "areas.json").read_bytes())
    assert all(directory.known(event.data.area) for event in events)
    truth = (tmp_path / "truth.jsonl").read_bytes()
    assert len(msgspec.json.Decoder(TruthRecord).decode_lines(truth)) > 300
    msgspec.json.Decoder(Label).decode_lines((tmp_path / "labels.jsonl").read_bytes())
    measured = msgspec.json.decode((tmp_path / "marginals.json").read_bytes())
    assert measured["parameters_sha256"] == parameter_digest()
    assert measured["events"] == len(events)
    for said in ("near copies", "0.055 to 0.065", "Simulating", parameter_digest()):
        assert said in result.output


def test_the_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for out in (one, other):
        assert run(*SMALL, "--out", str(out)).exit_code == 0
    for name in NAMES:
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_only_marginals_can_be_asked_for(tmp_path: Path) -> None:
    assert run(*SMALL, "--only-marginals", "--out", str(tmp_path)).exit_code == 0
    assert names_in(tmp_path) == ["marginals.json"]


def test_a_variant_and_a_scenario_are_other_towns(tmp_path: Path) -> None:
    for name, more in (("plain", ()), ("variant", ("--variant", "3")),
                       ("scenario", ("--scenario", "no_drift"))):  # fmt: skip
        assert run(*SMALL, *more, "--out", str(tmp_path / name)).exit_code == 0
    found = {path.read_bytes() for path in tmp_path.glob("*/truth.jsonl")}
    assert len(found) == 3


def test_a_town_of_either_kind_is_kept_unless_forced(tmp_path: Path) -> None:
    assert run("--persons", "50", "--days", "5", "--out", str(tmp_path)).exit_code == 0
    refused = run(*SMALL, "--out", str(tmp_path))
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert run(*SMALL, "--gzip", "--force", "--out", str(tmp_path)).exit_code == 0
    packed = [name + ".gz" if name.endswith(".jsonl") else name for name in NAMES]
    assert names_in(tmp_path) == packed


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--known-truth", "--start", "2024-01-01"), "--start"),
        (("--known-truth", "--scenario", "paradise"), "planted_loop"),
        (("--known-truth", "--persons", "2000000", "--days", "3660"), "fewer persons"),
        (("--known-truth", "--variant", "-1"), "--variant"),
        (("--variant", "1"), "--known-truth"),
        (("--scenario", "no_help"), "--known-truth"),
        (("--only-marginals",), "--known-truth"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    out = tmp_path / "town"
    result = run(*arguments, "--out", str(out))
    assert result.exit_code == 2
    assert named in result.output
    assert not out.exists()
