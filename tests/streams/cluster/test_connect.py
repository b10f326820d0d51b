"""Every client reaches a guarded broker, and a wrong setting says what is wrong."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from forewarn.broker.broker import Broker
from forewarn.broker.ports import free_ports
from forewarn.settings import Settings, connection
from streams.cluster.connect import ClusterError, Connection, Mechanism, Security, read_password
from streams.cluster.reach import reach
from tests.brokers import fresh_namespace, own_broker

CODECS = ("gzip", "snappy", "lz4", "zstd")
VALUES = [b"value %d " % number * 50 for number in range(20)]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that speaks TLS and asks who is there."""
    users = {"broker": "its-own-secret", "worker": "a worker's secret"}
    folder = tmp_path_factory.mktemp("guarded")
    with own_broker(folder, security=Security.SASL_SSL, users=users) as running:
        yield running


def make_topic(connection: Connection) -> str:
    topic = f"{fresh_namespace()}.note"
    admin = KafkaAdminClient(**connection.kafka_python_options())
    try:
        admin.create_topics({topic: {"num_partitions": 1}}, wait_for_metadata=True)
    finally:
        admin.close()
    return topic


async def send(connection: Connection, topic: str, codec: str | None = None) -> None:
    producer = AIOKafkaProducer(**connection.aiokafka_options(), compression_type=codec)
    await producer.start()
    try:
        for value in VALUES:
            await producer.send(topic, value)
        await producer.flush()
    finally:
        await producer.stop()


async def received(connection: Connection, topic: str) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        topic, **connection.aiokafka_options(), auto_offset_reset="earliest"
    )
    await consumer.start()
    values: list[bytes] = []
    try:
        async with asyncio.timeout(20):
            while len(values) < len(VALUES):
                values.append((await consumer.getone()).value)
    finally:
        await consumer.stop()
    return values


def send_by_kafka_python(connection: Connection, topic: str, codec: str) -> None:
    options = connection.kafka_python_options()
    producer = KafkaProducer(**options, compression_type=codec)
    for value in VALUES:
        producer.send(topic, value)
    producer.flush(20)
    producer.close()


def received_by_kafka_python(connection: Connection, topic: str) -> list[bytes]:
    consumer = KafkaConsumer(
        **connection.kafka_python_options(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
    )
    consumer.assign([TopicPartition(topic, 0)])
    values = [record.value for _, record in zip(VALUES, consumer, strict=False)]
    consumer.close()
    return values


def test_the_right_credentials_reach_a_guarded_broker(guarded: Broker) -> None:
    reach(guarded.connection("worker"))


def test_aiokafka_and_kafka_python_write_and_read_over_tls(guarded: Broker) -> None:
    worker = guarded.connection("worker")
    topic = make_topic(worker)
    asyncio.run(send(worker, topic))
    assert asyncio.run(received(worker, topic)) == VALUES
    assert received_by_kafka_python(worker, topic) == VALUES


def test_faust_speaks_to_a_guarded_broker_with_our_options(guarded: Broker) -> None:
    worker = guarded.connection("worker")
    assert asyncio.run(faust_sees(worker, make_topic(worker)))


async def faust_sees(connection: Connection, topic: str) -> bool:
    """Whether Faust's own producer, started with our options, gets a topic's partitions."""
    import faust  # noqa: PLC0415  # only this test needs it

    app = faust.App("probe", **connection.faust_options(), web_enabled=False)
    producer: Any = app.producer
    await producer.start()
    try:
        return bool(await producer._ensure_producer().partitions_for(topic) == {0})
    finally:
        await producer.stop()


def wrong(right: Connection, case: str) -> Connection:
    changes: dict[str, dict[str, Any]] = {
        "password": {"password": "guessed"},
        "user": {"username": "nobody"},
        "authority": {"ca_file": None},
        "no tls": {"security": Security.SASL_PLAINTEXT},
        "plain text": {"security": Security.PLAINTEXT},
        "no credentials": {"security": Security.SSL},
        "mechanism": {"mechanism": Mechanism.SCRAM_SHA_256},
        "port": {"bootstrap": (f"127.0.0.1:{free_ports(1)[0]}",)},
        "address": {"bootstrap": ("127.0.0.1",)},
        "ca file": {"ca_file": Path("nowhere.pem")},
    }
    return replace(right, **changes[case])


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("password", "refused the credentials of 'worker'"),
        ("user", "refused the credentials of 'nobody'"),
        ("authority", "certificate is not to be trusted"),
        ("no tls", "hung up on us; we spoke SASL_PLAINTEXT"),
        ("plain text", "hung up on us; we spoke PLAINTEXT"),
        ("no credentials", "hung up on us; we spoke SSL"),
        ("mechanism", "does not take SCRAM-SHA-256"),
        ("port", "nobody listens at"),
        ("address", "is no bootstrap server"),
        ("ca file", "certificate files cannot be used"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(guarded: Broker, case: str, said: str) -> None:
    with pytest.raises(ClusterError, match=said):
        reach(wrong(guarded.connection("worker"), case))


def test_tls_spoken_to_a_plain_broker_is_named(broker: Broker) -> None:
    with pytest.raises(ClusterError, match="hung up on us; we spoke SSL"):
        reach(replace(broker.connection(), security=Security.SSL))


def test_credentials_offered_to_a_plain_broker_are_named(broker: Broker) -> None:
    offered = replace(broker.connection(), security=Security.SASL_PLAINTEXT, username="worker")
    with pytest.raises(ClusterError, match="asks for no credentials"):
        reach(offered)


def test_a_second_server_answers_for_one_that_is_down(broker: Broker) -> None:
    down = f"127.0.0.1:{free_ports(1)[0]}"
    reach(replace(broker.connection(), bootstrap=(down, broker.bootstrap)))


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ClusterError, match="does not answer in time"):
            reach(Connection((address,), request_timeout_s=0.5))


@pytest.mark.parametrize("codec", CODECS)
def test_what_aiokafka_compressed_every_client_reads(broker: Broker, codec: str) -> None:
    plain = broker.connection()
    topic = make_topic(plain)
    asyncio.run(send(plain, topic, codec))
    assert asyncio.run(received(plain, topic)) == VALUES
    assert received_by_kafka_python(plain, topic) == VALUES


@pytest.mark.parametrize("codec", CODECS)
def test_what_kafka_python_compressed_every_client_reads(broker: Broker, codec: str) -> None:
    plain = broker.connection()
    topic = make_topic(plain)
    send_by_kafka_python(plain, topic, codec)
    assert asyncio.run(received(plain, topic)) == VALUES
    assert received_by_kafka_python(plain, topic) == VALUES


def test_settings_name_the_password_by_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n", encoding="utf-8")
    settings = Settings(
        kafka_bootstrap="a:9092, b:9092",
        kafka_security=Security.SASL_SSL,
        kafka_username="worker",
        kafka_password_file=file,
    )
    made = connection(settings)
    assert made.bootstrap == ("a:9092", "b:9092")
    assert made.password == "secret"
    assert "secret" not in repr(made)


@pytest.mark.parametrize("content", [None, "", "\nsecond line"])
def test_a_password_file_without_a_password_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ClusterError, match="password file"):
        read_password(file)
