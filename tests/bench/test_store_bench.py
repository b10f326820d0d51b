"""The store's measurements run on small sizes; what they measure is not judged here."""

from pathlib import Path

import msgspec
import pytest

from bench.__main__ import Measure
from bench.measure_store import STORE_MEASURES
from bench.sizes import QUICK


@pytest.mark.parametrize(("name", "measure"), STORE_MEASURES, ids=["sqlite", "postgresql"])
def test_a_measurement_of_the_store_gives_its_rows(
    name: str, measure: Measure, tmp_path: Path
) -> None:
    rows = measure(msgspec.structs.replace(QUICK, store_alerts=2_000), tmp_path)
    assert len({row.name for row in rows}) == 6, name
    assert all(row.figure > 0 and row.note and row.target for row in rows)
