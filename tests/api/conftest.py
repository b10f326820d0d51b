"""What the tests of the API share: one running API over one filled store for each module."""

from collections.abc import Iterator

import pytest

from tests.api.serving import Running, filled, made_store, running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running API over a filled store."""
    engine = made_store(tmp_path_factory.mktemp("store"))
    filled(engine)
    with running(engine) as one:
        yield one
    engine.dispose()
