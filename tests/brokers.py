"""How a test gets a real broker: one for its process, or one of its own.

Rules: tests share the process's broker and keep apart by namespaces (`fresh_namespace`); a test
that kills, pauses or configures a broker starts its own. Both end with the test or the process.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from forewarn.broker.broker import Broker, BrokerConfig
from forewarn.broker.jars import fetch
from forewarn.settings import Settings


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker that the tests of this process share."""
    with own_broker(tmp_path_factory.mktemp("broker")) as shared:
        yield shared


@contextmanager
def own_broker(folder: Path, **config: Any) -> Iterator[Broker]:
    """Run a broker for one test; `config` is what BrokerConfig takes.

    `security=Security.SASL_SSL, users={"name": "password"}` makes it demand them over TLS;
    `broker.connection()` says how to reach it.
    """
    jars = fetch(Settings().cache_dir, print)
    with Broker(BrokerConfig(data=folder / "kafka", jars=jars, **config)) as running:
        yield running


def fresh_namespace() -> str:
    """Return a namespace for topics that no other test has."""
    return f"t{secrets.token_hex(4)}"
