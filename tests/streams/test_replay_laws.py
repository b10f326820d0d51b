"""A replay says the same for the same events, in whatever order and how often they are read."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.person_model import PersonModelConfig
from schemas.areas import Directory
from schemas.closed import Closed
from schemas.events import Event
from schemas.outcomes import DeadLetter
from schemas.times import DAY_US, HOUR_US, MINUTE_US
from streams.pipeline import Pipeline, PipelineConfig
from streams.replay import replay
from streams.replay_files import NAMES, SUMMARY, ReplayFiles
from streams.replay_order import LINE_BYTES_MAX, ordered
from tests.builders import NOW_US
from tests.streams.intake.contacts import contact, person, pipeline_with, raw
from tests.streams.towns import UNTIL_US, house_of, lines_of, town_events

EAGER = PipelineConfig(
    learner=PersonModelConfig(
        examples_min=40,
        publish_every_examples=20,
        observed_expected_min=0.01,
        observed_expected_max=100.0,
    )
)
"""A house whose learner publishes early, so that a small town is enough."""


def said_of(lines: Sequence[bytes], directory: Directory) -> tuple[Closed, ...]:
    """What a replay says in clear, in order; dead letters apart, as they name line numbers."""
    pipeline, kept = house_of(directory)
    replay(pipeline, io.BytesIO(b"".join(lines)), UNTIL_US)
    return (*kept.alerts, *kept.assessments, *kept.clocks)


@pytest.fixture(scope="module")
def town() -> tuple[list[Event], Directory]:
    return town_events(persons=400, days=80, seed=11)


def test_two_replays_of_one_feed_write_the_same_bytes(
    town: tuple[list[Event], Directory], tmp_path: Path
) -> None:
    events, directory = town
    feed = b"".join([*lines_of(events), b"{not json\n"])
    for name in ("one", "two"):
        with ReplayFiles(tmp_path / name) as files:
            pipeline, _ = house_of(directory)
            pipeline.sink = files
            span = replay(pipeline, io.BytesIO(feed), UNTIL_US)
            files.finish(pipeline, span, {"code": "test"})

    for name in [*(f"{name}.jsonl" for name in NAMES), SUMMARY]:
        one = (tmp_path / "one" / name).read_bytes()
        assert one == (tmp_path / "two" / name).read_bytes()
        assert one, f"{name} is empty, so comparing it shows nothing"


@settings(max_examples=8)
@given(st.randoms(use_true_random=False))
def test_the_order_of_lines_leaves_no_trace(
    town: tuple[list[Event], Directory], chance: Any
) -> None:
    events, directory = town
    lines = lines_of(events)
    expected = said_of(lines, directory)
    chance.shuffle(lines)

    assert said_of(lines, directory) == expected
    assert expected


def encoded(event: dict[str, Any]) -> bytes:
    return msgspec.json.encode(event) + b"\n"


def one_instant(events: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Contacts that all come in at one instant, about few people, some of them twice."""
    one = st.builds(
        lambda number, who, kind, minutes, severity, sign: contact(
            f"c{number}",
            at=NOW_US - minutes * MINUTE_US,
            kind=kind,
            severity=severity,
            signs=[sign],
            person=person(f"+861380013800{who}"),
        ),
        st.integers(0, events),
        st.integers(0, 2),
        st.sampled_from(["domestic_violence", "family_dispute"]),
        st.integers(0, 3 * 24 * 60),
        st.integers(0, 4),
        st.sampled_from(["injury", "strangulation", "threat_to_kill", "child_present"]),
    )
    return st.lists(one, max_size=events)


@given(one_instant(12).flatmap(lambda feed: st.tuples(st.just(feed), st.permutations(feed))))
def test_within_one_ingesttime_any_order_gives_the_same_alerts(
    feeds: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    first, second = (said_of([encoded(event) for event in feed], Directory()) for feed in feeds)
    assert first == second


@given(one_instant(12))
def test_the_order_is_by_ingesttime_then_source_and_id(feed: list[dict[str, Any]]) -> None:
    apart = [{**one, "source": f"/{one['data']['severity']}"} for one in feed]
    read = list(ordered(io.BytesIO(b"".join(map(encoded, apart))), UNTIL_US))
    keys = [(line.ingest_us, line.source, line.event_id) for line in read]
    assert keys == sorted(keys)


@given(st.lists(st.binary(max_size=40), max_size=60), st.integers(1, 200))
def test_spilling_to_files_changes_nothing(values: list[bytes], run_bytes: int) -> None:
    feed = b"".join(value.replace(b"\n", b"").replace(b"\r", b"") + b"\n" for value in values)
    whole = list(ordered(io.BytesIO(feed), UNTIL_US))
    assert list(ordered(io.BytesIO(feed), UNTIL_US, run_bytes_max=run_bytes)) == whole
    assert len(whole) == len(values)


def test_spilled_events_come_back_in_order(town: tuple[list[Event], Directory]) -> None:
    events, _ = town
    feed = b"".join(reversed(lines_of(events)))
    spilled = list(ordered(io.BytesIO(feed), UNTIL_US, run_bytes_max=20_000))
    assert spilled == list(ordered(io.BytesIO(feed), UNTIL_US))


def test_a_line_far_too_long_is_cut_with_size_and_digest_of_the_whole() -> None:
    pipeline, kept = pipeline_with()
    good = encoded(contact("good", person=person()))
    long = b"x" * (LINE_BYTES_MAX + 1_000)
    replay(pipeline, io.BytesIO(long + b"\n" + good), UNTIL_US)

    (letter,) = kept.dead_letters
    assert letter.truncated
    assert letter.size == len(long)
    assert letter.reason == "oversize"
    assert len(kept.assessments) == 1


def test_an_event_from_the_future_is_a_dead_letter_and_moves_no_clock() -> None:
    pipeline, kept = pipeline_with()
    ahead = contact("ahead", at=NOW_US + 9 * DAY_US, ingest=NOW_US + 9 * DAY_US)
    feed = encoded(contact("good")) + encoded(ahead)
    span = replay(pipeline, io.BytesIO(feed), NOW_US + HOUR_US)

    letters: list[DeadLetter] = kept.dead_letters
    assert [letter.reason for letter in letters] == ["ingesttime_out_of_range"]
    assert span.last_us == NOW_US
    assert pipeline.person.clock.now_us <= NOW_US + HOUR_US


def restarted(old: Pipeline, directory: Directory) -> tuple[Pipeline, Any]:
    """Another pipeline that goes on from the snapshots of every state of the first."""
    pipeline, kept = house_of(directory, EAGER)
    pipeline.restore(old.snapshot())
    return pipeline, kept


def test_a_restart_from_snapshots_goes_on_as_if_nothing_had_been() -> None:
    events, directory = town_events(persons=3_000, days=200, seed=5)
    half = len(events) * 3 // 4
    whole, whole_kept = house_of(directory, EAGER)
    first, first_kept = house_of(directory, EAGER)
    for pipeline in (whole, first):
        replay(pipeline, io.BytesIO(b"".join(lines_of(events[:half]))), UNTIL_US)
    second, second_kept = restarted(first, directory)
    for pipeline in (whole, second):
        replay(pipeline, io.BytesIO(b"".join(lines_of(events[half:]))), UNTIL_US)

    assert first_kept.alerts + second_kept.alerts == whole_kept.alerts
    assert first_kept.assessments + second_kept.assessments == whole_kept.assessments
    assert first_kept.clocks + second_kept.clocks == whole_kept.clocks
    assert second.snapshot() == whole.snapshot()
    assert whole.person.judge.model is not None, "no model was active, so none was restored"
    assert any(alert.scope.value == "area" for alert in second_kept.alerts)


def test_a_replay_that_fails_leaves_no_file_that_looks_whole(tmp_path: Path) -> None:
    def cut_off() -> None:
        with ReplayFiles(tmp_path):
            raise KeyError("cut off")

    with pytest.raises(KeyError):
        cut_off()
    assert list(tmp_path.iterdir()) == []


def test_a_repeated_feed_says_nothing_twice() -> None:
    pipeline, kept = pipeline_with()
    event = contact("once", signs=["strangulation"], person=person())
    for _ in range(3):
        pipeline.take(raw(event))
    assert len(kept.alerts) == 1
    assert len(kept.assessments) == 1


def test_a_line_from_the_seventies_moves_no_clock() -> None:
    pipeline, kept = pipeline_with()
    old = contact("old", at="1971-01-01T00:00:00Z", ingest="1971-01-01T00:00:00Z")
    span = replay(pipeline, io.BytesIO(encoded(old) + encoded(contact("good"))), UNTIL_US)
    assert [letter.reason for letter in kept.dead_letters] == ["ingesttime_out_of_range"]
    assert span.first_us == NOW_US
