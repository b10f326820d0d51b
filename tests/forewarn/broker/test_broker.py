"""A broker starts, ends, and comes back with its data on its ports."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaTimeoutError

from forewarn.broker.broker import Broker, BrokerError
from forewarn.broker.ports import is_free
from tests.brokers import fresh_namespace, own_broker


def make_topic(broker: Broker, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
    admin.close()


async def write(broker: Broker, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def read_one(broker: Broker, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        record = await asyncio.wait_for(consumer.getone(), 20)
    finally:
        await consumer.stop()
    value: bytes | None = record.value
    return value


def test_what_was_written_can_be_read(broker: Broker) -> None:
    topic = f"{fresh_namespace()}.note"
    make_topic(broker, topic)
    asyncio.run(write(broker, topic, b"one"))
    assert asyncio.run(read_one(broker, topic)) == b"one"


def test_a_killed_broker_comes_back_on_its_port_with_what_it_acknowledged(tmp_path: Path) -> None:
    with own_broker(tmp_path) as broker:
        port = broker.port
        make_topic(broker, "note")
        asyncio.run(write(broker, "note", b"one"))
        broker.kill()
        assert not broker.running
        broker.start()
        assert broker.port == port
        assert asyncio.run(read_one(broker, "note")) == b"one"


def test_a_paused_broker_answers_again_when_it_resumes(tmp_path: Path) -> None:
    with own_broker(tmp_path) as broker:
        make_topic(broker, "note")
        broker.pause()
        with pytest.raises(KafkaTimeoutError):
            KafkaAdminClient(bootstrap_servers=broker.bootstrap, bootstrap_timeout_ms=1000)
        broker.resume()
        asyncio.run(write(broker, "note", b"two"))


def test_a_broker_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(BrokerError, match=r"(?s)ended while starting.*Xmx"),
        own_broker(tmp_path, heap_mb=0),
    ):
        pass


def test_a_broker_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    script = (
        "import pathlib, time\n"
        "from tests.brokers import own_broker\n"
        f"with own_broker(pathlib.Path({str(tmp_path)!r})) as broker:\n"
        "    print(broker.port, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        port = int(starter.stdout.readlines(1)[-1])
        assert not is_free(port)
        starter.send_signal(signal.SIGKILL)
    until = time.monotonic() + 20
    while not is_free(port) and time.monotonic() < until:
        time.sleep(0.05)
    assert is_free(port)
