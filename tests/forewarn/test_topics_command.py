"""`forewarn topics` and `forewarn broker`, as an operator runs them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from forewarn.broker.broker import Broker
from forewarn.broker.ports import free_ports
from forewarn.settings import Settings
from schemas.topics import ALL_TOPICS
from streams.cluster.connect import Connection
from streams.cluster.reach import reach
from tests.brokers import fresh_namespace

FOREWARN = (sys.executable, "-m", "forewarn")


def forewarn(bootstrap: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"FOREWARN_KAFKA_BOOTSTRAP": bootstrap, "COLUMNS": "200"}
    return subprocess.run(
        [*FOREWARN, *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_topics_are_made_checked_and_shown(broker: Broker) -> None:
    of_mine = ("--namespace", fresh_namespace())
    small = ("--partitions", "2")
    before = forewarn(broker.bootstrap, "topics", "check", *of_mine, *small)
    assert before.returncode == 2
    assert f"{len(ALL_TOPICS)} differences" in before.stderr
    assert "mend: make it: forewarn topics create" in before.stderr
    made = forewarn(broker.bootstrap, "topics", "create", *of_mine, *small)
    assert made.returncode == 0, made.stderr
    assert f"{len(ALL_TOPICS)} made, 0 were there" in made.stdout
    after = forewarn(broker.bootstrap, "topics", "check", *of_mine, *small)
    assert after.returncode == 0, after.stderr
    shown = forewarn(broker.bootstrap, "topics", "describe", *of_mine)
    assert "forewarn.person-log.v1" in shown.stdout
    refused = forewarn(broker.bootstrap, "topics", "create", *of_mine, "--partitions", "3")
    assert refused.returncode == 2
    assert "has 2 partitions, wanted are 3" in refused.stderr


def test_a_broker_that_is_not_there_is_said_in_one_line() -> None:
    done = forewarn(f"127.0.0.1:{free_ports(1)[0]}", "topics", "check")
    assert done.returncode == 2
    assert "nobody listens at" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_namespace_written_wrong_is_said_in_one_line(broker: Broker) -> None:
    done = forewarn(broker.bootstrap, "topics", "create", "--namespace", "No.Such")
    assert done.returncode == 2
    assert "is no namespace" in done.stderr


def test_a_broker_runs_in_the_foreground_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [*FOREWARN, "broker", "run", "--data", str(tmp_path / "kafka"), "--heap-mb", "256"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        bootstrap = running.stdout.readline().strip()
        reach(Connection((bootstrap,)))
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 0


def test_what_is_in_the_cache_is_not_fetched_again(broker: Broker) -> None:
    done = forewarn(broker.bootstrap, "broker", "fetch")
    assert done.returncode == 0, done.stderr
    assert "fetching" not in done.stderr
    assert str(Settings().cache_dir) in done.stderr
