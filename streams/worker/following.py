"""Compacted topics that a process follows whole: bodies of models, aliases of persons.

Rules: a follower reads from the beginning and never commits; `caught_up` returns when everything
that was on the topic at the call has been applied. What is applied twice must change nothing. The
keys it holds are the application's own and bounded by it.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from detectors.person_model import ModelError, PersonModel, model_of
from schemas.codec import CodecError, decoder_of
from schemas.outcomes import ModelSnapshot
from schemas.topics import ALIASES, MODEL_SNAPSHOTS
from streams.cluster.closing import let_go
from streams.intake.pseudonymise import AliasError, PersonKeys

_log = structlog.get_logger("forewarn.following")
POLL_MS = 500
MODELS_MAX = 1_000
CATCH_UP_S_MAX = 60.0


class FollowError(RuntimeError):
    """A compacted topic could not be read up to its end in time."""


class Follower:
    """Follows every partition of one topic and hands each value on."""

    def __init__(
        self,
        options: dict[str, Any],
        topic: str,
        apply: Callable[[bytes], None],
        partitions: int = 1,
    ) -> None:
        self._consumer = AIOKafkaConsumer(
            **options, enable_auto_commit=False, auto_offset_reset="earliest", group_id=None
        )
        self._topic = topic
        self._apply = apply
        self._parts = [TopicPartition(topic, number) for number in range(partitions)]
        self._applied: dict[TopicPartition, int] = {}
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and begin to read. Raises KafkaError where no broker answers."""
        await self._consumer.start()
        self._consumer.assign(self._parts)
        await self._consumer.seek_to_beginning(*self._parts)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await let_go(self._consumer.stop())

    async def _run(self) -> None:
        while True:
            try:
                fetched = await self._consumer.getmany(timeout_ms=POLL_MS)
            except KafkaError as error:
                _log.warning("not_read", topic=self._topic, detail=repr(error))
                await asyncio.sleep(1.0)
                continue
            for records in fetched.values():
                for record in records:
                    if record.value is not None:
                        self._apply(record.value)
            for part in self._parts:
                self._applied[part] = await self._consumer.position(part)
            self._moved.set()

    async def caught_up(self) -> None:
        """Wait until all that is on the topic now has been applied. Raises FollowError."""
        deadline = time.monotonic() + CATCH_UP_S_MAX
        ends = await self._consumer.end_offsets(self._parts)
        while any(self._applied.get(part, 0) < end for part, end in ends.items()):
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), deadline - time.monotonic())
            except TimeoutError as error:
                raise FollowError(f"{self._topic}: not read to its end in time") from error


class ModelShelf:
    """The bodies of model versions, followed from their topic; `models` are scorers by version."""

    def __init__(self, options: dict[str, Any], topic: str) -> None:
        self.models: dict[str, PersonModel] = {}
        self.refused = 0
        self._follower = Follower(options, topic, self._add)
        self._decode = decoder_of(MODEL_SNAPSHOTS.name)

    def _add(self, value: bytes) -> None:
        try:
            snapshot = self._decode(value)
            if isinstance(snapshot, ModelSnapshot):
                self.models[snapshot.model_version] = model_of(snapshot)
        except (CodecError, ModelError) as error:
            self.refused += 1
            _log.error("model_refused", detail=str(error))
        while len(self.models) > MODELS_MAX:
            del self.models[next(iter(self.models))]

    async def start(self) -> None:
        """Begin, and return when all bodies that are there have been read."""
        await self._follower.start()
        await self._follower.caught_up()

    async def stop(self) -> None:
        """Stop following."""
        await self._follower.stop()

    async def ensure(self, versions: Iterable[str]) -> None:
        """Wait until these versions are there, or are known not to be on the topic."""
        if any(version not in self.models for version in versions):
            await self._follower.caught_up()


class AliasFollower:
    """Keeps the intake's person keys up to date with rotation and merges."""

    def __init__(self, options: dict[str, Any], topic: str, keys: PersonKeys) -> None:
        self.refused = 0
        self._keys = keys
        self._follower = Follower(options, topic, self._add)
        self._decode = decoder_of(ALIASES.name)

    def _add(self, value: bytes) -> None:
        try:
            self._keys.apply(self._decode(value))
        except (CodecError, AliasError) as error:
            self.refused += 1
            _log.error("alias_refused", detail=str(error))

    async def start(self) -> None:
        """Begin, and return when all aliases that are there have been applied."""
        await self._follower.start()
        await self._follower.caught_up()

    async def stop(self) -> None:
        """Stop following."""
        await self._follower.stop()
