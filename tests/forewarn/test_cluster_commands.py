"""The commands that speak to a cluster, as a person at a terminal meets them, on a real broker."""

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from alerts.vault.sealing import Sealer
from forewarn.broker.broker import Broker
from forewarn.cli import app
from forewarn.commands.dlq import OPENED
from forewarn.keys import load_or_make_keyring
from schemas.areas import write_directory
from schemas.codec import encode
from schemas.outcomes import Alert
from schemas.rejections import Refused, Rejection
from schemas.taxonomy import Feed
from schemas.topics import ALERTS, FEEDS
from streams.intake.dead_letters import dead_letter
from tests.streams.cluster.clusters import kept_on, made_namespace, put
from tests.streams.intake.contacts import contact, raw
from tests.streams.recorded_town import logs_of, small_town

RUN = CliRunner()
GOLDEN = Path(__file__).parents[1] / "golden" / "alerts.jsonl"
TOPIC = FEEDS[Feed.INCIDENT].name


@pytest.fixture
def namespace(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A namespace of its own, which the settings name, and a keyring of its own."""
    made = made_namespace(broker, 2)
    monkeypatch.setenv("FOREWARN_KAFKA_BOOTSTRAP", broker.bootstrap)
    monkeypatch.setenv("FOREWARN_NAMESPACE", made)
    monkeypatch.setenv("FOREWARN_KEYS_FILE", str(tmp_path / "keys" / "keys.json"))
    return made


def ran(*arguments: str, exit_code: int = 0) -> str:
    result = RUN.invoke(app, list(arguments))
    assert result.exit_code == exit_code, result.output
    return " ".join(result.output.split())


def golden_alerts() -> list[Alert]:
    return [msgspec.json.decode(line, type=Alert) for line in GOLDEN.read_bytes().splitlines()]


def put_alerts(broker: Broker, namespace: str, alerts: list[Alert]) -> None:
    put(broker, namespace, {(ALERTS.name, 0): [(b"", encode(alert)) for alert in alerts]})


def test_a_feed_is_sent_and_summed_up_in_one_line(
    broker: Broker, namespace: str, tmp_path: Path
) -> None:
    events = tmp_path / "events.jsonl"
    events.write_bytes(msgspec.json.encode(contact("1")) + b"\nno event\n")
    said = ran("feed", str(events))
    assert said.startswith("2 records and 6 ticks in ")
    records = kept_on(broker, namespace, [topic.name for topic in FEEDS.values()])
    assert len(records) == 8
    assert "was fed already" in ran("feed", str(events), exit_code=2)


def test_a_feed_that_cannot_be_sent_says_why(
    namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "there is no such file" in ran("feed", str(tmp_path / "nothing"), exit_code=2)
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"")
    assert "is no namespace" in ran("feed", str(events), "--namespace", "NO", exit_code=2)
    both = ran("feed", str(events), "--speed", "2", "--as-fast-as-possible", exit_code=2)
    assert "not both" in both
    monkeypatch.setenv("FOREWARN_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    assert "nobody listens at 127.0.0.1:1" in ran("feed", str(events), exit_code=2)


def test_alerts_are_told_in_the_language_of_the_reader_evidence_before_reasons(
    broker: Broker, namespace: str
) -> None:
    alert = golden_alerts()[0]
    put(broker, namespace, {(ALERTS.name, 1): [(b"", b"no alert")]})
    put_alerts(broker, namespace, [alert])
    for language, headline, reason in (
        ("en", alert.headline.en, alert.reasons[0].text.en),
        ("zh-CN", alert.headline.zh, alert.reasons[0].text.zh),
    ):
        said = ran("tail", "alerts", "--from-beginning", "--language", language, "--limit", "2")
        assert headline in said
        assert said.index(" • ") < said.index(f"→ {reason}")
        assert "unreadable" in said


def test_dead_letters_are_listed_shown_revealed_for_a_reason_and_sent_back(
    broker: Broker, namespace: str, tmp_path: Path
) -> None:
    keyring, _ = load_or_make_keyring(tmp_path / "keys" / "keys.json")
    record = msgspec.structs.replace(raw(contact("7", note="a note")), topic=TOPIC, offset=7)
    letter = dead_letter(record, Refused(Rejection.UNKNOWN_AREA), Sealer(keyring), "test")
    put(broker, namespace, {(f"{TOPIC}.dlq", 0): [(b"", encode(letter))]})
    place = (TOPIC, "0", "7")

    assert f"{TOPIC} 0 7 unknown_area" in ran("dlq", "list")
    shown = ran("dlq", "show", *place)
    assert "reason: unknown_area" in shown
    assert "a note" not in shown
    assert "say with --why" in ran("dlq", "show", *place, "--reveal", exit_code=2)
    kept = tmp_path / "keys" / OPENED
    assert not kept.exists()
    assert "a note" in ran("dlq", "show", *place, "--reveal", "--why", "area was missing")
    (opened,) = (json.loads(line) for line in kept.read_bytes().splitlines())
    assert (opened["place"], opened["why"]) == ([TOPIC, 0, 7], "area was missing")
    assert "there is no dead letter" in ran("dlq", "show", TOPIC, "0", "8", exit_code=2)

    assert "say which" in ran("dlq", "retry", exit_code=2)
    assert "0 sent back" in ran("dlq", "retry", "--reason", "malformed_json")
    assert "1 sent back" in ran("dlq", "retry", "--place", *place)
    assert [one.value for one in kept_on(broker, namespace, [TOPIC])] == [record.value]

    (tmp_path / "keys" / "keys.json").unlink()
    assert "set FOREWARN_KEYS_FILE" in ran("dlq", "retry", "--all", exit_code=2)


def test_alerts_of_a_run_are_compared_with_those_on_the_cluster(
    broker: Broker, namespace: str, tmp_path: Path
) -> None:
    alerts = golden_alerts()
    put_alerts(broker, namespace, alerts)
    number = len({alert.alert_id for alert in alerts})
    assert ran("compare", str(GOLDEN)) == f"{number} alerts compared, 0 differ"

    lost = tmp_path / "alerts.jsonl"
    lost.write_bytes(
        b"".join(encode(one) + b"\n" for one in alerts if one.alert_id != alerts[0].alert_id)
    )
    said = ran("compare", str(GOLDEN), str(tmp_path), exit_code=1)
    assert f"{alerts[0].alert_id} only in the first" in said
    assert f"{number} alerts compared, 1 differ" in said


def test_a_run_is_recorded_and_replayed_with_what_it_went_by(
    broker: Broker, namespace: str, tmp_path: Path
) -> None:
    events, directory = small_town()
    put(broker, namespace, logs_of(events, directory))
    areas = tmp_path / "areas.json"
    areas.write_bytes(write_directory(directory))
    log, out = str(tmp_path / "log"), str(tmp_path / "out")

    assert "forewarn.person-log.v1: " in ran("record", "--out", log, "--areas", str(areas))
    other = ran("replay", "--log", log, "--out", out, exit_code=2)
    assert "made with areas" in other
    assert "alerts: " in ran("replay", "--log", log, "--out", out, "--areas", str(areas))
    summary = json.loads((tmp_path / "out" / "summary.json").read_bytes())
    assert summary["written"]["alerts"] > 5
    verified = ran(
        "replay", "--log", log, "--out", out, "--areas", str(areas), "--verify", exit_code=1
    )
    assert "forewarn.alerts.v1: 0 the same" in verified
    assert "give either EVENTS or --log" in ran("replay", "--out", out, exit_code=2)
