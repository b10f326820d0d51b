"""Grafana's dashboards: current, complete, and of expressions that Prometheus can read."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.promql import DOCKER, names_in, recorded_names, rules, targets_of
from tests.docker.test_rules import promtool

GRAFANA = DOCKER / "grafana"
WRITTEN = sorted((GRAFANA / "dashboards").glob("*.json"))


def board(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_bytes())
    return read


def test_the_dashboards_are_those_that_are_written_now(tmp_path: Path) -> None:
    script = GRAFANA / "make_dashboards.py"
    subprocess.run([sys.executable, script, "--out", tmp_path], check=True, timeout=60)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_bytes() for file in WRITTEN}
    assert sorted(made) == ["alerts.json", "api.json", "detection.json", "flow.json"]


def test_every_expression_can_be_read(tmp_path: Path) -> None:
    told = [expr for path in WRITTEN for _, expr in targets_of(board(path))]
    recorded = [{"record": f"one:{at}:it", "expr": expr} for at, expr in enumerate(told)]
    file = tmp_path / "expressions.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": recorded}]}), "utf-8")
    said = promtool("check", "rules", file)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(told)} rules found" in said.stdout


def test_what_is_recorded_is_looked_at_and_what_is_looked_at_is_recorded() -> None:
    shown = {name for path in WRITTEN for _, expr in targets_of(board(path))
             for name in names_in(expr)}  # fmt: skip
    judged = {name for rule in rules() for name in names_in(rule["expr"])}
    used = {name for name in shown | judged if ":" in name}
    assert used == recorded_names()


def test_every_count_that_is_named_is_counted_somewhere() -> None:
    """A count that was renamed would be 0 for ever, and its alert silent."""
    told = [expr for path in WRITTEN for _, expr in targets_of(board(path))]
    told += [rule["expr"] for rule in rules()]
    named = {name for expr in told for name in re.findall(r'\bname="([^"]+)"', expr)}
    assert named
    sources = (DOCKER.parent / "streams").glob("*_stage.py")
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert {name for name in named if f'out.counts["{name}"]' not in code} == set()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_a_dashboard_asks_the_source_that_is_provisioned(path: Path) -> None:
    provisioned = GRAFANA / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(provisioned.read_text(encoding="utf-8"))["datasources"]
    read = board(path)
    uids = {target["datasource"]["uid"] for one in read["panels"] for target in one["targets"]}
    assert uids == {source["uid"]}
    titles = [one["title"] for one in read["panels"]]
    assert len(set(titles)) == len(titles)
    wide = [one["gridPos"]["x"] + one["gridPos"]["w"] for one in read["panels"]]
    assert max(wide) <= 24


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ('sum by (stage) (rate(a_total{x="b(c)"}[5m])) > 14.4 * 0.01', {"a_total"}),
        ("1 - a:b:c / on (x) group_left (y) d and absent(e) unless bool_f", {"a:b:c", "d", "e",
                                                                             "bool_f"}),
        ("histogram_quantile(0.99, sum by (le) (rate(h_bucket[1m] offset 5m)))", {"h_bucket"}),
    ],
)  # fmt: skip
def test_the_names_of_an_expression_are_found(expr: str, names: set[str]) -> None:
    assert names_in(expr) == names
