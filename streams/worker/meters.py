"""What an operator sees of a worker: Prometheus metrics, none of them with a person in a label.

Rules: labels come from closed lists (stage, reason, name of a count); gauges that are cheap to ask
are asked when Prometheus comes, not kept up to date in between. A rare count that an alert waits
for is there from the start, at 0: Prometheus sees no increase in a series that begins at 1.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from schemas.rejections import Rejection
from streams.outputs import Outputs

Sample = tuple[tuple[str, ...], float]
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
WAITED_FOR = (
    ("learner", "learner.snapshot_held_back"),
    ("person", "person.activation_without_body"),
)
RECORDS = (1, 4, 16, 64, 250, 1_000, 2_000, 4_000, 8_000)


class Asked(Collector):
    """A gauge whose samples are asked for when Prometheus comes."""

    def __init__(
        self, name: str, about: str, labels: tuple[str, ...], ask: Callable[[], Iterable[Sample]]
    ) -> None:
        self._name, self._about, self._labels, self._ask = name, about, labels, ask

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the samples of this moment."""
        family = GaugeMetricFamily(self._name, self._about, labels=self._labels)
        for labels, value in self._ask():
            family.add_metric(labels, value)
        yield family


class Meters:
    """The metrics of one worker process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        stage, kept = ("stage",), self.registry
        self.records_in = Counter(
            "forewarn_records_in_total", "Records stepped", stage, registry=kept
        )
        self.records_out = Counter(
            "forewarn_records_out_total",
            "Records said, by what they are",
            ("stage", "what"),
            registry=kept,
        )
        self.alerts = Counter(
            "forewarn_alert_revisions_total",
            "Revisions of alerts, by level",
            ("stage", "level"),
            registry=kept,
        )
        self.step_seconds = Histogram(
            "forewarn_step_seconds",
            "Computing time of a round",
            stage,
            buckets=SECONDS,
            registry=kept,
        )
        self.ack_seconds = Histogram(
            "forewarn_acknowledgement_seconds",
            "Waiting time of a round for outputs and state",
            stage,
            buckets=SECONDS,
            registry=kept,
        )
        self.round_records = Histogram(
            "forewarn_round_records", "Records of a round", stage, buckets=RECORDS, registry=kept
        )
        self.counts = Counter(
            "forewarn_counts_total",
            "What the stages count, by name",
            ("stage", "name"),
            registry=kept,
        )
        self.dead_letters = Counter(
            "forewarn_dead_letters_total", "Dead letters, by reason", ("reason",), registry=kept
        )
        for reason in Rejection:
            self.dead_letters.labels(reason.value)
        for stage_name, name in WAITED_FOR:
            self.counts.labels(stage_name, name)
        self.abandoned = Counter(
            "forewarn_rounds_abandoned_total", "Rounds abandoned at a revoke", stage, registry=kept
        )
        self.holes = Counter(
            "forewarn_log_hole_offsets_total",
            "Offsets of a log that hold no record: control records, compaction, retention",
            stage,
            registry=kept,
        )
        self.rewritten = Counter(
            "forewarn_state_rewritten_keys_total",
            "Keys whose right value was written again after a takeover",
            stage,
            registry=kept,
        )
        self.rebalances = Counter(
            "forewarn_rebalances_total", "Times that partitions were assigned", stage, registry=kept
        )
        self.recovery_seconds = Gauge(
            "forewarn_recovery_seconds", "How long the last recovery took", stage, registry=kept
        )

    def ask(
        self, name: str, about: str, labels: tuple[str, ...], ask: Callable[[], Iterable[Sample]]
    ) -> None:
        """Register a gauge that is asked for."""
        self.registry.register(Asked(name, about, labels, ask))

    def round_taken(self, stage: str, records: int, step_s: float, ack_s: float) -> None:
        """Take note of one round."""
        self.records_in.labels(stage).inc(records)
        self.step_seconds.labels(stage).observe(step_s)
        self.ack_seconds.labels(stage).observe(ack_s)
        self.round_records.labels(stage).observe(records)

    def said(self, stage: str, out: Outputs) -> None:
        """Take note of what one chunk said."""
        for what, number in (
            ("alert", len(out.alerts)),
            ("assessment", len(out.assessments)),
            ("example", len(out.examples)),
            ("clock", len(out.clocks)),
            ("snapshot", len(out.snapshots)),
        ):
            if number:
                self.records_out.labels(stage, what).inc(number)
        for alert in out.alerts:
            self.alerts.labels(stage, alert.level.value).inc()
        self.counted(stage, out.counts)

    def counted(self, stage: str, counts: Tally[str]) -> None:
        """Add counts by name."""
        for name, number in counts.items():
            self.counts.labels(stage, name).inc(number)
