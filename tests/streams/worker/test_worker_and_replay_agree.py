"""Two runners, one core: a feed through the worker on a real broker, and the same feed replayed.

With no model activated, every alert, assessment and service clock is the same, byte for byte; and
the logs that the run left behind, stepped through again, give the same bytes once more.
"""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from alerts.vault.keyring import write_keyring
from forewarn.broker.broker import Broker
from forewarn.cli import app
from schemas.areas import Directory, write_directory
from schemas.closed import Closed
from schemas.codec import encode
from schemas.topics import ALERTS, ASSESSMENTS, SERVICE_CLOCKS
from streams.pipeline import PipelineConfig
from streams.replay import replay
from tests.streams.cluster.clusters import kept_on
from tests.streams.intake.contacts import KEYRING, Kept
from tests.streams.test_real_calls import CALLS, areas, events  # noqa: F401  # fixtures
from tests.streams.towns import UNTIL_US, house_of, lines_of, town_events
from tests.streams.worker.whole_runs import worked_through

NO_MODEL = msgspec.convert({"learner": {"examples_min": 100_000_000}}, PipelineConfig)
PERSONS, DAYS, SEED = 2_000, 100, 3


def replayed(feed: bytes, directory: Directory) -> Kept:
    pipeline, kept = house_of(directory, NO_MODEL)
    replay(pipeline, io.BytesIO(feed), UNTIL_US)
    return kept


def said(broker: Broker, namespace: str, topic: str) -> list[bytes]:
    """What is on a topic, in the order of its bytes; a record said twice is there twice."""
    return sorted(record.value or b"" for record in kept_on(broker, namespace, [topic]))


def in_order(records: Iterable[Closed]) -> list[bytes]:
    return sorted(encode(record) for record in records)


def run(broker: Broker, folder: Path, *arguments: str) -> str:
    """Run the command line against the broker, with this test's keyring."""
    keys = folder / "keys.json"
    keys.write_bytes(write_keyring(KEYRING))
    environment = {"FOREWARN_KAFKA_BOOTSTRAP": broker.bootstrap, "FOREWARN_KEYS_FILE": str(keys)}
    result = CliRunner().invoke(app, list(arguments), env=environment)
    assert result.exit_code == 0, result.output
    return result.output


def agree(broker: Broker, namespace: str, kept: Kept) -> dict[str, int]:
    """Hold that topics and replay are the same; return how many of each there are."""
    counts: dict[str, int] = {}
    pairs: list[tuple[str, list[Any]]] = [
        (ALERTS.name, kept.alerts),
        (ASSESSMENTS.name, kept.assessments),
        (SERVICE_CLOCKS.name, kept.clocks),
    ]
    for topic, expected in pairs:
        assert said(broker, namespace, topic) == in_order(expected), topic
        counts[topic] = len(expected)
    return counts


def test_a_town_with_pleas_gives_the_same_bytes_through_worker_and_replay(
    broker: Broker, tmp_path: Path
) -> None:
    town, directory = town_events(PERSONS, DAYS, SEED)
    feed = b"".join(lines_of(town))
    kept = replayed(feed, directory)
    namespace = worked_through(broker, feed, directory, config=NO_MODEL)
    counts = agree(broker, namespace, kept)
    assert counts[ALERTS.name] > 50
    areas_file = tmp_path / "areas.json"
    areas_file.write_bytes(write_directory(directory))
    run(broker, tmp_path, "record", "--out", str(tmp_path / "log"), "--namespace", namespace,
        "--areas", str(areas_file))  # fmt: skip
    verified = run(broker, tmp_path, "replay", "--log", str(tmp_path / "log"), "--out",
                   str(tmp_path / "again"), "--areas", str(areas_file), "--verify")  # fmt: skip
    assert f"{ALERTS.name}: {counts[ALERTS.name]} compared, 0 differ" in verified


@pytest.mark.skipif(not CALLS.exists(), reason="the real calls are not at hand")
def test_the_real_calls_give_the_same_bytes_through_worker_and_replay(
    broker: Broker,
    events: bytes,  # noqa: F811  # the fixture
    areas: Directory,  # noqa: F811  # the fixture
) -> None:
    namespace = worked_through(broker, events, areas, config=NO_MODEL)
    assert agree(broker, namespace, replayed(events, areas))[ALERTS.name] > 50
