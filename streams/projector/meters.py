"""What an operator sees of the projector: Prometheus metrics, none with a person in a label.

Rules: labels come from closed lists (table, topic); what is cheap to ask is set at each pass.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class ProjectorMeters:
    """The metrics of one projector process, in a registry of their own."""

    def __init__(self) -> None:
        kept = self.registry = CollectorRegistry()
        self.rows = Counter(
            "forewarn_projected_rows_total", "Rows written, by table", ("table",), registry=kept
        )
        self.poisoned = Counter(
            "forewarn_projector_put_aside_records_total",
            "Records that could not be read or written, by topic",
            ("topic",),
            registry=kept,
        )
        self.lost = Counter(
            "forewarn_projector_lost_records_total",
            "Records that a topic let go before they were read",
            ("topic",),
            registry=kept,
        )
        self.deleted = Counter(
            "forewarn_store_deleted_rows_total",
            "Rows deleted as they were old, by table",
            ("table",),
            registry=kept,
        )
        self.lag = Gauge(
            "forewarn_projector_lag_records",
            "Records known to wait, by topic",
            ("topic",),
            registry=kept,
        )
        self.durable = Gauge(
            "forewarn_projector_last_durable_timestamp_seconds",
            "When all that had been fetched was last in the store",
            registry=kept,
        )
        self.commit_age = Gauge(
            "forewarn_projector_last_commit_age_seconds",
            "How long ago all that had been fetched was in the store",
            registry=kept,
        )
        self.write_seconds = Histogram(
            "forewarn_projector_write_seconds",
            "Time of one transaction",
            buckets=SECONDS,
            registry=kept,
        )
        self.alert_age_seconds = Histogram(
            "forewarn_projector_alert_age_seconds",
            "From an alert's record on its topic to its row in the store",
            buckets=SECONDS,
            registry=kept,
        )
        self.outbox = Gauge(
            "forewarn_outbox_depth_records",
            "Decisions that are not on a log yet, 500 at most",
            registry=kept,
        )
        self.relayed = Counter(
            "forewarn_relayed_transitions_total", "Decisions put on a log", registry=kept
        )
        self.failures = Counter(
            "forewarn_projector_failures_total",
            "Times the store or the cluster was away",
            ("what",),
            registry=kept,
        )
