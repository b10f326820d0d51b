"""The configuration with which a Prometheus watches one machine: what to ask where, and the rules.

Rules: written anew at each start, since it follows from the ports. The rules are those of the
repository; an installation without them is watched all the same.
"""

import json
from pathlib import Path

from forewarn.broker.ports import HOST
from forewarn.machine.composition import SUPERVISOR, Machine

CONFIG = "prometheus.yml"
RULES = Path(__file__).parents[2] / "docker" / "prometheus" / "rules"
_ASKED = ("worker", "projector", "api", "canary", SUPERVISOR)
_HEAD = """\
# Written by `forewarn up` at each start; change docker/prometheus/ instead.
global:
  scrape_interval: 5s
  scrape_timeout: 4s
  evaluation_interval: 5s
"""
_RULES = """\
rule_files:
  - {rules}
"""
_JOB = """\
  - job_name: forewarn-{name}
    static_configs:
      - targets: ["{host}:{port}"]
"""


def prometheus_config(machine: Machine) -> str:
    """Return the configuration (YAML) for a Prometheus on the same machine."""
    asked = [name for name in _ASKED if name != "canary" or machine.canary]
    jobs = [_JOB.format(name=name, host=HOST, port=machine.ports[name]) for name in asked]
    rules = _RULES.format(rules=json.dumps(f"{RULES}/*.yml")) if RULES.is_dir() else ""
    return "".join([_HEAD, rules, "scrape_configs:\n", *jobs])


def watch_command(machine: Machine) -> str:
    """Return the command that watches the machine; what Prometheus keeps is in its folder too."""
    root = machine.folder.root
    kept = f"--storage.tsdb.path={root / 'prometheus'}"
    return f"prometheus --config.file={root / CONFIG} {kept}"
