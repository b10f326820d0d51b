"""The API's measurements run on small sizes; what they measure is not judged here."""

from pathlib import Path

import msgspec

from bench.measure_api import measure_api
from bench.sizes import QUICK


def test_a_measurement_of_the_api_gives_its_rows(tmp_path: Path) -> None:
    rows = measure_api(msgspec.structs.replace(QUICK, store_alerts=3_000), tmp_path)
    assert len({row.name for row in rows}) == 6
    assert all(row.figure > 0 for row in rows)
    assert all(row.target for row in rows)
