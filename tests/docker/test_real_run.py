"""A real Prometheus over a real run: it finds everyone, its rules work, and only the dog barks.

The pieces run by the command lines of docker-compose.yml, and pass its health checks.
"""

import json
import re
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from forewarn.machine.meters import MachineMeters
from tests.docker.composed import asked, fetched, healthy, until
from tests.docker.promql import (
    OF_PROMETHEUS,
    names_exposed,
    names_in,
    recorded_names,
    rules,
    targets_of,
)
from tests.docker.test_dashboards import WRITTEN, board
from tests.docker.watched import OURS, WORKERS, Watched, watched

SEEN_S_MAX = 90.0
STAGES = {"intake", "person", "area", "service"}


def test_a_whole_run_is_watched(tmp_path: Path) -> None:
    """One test, for starting everything costs the most by far."""
    with watched(tmp_path) as run:
        it_finds_everyone_who_should_be_there(run)
        events_flow_and_the_canary_comes_out(run)
        every_rule_works_and_no_alert_fires_but_the_watchdog(run)
        every_metric_that_is_named_is_there(run)
        no_label_of_a_metric_of_ours_could_hold_a_person(run)
        for service in OURS:
            its_health_check_passes_while_it_is_well(run, service)


def by_label(found: dict[str, float], label: str) -> dict[str, float]:
    return {json.loads(labels)[label]: value for labels, value in found.items()}


def it_finds_everyone_who_should_be_there(run: Watched) -> None:
    prometheus = run.url("prometheus")
    wanted = {one["job_name"] for one in run.scrapes()}

    def answering() -> set[str]:
        return set(by_label(asked(prometheus, "min by (job) (up) == 1"), "job"))

    until("every target answers", lambda: answering() == wanted, SEEN_S_MAX, *run.pieces)
    assert len(asked(prometheus, 'up{job="forewarn-worker"}')) == len(WORKERS)


def events_flow_and_the_canary_comes_out(run: Watched) -> None:
    prometheus = run.url("prometheus")

    def flowing() -> set[str]:
        return set(by_label(asked(prometheus, "forewarn:records_in:rate1m > 0"), "stage"))

    run.feed()
    until("every stage takes records in", lambda: flowing() >= STAGES, SEEN_S_MAX,
          *run.pieces)  # fmt: skip
    until("canaries come out", lambda: sum(asked(
        prometheus, "forewarn_canary_seconds_count").values()) > 5,
        SEEN_S_MAX, *run.pieces)  # fmt: skip
    (age_s,) = asked(prometheus, "forewarn_canary_age_seconds").values()
    assert 0 <= age_s < 10
    until(
        "nothing is late or lost any more",
        lambda: asked(prometheus, "increase(forewarn_canary_lost_total[10s]) > 0") == {},
        SEEN_S_MAX,
    )
    assert sum(asked(prometheus, "forewarn_alert_revisions_total").values()) > 0
    assert set(asked(prometheus, "forewarn_dead_letters_total").values()) == {0.0}
    until("alerts reach the store", lambda: sum(asked(
        prometheus, 'forewarn_projected_rows_total{table="alerts"}').values()) > 0,
        SEEN_S_MAX, *run.pieces)  # fmt: skip


def every_rule_works_and_no_alert_fires_but_the_watchdog(run: Watched) -> None:
    prometheus = run.url("prometheus")

    def judged() -> list[dict[str, object]]:
        groups = json.loads(fetched(f"{prometheus}/api/v1/rules"))["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    until("every rule was worked out", lambda: {rule["health"] for rule in judged()} == {"ok"},
          SEEN_S_MAX)  # fmt: skip
    assert len(judged()) == len(rules())

    def active() -> set[str]:
        return set(by_label(asked(prometheus, "ALERTS"), "alertname"))

    # What is pending now would fire later; the first tick, a minute after the start, ends some.
    until("nothing but the watchdog fires or is about to", lambda: active() == {"Watchdog"},
          2 * SEEN_S_MAX, *run.pieces)  # fmt: skip

    def told() -> set[str]:
        alerts = json.loads(fetched(f"{run.url('alertmanager')}/api/v2/alerts"))
        return {alert["labels"]["alertname"] for alert in alerts}

    until("Alertmanager was told", lambda: told() == {"Watchdog"}, SEEN_S_MAX)


def of_a_supervisor() -> set[str]:
    """What `forewarn up` exposes, which runs in no container."""
    registry = CollectorRegistry()
    registry.register(MachineMeters((), Path.cwd()))
    return names_exposed(generate_latest(registry).decode("utf-8"))


def every_metric_that_is_named_is_there(run: Watched) -> None:
    there = OF_PROMETHEUS | recorded_names() | of_a_supervisor()
    for service in run.addresses:
        there |= names_exposed(fetched(f"{run.url(service)}/metrics"))
    named = {f"rule {rule.get('alert') or rule['record']}": rule["expr"] for rule in rules()}
    named |= {f"{path.stem}: {title}": expr for path in WRITTEN
              for title, expr in targets_of(board(path))}  # fmt: skip
    missing = {where: names_in(expr) - there for where, expr in named.items()}
    assert {where: names for where, names in missing.items() if names} == {}


def no_label_of_a_metric_of_ours_could_hold_a_person(run: Watched) -> None:
    """A label is a word of a closed list, a number, or a version: never a key or an identifier."""
    said = "".join(fetched(f"{run.url(name)}/metrics") for name in OURS)
    labels = set(re.findall(r'[{,](\w+)="', said))
    allowed = {"stage", "what", "name", "reason", "level", "source", "version", "le", "method"}
    assert labels <= allowed | {"route", "status", "feed", "table", "topic", "outcome"}
    assert re.findall(r'="[^"]*[0-9a-f]{32}[^"]*"', said) == []


def its_health_check_passes_while_it_is_well(run: Watched, service: str) -> None:
    ports = ("9464", "9465", "9466", "8080")
    mine = {f"127.0.0.1:{port}": run.addresses[service] for port in ports}
    assert healthy(service, mine)
    assert not healthy(service, dict.fromkeys(mine, "127.0.0.1:1"))
