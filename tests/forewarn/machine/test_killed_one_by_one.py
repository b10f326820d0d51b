"""The whole machine with its demo: every process killed once, nothing lost, nothing left behind.

Rules: reports of danger to life are posted before and after each kill; each must be one red alert,
told once. It is one test, because a machine takes a while to start.
"""

import os
import re
import signal
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from alerts.episodes import alert_id_of
from alerts.store.tokens import Role
from alerts.vault.pseudonyms import signal_id
from forewarn.broker.ports import HOST
from forewarn.machine.demo_player import read_place
from schemas.taxonomy import Kind, Scope
from tests.forewarn.machine.machines import Machine, machine, refused, status_of
from tests.forewarn.machine.small_machines import until

VICTIMS = ("api", "projector", "worker", "broker")
SOURCE = "/990101/test"
BACK_S_MAX = 90.0
_AWAY = (httpx.TransportError,)


def report(number: int) -> dict[str, Any]:
    """A report of strangulation, each about another person."""
    return {
        "specversion": "1.0",
        "id": f"killed-{number}",
        "source": SOURCE,
        "type": "forewarn.incident-report.v1",
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "purpose": "harm_report",
            "kind": "domestic_violence",
            "area": "990101001001001",
            "severity": 4,
            "signs": ["strangulation"],
            "origin": "reported",
            "channel": "phone",
            "person": {"scheme": "phone", "value": f"+86134998{number:05d}"},
        },
    }


class Asker:
    """A gateway and an officer of one machine, both patient."""

    def __init__(self, one: Machine) -> None:
        self._client = httpx.Client(base_url=f"http://{HOST}:{one.port('api')}", timeout=20.0)
        self._gateway = {"authorization": f"Bearer {one.token(Role.GATEWAY)}"}
        self._officer = {"authorization": f"Bearer {one.token(Role.OFFICER)}"}
        self.posted = 0

    def _answer(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        try:
            return self._client.request(method, path, **more)
        except _AWAY:
            return None

    def post(self) -> None:
        """Post one more report, again and again until it is taken."""
        self.posted += 1
        one = report(self.posted)

        def taken() -> bool:
            answer = self._answer("POST", "/v1/events", json=one, headers=self._gateway)
            return answer is not None and answer.status_code == HTTPStatus.ACCEPTED

        until(taken, f"report {self.posted} was taken", BACK_S_MAX)

    def all_alerted(self) -> bool:
        """Whether each report is one red alert, in its first revision."""
        return all(self._revision(number) == 1 for number in range(1, self.posted + 1))

    def _revision(self, number: int) -> int:
        signal_of = signal_id(SOURCE, f"killed-{number}")
        alert_id = alert_id_of(Scope.PERSON, Kind.DOMESTIC_VIOLENCE.value, signal_of)
        answer = self._answer("GET", f"/v1/alerts/{alert_id}", headers=self._officer)
        if answer is None or answer.status_code != HTTPStatus.OK:
            return 0
        alert = answer.json()["view"]["alert"]
        assert alert["level"] == "red"
        return int(alert["revision"])

    def alerts(self) -> list[dict[str, Any]]:
        """The newest alerts."""
        found = self._client.get("/v1/alerts", params={"limit": 200}, headers=self._officer)
        found.raise_for_status()
        items: list[dict[str, Any]] = found.json()["items"]
        return items

    def close(self) -> None:
        """Hang up."""
        self._client.close()


def samples(one: Machine, name: str, metric: str) -> dict[str, float]:
    """A metric of a process of the machine, by the label `process` (empty where it has none)."""
    told = httpx.get(f"http://{HOST}:{one.port(name)}/metrics").raise_for_status().text
    found = re.findall(rf'^{metric}(?:{{process="(\w+)"}})? (\S+)$', told, re.MULTILINE)
    return {process: float(value) for process, value in found}


def kill_and_wait(one: Machine, name: str, asker: Asker) -> None:
    """Kill a process between two reports, and wait until it serves again."""
    asker.post()
    os.kill(one.pid(name), signal.SIGKILL)
    asker.post()
    until(lambda: one.child(name).restarts >= 1, f"{name} is started again", BACK_S_MAX)
    until(lambda: one.state().serves, f"all serve after {name} was killed", BACK_S_MAX)
    until(asker.all_alerted, f"every report is an alert after {name} was killed", BACK_S_MAX)


def test_every_process_comes_back_and_nothing_is_lost(tmp_path: Path) -> None:
    root = tmp_path / "town"
    with machine(root, "--demo") as one:
        one.wait_ready()
        assert "is in use by process" in refused(root, "--demo")
        asker = Asker(one)
        for name in VICTIMS:
            kill_and_wait(one, name, asker)
        told = status_of(root)
        assert told.returncode == 0, told.stdout
        restarted = {child.name for child in one.state().children if child.restarts}
        assert set(VICTIMS) <= restarted
        counted = samples(one, "supervisor", "forewarn_process_restarts_total")
        assert set(VICTIMS) <= {name for name, times in counted.items() if times}
        until(lambda: set(samples(one, "supervisor", "forewarn_process_up").values()) == {1.0},
              "the supervisor says that all are up", BACK_S_MAX)  # fmt: skip
        assert samples(one, "canary", "forewarn_canary_seconds_count")[""] > 0
        seen = {item["alert"]["scope"] for item in asker.alerts()}
        assert {"person", "incident"} <= seen
        asker.close()
        assert one.stop(signal.SIGINT) == 0, one.said
        assert one.left_behind() == []
        assert status_of(root).returncode == 1
    place = read_place(root / "demo")
    assert place.to_tell > 0
    with machine(root, "--demo") as again:
        again.wait_ready()
        asker = Asker(again)
        asker.posted = 2 * len(VICTIMS)
        until(asker.all_alerted, "every alert is still there")
        asker.close()
        until(lambda: read_place(root / "demo").to_tell > place.to_tell, "the town is told further")
        assert read_place(root / "demo").history == place.history, "its past is told once"
        again.process.kill()
        again.process.wait()
        until(lambda: again.left_behind() == [], "nothing outlives a supervisor that is killed")
