"""The plan of one machine, and what is said once it is ready."""

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from alerts.store.tokens import Role
from detectors.floors import floors_of
from forewarn.canary import with_canary
from forewarn.machine.composition import (
    SUPERVISOR,
    WANTED_PORTS,
    Machine,
    areas_of,
    has_canary,
)
from forewarn.machine.first_tokens import token_file
from forewarn.machine.folder import AREAS, TO_TELL, Folder, write_private
from forewarn.machine.plan import checked
from forewarn.machine.welcome import welcome, write_report
from schemas.areas import CANARY_CODE, write_directory
from schemas.cloudevents import unwrap
from schemas.events import RawRecord
from schemas.taxonomy import Level
from streams.feeds.mapping_reasons import FeedFileError
from streams.feeds.town_map import build_map

PORTS = {name: 20_001 + number for number, name in enumerate(WANTED_PORTS)}


def composed(tmp_path: Path, *, demo: bool, areas: str | None = None) -> Machine:
    folder = Folder(tmp_path / "machine")
    folder.make()
    for role in (Role.OFFICER, Role.GATEWAY):
        write_private(token_file(folder.secrets, role), f"fw_of_{role.value}\n")
    placed = areas_of(folder, areas, demo=demo)
    return Machine(folder, PORTS, placed, demo, canary=demo)


@pytest.mark.parametrize("demo", [True, False])
def test_the_plan_can_be_run(tmp_path: Path, demo: bool) -> None:
    children = checked(composed(tmp_path, demo=demo).children())
    listening = [child.port for child in children if child.port]
    without = {SUPERVISOR} | (set() if demo else {"canary"})
    assert sorted(listening) == sorted(PORTS[name] for name in set(PORTS) - without)
    assert ("demo" in {child.name for child in children}) is demo


def test_every_child_is_a_program_of_ours(tmp_path: Path) -> None:
    for child in composed(tmp_path, demo=True).children():
        flag, module, first = child.words[:3]
        assert flag == "-m"
        assert find_spec(module) is not None
        if module == "forewarn.machine.alone":
            assert find_spec(f"forewarn.commands.{first}") is not None


def test_no_secret_is_in_a_command_line_or_the_environment(tmp_path: Path) -> None:
    machine = composed(tmp_path, demo=True)
    words = [word for child in machine.children() for word in child.words]
    assert "fw_of_" not in " ".join((*words, *machine.variables().values()))


def test_areas_are_those_named_else_those_of_the_towns_folder(tmp_path: Path) -> None:
    town = str(tmp_path / "machine" / "demo" / AREAS)
    assert composed(tmp_path, demo=False).areas is None
    assert composed(tmp_path, demo=True).areas == town
    Path(town).touch()
    assert composed(tmp_path, demo=False).areas == town
    assert composed(tmp_path, demo=False, areas="mine.json").areas == "mine.json"


def test_a_canary_flies_where_the_directory_has_an_area_for_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "machine")
    folder.make()
    towns = folder.demo / AREAS
    assert has_canary(folder, str(towns), demo=True), "the town will be made with it"
    assert not has_canary(folder, None, demo=False)
    directory = build_map().directory
    (folder.demo / TO_TELL).touch()
    towns.write_bytes(write_directory(directory))
    assert not has_canary(folder, str(towns), demo=True)
    towns.write_bytes(write_directory(with_canary(directory)))
    assert has_canary(folder, str(towns), demo=True)
    with pytest.raises(FeedFileError, match="nowhere"):
        has_canary(folder, "nowhere", demo=False)


def test_the_canarys_area_lies_nowhere_and_moves_no_county() -> None:
    directory = build_map().directory
    extended = with_canary(directory)
    assert extended.parent(CANARY_CODE) is None
    assert extended.areas == directory.areas | {CANARY_CODE: extended.areas[CANARY_CODE]}
    counties = [code for code in directory.areas if len(code) == 6]
    before = [directory.partition(code, 4) for code in counties]
    assert [extended.partition(code, 4) for code in counties] == before


def test_what_is_said_has_the_address_a_token_and_three_commands(tmp_path: Path) -> None:
    said = welcome(composed(tmp_path, demo=True), 12.0, 1)
    assert f"http://127.0.0.1:{PORTS['api']}/ " in said
    assert "token       fw_of_officer" in said
    assert sum(line.strip().startswith("curl ") for line in said.splitlines()) == 3


def test_without_areas_it_is_said_that_nothing_can_come_in(tmp_path: Path) -> None:
    assert "--areas" in welcome(composed(tmp_path, demo=False), 12.0, 1)
    assert "--areas" not in welcome(composed(tmp_path, demo=True), 12.0, 1)


def test_the_report_to_try_is_taken_in_and_is_red(tmp_path: Path) -> None:
    write_report(tmp_path / "report.json", datetime(2026, 11, 4, 2, 30, tzinfo=UTC))
    record = RawRecord((tmp_path / "report.json").read_bytes(), "topic", 0, 0, 1)
    event = unwrap(record, body_bytes_max=65_536)
    data = event.data
    assert floors_of(data.kind, data.severity, data.signs)[0].level is Level.RED
    assert build_map().directory.known(data.area)
