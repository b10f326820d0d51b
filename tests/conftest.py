"""What holds for every test.

Rules:

- In continuous integration (`CI=true`) nothing is skipped: a skipped test or module is a failure,
  because a test that did not run has shown nothing. Elsewhere a skip stays a skip.
- An expected failure (`xfail`) is not a skip.
- Property tests have no deadline: how fast a machine is, is no property of the code.
"""

import os
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import settings

from tests.brokers import broker  # noqa: F401  # a fixture for every test

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

IN_CI = os.environ.get("CI") == "true"

# Hypothesis has a profile of its own for CI: no deadline, and the same examples each time.
if not IN_CI:
    settings.register_profile("unhurried", deadline=None)
    settings.load_profile("unhurried")


def _without_skips(report: Report) -> Report:
    """The report, with a skip turned into a failure when this is continuous integration."""
    if IN_CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, and CI skips nothing: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test."""
    return _without_skips((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself while it is collected."""
    return _without_skips((yield))
