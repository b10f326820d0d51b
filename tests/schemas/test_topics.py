"""The catalogue: names, who keeps what for how long, and a dead-letter topic for every feed."""

import re

import pytest

from schemas.codec import TYPES
from schemas.taxonomy import Feed
from schemas.topics import (
    CATALOGUE,
    DAY_MS,
    FEEDS,
    HOUR_MS,
    LOG_LETTERS,
    PERSON_LOG,
    Cleanup,
    Part,
    Topic,
    topic_named,
)

each_topic = pytest.mark.parametrize("topic", CATALOGUE, ids=lambda topic: topic.name)
NAME = re.compile(r"forewarn\.[a-z]+(?:-[a-z]+)*\.v[1-9]\d*(?:\.dlq)?")
KEYED_BY_PERSON = [topic for topic in CATALOGUE if topic.key in {"person key", "subject"}]


def test_a_name_is_there_once() -> None:
    assert len({topic.name for topic in CATALOGUE}) == len(CATALOGUE)


@each_topic
def test_a_topic_is_named_as_the_rule_says(topic: Topic) -> None:
    assert NAME.fullmatch(topic.name)
    assert topic_named(topic.name) is topic


def test_a_topic_that_is_not_there_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match=r"forewarn\.other\.v1"):
        topic_named("forewarn.other.v1")


@each_topic
def test_a_topic_names_types_that_exist(topic: Topic) -> None:
    assert topic.types
    assert set(topic.types) <= set(TYPES)
    assert len(set(topic.types)) == len(topic.types)


@each_topic
def test_a_topic_says_what_it_is_and_who_writes_it(topic: Topic) -> None:
    assert topic.about
    assert topic.key
    assert topic.writers
    assert topic.readers
    assert topic.partitions > 0


@each_topic
def test_a_topic_that_deletes_says_when_and_one_that_compacts_does_not(topic: Topic) -> None:
    assert (topic.retention_ms is not None) == (topic.cleanup is Cleanup.DELETE)


@pytest.mark.parametrize("feed", Feed)
def test_raw_records_are_kept_for_three_days_at_most(feed: Feed) -> None:
    kept_ms = FEEDS[feed].retention_ms
    assert kept_ms is not None
    assert kept_ms <= 72 * HOUR_MS
    assert FEEDS[feed].carries_identity
    assert FEEDS[feed].readers == (Part.INTAKE,)


@pytest.mark.parametrize("feed", Feed)
def test_every_feed_has_a_dead_letter_topic(feed: Feed) -> None:
    letters = topic_named(f"{FEEDS[feed].name}.dlq")
    assert letters.types == ("DeadLetter",)
    assert letters.retention_ms is not None
    assert letters.retention_ms <= 14 * DAY_MS
    assert letters.writers == (Part.INTAKE,)


def test_there_is_no_dead_letter_topic_without_its_feed() -> None:
    feeds = {feed.name for feed in FEEDS.values()}
    letters = {topic.name for topic in CATALOGUE if "DeadLetter" in topic.types}
    assert letters == {f"{name}.dlq" for name in feeds} | {LOG_LETTERS.name}


@pytest.mark.parametrize("topic", KEYED_BY_PERSON, ids=lambda topic: topic.name)
def test_what_is_keyed_by_person_is_bounded_in_time(topic: Topic) -> None:
    bound = topic.compaction_lag_ms_max if topic.cleanup is Cleanup.COMPACT else topic.retention_ms
    assert bound is not None
    assert bound <= 30 * DAY_MS


def test_what_is_keyed_by_person_includes_the_person_log() -> None:
    assert PERSON_LOG in KEYED_BY_PERSON


@each_topic
def test_identities_are_deleted_and_never_compacted(topic: Topic) -> None:
    if topic.carries_identity:
        assert topic.cleanup is Cleanup.DELETE
        assert topic.retention_ms is not None
        assert topic.retention_ms <= 14 * DAY_MS


@each_topic
def test_identities_are_for_the_intake_the_vault_and_the_operator(topic: Topic) -> None:
    if topic.carries_identity:
        assert set(topic.readers) <= {Part.INTAKE, Part.VAULT, Part.OPERATOR}


@each_topic
def test_compaction_waits_for_readers_that_are_behind(topic: Topic) -> None:
    least, most = topic.compaction_lag_ms_min, topic.compaction_lag_ms_max
    assert most is None or least < most
    assert topic.cleanup is Cleanup.COMPACT or (least, most) == (0, None)
