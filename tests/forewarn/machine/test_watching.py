"""The configuration that `forewarn up` writes for a Prometheus, judged by Prometheus's own tool."""

from pathlib import Path

import pytest
import yaml

from forewarn.machine.composition import Machine
from forewarn.machine.folder import Folder
from forewarn.machine.watching import CONFIG, RULES, prometheus_config, watch_command
from tests.docker.test_rules import promtool
from tests.forewarn.machine.test_composition import PORTS


def machine(root: Path, *, canary: bool = True) -> Machine:
    return Machine(Folder(root), PORTS, areas=None, demo=False, canary=canary)


def test_prometheus_takes_it_with_all_rules(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text(prometheus_config(machine(tmp_path)), encoding="utf-8")
    said = promtool("check", "config", tmp_path / CONFIG)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(list(RULES.glob('*.yml')))} rule files found" in said.stdout


@pytest.mark.parametrize("canary", [True, False])
def test_it_asks_everyone_who_has_metrics_and_nobody_else(tmp_path: Path, canary: bool) -> None:
    told = yaml.safe_load(prometheus_config(machine(tmp_path, canary=canary)))
    asked = {
        one["job_name"].removeprefix("forewarn-"): one["static_configs"][0]["targets"]
        for one in told["scrape_configs"]
    }
    without = {"broker"} | (set() if canary else {"canary"})
    assert asked == {name: [f"127.0.0.1:{PORTS[name]}"] for name in set(PORTS) - without}


def test_the_command_keeps_everything_in_the_folder(tmp_path: Path) -> None:
    words = watch_command(machine(tmp_path)).split()
    assert words[0] == "prometheus"
    assert all(str(tmp_path) in word for word in words[1:])
