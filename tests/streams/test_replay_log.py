"""A recorded run, replayed partition by partition, says again what a whole run says."""

import io
from pathlib import Path

import msgspec
import pytest

from schemas.areas import Directory
from schemas.codec import encode
from schemas.outcomes import Alert
from schemas.topics import ALERTS, PERSON_LOG
from streams.log_files import MANIFEST, RecordingError, read_log, read_manifest
from streams.log_outputs import LogOutputs
from streams.pipeline import PipelineConfig
from streams.replay import replay
from streams.replay_log import FinalState, digest_of_state, replay_log
from streams.worker.routing import Batches
from tests.streams.recorded_town import logs_of, recording_of, small_town
from tests.streams.towns import UNTIL_US, house_of, lines_of

Town = tuple[Batches, Directory]


@pytest.fixture(scope="module")
def town() -> Town:
    events, directory = small_town()
    return logs_of(events, directory), directory


def replayed(recording: Path, out: Path, directory: Directory) -> tuple[list[FinalState], bytes]:
    """Final states and alerts of a recording."""
    with LogOutputs(out) as outputs:
        manifest = read_manifest(recording)
        states = replay_log(recording, manifest, PipelineConfig(), directory, outputs.take)
        outputs.finish(states, {})
    return states, (out / "alerts.jsonl").read_bytes()


def test_partitions_replayed_alone_raise_the_alerts_of_the_whole_house(
    tmp_path: Path, town: Town
) -> None:
    logs, directory = town
    recording_of(logs, tmp_path / "log", directory=directory)
    _, alerts = replayed(tmp_path / "log", tmp_path / "out", directory)

    pipeline, kept = house_of(directory)
    events, _ = small_town()
    replay(pipeline, io.BytesIO(b"".join(lines_of(events))), UNTIL_US)
    expected = {msgspec.json.encode(alert) for alert in kept.alerts}
    assert set(alerts.splitlines()) == expected
    assert len(expected) > 5


def test_the_same_recording_gives_the_same_files_and_the_same_final_state(
    tmp_path: Path, town: Town
) -> None:
    logs, directory = town
    recording_of(logs, tmp_path / "log", directory=directory)
    first = replayed(tmp_path / "log", tmp_path / "a", directory)
    second = replayed(tmp_path / "log", tmp_path / "b", directory)
    assert first == second
    assert (tmp_path / "a" / "summary.json").read_bytes() == (
        tmp_path / "b" / "summary.json"
    ).read_bytes()
    persons = [state for state in first[0] if state.topic == PERSON_LOG.name]
    assert len(persons) == 2
    assert all(state.keys and not state.passed_over for state in persons)


def test_another_log_leads_to_another_state(tmp_path: Path, town: Town) -> None:
    logs, directory = town
    place = (PERSON_LOG.name, 0)
    shorter = {**logs, place: [one for one in logs[place] if b"signal_id" not in one[1]][:-1]}
    recording_of(logs, tmp_path / "log", directory=directory)
    recording_of(shorter, tmp_path / "shorter", directory=directory)
    whole, _ = replayed(tmp_path / "log", tmp_path / "a", directory)
    less, _ = replayed(tmp_path / "shorter", tmp_path / "b", directory)
    differing = [one.partition for one, two in zip(whole, less, strict=True) if one != two]
    assert differing == [0]


def test_what_does_not_belong_in_a_log_is_passed_over(tmp_path: Path, town: Town) -> None:
    logs, directory = town
    place, other = (PERSON_LOG.name, 0), (PERSON_LOG.name, 1)
    stray = next(one for one in logs[other] if b"signal_id" in one[1])
    tick_of_nobody = (b"tick", b'{"type":"tick","source":"nobody/0","at_us":9}')
    strays = [(b"k", b"no record"), stray, tick_of_nobody]
    recording_of({**logs, place: strays + logs[place]}, tmp_path / "log", directory=directory)
    recording_of(logs, tmp_path / "clean", directory=directory)
    states, alerts = replayed(tmp_path / "log", tmp_path / "a", directory)
    clean, clean_alerts = replayed(tmp_path / "clean", tmp_path / "b", directory)
    assert alerts == clean_alerts
    assert [one.sha256 for one in states] == [one.sha256 for one in clean]
    assert [one.passed_over for one in states if one.topic == PERSON_LOG.name] == [3, 0]


def test_a_log_whose_beginning_is_gone_is_refused(tmp_path: Path, town: Town) -> None:
    logs, directory = town
    recording_of(logs, tmp_path / "log", directory=directory, first=5)
    with pytest.raises(RecordingError, match="begins at offset 5"):
        replayed(tmp_path / "log", tmp_path / "out", directory)
    assert list((tmp_path / "out").iterdir()) == []


def test_outputs_are_held_against_the_recorded_ones_by_id(tmp_path: Path, town: Town) -> None:
    logs, directory = town
    recording_of(logs, tmp_path / "log", directory=directory)
    replayed(tmp_path / "log", tmp_path / "out", directory)
    lines = (tmp_path / "out" / "alerts.jsonl").read_bytes().splitlines()
    first, second = (msgspec.json.decode(line, type=Alert) for line in lines[:2])
    changed = msgspec.structs.replace(first, area="elsewhere")
    unknown = msgspec.structs.replace(first, alert_id="f" * 32)
    rest = lines[2:]
    topic = [(b"", one) for one in (encode(changed), encode(unknown), *rest, *rest)]
    manifest = recording_of(
        {**logs, (ALERTS.name, 0): topic}, tmp_path / "log", directory=directory
    )
    with LogOutputs(tmp_path / "again") as outputs:
        replay_log(tmp_path / "log", manifest, PipelineConfig(), directory, outputs.take)
        compared = outputs.compare(tmp_path / "log", manifest)[0]
    assert compared[:5] == (ALERTS.name, len(rest), 1, 1, 1)
    assert not compared.equal
    assert compared.examples == (
        f"{first.alert_id} {first.revision}",
        f"{'f' * 32} {first.revision}",
        f"{second.alert_id} {second.revision}",
    )


def test_a_damaged_file_is_found_before_it_is_used(tmp_path: Path, town: Town) -> None:
    logs, directory = town
    manifest = recording_of(logs, tmp_path, directory=directory)
    log = manifest.partitions(PERSON_LOG.name)[0]
    path = tmp_path / log.file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RecordingError, match="is damaged"):
        read_manifest(tmp_path)
    with pytest.raises(RecordingError, match="is cut off"):
        list(read_log(tmp_path, log))


def test_a_folder_without_a_manifest_is_no_recording(tmp_path: Path, town: Town) -> None:
    logs, directory = town
    recording_of(logs, tmp_path, directory=directory)
    (tmp_path / MANIFEST).unlink()
    with pytest.raises(RecordingError, match="holds no whole recording"):
        read_manifest(tmp_path)


def test_the_digest_of_a_state_does_not_depend_on_the_order_of_its_keys() -> None:
    one = {"cells": {"a": b"1", "b": b"2"}, "series": {}}
    other = {"series": {}, "cells": {"b": b"2", "a": b"1"}}
    assert digest_of_state(one) == digest_of_state(other)
    assert digest_of_state(one) != digest_of_state({"cells": {"a": b"12", "b": b""}})
