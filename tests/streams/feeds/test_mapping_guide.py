"""The guide's example is run as it is printed."""

import re
from pathlib import Path

from schemas.taxonomy import Kind, Purpose, Sign
from streams.feeds.mapping import Mapped, RejectedRow
from tests.streams.feeds.mapping_samples import mapped

GUIDE = (Path(__file__).parents[3] / "docs" / "connect-a-feed.md").read_text(encoding="utf-8")


def block(kind: str, start: str) -> str:
    blocks: list[str] = re.findall(rf"```{kind}\n(.*?)```", GUIDE, re.DOTALL)
    return next(one for one in blocks if one.startswith(start))


def test_the_worked_example_maps_as_the_guide_says() -> None:
    rows = mapped(block("csv", "case_no").encode(), block("yaml", "mapping: 1"))
    beaten, cold, noise, test = rows
    assert isinstance(beaten, Mapped)
    assert isinstance(cold, Mapped)
    assert isinstance(noise, Mapped)
    assert isinstance(test, RejectedRow)
    assert beaten.event.time.isoformat() == "2026-11-03T21:04:00+08:00"
    assert beaten.event.data.kind is Kind.DOMESTIC_VIOLENCE
    assert beaten.event.data.signs == (Sign.INJURY, Sign.WEAPON)
    assert beaten.event.data.area == "440703101002"
    assert cold.event.data.area == "440703101"
    assert noise.event.data.purpose is Purpose.COMPLAINT
    assert noise.event.data.person is None
    assert test.why.reason == "left_out"
