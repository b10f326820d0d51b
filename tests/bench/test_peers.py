"""The peers that need nothing but our own packages still do the whole job; no figure is judged."""

import tomllib

import pytest
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata
from msgspec.structs import replace

from bench.peers.fill import fill, partition_of
from bench.peers.job import STATE_BYTES, count_in, counted
from bench.peers.kafka_topics import admin_of, create, total_on
from bench.peers.quix_environment import REQUIREMENTS
from bench.peers.runs import run_faust, run_faust_recovery
from bench.peers.watched import ROOT, Job, PeerError, measured
from forewarn.broker.broker import Broker
from tests.brokers import fresh_namespace

RECORDS = 3_000
SAID = f'{{"first_s":1.0,"counted":{RECORDS},"rss_bytes_max":1}}'


@pytest.fixture(scope="module")
def job(broker: Broker) -> Job:
    """A topic of a few records."""
    topic = f"{fresh_namespace()}-reports"
    fill(broker.bootstrap, topic, RECORDS, keys=100, partitions=3)
    return Job(broker.bootstrap, topic, RECORDS, partitions=3, deadline_s=60.0)


def test_a_filled_topic_has_a_whole_value_under_every_key(job: Job) -> None:
    assert total_on(job.bootstrap, job.topic, len) == 100 * 300


def test_keys_go_where_java_would_send_them() -> None:
    # Kafka's own test of its murmur2: the hash of "foobar" is -790332482.
    assert partition_of(b"foobar", 1_000) == (-790332482 & 0x7FFFFFFF) % 1_000


def test_faust_counts_every_record_durably(job: Job) -> None:
    result = run_faust(job)
    assert result.records == RECORDS
    assert result.records_per_s > 0
    assert result.rss_bytes_max > 0


def test_faust_recovers_every_key(job: Job) -> None:
    result = run_faust_recovery(job, keys=2_000)
    assert result.records == 2_000
    assert result.seconds > 0


def test_a_peer_that_does_nothing_has_no_figure(job: Job) -> None:
    with pytest.raises(PeerError, match="ended with 0"):
        measured("idle", job, job.group_of("idle"), ["true"], "none", "")


def test_a_peer_that_does_not_end_is_ended(job: Job) -> None:
    short = replace(job, deadline_s=0.2)
    with pytest.raises(PeerError, match=r"did not end within 0\.2 s"):
        measured("slow", short, job.group_of("slow"), ["sleep", "60"], "none", "")


def test_a_peer_that_committed_nothing_has_no_figure(job: Job) -> None:
    with pytest.raises(PeerError, match="without having committed"):
        measured("rash", job, job.group_of("rash"), ["echo", SAID], "none", "")


def test_a_peer_without_durable_state_has_no_figure(job: Job) -> None:
    group = job.group_of("forgetful")
    create(job.bootstrap, {f"{group}-changelog": 3}, compacted=True)
    offsets = {TopicPartition(job.topic, 0): OffsetAndMetadata(RECORDS, "", -1)}
    with admin_of(job.bootstrap) as admin:
        admin.alter_group_offsets(group, offsets)
    with pytest.raises(PeerError, match="adds up to 0"):
        measured("forgetful", job, group, ["echo", SAID], f"{group}-changelog", "")


def test_a_state_counts_on_from_the_one_before() -> None:
    state = counted(counted(None, "a"), "b")
    assert count_in(state) == 2
    assert len(state) == STATE_BYTES


def test_what_quix_runs_with_is_pinned_as_our_own_lock_pins_it() -> None:
    pins = REQUIREMENTS.with_suffix(".in").read_text().split()
    ours = dict(pin.split("==") for pin in pins if "==" in pin and not pin.endswith("*"))
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    assert {one["name"]: one["version"] for one in locked if one["name"] in ours} == ours


def test_the_pins_of_quix_have_hashes_and_no_address() -> None:
    text = REQUIREMENTS.read_text()
    pins = text.replace("\\\n", "").splitlines()
    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []
    assert "://" not in text
