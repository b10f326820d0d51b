"""What is published is current, valid, closed, and the same whenever it is made."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from schemas.codec import TYPES, encode
from schemas.events import Event
from schemas.examples import event_of, examples
from schemas.publish import ASYNCAPI_FILE, asyncapi, file_name, published_files, schema_of
from schemas.taxonomy import Feed
from schemas.topics import CATALOGUE, FEEDS, Cleanup, topic_named
from tests.schemas.record_strategies import NAME_TEXT, values_of

PUBLISHED = Path(__file__).parents[2] / "schemas" / "published"
DOCUMENT: dict[str, Any] = asyncapi()
CHANNELS: dict[str, Any] = DOCUMENT["channels"]
every_type = pytest.mark.parametrize("name", sorted(TYPES))
every_channel = pytest.mark.parametrize("channel", sorted(CHANNELS))


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=FormatChecker())


def resolved(reference: str) -> Any:
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def everything_in(document: Any) -> list[dict[str, Any]]:
    """Every object in a document, itself first."""
    if isinstance(document, list):
        return [one for item in document for one in everything_in(item)]
    if not isinstance(document, dict):
        return []
    return [document, *(one for item in document.values() for one in everything_in(item))]


def test_published_schemas_are_current() -> None:
    kept = {path.name: path.read_bytes() for path in PUBLISHED.iterdir()}
    made = published_files()
    differing = sorted(
        name for name in kept.keys() | made.keys() if kept.get(name) != made.get(name)
    )
    assert differing == [], "run `forewarn schemas write` and look at what changed"


def test_making_it_again_gives_the_same_bytes() -> None:
    assert published_files() == published_files()
    assert list(published_files()) == list(published_files())


def test_a_file_is_named_after_its_type_and_version() -> None:
    assert file_name("PersonSignal") == "person-signal.v1.schema.json"
    assert set(published_files()) == {*(file_name(name) for name in TYPES), ASYNCAPI_FILE}


@every_type
def test_a_schema_is_a_valid_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(TYPES[name]))


@every_type
def test_every_record_in_a_schema_is_closed(name: str) -> None:
    for part in everything_in(schema_of(TYPES[name])["$defs"]):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["description"]


@every_type
def test_an_example_is_valid(name: str) -> None:
    schema = schema_of(TYPES[name])
    assert schema["examples"]
    for example in schema["examples"]:
        validator(schema).validate(example)


@every_type
@given(data=st.data())
def test_what_we_write_is_valid(name: str, data: st.DataObject) -> None:
    record = data.draw(values_of(TYPES[name]))
    validator(schema_of(TYPES[name])).validate(json.loads(encode(record)))


@given(event=values_of(Event, text=NAME_TEXT), name=st.text(min_size=1))
def test_an_unknown_field_is_not_valid(event: Event, name: str) -> None:
    plain = json.loads(encode(event))
    plain["data"].setdefault(f"x-{name}", 1)
    with pytest.raises(ValidationError):
        validator(schema_of(Event)).validate(plain)


def test_the_document_says_what_it_is() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"]["title"] == "forewarn"
    assert DOCUMENT["info"]["version"]


def test_every_topic_has_its_channel() -> None:
    assert [one["address"] for one in CHANNELS.values()] == [topic.name for topic in CATALOGUE]


@every_channel
def test_a_channel_tells_how_its_topic_is_kept(channel: str) -> None:
    topic = topic_named(CHANNELS[channel]["address"])
    binding = CHANNELS[channel]["bindings"]["kafka"]
    settings = binding["topicConfiguration"]
    assert binding["partitions"] == topic.partitions
    assert settings["cleanup.policy"] == [topic.cleanup]
    assert settings.get("retention.ms") == topic.retention_ms
    assert settings.get("max.compaction.lag.ms") == topic.compaction_lag_ms_max
    assert ("min.compaction.lag.ms" in settings) == (topic.cleanup is Cleanup.COMPACT)


@every_channel
def test_a_channel_tells_who_may_write_and_read(channel: str) -> None:
    topic = topic_named(CHANNELS[channel]["address"])
    told = CHANNELS[channel]["description"]
    assert all(part in told for part in (*topic.writers, *topic.readers))
    assert topic.key in told
    assert ("It carries identities" in told) == topic.carries_identity


@every_channel
def test_a_channel_has_a_message_for_each_type_with_a_valid_example(channel: str) -> None:
    messages = CHANNELS[channel]["messages"]
    assert tuple(messages) == topic_named(CHANNELS[channel]["address"]).types
    for message in messages.values():
        schema = {**message["payload"], "components": DOCUMENT["components"]}
        for example in message["examples"]:
            validator(schema).validate(example["payload"])


@pytest.mark.parametrize("feed", Feed)
def test_a_feed_shows_its_own_event_and_takes_no_other(feed: Feed) -> None:
    channel = next(one for one in CHANNELS.values() if one["address"] == FEEDS[feed].name)
    message = channel["messages"]["Event"]
    assert message["contentType"] == "application/cloudevents+json"
    schema = {**message["payload"], "components": DOCUMENT["components"]}
    for other in Feed:
        plain = json.loads(encode(event_of(other)))
        assert validator(schema).is_valid(plain) == (other is feed)


def test_every_writer_and_reader_has_its_operation() -> None:
    told = {
        (resolved(one["channel"]["$ref"])["address"], one["tags"][0]["name"], one["action"])
        for one in DOCUMENT["operations"].values()
    }
    written = {(topic.name, str(part), "send") for topic in CATALOGUE for part in topic.writers}
    read = {(topic.name, str(part), "receive") for topic in CATALOGUE for part in topic.readers}
    assert told == written | read


def test_every_reference_leads_somewhere() -> None:
    references = [one["$ref"] for one in everything_in(DOCUMENT) if "$ref" in one]
    assert references
    assert all(resolved(reference) for reference in references)


def test_an_operation_names_messages_of_its_own_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        channel = operation["channel"]["$ref"]
        references = [message["$ref"] for message in operation["messages"]]
        assert references
        assert all(one.startswith(f"{channel}/messages/") for one in references)


def test_there_is_an_example_of_every_type() -> None:
    assert set(examples()) == set(TYPES)
