"""The tables that are projected off topics."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _alerts()
    _area_days()
    _areas()
    _assessments()
    _changes()
    _events()
    _models()
    _offsets()
    _poisoned()
    _revisions()
    _service_clocks()


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("level_rank", sa.SmallInteger(), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("city", sa.String(length=64), nullable=True),
        sa.Column("county", sa.String(length=64), nullable=True),
        sa.Column("town", sa.String(length=64), nullable=True),
        sa.Column("community", sa.String(length=64), nullable=True),
        sa.Column("grid", sa.String(length=64), nullable=True),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("danger_us", sa.BigInteger(), nullable=False),
        sa.Column("danger_revision", sa.Integer(), nullable=False),
        sa.Column("told_open", sa.Boolean(), nullable=False),
        sa.Column("told_change", sa.String(length=32), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("alert_id"),
    )
    op.create_index("alerts_of_subject", "alerts", ["subject", "opened_us"])
    for at in ("", "_city", "_county", "_town", "_community", "_grid"):
        columns = [at[1:]] if at else []
        op.create_index(f"alerts_by_time{at}", "alerts", [*columns, "opened_us", "alert_id"])
        op.create_index(
            f"alerts_by_deadline{at}",
            "alerts",
            [*columns, "due_us", "alert_id"],
            sqlite_where=sa.text("open = 1"),
            postgresql_where=sa.text("open = true"),
        )
    op.create_index(
        "one_open_alert",
        "alerts",
        ["scope", "subject", "kind"],
        unique=True,
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open = true"),
    )


def _area_days() -> None:
    op.create_table(
        "area_days",
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("incidents", sa.Integer(), nullable=True),
        sa.Column("expected", sa.Float(), nullable=True),
        sa.Column("bound", sa.Float(), nullable=True),
        sa.Column("level", sa.String(length=32), nullable=True),
        sa.Column("alert_id", sa.String(length=128), nullable=True),
        sa.Column("judged_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("area", "kind", "day"),
    )
    op.create_index("area_days_by_day", "area_days", ["day"])


def _areas() -> None:
    op.create_table(
        "areas",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("parent", sa.String(length=64), nullable=True),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("city", sa.String(length=64), nullable=True),
        sa.Column("county", sa.String(length=64), nullable=True),
        sa.Column("town", sa.String(length=64), nullable=True),
        sa.Column("community", sa.String(length=64), nullable=True),
        sa.Column("grid", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("areas_of_parent", "areas", ["parent"])


def _assessments() -> None:
    op.create_table(
        "assessments",
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("assessment_id", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("alert_id", sa.String(length=128), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "assessment_id"),
    )
    op.create_index("assessments_by_time", "assessments", ["at_us"])
    op.create_index("assessments_of_subject", "assessments", ["subject", "at_us"])


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("alert_id", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("signal_id", sa.String(length=128), nullable=False),
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("signs", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=True),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("ingest_us", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("signal_id"),
    )
    op.create_index("events_by_arrival", "events", ["ingest_us"])
    op.create_index(
        "events_of_person",
        "events",
        ["person", "time_us"],
        sqlite_where=sa.text("person IS NOT NULL"),
        postgresql_where=sa.text("person IS NOT NULL"),
    )


def _models() -> None:
    op.create_table(
        "models",
        sa.Column("model_version", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("bytes", sa.Integer(), nullable=True),
        sa.Column("published_us", sa.BigInteger(), nullable=True),
        sa.Column("activated_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("model_version"),
    )


def _offsets() -> None:
    op.create_table(
        "offsets",
        sa.Column("topic", sa.String(length=128), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition"),
    )


def _poisoned() -> None:
    op.create_table(
        "poisoned",
        sa.Column("topic", sa.String(length=128), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "record_offset"),
    )
    op.create_index("poisoned_by_time", "poisoned", ["at_us"])


def _revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column("alert_id", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "revision"),
    )


def _service_clocks() -> None:
    op.create_table(
        "service_clocks",
        sa.Column("receipt", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("receipt"),
    )
    op.create_index("service_clocks_by_update", "service_clocks", ["updated_us"])
