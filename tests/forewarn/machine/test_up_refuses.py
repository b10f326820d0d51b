"""`forewarn up` where it cannot start or go on: a clear last line, an exit code, nothing left."""

import socket
from pathlib import Path

from forewarn.broker.ports import HOST, free_ports
from forewarn.machine.folder import Folder, held
from schemas.areas import write_directory
from streams.feeds.town_map import build_map
from tests.forewarn.machine.machines import ROOM, machine, refused

FAR_TOO_MUCH_MB = "1000000000"


def test_a_port_that_is_in_use(tmp_path: Path) -> None:
    with socket.create_server((HOST, free_ports(1)[0])) as other:
        port = other.getsockname()[1]
        said = refused(tmp_path / "one", *ROOM, "--port", str(port))
    assert f"Stopped: in use by another program: {HOST}:{port}" in said


def test_too_little_disk(tmp_path: Path) -> None:
    said = refused(tmp_path / "one", "--disk-mb", FAR_TOO_MUCH_MB, "--memory-mb", "0")
    assert "are needed: free some space" in said


def test_too_little_memory(tmp_path: Path) -> None:
    said = refused(tmp_path / "one", "--disk-mb", "0", "--memory-mb", FAR_TOO_MUCH_MB)
    assert "end other programs" in said


def test_a_folder_that_another_has(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "one")
    folder.make()
    with held(folder):
        said = refused(folder.root, *ROOM)
    assert "is in use by process" in said


def test_no_registry_that_hands_out_kafka(tmp_path: Path) -> None:
    settings = tmp_path / "home" / ".m2" / "settings.xml"
    settings.parent.mkdir(parents=True)
    nobody = f"http://{HOST}:{free_ports(1)[0]}/"
    settings.write_text(
        f"<settings><mirrors><mirror><id>m</id><url>{nobody}</url><mirrorOf>*</mirrorOf>"
        "</mirror></mirrors></settings>",
        encoding="utf-8",
    )
    said = refused(
        tmp_path / "one",
        *ROOM,
        HOME=str(tmp_path / "home"),
        FOREWARN_CACHE_DIR=str(tmp_path / "cache"),
    )
    last = said.strip().splitlines()[-1]
    assert last.startswith("Stopped: jars refused to start: ")
    assert "no configured Maven repository handed it out" in last


def test_areas_that_are_not_there(tmp_path: Path) -> None:
    said = refused(tmp_path / "one", *ROOM, "--areas", "nowhere.json")
    assert "Stopped: " in said
    assert "nowhere.json" in said


def test_a_directory_without_a_canarys_area_is_served_without_one(tmp_path: Path) -> None:
    areas = tmp_path / "areas.json"
    areas.write_bytes(write_directory(build_map().directory))
    words = ("--areas", str(areas), "--disk-low-mb", FAR_TOO_MUCH_MB)
    with machine(tmp_path / "one", *words) as one:
        assert one.process.wait(60.0) == 70
    assert "no canary   the area directory has no area 'canary'" in one.said
    assert "canary " not in one.said.partition("come out")[2]


def test_a_disk_that_is_full_once_it_runs(tmp_path: Path) -> None:
    with machine(tmp_path / "one", "--disk-low-mb", FAR_TOO_MUCH_MB) as one:
        assert one.process.wait(60.0) == 70
        assert one.left_behind() == []
    assert "is full: " in one.said.strip().splitlines()[-1]
