"""The plan of one machine: which children there are, with their words, ports and checks.

    jars ─► broker ─► topics ─┬► worker ─────┬───► demo
    town ─────────────────────┤              └───► canary
    tokens ─────────────┬─────┴► projector
                        └► api

Rules: one worker runs all stages, the broker's heap is small, topics have few partitions: a machine
of this size serves a town, not a province. The API starts without the broker, and answers without.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from forewarn.broker.ports import HOST
from forewarn.machine.checks import Answers, Says, SpeaksKafka
from forewarn.machine.folder import AREAS, TO_TELL, Folder
from forewarn.machine.plan import Child, command
from schemas.areas import CANARY_CODE
from streams.feeds.mapping_shipped import load_areas

HEAP_MB = 192
PARTITIONS = 4
FETCH_S_MAX = 900.0
SUPERVISOR = "supervisor"
WANTED_PORTS = {
    "broker": 0,
    "worker": 0,
    "projector": 0,
    "api": 8_300,
    "canary": 0,
    SUPERVISOR: 0,
}
"""The ports of one machine: the first choice where it is free, 0 for any."""


@dataclass(frozen=True)
class Machine:
    """What one machine is made of; `areas` is a directory's file or a shipped mapping's name.

    `canary` says whether that directory has an area for a canary.
    """

    folder: Folder
    ports: Mapping[str, int]
    areas: str | None
    demo: bool
    canary: bool = False

    @property
    def bootstrap(self) -> str:
        """Where the broker takes clients."""
        return f"{HOST}:{self.ports['broker']}"

    @property
    def keys(self) -> Path:
        """The keyring."""
        return self.folder.secrets / "keys.json"

    def variables(self) -> dict[str, str]:
        """Return the environment of all children."""
        return {
            "FOREWARN_KAFKA_BOOTSTRAP": self.bootstrap,
            "FOREWARN_KAFKA_SECURITY": "PLAINTEXT",
            "FOREWARN_NAMESPACE": "",
            "FOREWARN_KEYS_FILE": str(self.keys),
            "FOREWARN_STORE": f"sqlite:///{self.folder.store / 'forewarn.db'}",
            "FOREWARN_METRICS_HOST": HOST,
            "MALLOC_ARENA_MAX": "2",
        }

    def children(self) -> tuple[Child, ...]:
        """Return the children in the order of starting."""
        demo = (*self._demo(),) if self.demo else ()
        canary = (self._canary(),) if self.canary else ()
        kafka = tuple(self._kafka())
        served = (self._worker(), self._tokens(), self._projector(), self._api())
        return (*self._town(), *kafka, *served, *canary, *demo)

    def _town(self) -> Iterator[Child]:
        if self.demo:
            yield Child(
                "town",
                "a made-up town for the demo",
                ("-m", "forewarn.machine.demo_town", str(self.folder.demo)),
                once=True,
            )

    def _kafka(self) -> Iterator[Child]:
        yield Child(
            "jars",
            "Apache Kafka, fetched once",
            command("broker", "fetch"),
            once=True,
            start_s_max=FETCH_S_MAX,
        )
        port = self.ports["broker"]
        yield Child(
            "broker",
            "Apache Kafka, one broker",
            command(
                *("broker", "run", "--data", str(self.folder.kafka)),
                *("--port", str(port), "--heap-mb", str(HEAP_MB)),
            ),
            needs=("jars",),
            ready=Says(self.bootstrap),
            well=SpeaksKafka(port),
            port=port,
            stop_s_max=30.0,
        )
        yield Child(
            "topics",
            "the topics, made once",
            command("topics", "create", "--partitions", str(PARTITIONS)),
            needs=("broker",),
            once=True,
        )

    @property
    def _placed(self) -> tuple[str, ...]:
        """The words by which a command is told the areas."""
        return ("--areas", self.areas) if self.areas else ()

    @property
    def _from_town(self) -> tuple[str, ...]:
        """What must be there before the areas can be read."""
        return ("town",) if self.demo else ()

    def _worker(self) -> Child:
        port = self.ports["worker"]
        return Child(
            "worker",
            "intake and all stages",
            command(
                *("worker", "--instance", "machine", "--metrics-port", str(port), *self._placed)
            ),
            needs=("topics", "broker", *self._from_town),
            ready=Says(" are running"),
            well=Answers(port, "/metrics"),
            port=port,
            start_s_max=180.0,
            stop_s_max=40.0,
        )

    def _tokens(self) -> Child:
        return Child(
            "tokens",
            "the store's tables and first tokens",
            ("-m", "forewarn.machine.first_tokens", str(self.folder.secrets)),
            once=True,
        )

    def _projector(self) -> Child:
        port = self.ports["projector"]
        return Child(
            "projector",
            "topics into the store",
            command("project", "--metrics-port", str(port), *self._placed),
            needs=("topics", "broker", "tokens", *self._from_town),
            ready=Says("projector: running"),
            well=Answers(port, "/metrics"),
            port=port,
            stop_s_max=35.0,
        )

    def _api(self) -> Child:
        port = self.ports["api"]
        return Child(
            "api",
            "the API and the start page",
            command("api", "--host", HOST, "--port", str(port), *self._placed),
            needs=("tokens", *self._from_town),
            ready=Answers(port, "/readyz"),
            well=Answers(port, "/livez"),
            port=port,
        )

    def _canary(self) -> Child:
        port = self.ports["canary"]
        return Child(
            "canary",
            "how soon an event comes out",
            command("canary", "--metrics-port", str(port), *self._placed),
            needs=("topics", "broker", "worker", *self._from_town),
            ready=Says("canary: flying"),
            well=Answers(port, "/metrics"),
            port=port,
        )

    def _demo(self) -> Iterator[Child]:
        yield Child(
            "demo",
            "the town, told",
            ("-m", "forewarn.machine.demo_player", str(self.folder.demo)),
            needs=("town", "broker", "worker"),
            ready=Says("the town is being told"),
        )


def areas_of(folder: Folder, areas: str | None, *, demo: bool) -> str | None:
    """Return the areas of a machine: those named, else those of its demo's town, if it has one."""
    town = folder.demo / AREAS
    return areas or (str(town) if demo or town.exists() else None)


def has_canary(folder: Folder, areas: str | None, *, demo: bool) -> bool:
    """Say whether the directory of a machine has an area for a canary.

    The town of a demo that is still to be made will have it. Raises FeedFileError where there is a
    directory, and it cannot be read.
    """
    if demo and areas == str(folder.demo / AREAS) and not (folder.demo / TO_TELL).exists():
        return True
    return areas is not None and load_areas(areas).known(CANARY_CODE)
