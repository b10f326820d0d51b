"""Grafana's dashboards as data, written as JSON: `python docker/grafana/make_dashboards.py`.

They answer four questions: does it flow, does it see, are alerts on their way, do we answer.

Rules: only development runs this; what it writes is committed, and a test holds the two together,
that each expression parses, and that each metric exists. A panel is a line of data.
"""  # noqa: INP001  # a script beside what it writes, no package

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef

HERE = Path(__file__).parent / "dashboards"
SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
HEIGHT = 8
STAT_HEIGHT = 4


class Query(NamedTuple):
    """One expression and what its series are called."""

    expr: str
    legend: str = ""


class Panel(NamedTuple):
    """One panel; a stat shows the present number, else the course of time is drawn."""

    title: str
    unit: str
    queries: tuple[Query, ...]
    about: str = ""
    stat: bool = False
    width: int = 8


class Board(NamedTuple):
    """One dashboard: its file is named by `name`."""

    name: str
    title: str
    panels: tuple[Panel, ...]


def line(title: str, unit: str, expr: str, legend: str = "", about: str = "") -> Panel:
    """A panel that draws one expression over time."""
    return Panel(title, unit, (Query(expr, legend),), about)


def number(title: str, unit: str, expr: str, about: str = "") -> Panel:
    """A panel that shows one number."""
    return Panel(title, unit, (Query(expr),), about, stat=True, width=6)


STAGE = "{{stage}}"
FLOW = Board(
    "flow",
    "Flow: do events come through, and how soon",
    (
        number("Age of the newest canary", "s", "min(forewarn_canary_age_seconds)"),
        number("Fresh: late in the last hour", "percentunit",
               "forewarn:fresh_failures:ratio_rate1h",
               "Share of canaries that took more than 5 s; 1 % is allowed."),
        number("Delivered: lost in the last day", "percentunit",
               "forewarn:delivered_failures:ratio_rate1d",
               "Share of canaries that never came out; 0.1 % is allowed."),
        number("Workers that answer", "none", 'sum(up{job="forewarn-worker"})'),
        line("Records taken in", "reqps", "forewarn:records_in:rate1m", STAGE),
        line("Behind", "none", "forewarn:lag_records:sum", STAGE,
             "Records on the logs that are not durably taken yet."),
        line("Age of each stage's time", "s", "forewarn:clock_age_seconds:max", STAGE,
             "A tick comes every minute, so up to a minute is as it should be."),
        line("Time since the last commit", "s",
             "max by (stage) (forewarn_last_commit_age_seconds)", STAGE),
        line("Computing a round, 99 %", "s", "forewarn:step_seconds:p99_5m", STAGE),
        line("Waiting for brokers, 99 %", "s", "forewarn:acknowledgement_seconds:p99_5m", STAGE),
        line("Canary to its clock, 99 %", "s", "forewarn:canary_seconds:p99_5m"),
        line("Dead letters in 15 minutes", "none", "forewarn:dead_letters:increase15m",
             "{{reason}}"),
        line("Partitions assigned anew", "none",
             "sum by (stage) (increase(forewarn_rebalances_total[30m]))", STAGE),
        line("Changelog still to be read", "none",
             "sum by (stage) (forewarn_recovery_remaining_records)", STAGE),
        line("State held", "bytes", "sum by (stage) (forewarn_state_bytes)", STAGE),
        line("Processor", "percentunit",
             'rate(process_cpu_seconds_total{job=~"forewarn-.*"}[5m])', "{{job}} {{instance}}"),
        line("Memory", "bytes",
             'process_resident_memory_bytes{job=~"forewarn-.*"}', "{{job}} {{instance}}"),
        line("Restarts in an hour, one machine", "none",
             "sum by (process) (increase(forewarn_process_restarts_total[1h]))", "{{process}}",
             "What `forewarn up` started again; a cluster does not count here."),
        line("Disk left", "percentunit",
             'min by (instance, mountpoint) (node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"} '
             '/ node_filesystem_size_bytes{fstype!~"tmpfs|overlay"})',
             "{{instance}} {{mountpoint}}"),
    ),
)  # fmt: skip
DETECTION = Board(
    "detection",
    "Detection: what the stages make of what comes",
    (
        number("Model in force", "none", "count(count by (version) (forewarn_model_info))",
               "How many versions score at present; more than one for long is an alert."),
        number("Snapshots published in a day", "none",
               'sum(increase(forewarn_counts_total{name="learner.snapshots"}[1d]))'),
        number("Snapshots held back in a day", "none",
               'sum(increase(forewarn_counts_total{name="learner.snapshot_held_back"}[1d]))',
               "The model disagreed with what was observed, and the last good one stayed."),
        number("Idle sources", "none", "max(forewarn_clock_idle_sources)"),
        line("Assessments", "reqps",
             'sum by (stage) (rate(forewarn_records_out_total{what="assessment"}[5m]))', STAGE),
        line("Alert revisions", "reqps", "forewarn:alert_revisions:rate5m", STAGE),
        line("Training examples", "none",
             'sum(increase(forewarn_records_out_total{what="example"}[1h]))'),
        line("Person stage, by what it counts", "none",
             'sum by (name) (increase(forewarn_counts_total{stage="person"}[1h]))', "{{name}}"),
        line("Area stage, by what it counts", "none",
             'sum by (name) (increase(forewarn_counts_total{stage="area"}[1h]))', "{{name}}"),
        line("Other stages, by what they count", "none",
             'sum by (name) (increase(forewarn_counts_total{stage!~"person|area"}[1h]))',
             "{{name}}"),
        line("Keys held", "none", "sum by (stage) (forewarn_state_keys)", STAGE),
        line("Rewritten after takeovers", "none",
             "sum by (stage) (increase(forewarn_state_rewritten_keys_total[1h]))", STAGE),
        line("Models and aliases refused", "none", "sum by (what) (forewarn_refused_records)",
             "{{what}}"),
    ),
)  # fmt: skip
ALERTS = Board(
    "alerts",
    "Alerts: raised, in the store, and what officers decide",
    (
        number("Red in the last day", "none",
               'sum(increase(forewarn_alert_revisions_total{level="red"}[1d]))',
               "Revisions, not episodes: one that grows worse counts again."),
        number("Waiting for the store", "none", "sum(forewarn_projector_lag_records)"),
        number("Decisions waiting for a log", "none", "sum(forewarn_outbox_depth_records)"),
        number("Alarms about ourselves", "none",
               'count(ALERTS{alertstate="firing", alertname!="Watchdog"}) or vector(0)',
               "What Prometheus says of forewarn; not an alert for an officer."),
        line("Revisions by level", "none",
             "sum by (level) (increase(forewarn_alert_revisions_total[1h]))", "{{level}}"),
        line("Revisions by stage", "none",
             "sum by (stage) (increase(forewarn_alert_revisions_total[1h]))", STAGE),
        line("From topic to row, 99 %", "s", "forewarn:alert_age_seconds:p99_5m"),
        line("Rows written", "reqps", "forewarn:projected_rows:rate1m", "{{table}}"),
        line("Behind, by topic", "none",
             "sum by (topic) (forewarn_projector_lag_records)", "{{topic}}"),
        line("Since all was in the store", "s",
             "min(forewarn_projector_last_commit_age_seconds)"),
        line("Decisions put on logs", "none",
             "sum(increase(forewarn_relayed_transitions_total[1h]))"),
        line("Store or cluster away", "none",
             "sum by (what) (increase(forewarn_projector_failures_total[15m]))", "{{what}}"),
        line("Time of a transaction, 99 %", "s",
             "histogram_quantile(0.99, sum by (le) "
             "(rate(forewarn_projector_write_seconds_bucket[5m])))"),
    ),
)  # fmt: skip
ROUTE = "{{method}} {{route}}"
API = Board(
    "api",
    "API: do we answer, how soon, with what",
    (
        number("Failures of ours (5xx)", "percentunit", "forewarn:api_failures:ratio_rate5m"),
        number("Being answered now", "none", "sum(forewarn_api_requests_in_flight)"),
        number("Streams open", "none", "sum(forewarn_api_stream_clients)"),
        number("Streams dropped in a day", "none",
               "sum(increase(forewarn_api_stream_dropped_total[1d]))",
               "Their client read too slowly; it may come back by Last-Event-ID."),
        line("Requests", "reqps", "forewarn:api_requests:rate5m", ROUTE),
        line("Answers by status", "reqps",
             "sum by (status) (rate(forewarn_api_requests_total[5m]))", "{{status}}"),
        line("Time to answer, 99 %", "s", "forewarn:api_request_seconds:p99_5m", ROUTE),
        line("Events accepted", "reqps",
             "sum by (feed) (rate(forewarn_api_events_accepted_total[5m]))", "{{feed}}"),
        line("Events of batches refused", "none",
             "sum by (reason) (increase(forewarn_api_events_refused_total[15m]))", "{{reason}}"),
        line("Newest change told to streams", "none", "max(forewarn_api_stream_sequence)"),
    ),
)  # fmt: skip
BOARDS = (FLOW, DETECTION, ALERTS, API)


def query(asked: Query, ref: int) -> Dataquery:
    """Return a query as Grafana wants it."""
    return (
        Dataquery()
        .expr(asked.expr)
        .legend_format(asked.legend or "__auto")
        .ref_id(chr(ord("A") + ref))
        .datasource(SOURCE)
    )


def built(panel: Panel) -> Stat | TimeSeries:
    """Return a panel as Grafana wants it."""
    made: Stat | TimeSeries
    if panel.stat:
        newest = ReduceDataOptions().calcs(["lastNotNull"]).values(False)
        made = Stat().height(STAT_HEIGHT).reduce_options(newest)
    else:
        legend = (
            VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        made = (
            TimeSeries()
            .height(HEIGHT)
            .legend(legend)
            .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
            .min(0)
        )
    made.title(panel.title).unit(panel.unit).datasource(SOURCE).span(panel.width)
    if panel.about:
        made.description(panel.about)
    for ref, asked in enumerate(panel.queries):
        made.with_target(query(asked, ref))
    return made


def written(board: Board) -> str:
    """Return a dashboard as JSON."""
    made = (
        Dashboard(board.title)
        .uid(f"forewarn-{board.name}")
        .tags(["forewarn"])
        .readonly()
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
    )
    for panel in board.panels:
        made.with_panel(built(panel))
    return JSONEncoder(sort_keys=True, indent=1).encode(made.build()) + "\n"


def write(boards: Iterable[Board], folder: Path) -> None:
    """Write every dashboard into a folder that is there."""
    for board in boards:
        (folder / f"{board.name}.json").write_text(written(board), encoding="utf-8")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Write Grafana's dashboards.")
    options.add_argument("--out", type=Path, default=HERE)
    write(BOARDS, options.parse_args().out)
