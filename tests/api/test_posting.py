"""Events onto a real broker: 202 means that it has them, and 503 that it may not."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from alerts.store.tokens import Role
from api.parts import ApiConfig
from forewarn.broker.broker import Broker
from forewarn.serving.event_sink import KafkaSink
from schemas.taxonomy import Feed
from schemas.topics import FEEDS
from streams.cluster.connect import ClusterError
from streams.cluster.reading import KeptRecord
from tests.api.posted import SOURCE, event
from tests.api.serving import KeptSink, Running, made_store, problem, running, wait_until
from tests.brokers import broker, own_broker
from tests.streams.cluster.clusters import PARTITIONS, connection_to, kept_on, made_namespace

__all__ = ["broker"]
RAW = [topic.name for topic in FEEDS.values()]
TYPES = {
    Feed.INCIDENT: "forewarn.incident-report.v1",
    Feed.HOTLINE: "forewarn.hotline-call.v1",
    Feed.GRID: "forewarn.grid-observation.v1",
}


@contextmanager
def serving_on(
    at: Broker, namespace: str, folder: Path, ack_s_max: float = 10.0
) -> Iterator[Running]:
    engine = made_store(folder)
    sink = KafkaSink(connection_to(at), namespace, ack_s_max=ack_s_max)
    with running(engine, sink) as served, served.client() as client:
        wait_until(lambda: client.get("/readyz").json()["broker"] == "ok")
        yield served
    engine.dispose()


def test_a_202_means_that_the_event_is_on_its_raw_topic(broker: Broker, tmp_path: Path) -> None:
    namespace = made_namespace(broker)
    with (
        serving_on(broker, namespace, tmp_path) as served,
        served.client(served.token(Role.GATEWAY)) as client,
    ):
        for feed, type_ in TYPES.items():
            answer = client.post("/v1/events", json={**event(), "type": type_})
            assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "refused": []})
            record = kept_on(broker, namespace, [FEEDS[feed].name])[-1]
            assert record.key == f"{SOURCE}|110-2026-000001".encode()
            kept = json.loads(record.value or b"")
            assert abs(_seconds(kept.pop("ingesttime")) - time.time()) < 60
            assert kept.pop("datacontenttype", "application/json") == "application/json"
            said = {**event(), "type": type_}
            assert {**kept, "data": None} == {
                **{key: value for key, value in said.items() if key != "datacontenttype"},
                "data": None,
            }


def test_a_batch_is_spread_over_the_partitions_by_source_and_id(
    broker: Broker, tmp_path: Path
) -> None:
    namespace = made_namespace(broker)
    with (
        serving_on(broker, namespace, tmp_path) as served,
        served.client(served.token(Role.GATEWAY)) as client,
    ):
        for _ in range(2):
            answer = client.post("/v1/events", json=[event(number) for number in range(300)])
            assert answer.json() == {"accepted": 300, "refused": []}
    records = kept_on(broker, namespace, RAW)
    assert len(records) == 600
    places = {(record.key, record.partition) for record in records}
    assert len(places) == 300, "the same key is always in the same partition"
    assert {record.partition for record in records} == set(range(PARTITIONS))


def test_an_ingest_time_that_is_there_is_kept(broker: Broker, tmp_path: Path) -> None:
    namespace = made_namespace(broker)
    with (
        serving_on(broker, namespace, tmp_path) as served,
        served.client(served.token(Role.GATEWAY)) as client,
    ):
        stamped = {**event(), "ingesttime": "2026-11-01T13:09:12Z"}
        assert client.post("/v1/events", json=stamped).status_code == 202
    record = kept_on(broker, namespace, RAW)[0]
    assert json.loads(record.value or b"")["ingesttime"] == "2026-11-01T13:09:12Z"


def test_a_broker_that_stands_still_makes_503_and_comes_back(tmp_path: Path) -> None:
    with own_broker(tmp_path / "broker") as own:
        namespace = made_namespace(own)
        with (
            serving_on(own, namespace, tmp_path, ack_s_max=1.0) as served,
            served.client(served.token(Role.GATEWAY)) as client,
        ):
            assert client.post("/v1/events", json=event(1)).status_code == 202
            own.pause()
            try:
                away = client.post("/v1/events", json=event(2))
                assert problem(away) == (503, "broker-away")
                assert int(away.headers["retry-after"]) > 0
                batch = [event(number) for number in range(100, 200)]
                assert problem(client.post("/v1/events", json=batch)) == (503, "broker-away")
                ready = client.get("/readyz")
                assert (ready.status_code, ready.json()["broker"]) == (200, "away")
            finally:
                own.resume()
            wait_until(lambda: client.post("/v1/events", json=event(2)).status_code == 202)
            wait_until(lambda: client.post("/v1/events", json=batch).status_code == 202)
            wait_until(lambda: client.get("/readyz").json()["broker"] == "ok")
        keys = {record.key for record in kept_soon(own, namespace)}
    assert keys == {
        f"{SOURCE}|110-2026-{number:06}".encode() for number in (1, 2, *range(100, 200))
    }


def test_no_more_events_wait_for_the_broker_than_can_be_kept(
    broker: Broker, tmp_path: Path
) -> None:
    namespace = made_namespace(broker)
    engine = made_store(tmp_path)
    sink = KafkaSink(connection_to(broker), namespace, waiting_max=10)
    with running(engine, sink) as served, served.client(served.token(Role.GATEWAY)) as client:
        wait_until(lambda: client.get("/readyz").json()["broker"] == "ok")
        many = client.post("/v1/events", json=[event(number) for number in range(11)])
        assert problem(many) == (503, "broker-away")
        few = client.post("/v1/events", json=[event(number) for number in range(10)])
        assert few.status_code == 202
    engine.dispose()
    assert len(kept_on(broker, namespace, RAW)) == 10


def kept_soon(at: Broker, namespace: str) -> list[KeptRecord]:
    """All that is on the raw topics, as soon as a broker that has just come back tells it."""
    found: list[KeptRecord] = []

    def told() -> bool:
        try:
            found[:] = kept_on(at, namespace, RAW)
        except ClusterError:
            return False
        return True

    wait_until(told)
    return found


@pytest.fixture
def kept(engine: Engine) -> Iterator[Running]:
    with running(engine, config=ApiConfig(source_events_max=100)) as served:
        yield served


def sink_of(served: Running) -> KeptSink:
    assert isinstance(served.sink, KeptSink)
    return served.sink


def test_nothing_is_answered_before_the_broker_has_it(kept: Running) -> None:
    sink_of(kept).held_s = 0.5
    with kept.client(kept.token(Role.GATEWAY)) as client:
        started = time.monotonic()
        assert client.post("/v1/events", json=event()).status_code == 202
    assert time.monotonic() - started >= 0.5


def test_a_source_that_sends_too_much_is_told_when_to_come_back(kept: Running) -> None:
    with kept.client(kept.token(Role.GATEWAY)) as client:
        assert client.post("/v1/events", json=[event(n) for n in range(99)]).status_code == 202
        refused = client.post("/v1/events", json=[event(n) for n in range(2)])
        assert problem(refused) == (429, "too-many-events")
        assert 0 < int(refused.headers["retry-after"]) <= 60
        other = {**event(), "source": "/440703/119"}
        assert client.post("/v1/events", json=other).status_code == 202
        assert client.post("/v1/events", json=event()).status_code == 202
    assert len(sink_of(kept).sent) == 101


def test_a_repeated_key_gives_the_same_answer_and_sends_once(kept: Running) -> None:
    token = kept.token(Role.GATEWAY)
    with kept.client(token, **{"Idempotency-Key": "one"}) as client:
        first = client.post("/v1/events", json=[event(1), {}])
        again = client.post("/v1/events", json=[event(1), {}])
        other = client.post("/v1/events", json=event(2))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert problem(other) == (422, "idempotency-key-reused")
    assert len(sink_of(kept).sent) == 1
    with kept.client(kept.token(Role.GATEWAY), **{"Idempotency-Key": "one"}) as client:
        assert client.post("/v1/events", json=event(3)).status_code == 202


def test_a_key_is_free_again_after_a_failure(kept: Running) -> None:
    with kept.client(kept.token(Role.GATEWAY), **{"Idempotency-Key": "k"}) as client:
        sink_of(kept).away = True
        assert problem(client.post("/v1/events", json=event())) == (503, "broker-away")
        sink_of(kept).away = False
        assert client.post("/v1/events", json=event()).status_code == 202


def test_two_requests_at_once_with_one_key_are_done_once(kept: Running) -> None:
    sink_of(kept).held_s = 0.5
    token, together = kept.token(Role.GATEWAY), threading.Barrier(2)

    def post(_: int) -> int:
        with kept.client(token, **{"Idempotency-Key": "k"}) as client:
            together.wait()
            return client.post("/v1/events", json=event()).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(post, range(2)))
    assert statuses in ([202, 409], [202, 202])
    assert len(sink_of(kept).sent) == 1


@pytest.mark.parametrize("key", ["", "a" * 129, "a b\tc", "\u00e9"])
def test_a_key_that_cannot_be_remembered_is_refused(kept: Running, key: str) -> None:
    with kept.client(kept.token(Role.GATEWAY)) as client:
        headers = {b"Idempotency-Key": key.encode("latin-1")}
        answer = client.post("/v1/events", json=event(), headers=headers)
    assert problem(answer) == (400, "bad-parameter")
    assert sink_of(kept).sent == []


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
