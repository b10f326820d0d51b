"""`forewarn map`: files that are whole or not there, codes, and what is never said aloud."""

import gzip
import stat
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from forewarn.commands.map_feed import map_feed
from schemas.events import Event
from tests.streams.feeds.mapping_samples import CALLS, ROW, csv_of

APP = typer.Typer()
APP.command("map")(map_feed)
SECRET = "13911112222"
BAD_ROW = ROW.replace("beaten at home", "unheard of").replace("13800000000", SECRET)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path("calls.yaml").write_text(CALLS, encoding="utf-8")
    Path("calls.csv").write_bytes(csv_of(ROW + "a remark", BAD_ROW))
    return tmp_path


def run(*words: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(APP, list(words), input=stdin)


def names_here() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_events_are_written_and_rejected_rows_beside_them(room: Path) -> None:
    result = run("calls.csv", "--mapping", "calls.yaml", "--out", "events.jsonl")
    assert result.exit_code == 0
    lines = Path("events.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Event).id for line in lines] == ["c1"]
    rejected = msgspec.json.decode(Path("events.rejected.jsonl").read_bytes())
    assert (rejected["row"], rejected["line"], rejected["reason"]) == (2, 3, "no_rule")
    assert rejected["mapping"] == "calls.yaml line 14"
    assert rejected["content"]["victim_phone"] == SECRET
    assert names_here() == [
        "calls.csv",
        "calls.yaml",
        "events.jsonl",
        "events.rejected.jsonl",
    ]


def test_what_is_said_names_reasons_and_lines_and_nobody(room: Path) -> None:
    result = run("calls.csv", "--mapping", "calls.yaml", "--out", "events.jsonl")
    for words in ("domestic_violence (harm_report)", "no_rule", "calls.yaml line 14", "2026-03-01"):
        assert words in result.stderr
    for secret in (SECRET, "13800000000", "a remark", "unheard of"):
        assert secret not in result.output


def test_only_the_owner_reads_what_was_written(room: Path) -> None:
    run("calls.csv", "--mapping", "calls.yaml", "--out", "events.jsonl")
    for name in ("events.jsonl", "events.rejected.jsonl"):
        assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600


def test_strict_tells_rejected_rows_by_its_code_but_not_rows_left_out(room: Path) -> None:
    words = ("calls.csv", "--mapping", "calls.yaml", "--out", "events.jsonl", "--strict")
    assert run(*words).exit_code == 1
    Path("calls.csv").write_bytes(csv_of(ROW, ROW.replace("beaten at home", "test call")))
    assert run(*words).exit_code == 0


def test_packed_events_are_the_same_bytes_each_time(room: Path) -> None:
    words = ("calls.csv", "--mapping", "calls.yaml", "--out")
    run(*words, "one.jsonl.gz")
    run(*words, "two.jsonl.gz")
    assert Path("one.jsonl.gz").read_bytes() == Path("two.jsonl.gz").read_bytes()
    assert gzip.decompress(Path("one.jsonl.gz").read_bytes()).count(b"\n") == 1
    assert Path("one.rejected.jsonl.gz").is_file()


def test_standard_input_and_output(room: Path) -> None:
    result = run("-", "--mapping", "calls.yaml", "--out", "-", stdin=csv_of(ROW))
    assert result.exit_code == 0
    assert msgspec.json.decode(result.stdout.encode(), type=Event).id == "c1"


def test_a_run_that_breaks_off_leaves_what_was_there(room: Path) -> None:
    Path("events.jsonl").write_text("before")
    rows = [ROW.replace("c1", f"c{n}") for n in range(5_000)]
    Path("cut.csv.gz").write_bytes(gzip.compress(csv_of(*rows))[:-400])
    result = run("cut.csv.gz", "--mapping", "calls.yaml", "--out", "events.jsonl")
    assert result.exit_code == 2
    assert "cut off" in result.stderr
    assert Path("events.jsonl").read_text() == "before"
    assert not [name for name in names_here() if name.endswith(".part")]


def test_rejected_rows_of_an_earlier_run_do_not_stay(room: Path) -> None:
    words = ("calls.csv", "--mapping", "calls.yaml", "--out", "events.jsonl")
    run(*words)
    Path("calls.csv").write_bytes(csv_of(ROW))
    run(*words)
    assert Path("events.rejected.jsonl").read_bytes() == b""


def test_a_dry_run_shows_events_and_writes_nothing(room: Path) -> None:
    Path("calls.csv").write_bytes(
        csv_of(*(ROW.replace("c1", f"c{n}") + "remark" for n in range(30)))
    )
    result = run("calls.csv", "--mapping", "calls.yaml", "--dry-run")
    assert result.exit_code == 0
    for words in ("2026-03-01 08:00 -0500", "2026-03-01 13:00 UTC", "yes, by phone", "note of 6"):
        assert words in result.stdout
    assert "10 rows were read for 10 events" in result.stdout
    assert "13800000000" not in result.output
    assert names_here() == ["calls.csv", "calls.yaml"]


def test_a_dry_run_names_areas_from_the_directory(room: Path) -> None:
    Path("calls.csv").write_bytes(
        csv_of(
            "2016-01-23 10:00:00,EMS: FALL VICTIM,LOWER MERION,19010,40.0,-75.3",
            header="time,category,township,zip,lat,lon",
        )
    )
    result = run("calls.csv", "--mapping", "montgomery-911", "--dry-run")
    assert "Lower Merion 19010" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere.csv", "--mapping", "calls.yaml", "--dry-run"), "nowhere.csv: No such file"),
        (("calls.csv", "--mapping", "nothing.yaml", "--dry-run"), "there is no mapping file"),
        (("calls.csv", "--mapping", "calls.yaml"), "--dry-run"),
        (("calls.csv", "--mapping", "calls.yaml", "--out", "calls.csv"), "the export itself"),
        (("calls.csv", "--mapping", "calls.yaml", "--out", "no/e.jsonl"), "No such file"),
        (
            ("calls.csv", "--mapping", "calls.yaml", "--areas", "no.json", "--dry-run"),
            "no.json is not there",
        ),
        (
            ("calls.csv", "--mapping", "calls.yaml", "--areas", "calls.yaml", "--dry-run"),
            "calls.yaml: the area directory cannot be read",
        ),
        (
            ("calls.csv", "--mapping", "calls.yaml", "--out", "e", "--rejects", "e"),
            "the same file",
        ),
    ],
)
def test_what_cannot_be_done_is_said_with_code_2(
    room: Path, words: tuple[str, ...], said: str
) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert Path("calls.csv").read_bytes() == csv_of(ROW + "a remark", BAD_ROW)


def test_a_wrong_mapping_is_said_with_its_line(room: Path) -> None:
    Path("calls.yaml").write_text(CALLS.replace("kind: dom", "kind: dm"), encoding="utf-8")
    result = run("calls.csv", "--mapping", "calls.yaml", "--dry-run")
    assert result.exit_code == 2
    assert "calls.yaml line 18: 'dmestic_violence' is no kind." in " ".join(result.stderr.split())


def test_the_shipped_mappings_are_listed(room: Path) -> None:
    result = run("--list")
    assert result.exit_code == 0
    assert "montgomery-911" in result.stdout
