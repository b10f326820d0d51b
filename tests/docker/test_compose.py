"""docker-compose.yml and the image: what can be held without a Docker engine.

The schema is the one that Debian's docker-compose ships. Which command lines run, is shown by
`test_real_run.py`; that foreign images start as they are told, is shown by nothing here.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from forewarn.broker.broker import Broker
from tests import debian
from tests.brokers import own_broker
from tests.docker.composed import composed, services
from tests.docker.promql import DOCKER
from tests.docker.unpacked import unpacked
from tests.postgres import own_postgres, run_as

ROOT = DOCKER.parent
SCHEMA = "usr/lib/python3/dist-packages/compose/config/compose_spec.json"
DOCKERFILE = DOCKER / "forewarn.Dockerfile"
ONCE = {"topics", "migrate"}
OTHERS_LISTENERS = re.compile(
    r"KAFKA_(LISTENERS|ADVERTISED|LISTENER_|CONTROLLER|INTER_BROKER|LOG_)"
)
each_service = pytest.mark.parametrize("name", list(services()))


def schema() -> Draft7Validator:
    return Draft7Validator(json.loads((unpacked("docker-compose") / SCHEMA).read_bytes()))


def test_the_file_is_as_the_compose_schema_wants_it() -> None:
    assert [error.message for error in schema().iter_errors(composed())] == []
    wrong = composed() | {"services": {"api": {"imagge": "forewarn"}}}
    assert list(schema().iter_errors(wrong))


@each_service
def test_a_container_may_do_little_and_is_looked_after(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user, _, _ = service["user"].partition(":")
    assert int(user) > 0
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-\w+)?", service["image"])
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]
    if name not in ONCE:
        assert service["healthcheck"]["test"]
        assert service["mem_limit"]
        assert service["restart"] == "unless-stopped"
    assert not service.get("privileged")


@each_service
def test_secrets_come_from_files_and_ports_go_to_loopback(name: str) -> None:
    service = services()[name]
    for variable, value in service.get("environment", {}).items():
        secret = re.search("PASSWORD|SECRET|TOKEN", variable)
        assert not secret or variable.endswith("FILE"), variable
        assert isinstance(value, str)
        assert not re.search(r"://[^@/]*:[^@/]*@", value)
    assert set(service.get("secrets", ())) <= set(composed()["secrets"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    for secret in composed()["secrets"].values():
        assert secret["file"].startswith("${FOREWARN_SECRETS:?")


@each_service
def test_a_container_waits_for_what_is_there(name: str) -> None:
    wanted = services()[name].get("depends_on", {})
    for other in wanted:
        assert other in services()
        condition = wanted[other]["condition"] if isinstance(wanted, dict) else ""
        assert (condition == "service_completed_successfully") == (other in ONCE)
    for mount in services()[name].get("volumes", ()):
        source = mount.partition(":")[0]
        assert source in composed()["volumes"] or (ROOT / source).exists()


def test_prometheus_asks_every_container_that_has_metrics() -> None:
    told = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    asked = {target.partition(":")[0] for job in told["scrape_configs"]
             for group in job["static_configs"] for target in group["targets"]}  # fmt: skip
    without = {"kafka", "postgres", "grafana", *ONCE}
    assert asked - {"127.0.0.1"} | {"prometheus"} == set(services()) - without


def test_the_image_has_stages_a_user_and_every_room() -> None:
    lines = DOCKERFILE.read_text(encoding="utf-8").splitlines()
    stages = [line for line in lines if line.startswith("FROM ")]
    assert len(stages) == 2
    assert all(re.search(r":\d+\.\d+\.\d+-slim-\w+( AS build)?$", line) for line in stages)
    last = lines[lines.index(stages[-1]) :]
    users = [line for line in last if line.startswith("USER ")]
    assert users == [f"USER {services()['api']['user']}"]
    assert not any(re.match(r"ADD |.*\bcurl\b|.*:latest", line) for line in lines)
    rooms = re.findall(r"^COPY (\w+) \1$", "\n".join(lines), re.MULTILINE)
    allowed = Path(f"{DOCKERFILE}.dockerignore").read_text(encoding="utf-8").split()
    wheel = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"{room}"' in wheel and f"!{room}" in allowed for room in rooms)
    assert len(rooms) == 6


def kafka_properties() -> dict[str, str]:
    """The broker's settings as the image makes them of its variables, without its addresses."""
    told: dict[str, Any] = services()["kafka"]["environment"]
    kept = {name for name in told if name.startswith("KAFKA_")} - {"KAFKA_HEAP_OPTS"}
    mine = {name for name in kept if not OTHERS_LISTENERS.match(name)}
    return {name[6:].lower().replace("_", "."): told[name] for name in mine}


def test_a_broker_takes_its_settings(tmp_path: Path) -> None:
    wanted = kafka_properties()
    assert wanted["auto.create.topics.enable"] == "false"
    with own_broker(tmp_path, properties=wanted) as broker:
        assert isinstance(broker, Broker)
        assert broker.running


def test_a_database_takes_its_command_line() -> None:
    _, *words = services()["postgres"]["command"]
    server = debian.program("postgres", "postgresql")
    with own_postgres() as running:
        data = running.url("x").rpartition("=")[2] + "/data"
        command = [str(server), "-D", data, *words]
        run_as(running.user, [*command, "-C", "max_connections"])
        with pytest.raises(AssertionError, match="no_such_setting"):
            run_as(running.user, [*command, "-c", "no_such_setting=1", "-C", "max_connections"])
