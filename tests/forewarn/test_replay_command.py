"""`forewarn replay` and its neighbours as a person at a terminal meets them."""

import gzip
import json
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from forewarn.cli import app
from forewarn.configuration import (
    Configuration,
    ConfigurationError,
    digest_of,
    read_configuration,
)
from forewarn.keys import load_or_make_keyring
from streams.pipeline import PipelineConfig
from tests.streams.intake.contacts import contact, person

RUN = CliRunner()


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOREWARN_KEYS_FILE", str(tmp_path / "keys" / "keys.json"))
    path = tmp_path / "events.jsonl"
    events = [
        contact("red", signs=["strangulation"], severity=3, person=person()),
        contact("plain", person=person("+8613900139000")),
    ]
    path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    return path


def alerts_in(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "alerts.jsonl").read_bytes().splitlines()]


def test_a_plain_and_a_gzipped_feed_give_the_same_files(feed: Path, tmp_path: Path) -> None:
    zipped = tmp_path / "events.jsonl.gz"
    zipped.write_bytes(gzip.compress(feed.read_bytes()))
    for source, out in ((feed, "plain"), (zipped, "zipped")):
        result = RUN.invoke(app, ["replay", str(source), "--out", str(tmp_path / out)])
        assert result.exit_code == 0, result.output

    written = sorted(path.name for path in (tmp_path / "plain").iterdir())
    assert written == [
        "alerts.jsonl",
        "assessments.jsonl",
        "daily-counts.jsonl",
        "dead-letters.jsonl",
        "service-clocks.jsonl",
        "summary.json",
    ]
    for name in written:
        plain, zipped_bytes = (tmp_path / out / name for out in ("plain", "zipped"))
        assert plain.read_bytes() == zipped_bytes.read_bytes()
    assert alerts_in(tmp_path / "plain")[0]["level"] == "red"


def test_standard_input_is_read_for_a_dash(feed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "forewarn", "replay", "-", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, input=feed.read_bytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert len(alerts_in(tmp_path / "out")) == 1
    assert b"13800138000" not in done.stdout + done.stderr


def test_the_keyring_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys.json"
    first, made = load_or_make_keyring(path)
    second, made_again = load_or_make_keyring(path)
    assert (made, made_again) == (True, False)
    assert first == second
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.jsonl"], "no such file"),
        (["{feed}", "--config", "{tmp}/none.toml"], "cannot be read"),
        (["{feed}", "--config", "{feed}"], "is not TOML"),
        (["{feed}", "--areas", "{feed}"], "area directory cannot be read"),
        (["{feed}", "--areas", "nowhere"], "no area directory 'nowhere'"),
        (["{cut}"], "damaged or cut off"),
    ],
)
def test_what_cannot_be_read_is_a_clear_error_and_leaves_no_results(
    feed: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(feed.read_bytes())[:-12])
    names = {"feed": feed, "tmp": tmp_path, "cut": cut}
    filled = [argument.format(**names) for argument in arguments]
    result = RUN.invoke(app, ["replay", *filled, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


def test_the_areas_of_a_shipped_mapping_are_taken_by_its_name(feed: Path, tmp_path: Path) -> None:
    arguments = ["replay", str(feed), "--areas", "montgomery-911", "--out", str(tmp_path / "out")]
    result = RUN.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "--areas" in result.output, "no word on why nothing could be taken"
    summary = json.loads((tmp_path / "out" / "summary.json").read_bytes())
    assert summary["about"]["areas"] == "montgomery-911.1"
    assert summary["tally"]["dead_letters.unknown_area"] == 2


def test_a_broken_keyring_is_named_without_its_content(feed: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys" / "keys.json"
    keys.parent.mkdir()
    keys.write_text('{"format": 1, "secret": "hunter2"}')
    result = RUN.invoke(app, ["replay", str(feed), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "keyring" in result.output
    assert "hunter2" not in result.output


def test_a_configuration_names_the_place_of_an_unknown_key(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[person.history]\nretention_dayz = 3\n")
    with pytest.raises(ConfigurationError, match=r"retention_dayz.*\$\.person\.history"):
        read_configuration(path)


def test_a_configuration_changes_what_it_names_and_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[person.history]\nlateness_days = 3\n")
    read = read_configuration(path)
    assert read.person.history.lateness_days == 3
    assert read.person.history.retention_days == PipelineConfig().person.history.retention_days
    assert digest_of(read) != digest_of(PipelineConfig())


def test_what_config_show_prints_can_be_read_again(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["config", "show"])
    path = tmp_path / "config.toml"
    path.write_text(result.output)
    assert read_configuration(path) == Configuration()
    assert "red_hours = 2  # custom: danger to life" in result.output


def test_handling_limits_are_set_in_the_file_and_change_no_digest(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[handling]\norange_hours = 12\n")
    read = read_configuration(path)
    assert (read.handling.orange_hours, read.handling.red_hours) == (12, 2)
    assert digest_of(read) == digest_of(PipelineConfig())
    path.write_text("[handling]\nred_hours = 0\n")
    with pytest.raises(ConfigurationError, match=r"handling\.red_hours"):
        read_configuration(path)


def test_the_command_says_what_it_is_for() -> None:
    result = RUN.invoke(app, ["--help"])
    assert result.exit_code == 0
    for command in ("replay", "map", "simulate", "picture", "config", "schemas"):
        assert command in result.output
