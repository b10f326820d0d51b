"""Whether the topics of a running worker are still what they were when it started.

Rules: no client says so: a consumer of a deleted topic waits for ever, and records for a topic that
got more partitions would go where nobody looks for them. So the cluster is asked now and then. A
cluster that does not answer is not this watch's business; one that refuses our credentials is. What
is wrong twice running ends the worker.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.cluster.closing import let_go
from streams.cluster.connect import ClusterError, Connection, CredentialsError
from streams.cluster.reach import reach_async

_log = structlog.get_logger("forewarn.topics")
ANSWER_S_MAX = 20.0
NO_SUCH_TOPIC = 3


class TopicWatch:
    """Asks every `every_s` for these topics; `topics` are numbers of partitions by full name."""

    def __init__(
        self,
        connection: Connection,
        topics: Mapping[str, int],
        *,
        every_s: float,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._connection = connection
        self._topics = topics
        self._every_s = every_s
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ask no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        before = ""
        while True:
            await asyncio.sleep(self._every_s)
            wrong = await self._look()
            if wrong and before:
                self._failed(ClusterError(wrong))
                return
            before = wrong

    async def _look(self) -> str:
        try:
            return await asyncio.wait_for(self.look(), ANSWER_S_MAX)
        except CredentialsError as error:
            return str(error)
        except (ClusterError, KafkaError, OSError, TimeoutError) as error:
            _log.warning("cluster_does_not_answer", detail=str(error) or repr(error))
            return ""

    async def look(self) -> str:
        """Return what is wrong, empty where nothing is. Raises where nobody answers."""
        await reach_async(self._connection)
        admin = AIOKafkaAdminClient(**self._connection.aiokafka_options())
        try:
            await admin.start()
            return self._wrong(await admin.describe_topics(list(self._topics)))
        finally:
            await let_go(admin.close())

    def _wrong(self, told: list[dict[str, Any]]) -> str:
        for one in told:
            name, number = one["topic"], len(one["partitions"])
            if one["error_code"] == NO_SUCH_TOPIC:
                return (
                    f"the topic {name} was deleted, and what was on it is gone. Make it anew "
                    "(forewarn topics create), and reset the offsets of the groups that read it"
                )
            if not one["error_code"] and number != self._topics[name]:
                return (
                    f"the topic {name} has {number} partitions, it had {self._topics[name]}: every "
                    "worker must start again, and what is keyed must be where it was"
                )
        return ""
