"""A run on a real broker, recorded off it and replayed: the bytes of the topics come back."""

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest
from msgspec.structs import replace

from forewarn.broker.broker import Broker
from schemas.areas import Directory
from schemas.codec import decoder_of, encode
from schemas.outcomes import Alert
from schemas.topics import ALERTS, PERSON_LOG
from streams.cluster.connect import ClusterError
from streams.cluster.reading import reader_of
from streams.cluster.recording import RECORDED, record
from streams.log_files import Manifest, read_log, read_manifest
from streams.log_outputs import Compared, LogOutputs
from streams.outputs import Outputs
from streams.pipeline import PipelineConfig
from streams.replay_log import replay_log
from streams.worker.routing import Batches, Router
from tests.streams.cluster.clusters import connection_to, made_namespace, put
from tests.streams.intake.contacts import CODE_VERSION
from tests.streams.recorded_town import PARTITIONS, logs_of, recording_of, small_town


def run_of(folder: Path) -> tuple[Batches, Directory]:
    """Logs and outputs of a small town, as workers would leave them on the topics."""
    events, directory = small_town()
    logs = logs_of(events, directory)
    router = Router(PARTITIONS, directory)
    topics: Batches = defaultdict(list, logs)

    def take(out: Outputs) -> None:
        for wave in router.stage_waves(out):
            for place, records in wave.items():
                topics[place].extend(records)
        for said in (out.alerts, out.assessments, out.examples, out.clocks, out.returned):
            said.clear()
        out.snapshots.clear()
        out.person_records.clear()

    manifest = recording_of(logs, folder, directory=directory)
    replay_log(folder, manifest, PipelineConfig(), directory, take)
    return dict(topics), directory


def recorded(broker: Broker, namespace: str, folder: Path, directory: Directory) -> Manifest:
    recording = record(
        connection_to(broker),
        namespace,
        folder,
        code=CODE_VERSION,
        areas=directory.version,
        config_sha256="",
    )
    return asyncio.run(recording)


def held_against_itself(recording: Path, out: Path, directory: Directory) -> list[Compared]:
    manifest = read_manifest(recording)
    with LogOutputs(out) as outputs:
        replay_log(recording, manifest, PipelineConfig(), directory, outputs.take)
        return outputs.compare(recording, manifest)


def test_a_recorded_run_has_the_bytes_of_the_topics_and_says_the_same_again(
    broker: Broker, tmp_path: Path
) -> None:
    topics, directory = run_of(tmp_path / "first")
    namespace = made_namespace(broker, 2)
    put(broker, namespace, topics)

    manifest = recorded(broker, namespace, tmp_path / "log", directory)

    assert {one.topic for one in manifest.files} == set(RECORDED)
    for one in manifest.files:
        expected = topics.get((one.topic, one.partition), [])
        kept = list(read_log(tmp_path / "log", one))
        assert [(got.key, got.value) for got in kept] == expected
        assert [got.offset for got in kept] == list(range(one.first, one.end))
        assert one.records == len(expected)
    assert len(manifest.sources) == 6
    compared = held_against_itself(tmp_path / "log", tmp_path / "out", directory)
    assert all(one.equal for one in compared)
    assert compared[0].same > 5

    said: Alert = decoder_of(ALERTS.name)(topics[ALERTS.name, 0][0][1])
    forged = replace(said, area="elsewhere")
    put(broker, namespace, {(ALERTS.name, 1): [(b"", encode(forged))]})
    recorded(broker, namespace, tmp_path / "log", directory)
    again = held_against_itself(tmp_path / "log", tmp_path / "out", directory)
    assert [one.topic for one in again if not one.equal] == [ALERTS.name]


def test_only_what_was_there_at_the_start_is_read(broker: Broker) -> None:
    namespace = made_namespace(broker)
    place = (PERSON_LOG.name, 0)
    put(broker, namespace, {place: [(b"k", b"%d" % number) for number in range(3)]})

    async def read() -> list[bytes | None]:
        cluster = connection_to(broker)
        async with reader_of(cluster, namespace, [PERSON_LOG.name]) as reader:
            extents = await reader.extents()
            await asyncio.to_thread(put, broker, namespace, {place: [(b"k", b"later")]})
            return [kept.value async for chunk in reader.to_end(extents) for kept in chunk]

    assert asyncio.run(read()) == [b"0", b"1", b"2"]


def test_a_namespace_without_topics_cannot_be_recorded(broker: Broker, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="has no topic"):
        recorded(broker, "nobody", tmp_path, Directory())
