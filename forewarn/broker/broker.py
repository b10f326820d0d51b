"""One Kafka broker as a process of this machine: start, stop, kill, pause, and start again.

Rules: a broker is ready when it answers a real metadata request; every wait has a deadline; it
keeps its ports and its data over restarts; it ends when the process that started it ends, however
that ends; only its own process group is ever signalled.
"""

import os
import secrets
import signal
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from forewarn.broker.certificates import Certificates, certificates
from forewarn.broker.java import java
from forewarn.broker.ports import HOST, free_ports
from forewarn.broker.properties import MECHANISM, as_text, secured, server_properties
from forewarn.leash import leash, let_go
from streams.cluster.connect import Connection, Security

_POLL_S = 0.1
_FORMAT_S_MAX = 60.0
_ANSWER_MS_MAX = 3000
_LOG_LINES_SHOWN = 25
# The compiler's first tier starts sooner, and one thread collects garbage on few cores.
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.showShortLogName=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
)


class BrokerError(Exception):
    """The broker does not do what it was asked; the message shows the end of its log."""


@dataclass(frozen=True)
class BrokerConfig:
    """What a broker is started with: `data` keeps everything it writes; port 0 is a free one.

    `security` is PLAINTEXT or SASL_SSL; with SASL_SSL, `users` are names and passwords that a new
    data folder is made with, and the broker itself is the first of them.
    """

    data: Path
    jars: tuple[Path, ...]
    port: int = 0
    heap_mb: int = 256
    ready_s_max: float = 60.0
    stop_s_max: float = 20.0
    properties: Mapping[str, str] = field(default_factory=dict)
    security: Security = Security.PLAINTEXT
    users: Mapping[str, str] = field(default_factory=dict, repr=False)


class Broker:
    """The handle of one broker; not for use from several threads at a time."""

    def __init__(self, config: BrokerConfig) -> None:
        self.config = config
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self.port, self._controller_port = _ports(config)

    @property
    def bootstrap(self) -> str:
        """Where clients connect: `host:port`."""
        return f"{HOST}:{self.port}"

    def connection(self, username: str = "") -> Connection:
        """Return how a client reaches it, as the first user or the one named."""
        if self.config.security is Security.PLAINTEXT:
            return Connection((self.bootstrap,))
        name = username or next(iter(self.config.users))
        return Connection(
            (self.bootstrap,),
            security=self.config.security,
            username=name,
            password=self.config.users[name],
            ca_file=self._certificates().ca_file,
        )

    @property
    def log_file(self) -> Path:
        """What the broker said, over all its starts."""
        return self.config.data / "broker.log"

    @property
    def running(self) -> bool:
        """Whether the process is there (paused counts)."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start, and wait until it answers; BrokerError when it does not in `ready_s_max`."""
        if self.running:
            return self
        properties = self._write_properties()
        if not (self.config.data / "log" / "meta.properties").exists():
            self._format(properties)
        command = self._java(f"-Xmx{self.config.heap_mb}m", *_JVM, *_LOGGING)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own program and arguments
                [*command, "kafka.Kafka", str(properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._watcher = leash(self._process.pid)
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> None:
        """Let it shut down cleanly; kill it when it has not within `stop_s_max`."""
        if self._process is not None and self.running:
            self.resume()
            self._process.terminate()
            try:
                self._process.wait(self.config.stop_s_max)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
        self._reap()

    def kill(self) -> None:
        """Kill it as a power cut would: no shutdown, nothing flushed by it."""
        self._signal(signal.SIGKILL)
        self._reap()

    def pause(self) -> None:
        """Stop its threads; connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused broker go on."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Stop it if it runs, and start it on the same ports and data."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.running:
            os.killpg(self._process.pid, number)

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait(self.config.stop_s_max)
        if self._watcher is not None:
            let_go(self._watcher)
        self._process = self._watcher = None

    def _java(self, *options: str) -> list[str]:
        class_path = os.pathsep.join(str(jar) for jar in self.config.jars)
        return [str(java()), *options, "-cp", class_path]

    def _write_properties(self) -> Path:
        data = self.config.data.resolve()
        (data / "log").mkdir(parents=True, exist_ok=True)
        path = data / "server.properties"
        more = dict(self.config.properties)
        if self.config.security is Security.SASL_SSL:
            more |= secured(self._certificates(), *next(iter(self.config.users.items())))
        properties = server_properties(str(data / "log"), self.port, self._controller_port, more)
        path.touch(mode=0o600)
        path.write_text(as_text(properties), encoding="utf-8")
        return path

    def _certificates(self) -> Certificates:
        return certificates(self.config.data.resolve() / "tls")

    def _format(self, properties: Path) -> None:
        cluster = urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        users = [
            f"{MECHANISM}=[name={name},password={password}]"
            for name, password in self.config.users.items()
        ]
        done = subprocess.run(  # noqa: S603  # our own program and arguments
            [
                *self._java("-Xmx64m", *_JVM, *_LOGGING),
                *("kafka.tools.StorageTool", "format", "--config", str(properties)),
                f"--cluster-id={cluster}",  # an id may begin with a dash
                *(word for user in users for word in ("--add-scram", user)),
            ],
            capture_output=True,
            text=True,
            timeout=_FORMAT_S_MAX,
            check=False,
        )
        if done.returncode != 0:
            raise BrokerError(
                f"the data folder {self.config.data} cannot be formatted:\n"
                f"{done.stdout}{done.stderr}"
            )

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + self.config.ready_s_max
        while time.monotonic() < until:
            if not self.running:
                raise BrokerError(f"the broker ended while starting:\n{self._last_lines()}")
            if self._answers():
                return
            time.sleep(_POLL_S)
        raise BrokerError(
            f"the broker did not answer within {self.config.ready_s_max:.0f} s:\n"
            f"{self._last_lines()}"
        )

    def _answers(self) -> bool:
        """Whether a metadata request is answered, and names the broker itself."""
        if not _listens(self.port):
            return False
        try:
            options = self.connection().kafka_python_options()
            admin = KafkaAdminClient(**options | {"bootstrap_timeout_ms": _ANSWER_MS_MAX})
            try:
                return bool(admin.describe_cluster()["brokers"])
            finally:
                admin.close()
        except KafkaError:
            return False

    def _last_lines(self) -> str:
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES_SHOWN:])


def _ports(config: BrokerConfig) -> tuple[int, int]:
    """Return the ports of clients and controller: those of the data folder when it has some."""
    kept = config.data / "ports"
    if kept.exists():
        port, controller = (int(word) for word in kept.read_text(encoding="ascii").split())
        return config.port or port, controller
    port, controller = free_ports(2)
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept.write_text(f"{config.port or port} {controller}\n", encoding="ascii")
    return config.port or port, controller


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=_ANSWER_MS_MAX / 1000):
            return True
    except OSError:
        return False
