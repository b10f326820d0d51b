"""The tokens of one machine: made once, private, replaced when the store takes them no more."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.store.migrating import open_store
from alerts.store.tokens import Caller, Role, Tokens
from forewarn.machine.first_tokens import GOOD_DAYS, make_tokens, token_file
from schemas.times import DAY_US

NOW_US = 1_700_000_000_000_000


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[Tokens]:
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield Tokens(engine)
    engine.dispose()


def read(folder: Path, role: Role) -> str:
    return token_file(folder, role).read_text(encoding="ascii").strip()


def test_tokens_are_made_once_and_for_their_owner_alone(tmp_path: Path, tokens: Tokens) -> None:
    assert make_tokens(tokens, tmp_path, NOW_US) == [Role.OFFICER, Role.GATEWAY]
    first = read(tmp_path, Role.OFFICER)
    assert make_tokens(tokens, tmp_path, NOW_US) == []
    assert read(tmp_path, Role.OFFICER) == first
    mode = token_file(tmp_path, Role.OFFICER).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_each_token_is_of_its_role(tmp_path: Path, tokens: Tokens) -> None:
    make_tokens(tokens, tmp_path, NOW_US)
    for role in (Role.OFFICER, Role.GATEWAY):
        caller = tokens.caller(read(tmp_path, role), NOW_US)
        assert isinstance(caller, Caller)
        assert caller.role is role


def test_a_token_that_is_no_longer_good_is_replaced(tmp_path: Path, tokens: Tokens) -> None:
    make_tokens(tokens, tmp_path, NOW_US)
    expired = read(tmp_path, Role.OFFICER)
    later_us = NOW_US + GOOD_DAYS * DAY_US
    assert make_tokens(tokens, tmp_path, later_us) == [Role.OFFICER, Role.GATEWAY]
    assert read(tmp_path, Role.OFFICER) != expired
    token_file(tmp_path, Role.GATEWAY).write_text("fw_of_another_store\n", encoding="ascii")
    assert make_tokens(tokens, tmp_path, later_us) == [Role.GATEWAY]
