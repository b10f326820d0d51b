"""How a test gets a real PostgreSQL: one server a process, one database a test.

Rules: the server listens on a socket in a folder of its own, so no port is taken and nobody else
reaches it; it runs as an unprivileged user where the tests are root, for it refuses root. It does
not sync: what it keeps is gone with the test process anyway.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.debian import program

PACKAGE = "postgresql"
START_S_MAX = 60
_SETTINGS = (
    "listen_addresses=''",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=128MB",
    "max_connections=120",
    "autovacuum_naptime=10s",
)


class Postgres:
    """A running server; `url(name)` is how a database of it is reached."""

    def __init__(self, folder: Path, binaries: Path, user: str) -> None:
        self._folder = folder
        self._binaries = binaries
        self.user = user

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://{self.user}@/{database}?host={self._folder}"

    def create(self) -> str:
        """Make an empty database and return its URL."""
        name = f"t{secrets.token_hex(6)}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever still uses it."""
        name = make_url(url).database
        self._administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def start(self) -> None:
        """Make its folder and start it."""
        run_as(
            self.user,
            [str(self._binaries / "initdb"), "-D", str(self._folder / "data"), "--no-sync",
             "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={self.user}"],
        )  # fmt: skip
        settings = "".join(f"{line}\n" for line in _SETTINGS)
        with (self._folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"{settings}unix_socket_directories='{self._folder}'\n")
        self.run()

    def run(self) -> None:
        """Start the server itself; it ends with the process that started it, however that ends."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*as_user(self.user, "--pdeathsig=QUIT"),
                 str(self._binaries / "postgres"), "-D", str(self._folder / "data")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            )  # fmt: skip
        until = time.monotonic() + START_S_MAX
        while not self._answers():
            said = (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-1000:]
            assert self._process.poll() is None, f"PostgreSQL ended: {said}"
            assert time.monotonic() < until, f"PostgreSQL is not ready in time: {said}"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(START_S_MAX)

    def _answers(self) -> bool:
        try:
            self._administer("SELECT 1")
        except OperationalError:
            return False
        return True

    def _administer(self, statement: str) -> None:
        url = self.url("postgres").replace("postgresql://", "postgresql+psycopg://")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()


def as_user(user: str, *options: str) -> list[str]:
    """The words before a command that run it as a user: as we are, or, from root, as that one."""
    if os.geteuid() == 0:
        options = (*options, f"--reuid={user}", f"--regid={user}", "--clear-groups")
    return ["setpriv", *options] if options else []


def run_as(user: str, command: list[str]) -> None:
    """Run a command as a user, to its end."""
    command = [*as_user(user), *command]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=2 * START_S_MAX, cwd="/"
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-1000:]}{done.stderr[-1000:]}"


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Run a server of one's own."""
    binaries = program("initdb", PACKAGE).parent
    root = os.geteuid() == 0
    user = "postgres" if root else pwd.getpwuid(os.geteuid()).pw_name
    # A socket's path has about 100 bytes at most, so the folder has a short one.
    folder = Path(tempfile.mkdtemp(prefix="fwpg-"))
    try:
        if root:
            shutil.chown(folder, user, user)
        server = Postgres(folder, binaries, user)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server that the tests of this process share."""
    with own_postgres() as server:
        yield server
