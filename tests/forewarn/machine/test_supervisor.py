"""The supervisor over real processes: order, restarts, bounds, and that nothing is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from forewarn.machine.plan import Child, PlanError, checked
from forewarn.machine.process import cut
from forewarn.machine.restarts import Phase
from tests.forewarn.machine.small_machines import (
    BROKEN,
    DEAF,
    REFUSING,
    is_there,
    job,
    kill,
    running,
    script,
    until,
)

SUPERVISED = """
import sys
from pathlib import Path
from tests.forewarn.machine.small_machines import DEAF, Running, script
machine = Running((script("one"), script("deaf", DEAF, ("one",))), Path(sys.argv[1]))
machine.serves()
print(machine.pid("one"), machine.pid("deaf"), flush=True)
machine.thread.join()
"""


def test_children_start_in_order_and_stop_backwards(tmp_path: Path) -> None:
    made = job("made", "print('made')")
    plan = (made, script("first", needs=("made",)), script("second", needs=("first",)))
    with running(plan, tmp_path) as machine:
        machine.serves()
        pids = [machine.pid(name) for name in ("first", "second")]
        machine.stop()
        heard = machine.heard
        assert heard.first("made", Phase.DONE) < heard.first("first", Phase.STARTING)
        assert heard.first("first", Phase.READY) < heard.first("second", Phase.STARTING)
        assert heard.stopped == ["second", "first"]
        assert machine.failure is None
        assert not any(is_there(pid) for pid in pids)
    said = (tmp_path / "first.log").read_text(encoding="utf-8").split()
    assert said == ["up", "down"], "it was given the time to stop by itself"


def test_a_killed_child_comes_back_and_is_counted(tmp_path: Path) -> None:
    with running((script("one"), script("two", needs=("one",))), tmp_path) as machine:
        machine.serves()
        before, other = machine.pid("one"), machine.pid("two")
        kill(before)
        until(lambda: machine.member("one").life.restarts == 1, "it was started again")
        until(lambda: machine.member("one").serves, "it serves again")
        assert machine.pid("one") != before
        assert machine.member("one").last_code == -9
        assert machine.pid("two") == other, "what needs it waits by itself"


def test_one_that_ends_again_and_again_ends_the_machine_with_a_reason(tmp_path: Path) -> None:
    with running((script("one"), script("broken", BROKEN)), tmp_path) as machine:
        machine.thread.join(20.0)
        assert machine.failure is not None
        assert machine.failure.name == "broken"
        assert "broken ended 4 times in a row, last with 3" in machine.failure.reason
        assert "up to here" in machine.failure.reason
        assert machine.member("one").life.phase is Phase.STOPPED


def test_one_that_refuses_to_start_is_not_tried_again(tmp_path: Path) -> None:
    with running((script("wrong", REFUSING),), tmp_path) as machine:
        machine.thread.join(20.0)
        assert machine.failure is not None
        assert machine.failure.refused
        assert machine.failure.reason == "wrong refused to start: the setting is wrong"


def test_what_needs_another_is_not_started_while_that_one_is_away(tmp_path: Path) -> None:
    slow = script("slow", "import time; time.sleep(1); print('up', flush=True); time.sleep(600)")
    with running((slow, script("after", needs=("slow",))), tmp_path) as machine:
        until(lambda: machine.member("slow").life.phase is Phase.STARTING, "it is starting")
        assert machine.member("after").life.phase is Phase.WAITING
        machine.serves()


def test_one_that_does_not_hear_is_killed_within_its_bound(tmp_path: Path) -> None:
    with running((script("deaf", DEAF, stop_s_max=0.5),), tmp_path) as machine:
        machine.serves()
        pid = machine.pid("deaf")
        machine.stop()
        assert not is_there(pid)


def test_one_that_is_not_ready_in_time_is_started_again(tmp_path: Path) -> None:
    mute = script("mute", "import time; time.sleep(600)", start_s_max=0.3)
    with running((mute,), tmp_path) as machine:
        until(lambda: machine.member("mute").life.restarts >= 1, "it was started again")


def test_one_that_no_longer_answers_is_started_again(tmp_path: Path) -> None:
    class Never:
        def passes(self, log: Path, since: int) -> bool:
            return False

    sick = script("sick", well=Never(), unwell_s_max=0.0)
    with running((sick,), tmp_path) as machine:
        machine.serves()
        until(lambda: machine.member("sick").life.restarts >= 1, "it was started again")


def test_a_machine_in_trouble_stops_all_and_says_why(tmp_path: Path) -> None:
    full = tmp_path / "full"

    def trouble() -> str | None:
        return "the disk is full" if full.exists() else None

    with running((script("one"),), tmp_path, trouble) as machine:
        machine.serves()
        pid = machine.pid("one")
        full.touch()
        machine.thread.join(20.0)
        assert machine.failure is not None
        assert machine.failure.reason == "the disk is full"
        assert not is_there(pid)


def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISED, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert supervisor.stdout is not None
    pids = [int(word) for word in supervisor.stdout.readline().split()]
    assert len(pids) == 2
    assert all(is_there(pid) for pid in pids)
    supervisor.kill()
    supervisor.communicate()
    until(lambda: not any(is_there(pid) for pid in pids), "its children have ended")


def test_a_log_stays_within_its_bound_while_it_is_written(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    with log.open("ab") as writer:
        writer.write(b"before\n" * 100)
        writer.flush()
        cut(log, 100)
        writer.write(b"after\n")
    assert log.read_bytes() == b"after\n"
    assert (tmp_path / "one.log.1").read_bytes().startswith(b"before\n")


@pytest.mark.parametrize(
    "plan",
    [
        (script("two", needs=("one",)), script("one")),
        (script("one"), script("one")),
        (Child("one", "neither a job nor asked whether it is ready", ()),),
    ],
    ids=["needs what comes later", "named twice", "never ready"],
)
def test_a_plan_that_cannot_be_run_is_refused(plan: tuple[Child, ...]) -> None:
    with pytest.raises(PlanError):
        checked(plan)
