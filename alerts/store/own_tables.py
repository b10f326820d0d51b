"""The tables that are nowhere else: tokens, decisions with audit and outbox, remembered answers.

Rules: they are in every backup, and a rebuild of the projected tables leaves them alone. A
decision, its audit row and its outbox row are written in one transaction.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
)

from alerts.store.tables import ID, METADATA, WORD

META = Table(
    "meta",
    METADATA,
    Column("name", WORD, primary_key=True),
    Column("value", Text, nullable=False),
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("token_id", WORD, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("name", String(128), nullable=False),
    Column("role", WORD, nullable=False),
    Column("areas", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("revoked_us", BigInteger),
)

TRANSITIONS = Table(
    "transitions",
    METADATA,
    Column("transition_id", ID, primary_key=True),
    Column("alert_id", ID, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("action", WORD, nullable=False),
    Column("outcome", WORD),
    Column("token_id", WORD, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("transitions_of_alert", "alert_id", "at_us"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("audit_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("token_id", WORD, nullable=False),
    Column("action", WORD, nullable=False),
    Column("about", ID, nullable=False),
    Column("detail", Text, nullable=False),
    Index("audit_by_time", "at_us"),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("outbox_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("transition_id", ID, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("sent_us", BigInteger),
    Index("outbox_unsent", "outbox_id",
          sqlite_where=Column("sent_us", BigInteger).is_(None),
          postgresql_where=Column("sent_us", BigInteger).is_(None)),
)  # fmt: skip

ANSWERS = Table(
    "answers",
    METADATA,
    Column("token_id", WORD),
    Column("key", ID),
    Column("request_sha256", String(64), nullable=False),
    Column("status", SmallInteger),
    Column("body", LargeBinary),
    Column("expires_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("token_id", "key"),
    Index("answers_by_expiry", "expires_us"),
)

OWN = (META, TOKENS, TRANSITIONS, AUDIT, OUTBOX, ANSWERS)
