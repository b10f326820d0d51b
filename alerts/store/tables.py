"""The tables that are projected off topics, as data, with the reason of every index.

Rules: an enumeration is stored by name; a day is a local ordinal; an instant ends in `_us`. An
alert's row carries its line of areas, one column a level, because "this area and all below it,
newest first" is then one walk along one index, however large the store. `open` is true for one
alert of a subject and kind at most, and the database holds it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    true,
)

from schemas.taxonomy import AreaLevel

ID = String(128)
CODE = String(64)
WORD = String(32)
LEVEL_COLUMNS = tuple(level.value for level in AreaLevel)
"""The columns of a line of areas: city, county, town, community, grid."""

METADATA = MetaData()


def _line() -> list[Column[str]]:
    return [Column(name, CODE) for name in LEVEL_COLUMNS]


ALERTS = Table(
    "alerts",
    METADATA,
    Column("alert_id", ID, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("scope", WORD, nullable=False),
    Column("subject", ID, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("level", WORD, nullable=False),
    Column("level_rank", SmallInteger, nullable=False),
    Column("area", CODE, nullable=False),
    *_line(),
    Column("opened_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    # When danger last rose (opened, raised, reopened): a decision before that does not hold after.
    Column("danger_us", BigInteger, nullable=False),
    Column("danger_revision", Integer, nullable=False),
    Column("told_open", Boolean, nullable=False),
    Column("told_change", WORD, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("state", WORD, nullable=False),
    Column("due_us", BigInteger),
    # The one open row of a subject and kind.
    Index("one_open_alert", "scope", "subject", "kind", unique=True,
          sqlite_where=Column("open", Boolean) == true(),
          postgresql_where=Column("open", Boolean) == true()),
    Index("alerts_of_subject", "subject", "opened_us"),
)  # fmt: skip
for _columns in ((), *((name,) for name in LEVEL_COLUMNS)):
    _at = "_".join(("", *_columns))
    # Newest first, of everywhere or of one area and all below it; the id makes a place in it exact.
    Index(f"alerts_by_time{_at}", *(ALERTS.c[name] for name in _columns),
          ALERTS.c.opened_us, ALERTS.c.alert_id)  # fmt: skip
    # What is open, by deadline: small, as most alerts are closed.
    Index(f"alerts_by_deadline{_at}", *(ALERTS.c[name] for name in _columns),
          ALERTS.c.due_us, ALERTS.c.alert_id,
          sqlite_where=ALERTS.c.open == true(),
          postgresql_where=ALERTS.c.open == true())  # fmt: skip

REVISIONS = Table(
    "revisions",
    METADATA,
    Column("alert_id", ID),
    Column("revision", Integer, autoincrement=False),
    Column("change", WORD, nullable=False),
    Column("level", WORD, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("alert_id", "revision"),
)

CHANGES = Table(
    "changes",
    METADATA,
    # Given by the one projector, in order, in its own transaction: no number is ever missing or
    # committed after a greater one, which no sequence of a database promises.
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("alert_id", ID, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("what", WORD, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

EVENTS = Table(
    "events",
    METADATA,
    Column("signal_id", ID, primary_key=True),
    Column("feed", WORD, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("purpose", WORD, nullable=False),
    Column("origin", WORD, nullable=False),
    Column("channel", WORD),
    Column("severity", SmallInteger, nullable=False),
    Column("signs", Integer, nullable=False),
    Column("area", CODE, nullable=False),
    Column("person", ID),
    Column("time_us", BigInteger, nullable=False),
    Column("ingest_us", BigInteger, nullable=False),
    Column("counted", Boolean, nullable=False),
    Index("events_of_person", "person", "time_us",
          sqlite_where=Column("person", ID).isnot(None),
          postgresql_where=Column("person", ID).isnot(None)),
    Index("events_by_arrival", "ingest_us"),
)  # fmt: skip

ASSESSMENTS = Table(
    "assessments",
    METADATA,
    Column("scope", WORD),
    Column("assessment_id", ID),
    Column("subject", ID, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("area", CODE, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("decision", String(64), nullable=False),
    Column("level", WORD),
    Column("probability", Float),
    Column("alert_id", ID),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("scope", "assessment_id"),
    Index("assessments_of_subject", "subject", "at_us"),
    Index("assessments_by_time", "at_us"),
)

AREA_DAYS = Table(
    "area_days",
    METADATA,
    Column("area", CODE),
    Column("kind", WORD),
    Column("day", Integer, autoincrement=False),
    # Reports that arrived, each once; merging of near-duplicates is the stage's alone.
    Column("reports", Integer, nullable=False),
    # What the stage said of the day, where it judged it a surge.
    Column("incidents", Integer),
    Column("expected", Float),
    Column("bound", Float),
    Column("level", WORD),
    Column("alert_id", ID),
    Column("judged_us", BigInteger),
    PrimaryKeyConstraint("area", "kind", "day"),
    Index("area_days_by_day", "day"),
)

SERVICE_CLOCKS = Table(
    "service_clocks",
    METADATA,
    Column("receipt", ID, primary_key=True),
    Column("state", WORD, nullable=False),
    Column("purpose", WORD, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("area", CODE, nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index("service_clocks_by_update", "updated_us"),
)

MODELS = Table(
    "models",
    METADATA,
    Column("model_version", ID, primary_key=True),
    Column("epoch", BigInteger),
    Column("digest", String(64)),
    Column("bytes", Integer),
    Column("published_us", BigInteger),
    Column("activated_us", BigInteger),
)

AREAS = Table(
    "areas",
    METADATA,
    Column("code", CODE, primary_key=True),
    Column("level", WORD, nullable=False),
    Column("parent", CODE),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    *_line(),
    Index("areas_of_parent", "parent"),
)

OFFSETS = Table(
    "offsets",
    METADATA,
    Column("topic", ID),
    Column("partition", Integer, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    PrimaryKeyConstraint("topic", "partition"),
)

POISONED = Table(
    "poisoned",
    METADATA,
    Column("topic", ID),
    Column("partition", Integer, autoincrement=False),
    Column("record_offset", BigInteger, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("topic", "partition", "record_offset"),
    Index("poisoned_by_time", "at_us"),
)

PROJECTED = (
    ALERTS, REVISIONS, CHANGES, EVENTS, ASSESSMENTS, AREA_DAYS, SERVICE_CLOCKS, MODELS, AREAS,
    OFFSETS, POISONED,
)  # fmt: skip
"""What `forewarn store rebuild` empties and reads again."""
