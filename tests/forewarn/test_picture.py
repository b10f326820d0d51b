"""`forewarn picture`: from a real, small replay to files that can be looked at."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from typer.testing import CliRunner, Result

from alerts.vault.keyring import new_keyring
from forewarn.cli import app
from forewarn.picture_alerts import dated
from forewarn.picture_words import CHINESE_FONTS, WORDS, Language, font_for
from forewarn.pictures import draw
from forewarn.replay_results import ResultsError, narrowed, read_results
from schemas.areas import Directory
from schemas.events import Event, EventData, Location, Person
from schemas.outcomes import Alert, Change
from schemas.taxonomy import LABELS, Channel, Kind, Origin, Purpose, Scheme, Scope, Sign
from schemas.times import to_us
from streams.pipeline import Pipeline, PipelineConfig
from streams.replay import replay
from streams.replay_files import ReplayFiles

BEGIN = datetime(2026, 3, 1, 4, tzinfo=UTC)
DAYS = 50
GRID = "440703101002003"
COUNTY = GRID[:6]
SVG = "{http://www.w3.org/2000/svg}"
PNG_BEGINS = b"\x89PNG\r\n\x1a\n"
KEYS = (b"a" * 32, b"b" * 32, b"c" * 32, b"d" * 32)


def event(number: int, at: datetime, kind: Kind, **parts: object) -> Event:
    plain = EventData(
        purpose=Purpose.HARM_REPORT,
        kind=kind,
        area=GRID,
        severity=2,
        signs=(),
        origin=Origin.REPORTED,
        channel=Channel.PHONE,
    )
    return Event(
        specversion="1.0",
        id=f"e-{number}",
        source="/test/110",
        type="forewarn.incident-report.v1",
        time=at,
        ingesttime=at,
        data=msgspec.structs.replace(plain, **parts),
    )


def busy_days() -> Iterator[Event]:
    """Some reports each day, far more on two days, and one person in great danger."""
    number = 0
    for day in range(DAYS):
        reports = {30: 60, 44: 45}.get(day, 5)
        for turn in range(reports):
            number += 1
            at = BEGIN + timedelta(days=day, minutes=turn)
            kind = (Kind.NATURAL_HAZARD, Kind.ACCIDENT)[turn % 2]
            yield event(number, at, kind, location=Location(lat=22.0 + number / 100, lon=113.0))
    yield event(
        0,
        BEGIN + timedelta(days=20, hours=13),
        Kind.DOMESTIC_VIOLENCE,
        signs=(Sign.THREAT_TO_KILL,),
        severity=4,
        person=Person(Scheme.PHONE, "+8613800000000"),
    )


def replayed(folder: Path, events: Sequence[Event], about: dict[str, str] | None = None) -> Path:
    with ReplayFiles(folder) as files:
        house = Pipeline(
            PipelineConfig(),
            directory=Directory(),
            keyring=new_keyring(KEYS),
            sink=files,
            code_version="test",
        )
        stream = BytesIO(msgspec.json.Encoder().encode_lines(events))
        span = replay(house, stream, to_us(BEGIN + timedelta(days=400)))
        files.finish(house, span, about or {})
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return replayed(tmp_path_factory.mktemp("replay"), list(busy_days()))


def opened(folder: Path, scope: Scope) -> list[Alert]:
    lines = (folder / "alerts.jsonl").read_bytes().splitlines()
    alerts = (msgspec.json.decode(line, type=Alert) for line in lines)
    return [a for a in alerts if a.change is Change.OPENED and a.scope is scope]


def command(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["picture", *map(str, arguments)])


def words_in(path: Path) -> str:
    tree = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314  # our own file
    assert tree.tag == f"{SVG}svg"
    return "\n".join("".join(text.itertext()) for text in tree.iter(f"{SVG}text"))


def markers_in(path: Path) -> list[str]:
    return re.findall(r'id="alert-(\w+)"', path.read_text(encoding="utf-8"))


def test_an_svg_has_a_marker_for_each_area_alert_and_the_words_as_text(
    results: Path, tmp_path: Path
) -> None:
    drawn = tmp_path / "it.svg"
    assert command(results, "--out", drawn).exit_code == 0
    alerts = opened(results, Scope.AREA)
    assert len(alerts) >= 2
    assert sorted(markers_in(drawn)) == sorted(alert.alert_id for alert in alerts)
    words = words_in(drawn)
    for expected in (
        WORDS["title"].en,
        WORDS["legend"].en,
        LABELS[Kind.ACCIDENT].en,
        LABELS[Kind.NATURAL_HAZARD].en,
        COUNTY,
        "2026-03-31",
        "60",
    ):
        assert expected in words
    assert 10_000 < drawn.stat().st_size < 1_000_000


def test_an_svg_can_be_in_chinese_whatever_fonts_are_here(results: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "it.svg"
    assert command(results, "--out", drawn, "--lang", "zh-CN").exit_code == 0
    words = words_in(drawn)
    assert WORDS["title"].zh in words
    assert LABELS[Kind.NATURAL_HAZARD].zh in words
    assert WORDS["title"].en not in words


def test_a_png_is_a_png_of_sensible_size(results: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "it.png"
    assert command(results, "--out", drawn).exit_code == 0
    content = drawn.read_bytes()
    assert content.startswith(PNG_BEGINS)
    assert 1_000 < int.from_bytes(content[16:20]) < 3_000
    assert 500 < int.from_bytes(content[20:24]) < 3_000


def test_without_a_chinese_font_a_png_is_in_english_and_it_is_said() -> None:
    assert font_for(Language.ZH, ["DejaVu Sans"], keeps_text=False) is None
    assert font_for(Language.ZH, ["DejaVu Sans"], keeps_text=True) == "DejaVu Sans"
    assert font_for(Language.ZH, CHINESE_FONTS[::-1], keeps_text=False) == CHINESE_FONTS[0]
    assert font_for(Language.EN, CHINESE_FONTS, keeps_text=False) == "DejaVu Sans"


def test_the_command_says_in_which_language_a_chinese_png_came_out(
    results: Path, tmp_path: Path
) -> None:
    used = draw(read_results(results), tmp_path / "by-hand.png", Language.ZH)
    said = command(results, "--out", tmp_path / "it.png", "--lang", "zh-CN")
    assert said.exit_code == 0
    assert ("the words are English" in said.stderr) == (used is Language.EN)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_same_results_give_the_same_bytes(results: Path, tmp_path: Path, suffix: str) -> None:
    one, other = tmp_path / f"one.{suffix}", tmp_path / f"other.{suffix}"
    for path in (one, other):
        draw(read_results(results), path, Language.EN)
    assert one.read_bytes() == other.read_bytes()


def test_the_picture_stands_in_the_folder_of_the_replay_unless_told_otherwise(
    tmp_path: Path,
) -> None:
    folder = replayed(tmp_path / "out", list(busy_days())[:20])
    assert command(folder).exit_code == 0
    assert words_in(folder / "picture.svg")
    assert not list(folder.glob(".*"))


def test_an_alert_about_a_person_is_a_bar_and_never_a_marker(results: Path, tmp_path: Path) -> None:
    [alert] = opened(results, Scope.PERSON)
    drawn = tmp_path / "it.svg"
    draw(read_results(results), drawn, Language.EN)
    assert WORDS["others"].en in words_in(drawn)
    assert alert.alert_id not in drawn.read_text(encoding="utf-8")
    assert alert.subject not in drawn.read_text(encoding="utf-8")


def test_a_person_alert_stands_on_the_local_day_where_the_summary_knows_the_zone(
    results: Path, tmp_path: Path
) -> None:
    def day_of_person_alert(folder: Path) -> int:
        alerts = read_results(folder).alerts
        return next(alert.day for alert in alerts if alert.scope is Scope.PERSON)

    local = replayed(tmp_path / "local", list(busy_days()), {"time_zone": "Asia/Shanghai"})
    assert day_of_person_alert(local) == day_of_person_alert(results) + 1


def test_an_alert_has_the_highest_level_of_its_revisions(results: Path) -> None:
    held = {alert.alert_id: alert.level for alert in read_results(results).alerts}
    assert set(held) == {alert.alert_id for scope in Scope for alert in opened(results, scope)}


def test_one_area_shows_its_own_alerts_and_the_counts_of_its_county(results: Path) -> None:
    whole = read_results(results)
    county = narrowed(whole, COUNTY)
    assert county == whole
    for area in {alert.area for alert in whole.alerts}:
        part = narrowed(whole, area)
        assert part.counts == whole.counts
        assert {a for a in whole.alerts if a.area == area} <= set(part.alerts)


def test_the_dates_beside_markers_never_stand_on_one_another() -> None:
    found = list(dated([10, 11, 12, 30, 31, 60], room=5.0))
    assert found == [(10, "right"), (12, "left"), (30, "right"), (31, "left"), (60, "right")]
    assert list(dated([10, 11, 13, 15], room=5.0)) == [(10, "right"), (15, "left")]


def test_a_folder_without_a_replay_is_told_how_to_get_one(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        said = command(folder)
        assert said.exit_code == 2
        assert "holds no replay" in said.stderr
        assert "forewarn replay" in said.stderr


def test_an_empty_replay_is_told_apart_from_none(tmp_path: Path) -> None:
    said = command(replayed(tmp_path, []))
    assert said.exit_code == 2
    assert "nothing to look at" in said.stderr


def test_an_unknown_area_is_answered_with_those_there_are(results: Path, tmp_path: Path) -> None:
    for area in ("110101", "4407031", "4407", ""):
        said = command(results, "--area", area, "--out", tmp_path / "it.svg")
        assert said.exit_code == 2
        assert f"'{area}'" in said.stderr
        assert COUNTY in said.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["it.pdf", "it", "it.svg.gz"])
def test_an_unknown_type_of_file_is_refused(results: Path, tmp_path: Path, name: str) -> None:
    said = command(results, "--out", tmp_path / name)
    assert said.exit_code == 2
    assert ".svg or .png" in said.stderr


def test_a_damaged_line_is_named_by_file_and_number(tmp_path: Path) -> None:
    folder = replayed(tmp_path, list(busy_days())[:20])
    with (folder / "daily-counts.jsonl").open("ab") as file:
        file.write(b'{"area":1}\n')
    with pytest.raises(ResultsError, match=r"daily-counts\.jsonl, line \d+"):
        read_results(folder)


def test_a_missing_file_of_a_replay_is_named(tmp_path: Path) -> None:
    folder = replayed(tmp_path, list(busy_days())[:20])
    (folder / "alerts.jsonl").unlink()
    said = command(folder)
    assert said.exit_code == 2
    assert "alerts.jsonl is not there" in said.stderr
