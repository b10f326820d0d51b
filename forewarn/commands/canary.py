"""`forewarn canary`: send a canary through the live system every few seconds, and time it.

Rules: live topics alone, since the time of a namespace is its feed's; an area of the directory that
is nobody's; every wait has a bound. A broker that is away is told by the metrics, not by an end;
only one that is away as it starts ends it, with 70: whatever supervises it should start it again.
"""

import asyncio
import signal
import time
from collections.abc import Coroutine
from typing import Annotated

import structlog
import typer
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client import ProcessCollector, start_http_server

from forewarn.asking import stopped
from forewarn.canary import Canary, Flight
from forewarn.settings import Settings, connection
from schemas.areas import CANARY_CODE, Directory
from schemas.codec import CodecError, decoder_of, encode
from schemas.outcomes import ClockAnswer, ServiceClock
from schemas.times import SECOND_US
from schemas.topics import FEEDS, SERVICE_CLOCKS, SERVICE_LOG
from streams.cluster.connect import ClusterError, Connection, CredentialsError
from streams.cluster.reading import Reader, partitions_on, reader_of
from streams.cluster.sending import producer_to
from streams.feeds.mapping_reasons import FeedFileError
from streams.feeds.mapping_shipped import load_areas
from streams.partitions import of_hex

ACCEPTED_S_MAX = 10.0
EXIT_CLUSTER = 70
_log = structlog.get_logger("forewarn.canary")


def canary(
    areas: Annotated[
        str | None, typer.Option(help="Area directory (JSON), the same as the workers'.")
    ] = None,
    area: Annotated[
        str, typer.Option(help="Area of the canary: one that is nobody's.")
    ] = CANARY_CODE,
    every_s: Annotated[float, typer.Option(min=0.5, max=300, help="Seconds from one to next.")] = (
        10.0
    ),
    metrics_port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port of the Prometheus metrics.")
    ] = 9_465,
) -> None:
    """Time a made-up suggestion on its way through the live system, over and over.

    Its age is the age of everything: forewarn_canary_age_seconds. It touches no score and can
    become no alert.
    """
    settings = Settings()
    if settings.namespace:
        raise stopped("a canary flies in live time: a namespace has a time of its own")
    try:
        directory = load_areas(areas) if areas else Directory()
    except (FeedFileError, OSError, ValueError) as error:
        raise stopped(str(error)) from error
    if not directory.known(area):
        raise stopped(
            f"the directory has no area {area!r}: add one that lies in no other, of level grid, "
            "or name an area with --area"
        )
    bird = Canary(area, _now_us)
    ProcessCollector(registry=bird.meters.registry)
    try:
        start_http_server(metrics_port, addr=settings.metrics_host, registry=bird.meters.registry)
    except OSError as error:
        raise stopped(f"no metrics on port {metrics_port} ({error})") from error
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(_fly(connection(settings), bird, every_s))
    except (CredentialsError, ValueError) as error:
        raise stopped(str(error)) from error
    except ClusterError as error:
        raise stopped(str(error), EXIT_CLUSTER) from error
    except KeyboardInterrupt:
        typer.echo("canary: stopped", err=True)


def _now_us() -> int:
    return int(time.time() * SECOND_US)


async def _fly(cluster: Connection, bird: Canary, every_s: float) -> None:
    logs = await partitions_on(cluster, "", [SERVICE_LOG.name])
    async with (
        reader_of(cluster, "", [SERVICE_CLOCKS.name]) as reader,
        producer_to(cluster) as producer,
    ):
        await reader.pass_over()
        typer.echo("canary: flying; Ctrl-C stops", err=True)
        await _together(
            _send(bird, producer, every_s),
            _watch(bird, reader, producer, logs[SERVICE_LOG.name]),
        )


async def _together(*parts: Coroutine[object, object, None]) -> None:
    """Run parts that never end until one fails; ClusterError where it fails of the cluster."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except (KafkaError, OSError) as error:
        raise ClusterError(f"the cluster cannot be used: {error!r}") from error
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(bird: Canary, producer: AIOKafkaProducer, every_s: float) -> None:
    while True:
        bird.give_up()
        flight = bird.next_flight()
        key = f"{flight.event.source}|{flight.event.id}".encode()
        topic = FEEDS[flight.feed].name
        bird.accepted(flight, by_broker=await _acknowledged(producer, topic, flight, key))
        await asyncio.sleep(every_s)


async def _acknowledged(producer: AIOKafkaProducer, topic: str, flight: Flight, key: bytes) -> bool:
    try:
        sending = producer.send_and_wait(topic, encode(flight.event), key)
        await asyncio.wait_for(sending, ACCEPTED_S_MAX)
    except (KafkaError, TimeoutError) as error:
        _log.warning("not_accepted", detail=repr(error))
        return False
    return True


async def _watch(
    bird: Canary, reader: Reader, producer: AIOKafkaProducer, log_partitions: int
) -> None:
    decode = decoder_of(SERVICE_CLOCKS.name)
    async for chunk in reader.onward():
        for kept in chunk:
            try:
                clock = decode(kept.value or b"")
            except CodecError:
                continue  # not ours: a canary's clock can be read
            answer = bird.came_out(clock) if isinstance(clock, ServiceClock) else None
            if answer is not None:
                await _answer(producer, answer, log_partitions)


async def _answer(producer: AIOKafkaProducer, answer: ClockAnswer, partitions: int) -> None:
    """End the clock, so that no canary is ever overdue; the broker away, it stays open."""
    try:
        sending = producer.send_and_wait(
            SERVICE_LOG.name,
            encode(answer),
            answer.receipt.encode(),
            of_hex(answer.receipt, partitions),
        )
        await asyncio.wait_for(sending, ACCEPTED_S_MAX)
    except (KafkaError, TimeoutError) as error:
        _log.warning("not_answered", detail=repr(error))
