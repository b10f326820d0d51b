"""The catalogue of topics, as data: what is on them, who may write and read, how long they keep it.

Rules: raw topics keep identities at most 72 hours; topics keyed by person have bounded retention or
bounded compaction lag; every feed has a dead-letter topic. Names are `forewarn.<noun>.v1`. A stage
that remembers has a changelog, `forewarn-<stage>-state-changelog`, with as many partitions as the
log it reads: state bytes with their version, for nobody but the stage itself.
"""

from enum import StrEnum

from schemas.closed import Closed
from schemas.taxonomy import Feed

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
CHANGE_BYTES_MAX = 16 * 1024 * 1024
"""The largest record batch on a changelog: the changes of one chunk."""


class Cleanup(StrEnum):
    """What the broker does with old records."""

    DELETE = "delete"
    COMPACT = "compact"


class Part(StrEnum):
    """Who writes or reads a topic."""

    GATEWAY = "gateway"
    INTAKE = "intake"
    PERSON = "person"
    AREA = "area"
    SERVICE = "service"
    LEARNER = "learner"
    VAULT = "vault"
    TICKER = "ticker"
    STORE = "store"
    OPERATOR = "operator"


class Topic(Closed, frozen=True):
    """One topic: `key` says what its records are keyed by, `types` name what they carry."""

    name: str
    key: str
    types: tuple[str, ...]
    partitions: int
    cleanup: Cleanup
    writers: tuple[Part, ...]
    readers: tuple[Part, ...]
    retention_ms: int | None = None
    compaction_lag_ms_min: int = 0
    compaction_lag_ms_max: int | None = None
    carries_identity: bool = False
    about: str = ""
    message_bytes_max: int | None = None


def _feed(name: str, about: str) -> Topic:
    return Topic(
        name=f"forewarn.{name}.v1",
        key="source and id",
        types=("Event",),
        partitions=12,
        cleanup=Cleanup.DELETE,
        writers=(Part.GATEWAY, Part.TICKER),
        readers=(Part.INTAKE,),
        retention_ms=72 * HOUR_MS,
        carries_identity=True,
        about=about,
    )


def _dead_letters(feed: Topic) -> Topic:
    return Topic(
        name=f"{feed.name}.dlq",
        key="source topic, partition and offset",
        types=("DeadLetter",),
        partitions=3,
        cleanup=Cleanup.DELETE,
        writers=(Part.INTAKE,),
        readers=(Part.OPERATOR,),
        retention_ms=14 * DAY_MS,
        carries_identity=True,
        about=f"records of {feed.name} that could not be taken, sealed, with their reason",
    )


def _log(  # the parts of one topic, most of them alike
    name: str,
    key: str,
    types: tuple[str, ...],
    about: str,
    *,
    writers: tuple[Part, ...] = (Part.INTAKE,),
    readers: tuple[Part, ...],
    partitions: int = 12,
    cleanup: Cleanup = Cleanup.DELETE,
    retention_ms: int | None = None,
    compaction_lag_ms_min: int = 0,
    compaction_lag_ms_max: int | None = None,
    carries_identity: bool = False,
) -> Topic:
    return Topic(
        name=f"forewarn.{name}.v1",
        key=key,
        types=types,
        partitions=partitions,
        cleanup=cleanup,
        writers=writers,
        readers=readers,
        retention_ms=retention_ms,
        compaction_lag_ms_min=compaction_lag_ms_min,
        compaction_lag_ms_max=compaction_lag_ms_max,
        carries_identity=carries_identity,
        about=about,
    )


FEEDS: dict[Feed, Topic] = {
    Feed.INCIDENT: _feed("incident-reports", "incident reports"),
    Feed.HOTLINE: _feed("hotline-calls", "hotline calls"),
    Feed.GRID: _feed("grid-observations", "observations of grid workers"),
}

PERSON_LOG = _log(
    "person-log",
    "person key",
    ("PersonSignal", "Tick", "Transition", "HistoryMove", "HistoryArrival", "Activation"),
    "all that can change what the person stage decides",
    writers=(Part.INTAKE, Part.PERSON, Part.LEARNER, Part.STORE, Part.VAULT),
    readers=(Part.PERSON, Part.STORE),
    retention_ms=14 * DAY_MS,
)
AREA_LOG = _log(
    "area-log",
    "county, by the directory's table",
    ("AreaSignal", "Tick", "Transition"),
    "all that can change what the area stage decides",
    writers=(Part.INTAKE, Part.STORE),
    readers=(Part.AREA, Part.STORE),
    retention_ms=14 * DAY_MS,
)
SERVICE_LOG = _log(
    "service-log",
    "receipt",
    ("ServiceClock", "ClockAnswer", "Tick"),
    "all that can change a response clock on the authority",
    writers=(Part.INTAKE, Part.STORE),
    readers=(Part.SERVICE,),
    retention_ms=14 * DAY_MS,
)
SERVICE_CLOCKS = _log(
    "service-clocks",
    "receipt",
    ("ServiceClock",),
    "response clocks on the authority, one record a change, joinable to no person",
    writers=(Part.SERVICE,),
    readers=(Part.STORE,),
    retention_ms=90 * DAY_MS,
)
HELP_RETURNS = _log(
    "help-returns",
    "receipt",
    ("ServiceClock",),
    "requests for help that were answered or fell overdue, on their way back to their person",
    writers=(Part.SERVICE,),
    readers=(Part.INTAKE,),
    retention_ms=14 * DAY_MS,
)
ALERTS = _log(
    "alerts",
    "alert id",
    ("Alert",),
    "alerts, one record a revision",
    writers=(Part.PERSON, Part.AREA),
    readers=(Part.STORE,),
    retention_ms=90 * DAY_MS,
)
ASSESSMENTS = _log(
    "assessments",
    "subject",
    ("Assessment",),
    "what was made of each signal and surge",
    writers=(Part.PERSON, Part.AREA),
    readers=(Part.STORE,),
    retention_ms=30 * DAY_MS,
)
TRAINING_EXAMPLES = _log(
    "training-examples",
    "example id",
    ("TrainingExample",),
    "matured predictions with their labels",
    partitions=1,
    writers=(Part.PERSON,),
    readers=(Part.LEARNER,),
    retention_ms=90 * DAY_MS,
)
MODEL_SNAPSHOTS = _log(
    "model-snapshots",
    "model version",
    ("ModelSnapshot",),
    "bodies of model versions; outlives the logs that activate them",
    partitions=1,
    cleanup=Cleanup.COMPACT,
    writers=(Part.LEARNER,),
    readers=(Part.PERSON, Part.LEARNER, Part.STORE),
)
ALIASES = _log(
    "person-aliases",
    "person key",
    ("Alias", "KeyActivation"),
    "which key a person is known by now: rotation and merges",
    partitions=1,
    cleanup=Cleanup.COMPACT,
    writers=(Part.VAULT,),
    readers=(Part.INTAKE,),
    compaction_lag_ms_min=HOUR_MS,
    compaction_lag_ms_max=30 * DAY_MS,
)
VAULT_RECORDS = _log(
    "vault-records",
    "record id",
    ("VaultRecord",),
    "sealed identities, notes and locations on their way to the vault",
    writers=(Part.INTAKE,),
    readers=(Part.VAULT,),
    retention_ms=7 * DAY_MS,
    carries_identity=True,
)
LOG_LETTERS = Topic(
    name="forewarn.stage-logs.v1.dlq",
    key="source topic, partition and offset",
    types=("DeadLetter",),
    partitions=3,
    cleanup=Cleanup.DELETE,
    writers=(Part.PERSON, Part.AREA, Part.SERVICE, Part.LEARNER),
    readers=(Part.OPERATOR,),
    retention_ms=14 * DAY_MS,
    carries_identity=True,
    about="records of the logs of the stages that do not belong there, sealed, with their reason",
)

CATALOGUE: tuple[Topic, ...] = (
    *FEEDS.values(),
    *(_dead_letters(feed) for feed in FEEDS.values()),
    PERSON_LOG,
    AREA_LOG,
    SERVICE_LOG,
    SERVICE_CLOCKS,
    HELP_RETURNS,
    ALERTS,
    ASSESSMENTS,
    TRAINING_EXAMPLES,
    MODEL_SNAPSHOTS,
    ALIASES,
    VAULT_RECORDS,
    LOG_LETTERS,
)


def _changelog(log: Topic, part: Part) -> Topic:
    """Return the changelog of the stage that reads `log`; a chunk of changes is one batch."""
    return Topic(
        name=f"forewarn-{part}-state-changelog",
        key="section and key of the state",
        types=(),
        partitions=log.partitions,
        cleanup=Cleanup.COMPACT,
        writers=(part,),
        readers=(part,),
        compaction_lag_ms_min=HOUR_MS,
        compaction_lag_ms_max=30 * DAY_MS,
        about=f"what the {part} stage remembers, as versioned state bytes",
        message_bytes_max=CHANGE_BYTES_MAX,
    )


CHANGELOGS: dict[Part, Topic] = {
    Part.PERSON: _changelog(PERSON_LOG, Part.PERSON),
    Part.AREA: _changelog(AREA_LOG, Part.AREA),
    Part.SERVICE: _changelog(SERVICE_LOG, Part.SERVICE),
    Part.LEARNER: _changelog(TRAINING_EXAMPLES, Part.LEARNER),
}
ALL_TOPICS: tuple[Topic, ...] = (*CATALOGUE, *CHANGELOGS.values())
"""Everything that has to exist on a cluster: the catalogue, which is published, and changelogs."""


def topic_named(name: str) -> Topic:
    """Return the topic of that name; KeyError names what is not in the catalogue."""
    for topic in CATALOGUE:
        if topic.name == name:
            return topic
    raise KeyError(f"no topic {name!r} in the catalogue")
