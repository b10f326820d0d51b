"""Continuous integration skips nothing: shown on a suite of its own, in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")

SKIPPED_TEST = """
import pytest

def test_that_skips():
    pytest.skip("no broker")
"""
SKIPPED_MODULE = """
import pytest
pytest.importorskip("a_module_that_nobody_has")
"""
EXPECTED_FAILURE = """
import pytest

@pytest.mark.xfail(reason="a known gap")
def test_of_a_known_gap():
    assert False
"""


def exit_code(suite: Path, body: str, *, ci: str) -> int:
    """Run pytest over one test module with our conftest beside it."""
    shutil.copy(CONFTEST, suite)
    (suite / "test_sample.py").write_text(body)
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(suite)]
    done = subprocess.run(
        command, cwd=suite, env=environment | {"CI": ci}, capture_output=True, check=False
    )
    return done.returncode


def test_a_skipped_test_fails_in_ci(tmp_path: Path) -> None:
    assert exit_code(tmp_path, SKIPPED_TEST, ci="true") == pytest.ExitCode.TESTS_FAILED


def test_a_skipped_module_fails_in_ci(tmp_path: Path) -> None:
    assert exit_code(tmp_path, SKIPPED_MODULE, ci="true") == pytest.ExitCode.INTERRUPTED


def test_a_skipped_test_stays_a_skip_elsewhere(tmp_path: Path) -> None:
    assert exit_code(tmp_path, SKIPPED_TEST, ci="") == pytest.ExitCode.OK


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert exit_code(tmp_path, EXPECTED_FAILURE, ci="true") == pytest.ExitCode.OK
