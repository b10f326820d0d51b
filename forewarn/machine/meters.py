"""What the supervisor tells Prometheus: each process, its restarts and since when, and the disk.

Why: a process that is started again begins its own metrics anew; who restarts it remembers.

Rules: the same as `forewarn status` tells, worked out when it is asked for; on loopback alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from forewarn.broker.ports import HOST
from forewarn.machine.member import Member
from forewarn.machine.room import free_disk_bytes
from forewarn.machine.state_file import child_state

_BY_PROCESS = ("process",)
_KIBIBYTE = 1024


class MachineMeters(Collector):
    """The members of one machine and the disk its folder is on, as metrics."""

    def __init__(self, members: Sequence[Member], folder: Path) -> None:
        self._members = members
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """Yield how everything is now; a job that is run once is up when it is done."""
        restarts = CounterMetricFamily(
            "forewarn_process_restarts", "Times it was started again", labels=_BY_PROCESS
        )
        up = GaugeMetricFamily(
            "forewarn_process_up", "Whether it does what it is for, and answers", labels=_BY_PROCESS
        )
        since = GaugeMetricFamily(
            "forewarn_process_since_timestamp_seconds", "Since when it is so", labels=_BY_PROCESS
        )
        memory = GaugeMetricFamily(
            "forewarn_process_memory_bytes",
            "Resident memory, of the processes below it too",
            labels=_BY_PROCESS,
        )
        for one in map(child_state, self._members):
            restarts.add_metric((one.name,), one.restarts)
            up.add_metric((one.name,), float(one.serves))
            since.add_metric((one.name,), one.since.timestamp())
            memory.add_metric((one.name,), one.memory_kb * _KIBIBYTE)
        yield from (restarts, up, since, memory)
        yield GaugeMetricFamily(
            "forewarn_disk_free_bytes",
            "Space that is left where this machine keeps everything",
            free_disk_bytes(self._folder),
        )


@contextmanager
def metrics_served(port: int, members: Sequence[Member], folder: Path) -> Iterator[None]:
    """Answer Prometheus at a port for as long as it lasts. Raises OSError where it is in use."""
    registry = CollectorRegistry()
    registry.register(MachineMeters(members, folder))
    ProcessCollector(registry=registry)
    server, thread = start_http_server(port, addr=HOST, registry=registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
