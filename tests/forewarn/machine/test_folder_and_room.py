"""The folder of a machine and the room it needs: locks, ports, disk, memory."""

import socket
import stat
from pathlib import Path

import pytest

from forewarn.broker.ports import HOST, free_ports
from forewarn.machine.folder import Folder, FolderError, held, is_held, write_private
from forewarn.machine.room import (
    RoomError,
    disk_trouble,
    free_disk_mb,
    free_memory_mb,
    ports_of,
    refuse_without_room,
)

FAR_TOO_MUCH_MB = 1_000_000_000


def made(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "machine")
    folder.make()
    return folder


def test_a_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = made(tmp_path)
    write_private(folder.secrets / "token", "secret\n")
    modes = [path.stat().st_mode for path in (folder.root, folder.secrets)]
    assert [stat.S_IMODE(mode) for mode in modes] == [0o700, 0o700]
    assert stat.S_IMODE((folder.secrets / "token").stat().st_mode) == 0o600


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert not is_held(folder)
    with held(folder):
        assert is_held(folder)
        with pytest.raises(FolderError, match=r"in use by process \d+: look with"), held(folder):
            pass
    assert not is_held(folder)
    with held(folder):
        assert is_held(folder)


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match="name another with --data"):
        Folder(tmp_path / "file" / "machine").make()


def test_ports_are_chosen_once_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = ports_of(file, {"broker": 0, "api": 0}, {})
    assert len(set(first.values())) == 2
    assert ports_of(file, {"broker": 0, "api": 0}, {}) == first
    more = ports_of(file, {"broker": 0, "api": 0, "worker": 0}, {})
    assert more.items() > first.items()


def test_a_port_that_is_taken_at_first_is_passed_over(tmp_path: Path) -> None:
    with socket.create_server((HOST, free_ports(1)[0])) as other:
        taken = other.getsockname()[1]
        assert ports_of(tmp_path / "ports.json", {"api": taken}, {})["api"] != taken


def test_a_port_that_was_asked_for_and_is_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server((HOST, free_ports(1)[0])) as other:
        taken = other.getsockname()[1]
        with pytest.raises(RoomError, match=f"{HOST}:{taken} .* give another with --port"):
            ports_of(tmp_path / "ports.json", {"api": 0}, {"api": taken})
    assert not (tmp_path / "ports.json").exists(), "what was refused is not kept"


def test_a_port_that_was_kept_and_is_in_use_is_refused(tmp_path: Path) -> None:
    kept = ports_of(tmp_path / "ports.json", {"broker": 0}, {})["broker"]
    with (
        socket.create_server((HOST, kept)),
        pytest.raises(RoomError, match=f"{HOST}:{kept} .*the broker"),
    ):
        ports_of(tmp_path / "ports.json", {"broker": 0}, {})


def test_too_little_disk_or_memory_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RoomError, match="free some space"):
        refuse_without_room(tmp_path, FAR_TOO_MUCH_MB, 0)
    if free_memory_mb() is not None:
        with pytest.raises(RoomError, match="end other programs"):
            refuse_without_room(tmp_path, 0, FAR_TOO_MUCH_MB)
    refuse_without_room(tmp_path, 0, 0)


def test_a_disk_that_fills_is_found_out(tmp_path: Path) -> None:
    assert disk_trouble(tmp_path, free_disk_mb(tmp_path) // 2) is None
    said = disk_trouble(tmp_path, FAR_TOO_MUCH_MB)
    assert said is not None
    assert "free some space" in said
