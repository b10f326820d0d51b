"""Logs carry counts and places, never what a person said or who they are."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest
import structlog

from forewarn.logs import ALLOWED, configure_logs

PRIVATE = {"identifier": "+8613800138000", "note": "he said he would", "person": "a" * 32}


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_careless_call_carries_no_identity_into_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("INFO")
    structlog.get_logger().info("dead_letter", reason="oversize", count=3, **PRIVATE)

    line = capsys.readouterr().err
    told = json.loads(line)
    assert told["reason"] == "oversize"
    assert told["count"] == 3
    assert not any(value in line for value in PRIVATE.values())


def test_a_level_below_the_wanted_one_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("WARNING")
    structlog.get_logger().info("nothing")
    assert capsys.readouterr().err == ""


def test_no_key_that_could_hold_a_person_is_allowed() -> None:
    assert not ALLOWED & {"person", "identifier", "phone", "note", "value", "subject", "name"}


def test_logs_follow_standard_error_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    first = io.StringIO()
    with redirect_stderr(first):
        configure_logs("INFO")
    first.close()
    structlog.get_logger("forewarn.test").info("said")
    assert '"event": "said"' in capsys.readouterr().err
