"""What the supervisor tells Prometheus: the same as `forewarn status`, and nothing of anybody."""

import re
from pathlib import Path

import httpx
import pytest

from forewarn.broker.ports import HOST, free_ports
from forewarn.machine.meters import metrics_served
from tests.forewarn.machine.small_machines import job, kill, running, script, until


def told(port: int) -> dict[str, float]:
    """Samples by name and labels."""
    text = httpx.get(f"http://{HOST}:{port}/metrics").raise_for_status().text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_a_killed_process_is_down_then_up_and_counted(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    plan = (job("made", "print('made')"), script("one", needs=("made",)))
    with (
        running(plan, tmp_path) as machine,
        metrics_served(port, machine.supervisor.members, tmp_path),
    ):
        machine.serves()
        first = told(port)
        assert first['forewarn_process_up{process="made"}'] == 1
        assert first['forewarn_process_up{process="one"}'] == 1
        assert first['forewarn_process_restarts_total{process="one"}'] == 0
        assert first['forewarn_process_memory_bytes{process="one"}'] > 1_000_000
        assert first["forewarn_disk_free_bytes"] > 0
        kill(machine.pid("one"))
        again = 'forewarn_process_restarts_total{process="one"}'
        until(lambda: told(port)[again] == 1, "the restart is counted")
        until(lambda: told(port)['forewarn_process_up{process="one"}'] == 1, "it is up again")
        since = 'forewarn_process_since_timestamp_seconds{process="one"}'
        assert told(port)[since] >= first[since]
        assert set(re.findall(r'[{,](\w+)="', " ".join(told(port)))) == {"process"}


def test_one_that_does_not_answer_is_not_up(tmp_path: Path) -> None:
    class Never:
        def passes(self, log: Path, since: int) -> bool:
            return False

    (port,) = free_ports(1)
    with (
        running((script("sick", well=Never()),), tmp_path) as machine,
        metrics_served(port, machine.supervisor.members, tmp_path),
    ):
        machine.serves()
        until(lambda: told(port)['forewarn_process_up{process="sick"}'] == 0, "it is seen")


def test_nobody_answers_before_or_after(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with metrics_served(port, (), tmp_path):
        assert told(port)["forewarn_disk_free_bytes"] > 0
        with pytest.raises(OSError, match="in use"), metrics_served(port, (), tmp_path):
            pass
    with pytest.raises(httpx.ConnectError):
        told(port)
