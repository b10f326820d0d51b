"""What a worker is told, and what its stages share with each other.

Rules: options are frozen; whatever can fail to be right is checked before anything starts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alerts.vault.keyring import Keyring
from schemas.areas import Directory
from schemas.topics import FEEDS
from streams.cluster.connect import Connection
from streams.cluster.naming import named
from streams.cluster.raw import RawSource
from streams.pipeline import PipelineConfig
from streams.worker.meters import Meters
from streams.worker.producing import CHANGE_BATCH_BYTES_MAX
from streams.worker.raw_items import INTAKE, RawTopic
from streams.worker.routing import Router
from streams.worker.seats import STAGES, Parts

EVERY_STAGE = (INTAKE, *STAGES)


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker is told; `partitions` are the numbers of partitions by plain topic name.

    `instance` names this worker for static membership (empty: dynamic). `faust` overrides settings
    of the apps. `takeover_wait_s` must be longer than a producer's request may take.
    `watch_s` is how often the cluster is asked whether the topics are still there.
    """

    connection: Connection
    config: PipelineConfig
    directory: Directory
    keyring: Keyring
    code_version: str
    partitions: Mapping[str, int]
    stages: tuple[str, ...] = EVERY_STAGE
    namespace: str = ""
    store: str = "memory://"
    instance: str = ""
    tick_s: float = 60.0
    takeover_wait_s: float = 60.0
    patience_s: float = 300.0
    watch_s: float = 10.0
    change_bytes_max: int = CHANGE_BATCH_BYTES_MAX
    faust: Mapping[str, Any] | None = None

    def named(self, name: str) -> str:
        """Return what a topic or group is called in this worker's namespace."""
        return named(self.namespace, name)

    def raw_topics(self) -> dict[str, RawTopic]:
        """Return the raw topics by full name, with the source that each partition is."""
        return {
            self.named(topic.name): RawTopic(
                topic.name,
                tuple(RawSource(feed, number) for number in range(self.partitions[topic.name])),
            )
            for feed, topic in FEEDS.items()
        }

    def sources(self) -> tuple[str, ...]:
        """Return the names of all sources of time."""
        return tuple(source.name for raw in self.raw_topics().values() for source in raw.sources)

    def faust_settings(self) -> dict[str, Any]:
        """Return the settings of every app of this worker."""
        settings = {**self.connection.faust_options(), **(self.faust or {})}
        if self.instance:
            settings["consumer_group_instance_id"] = self.instance
        return settings


@dataclass(frozen=True)
class Shared:
    """What the stages of one process have in common; `failed` is told of what must end it."""

    options: WorkerOptions
    kafka: Mapping[str, Any]
    parts: Parts
    router: Router
    meters: Meters
    failed: Callable[[BaseException], None]
