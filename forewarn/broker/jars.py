"""The jars of Apache Kafka: locked by name and hash, fetched once, kept in the user's cache.

Rules: only what `jars.lock` names is ever run, and only with the hash it states; a jar appears in
the cache whole or not at all; two processes may fetch at the same time.
"""

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver

from forewarn.broker.repositories import repositories

LOCK = Path(__file__).with_name("jars.lock")
# What is wanted; the lock names all that these need. slf4j-simple makes the broker's log readable.
WANTED = ("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36")

_WAIT_FOR_OTHER_S_MAX = 600.0
_POLL_S = 0.2
_REQUEST_S_MAX = 60
_AT_ONCE = 4

Say = Callable[[str], None]


class JarsError(Exception):
    """The jars cannot be had; the message says what to do."""


@dataclass(frozen=True)
class Jar:
    """One locked jar: `group:artifact:version` and the sha256 of its bytes in hex."""

    coordinate: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name of its file in the cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def locked(lock: Path = LOCK) -> tuple[Jar, ...]:
    """Return the jars that the lock names."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return tuple(Jar(*line.split()) for line in lines if line and not line.startswith("#"))


def fetch(cache: Path, say: Say, jars: tuple[Jar, ...] | None = None) -> tuple[Path, ...]:
    """Return the paths of all locked jars, fetching what the cache lacks.

    Raises JarsError when no repository hands out a jar, or its bytes are not the locked ones.
    """
    wanted = locked() if jars is None else jars
    folder = cache / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        missing = [jar for jar in wanted if not _good(folder / jar.file_name, jar)]
        if missing:
            say(f"fetching {len(missing)} of {len(wanted)} jars of Apache Kafka into {folder}")
            _fetch_missing(missing, folder, say)
    return tuple(folder / jar.file_name for jar in wanted)


def _fetch_missing(missing: list[Jar], folder: Path, say: Say) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as staging:
        context = _context(Path(staging))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for number, path in enumerate(
                pool.map(lambda jar: _fetch_one(context, jar, folder), missing), start=1
            ):
                say(f"  {number}/{len(missing)} {path.name}")


def _fetch_one(context: MavenContext, jar: Jar, folder: Path) -> Path:
    group, artifact, version = jar.coordinate.split(":")
    try:
        staged = context.project(group, artifact).at_version(version).artifact().resolve()
    except (requests.RequestException, RuntimeError, OSError) as error:
        raise JarsError(
            f"{jar.coordinate} could not be fetched: no configured Maven repository handed it out "
            f"({error}). Name a repository that this machine reaches, as a mirror in Maven's "
            f"settings file (~/.m2/settings.xml), or put {jar.file_name} into {folder} by hand."
        ) from error
    digest = hashlib.sha256(staged.read_bytes()).hexdigest()
    if digest != jar.sha256:
        raise JarsError(
            f"{jar.coordinate} has the sha256 {digest}, the lock says {jar.sha256}. The repository "
            "hands out other bytes than were locked: find out why before running them."
        )
    path = folder / jar.file_name
    staged.replace(path)
    return path


def _good(path: Path, jar: Jar) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256


def _context(cache: Path) -> MavenContext:
    return MavenContext(
        resolver=PythonResolver(),
        repo_cache=cache,
        remote_repos=repositories(),
        timeout=_REQUEST_S_MAX,
    )


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system lets it go when the process ends, however it ends."""
    until = time.monotonic() + _WAIT_FOR_OTHER_S_MAX
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise JarsError(
                        f"another process has held {folder} for {_WAIT_FOR_OTHER_S_MAX:.0f} s; "
                        "end it, then try again."
                    ) from None
                time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def write_lock(say: Say, lock: Path = LOCK) -> int:
    """Resolve what is wanted, and write the lock anew; return the number of jars."""
    with tempfile.TemporaryDirectory() as folder:
        context = _context(Path(folder))
        wanted = [context.create_dependency(coordinate) for coordinate in WANTED]
        inputs, needed = context.resolver.resolve(wanted)
        lines = set()
        for dependency in (*inputs, *needed):
            artifact = dependency.artifact
            digest = hashlib.sha256(artifact.resolve().read_bytes()).hexdigest()
            name = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            say(f"  {name}")
            lines.add(f"{name} {digest}")
    head = "# group:artifact:version and sha256; written by `forewarn broker lock`.\n"
    lock.write_text(head + "".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8")
    return len(lines)
