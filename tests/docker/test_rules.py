"""Prometheus's and Alertmanager's files, judged by their own programs."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import debian
from tests.docker.promql import DOCKER, RULES, alert_names, recorded_names, rules

DOCS = Path(__file__).parents[2] / "docs"
UNIT_TESTS = Path(__file__).parent / "rules"
ALERTMANAGER = DOCKER / "alertmanager" / "alertmanager.yml"
ANSWER_S_MAX = 120.0


def said_by(program: str, package: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    path = debian.program(program, package)
    return subprocess.run(
        [path, *words], capture_output=True, text=True, timeout=ANSWER_S_MAX, check=False
    )


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return said_by("promtool", "prometheus", *words)


def amtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return said_by("amtool", "prometheus-alertmanager", *words)


def unit_tests() -> list[dict[str, Any]]:
    return [
        test
        for file in sorted(UNIT_TESTS.glob("*.yml"))
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
    ]


def test_prometheus_takes_its_configuration_and_all_rules() -> None:
    said = promtool("check", "config", DOCKER / "prometheus" / "prometheus.yml")
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(list(RULES.glob('*.yml')))} rule files found" in said.stdout


@pytest.mark.parametrize("file", sorted(UNIT_TESTS.glob("*.yml")), ids=lambda file: file.stem)
def test_alerts_fire_where_they_should_and_nowhere_else(file: Path) -> None:
    said = promtool("test", "rules", file)
    assert said.returncode == 0, said.stdout + said.stderr


def test_a_unit_test_of_a_rule_can_fail(tmp_path: Path) -> None:
    (watchdog,) = (test for test in unit_tests() if test["name"] == "the watchdog always barks")
    watchdog["alert_rule_test"][0]["eval_time"] = "1m"
    for summary, code in ((None, 0), ("Something else", 1)):
        if summary is not None:
            watchdog["alert_rule_test"][0]["exp_alerts"][0]["exp_annotations"]["summary"] = summary
        file = tmp_path / "one.yml"
        told = {"rule_files": [str(RULES / "*.yml")], "tests": [watchdog]}
        file.write_text(yaml.safe_dump(told), encoding="utf-8")
        assert promtool("test", "rules", file).returncode == code


def test_every_alert_is_seen_firing_and_all_but_the_watchdog_silent() -> None:
    told = [case for test in unit_tests() for case in test["alert_rule_test"]]
    fires = {case["alertname"] for case in told if case.get("exp_alerts")}
    silent = {case["alertname"] for case in told if not case.get("exp_alerts")}
    assert fires == set(alert_names())
    assert silent == set(alert_names()) - {"Watchdog"}


def test_every_alert_has_a_severity_a_summary_and_a_runbook_that_is_there() -> None:
    headings = re.findall(r"^### (\w+)$", (DOCS / "operate.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(alert_names())
    for rule in (rule for rule in rules() if "alert" in rule):
        assert rule["labels"]["severity"] in {"critical", "warning", "none"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook"] == f"docs/operate.md#{rule['alert'].lower()}"


def test_nothing_is_recorded_or_named_twice() -> None:
    assert len(recorded_names()) == len([rule for rule in rules() if "record" in rule])
    assert len(set(alert_names())) == len(alert_names())


def test_alertmanager_takes_its_configuration() -> None:
    said = amtool("check-config", ALERTMANAGER)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("rule", [rule for rule in rules() if "alert" in rule],
                         ids=lambda rule: rule["alert"])  # fmt: skip
def test_every_alert_reaches_whom_its_severity_says(rule: dict[str, Any]) -> None:
    severity = rule["labels"]["severity"]
    receiver = {"critical": "duty", "warning": "tickets", "none": "dead-man"}[severity]
    labels = (f"alertname={rule['alert']}", f"severity={severity}")
    said = amtool(
        "config", "routes", "test", f"--config.file={ALERTMANAGER}",
        f"--verify.receivers={receiver}", *labels,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr


def test_what_is_inhibited_is_an_alert_and_the_dead_man_never_is() -> None:
    matchers = [
        matcher
        for rule in yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
    ]
    wanted = [re.fullmatch(r'alertname =~? "(.+)"', matcher) for matcher in matchers]
    for found in wanted:
        assert found
        assert not re.fullmatch(found[1], "Watchdog")
        for name in re.sub(r"\(Fresh\|Delivered\)", "Fresh", found[1]).split("|"):
            assert any(re.fullmatch(name, alert) for alert in alert_names()), name
