"""A frozen feed gives the frozen alerts, to the byte.

A difference is either a defect or a change of what the house decides. For the latter, look at the
difference, say it in the changelog, and write the files anew with
`python -m tests.streams.test_golden_replay`.
"""

import io
from pathlib import Path

import msgspec
import pytest

from schemas.areas import read_directory, write_directory
from streams.replay import replay
from tests.streams.towns import UNTIL_US, house_of, lines_of, town_events

GOLDEN = Path(__file__).parents[1] / "golden"
FEED, AREAS = GOLDEN / "feed.jsonl", GOLDEN / "areas.json"


def said() -> dict[str, bytes]:
    """What the house says of the frozen feed, as JSON lines by the name of their file."""
    pipeline, kept = house_of(read_directory(AREAS.read_bytes()))
    replay(pipeline, io.BytesIO(FEED.read_bytes()), UNTIL_US)
    encode = msgspec.json.Encoder().encode_lines
    return {
        "alerts.jsonl": encode(kept.alerts),
        "assessments.jsonl": encode(kept.assessments),
        "service-clocks.jsonl": encode(kept.clocks),
    }


@pytest.fixture(scope="module")
def replayed() -> dict[str, bytes]:
    return said()


@pytest.mark.parametrize("name", ["alerts.jsonl", "assessments.jsonl", "service-clocks.jsonl"])
def test_the_frozen_feed_gives_the_frozen_bytes(replayed: dict[str, bytes], name: str) -> None:
    expected = (GOLDEN / name).read_bytes()
    assert replayed[name].splitlines() == expected.splitlines()


def test_the_frozen_alerts_are_of_several_levels_and_scopes() -> None:
    lines = (GOLDEN / "alerts.jsonl").read_bytes().splitlines()
    frozen = [msgspec.json.decode(line) for line in lines]
    assert {alert["scope"] for alert in frozen} >= {"person", "incident", "area"}
    assert {alert["level"] for alert in frozen} >= {"red", "orange", "yellow"}


def write_anew() -> None:
    """Write feed, areas and expected files."""
    GOLDEN.mkdir(exist_ok=True)
    events, directory = town_events(persons=150, days=150, seed=4)
    FEED.write_bytes(b"".join(lines_of(events)))
    AREAS.write_bytes(write_directory(directory))
    for name, content in said().items():
        (GOLDEN / name).write_bytes(content)


if __name__ == "__main__":
    write_anew()
