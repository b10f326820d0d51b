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
from streams.worker.watch import Watch

_log = structlog.get_logger("forewarn.topics")
ANSWER_S_MAX = 20.0
NO_SUCH_TOPIC = 3


class TopicWatch(Watch):
    """Asks every `every_s` for these topics; `topics` are numbers of partitions by full name."""

    def __init__(
        self,
        connection: Connection,
        topics: Mapping[str, int],
        *,
        every_s: float,
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__(every_s, failed)
        self._connection = connection
        self._topics = topics
        self._wrong_before = ""

    async def look(self) -> None:
        """Ask once. Raises ClusterError for what is wrong the second time running."""
        wrong = await self._asked()
        if wrong and self._wrong_before:
            raise ClusterError(wrong)
        self._wrong_before = wrong

    async def _asked(self) -> str:
        try:
            return await asyncio.wait_for(self._told(), ANSWER_S_MAX)
        except CredentialsError as error:
            return str(error)
        except (ClusterError, KafkaError, OSError, TimeoutError) as error:
            _log.warning("cluster_does_not_answer", detail=str(error) or repr(error))
            return ""

    async def _told(self) -> str:
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
