"""The processes under faults: workers that are started again when they end, and a feeder.

Rules: every process is ended by its id; what they say goes to a file each. A worker that ends
without having been told to is started again, as a supervisor would, and counted.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.cluster import Cluster
from tests.faults.towns import Feed

STOP_S_MAX = 60.0
SESSION_S = 3.0
RUNNING = b" are running"
LINES_SHOWN = 15


def environment(cluster: Cluster, keys: Path) -> dict[str, str]:
    """The environment of all processes of a run."""
    return {
        **os.environ,
        "FOREWARN_KAFKA_BOOTSTRAP": cluster.broker.bootstrap,
        "FOREWARN_NAMESPACE": cluster.namespace,
        "FOREWARN_KEYS_FILE": str(keys),
        "FOREWARN_LOG_LEVEL": "INFO",
    }


@dataclass
class Worker:
    """One worker and what became of it: `ends` are exit codes that nobody asked for."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = False
    kills: int = 0
    starts: int = 0
    ends: list[int] = field(default_factory=list)
    _said_before: int = 0

    def start(self) -> None:
        """Start it; it will be started again whenever it ends."""
        self.wanted = True
        self.starts += 1
        self._said_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def tend(self) -> None:
        """Start it again if it has ended and should not have."""
        code = self.process.poll() if self.process else None
        if self.wanted and code is not None:
            if code != -signal.SIGKILL:
                self.ends.append(code)
            self.start()

    def running(self) -> bool:
        """Whether this process of it has said that its stages run."""
        return RUNNING in self.said()

    def said(self) -> bytes:
        """What this process of it has said."""
        with self.log.open("rb") as log:
            log.seek(self._said_before)
            return log.read()

    def kill(self) -> None:
        """Kill it without warning; `tend` starts it again."""
        self.kills += 1
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(STOP_S_MAX)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)

    def stop(self) -> None:
        """Tell it to stop and wait until it has; kill it when it does not."""
        self.wanted = False
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if self.process is not None:
            try:
                code = self.process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                code = 124
                self.kill()
            if code:
                self.ends.append(code)

    def last_words(self) -> str:
        """The end of what it said."""
        said = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(said[-LINES_SHOWN:])


class Crew:
    """The workers of a run; `module` and `options` are what each is started with."""

    def __init__(
        self,
        cluster: Cluster,
        feed: Feed,
        folder: Path,
        *,
        module: tuple[str, ...] = ("forewarn", "worker"),
        options: tuple[str, ...] = (),
    ) -> None:
        self.workers: list[Worker] = []
        self._env = environment(cluster, folder / "keys.json")
        self._folder = folder
        self._command = [
            *(sys.executable, "-m", *module, "--metrics-port", "0"),
            *("--namespace", cluster.namespace, "--areas", str(feed.areas)),
            *("--session-s", str(SESSION_S), "--takeover-wait-s", "10", *options),
        ]

    def join(self) -> Worker:
        """Start one more worker."""
        name = f"worker-{len(self.workers) + 1}"
        one = Worker(name, self._command, self._env, self._folder / f"{name}.log")
        self.workers.append(one)
        one.start()
        return one

    def tend(self) -> None:
        """Start again what has ended."""
        for one in self.workers:
            one.tend()

    def stop(self) -> None:
        """Stop all of them."""
        for one in self.workers:
            if one.wanted:
                one.stop()


class Feeder:
    """`forewarn feed` at work."""

    def __init__(self, cluster: Cluster, feed: Feed, folder: Path, speed: float | None) -> None:
        self.log = folder / "feeder.log"
        command = [sys.executable, "-m", "forewarn", "feed", str(feed.path)]
        command += ["--namespace", cluster.namespace]
        command += ["--speed", str(speed)] if speed else []
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=environment(cluster, folder / "keys.json"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def done(self) -> bool:
        """Whether everything has been sent; an error where it could not be."""
        code = self.process.poll()
        if code:
            raise AssertionError(
                f"the feeder ended with {code}: {self.log.read_text(encoding='utf-8')}"
            )
        return code == 0

    def stop(self) -> None:
        """End it where it has not ended."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_S_MAX)


class Deadline:
    """A bound on a wait."""

    def __init__(self, seconds: float, what: str) -> None:
        self._until = time.monotonic() + seconds
        self._what = what

    def check(self) -> None:
        """Raise when it is over."""
        if time.monotonic() > self._until:
            raise TimeoutError(f"not in time: {self._what}")
