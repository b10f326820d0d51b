"""A whole run under a real Prometheus: broker, PostgreSQL, and all processes that Compose starts.

Rules: everything is started by the command lines of docker-compose.yml; Prometheus has the
configuration of the repository but for the addresses, and for asking every second.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from forewarn.broker.ports import free_ports
from forewarn.canary import with_canary
from schemas.areas import write_directory
from tests import debian
from tests.brokers import own_broker
from tests.docker.composed import (
    FOREWARN,
    Piece,
    forewarn_command,
    forewarn_once,
    listens,
    running,
    until,
    variables,
)
from tests.docker.promql import DOCKER, RULES
from tests.postgres import own_postgres
from tests.streams.towns import lines_of, town_events

WORKERS = ("worker-1", "worker-2")
OURS = (*WORKERS, "projector", "api", "canary")
READY_S_MAX = 90.0
RUNNING = " are running"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # what the file has, replaced by loopback
NAMES = (*OURS, "node-exporter", "alertmanager", "prometheus")


@dataclass(frozen=True)
class Watched:
    """Where everything of a run is; `addresses` are by the names of the services."""

    folder: Path
    mine: dict[str, str]
    addresses: dict[str, str]
    pieces: list[Piece]

    def url(self, service: str) -> str:
        return f"http://{self.addresses[service]}"

    def feed(self) -> None:
        """Send the events of a small town to the live topics."""
        events = str(self.folder / "events.jsonl")
        forewarn_command("feed", events, env=variables("topics", self.mine))

    def scrapes(self) -> list[dict[str, Any]]:
        """What Prometheus was told to ask."""
        told: list[dict[str, Any]] = yaml.safe_load(
            (self.folder / "prometheus.yml").read_text(encoding="utf-8")
        )["scrape_configs"]
        return told


def prometheus_of(folder: Path, addresses: dict[str, str]) -> Path:
    """The configuration of the repository with a test's addresses, asking every second."""
    told: dict[str, Any] = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())
    told["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    told["rule_files"] = [str(RULES / "*.yml")]
    jobs = [*told["scrape_configs"], *told["alerting"]["alertmanagers"]]
    for job in jobs:
        for group in job["static_configs"]:
            group["targets"] = [_mine(target, addresses) for target in group["targets"]]
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(told), encoding="utf-8")
    return path


def _mine(target: str, addresses: dict[str, str]) -> str:
    name = target.partition(":")[0]
    return addresses["prometheus" if name == "127.0.0.1" else name]


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Run all of it, one after the other; events wait for `feed`."""
    events, directory = town_events(persons=60, days=10, seed=4)
    areas = folder / "areas.json"
    areas.write_bytes(write_directory(with_canary(directory)))
    (folder / "events.jsonl").write_bytes(b"".join(lines_of(events)))
    ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
    addresses = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    with ExitStack() as stack:
        broker = stack.enter_context(own_broker(folder))
        store = stack.enter_context(own_postgres()).create()
        mine = {
            "8080": str(ports["api"]),
            "/etc/forewarn/areas.json": str(areas),
            "/run/secrets/forewarn-keys": str(folder / "keys.json"),
            "kafka:9092": broker.bootstrap,
            "postgresql://forewarn@postgres/forewarn": store,
            "/etc/prometheus/prometheus.yml": str(prometheus_of(folder, addresses)),
            "/etc/alertmanager": str(DOCKER / "alertmanager"),
            "/host": "/",
            "=/prometheus": f"={folder / 'prometheus'}",
            "=/alertmanager": f"={folder / 'alertmanager'}",
            "0.0.0.0:9090": addresses["prometheus"],
            "0.0.0.0:9093": addresses["alertmanager"],
            "0.0.0.0:9100": addresses["node-exporter"],
            EVERYWHERE: "127.0.0.1",
        }
        run = Watched(folder, mine, addresses, [])
        forewarn_once("topics", mine, "--partitions", "2")
        forewarn_once("migrate", mine)
        for name in NAMES:
            started = running(folder, name, _program(name), mine, *_more(name, ports[name]))
            piece = stack.enter_context(started)
            run.pieces.append(piece)
            ready = partial(_ready, piece, f"{run.url(name)}/metrics")
            until(f"{name} is ready", ready, READY_S_MAX, *run.pieces)
        yield run


def _ready(piece: Piece, metrics: str) -> bool:
    """A worker shows its metrics before its stages run, so it is asked for both."""
    runs = piece.name not in WORKERS or RUNNING in piece.said()
    return runs and listens(metrics)


def _program(name: str) -> list[str]:
    """What runs a service's command here."""
    package = {"node-exporter": "prometheus-node-exporter", "prometheus": "prometheus",
               "alertmanager": "prometheus-alertmanager"}.get(name)  # fmt: skip
    return FOREWARN if package is None else [str(debian.program(package, package))]


def _more(name: str, port: int) -> tuple[str, ...]:
    """What several processes on one host need beside the command, and what makes it hurry."""
    if name == "prometheus":
        return ("--rules.alert.resend-delay=2s",)
    if name not in OURS or name == "api":
        return ()
    often = ("--every-s", "0.5") if name == "canary" else ()
    return ("--metrics-port", str(port), *often)
