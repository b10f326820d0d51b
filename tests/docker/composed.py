"""The pieces of docker-compose.yml as processes of this machine, without any container.

Rules: a command line is the one of the file, with the file's paths and addresses replaced by a
test's own and nothing else changed; processes are ended by their id; all listen on loopback.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import yaml

from tests.docker.promql import DOCKER

COMPOSE = DOCKER.parent / "docker-compose.yml"
FOREWARN = [sys.executable, "-m", "forewarn"]
STOP_S_MAX = 45.0
ONCE_S_MAX = 90.0
ANSWER_S_MAX = 5.0
LINES_SHOWN = 20
_AGAIN_S = 0.2


def composed() -> dict[str, Any]:
    """The file, its anchors resolved."""
    read: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return read


def services() -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = composed()["services"]
    return found


def replaced(words: list[str], mine: Mapping[str, str]) -> list[str]:
    """The words with a test's own paths and addresses."""
    for theirs, own in mine.items():
        words = [word.replace(theirs, own) for word in words]
    return words


def variables(service: str, mine: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service with a test's own paths and addresses."""
    told: dict[str, str] = services()[service].get("environment", {})
    values = replaced(list(told.values()), mine)
    return dict(zip(told, values, strict=True))


class Piece(NamedTuple):
    """One process under test, and what it says."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self) -> str:
        """All that it said."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self) -> str:
        """The end of it, under its name."""
        lines = self.said().splitlines()[-LINES_SHOWN:]
        return "\n".join([f"--- {self.name}, {self.process.poll()}", *lines])


@contextmanager
def running(
    folder: Path, service: str, program: list[str], mine: Mapping[str, str], *more: str
) -> Iterator[Piece]:
    """Run a service's command with a program."""
    words = [*program, *replaced(services()[service]["command"], mine), *more]
    log = folder / f"{service}.log"
    with log.open("ab") as said:
        process = subprocess.Popen(
            words,
            env=os.environ | variables(service, mine),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        yield Piece(service, process, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S_MAX)


def forewarn_command(*words: str, env: Mapping[str, str]) -> None:
    """Run a command of ours that ends by itself; it must end well."""
    done = subprocess.run(
        [*FOREWARN, *words],
        env=dict(os.environ) | dict(env),
        capture_output=True,
        text=True,
        timeout=ONCE_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def forewarn_once(service: str, mine: Mapping[str, str], *more: str) -> None:
    """Run the command of a service that ends by itself."""
    words = replaced(services()[service]["command"], mine)
    forewarn_command(*words, *more, env=variables(service, mine))


def healthy(service: str, mine: Mapping[str, str]) -> bool:
    """Whether the health check of a service of ours passes, run as the file has it."""
    kind, program, *words = services()[service]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    command = [sys.executable, *replaced(words, mine)]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    return done.returncode == 0


def fetched(url: str, **query: str) -> str:
    """The body of a good answer; httpx.HTTPError where there is none."""
    return httpx.get(url, params=query, timeout=ANSWER_S_MAX).raise_for_status().text


def listens(url: str) -> bool:
    """Whether something answers there at all, and well."""
    try:
        fetched(url)
    except httpx.HTTPError:
        return False
    return True


def until(what: str, true: Callable[[], object], seconds: float, *pieces: Piece) -> None:
    """Wait until something holds; fail at the deadline, or where a piece has ended."""
    deadline = time.monotonic() + seconds
    while not true():
        ended = [piece for piece in pieces if piece.process.poll() is not None]
        if ended or time.monotonic() > deadline:
            told = "\n".join(piece.end() for piece in ended or pieces)
            raise AssertionError(f"{'ended before' if ended else 'not in time'}: {what}\n{told}")
        time.sleep(_AGAIN_S)


def asked(prometheus: str, expr: str) -> dict[str, float]:
    """What Prometheus answers to an expression now: values by labels, which are JSON."""
    answer = json.loads(fetched(f"{prometheus}/api/v1/query", query=expr))
    found = answer["data"]["result"]
    return {json.dumps(one["metric"], sort_keys=True): float(one["value"][1]) for one in found}
