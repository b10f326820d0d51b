"""What we publish for those who write or read our topics: JSON Schemas and an AsyncAPI document.

Why: a gateway of another house is built against files, not against Python. Rules: everything is
made from the types and the catalogue and from nothing else; the order is fixed, so that making it
again gives the same bytes; every record type is closed. The files are kept beside the code, a test
holds them current, and `schemas.compatibility` says what may change in them.
"""

import json
import re
from inspect import cleandoc
from typing import Any

import msgspec

from schemas.closed import Closed
from schemas.codec import TYPES
from schemas.events import TYPE_OF_FEED, Event
from schemas.examples import event_of, examples
from schemas.topics import CATALOGUE, FEEDS, Cleanup, Part, Topic

VERSION = 1
"""The version in the names of the files; a change that is not compatible raises it."""

ASYNCAPI_FILE = "asyncapi.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KAFKA_BINDING = "0.5.0"
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_DESCRIPTION = """\
Early warning for people at risk of harm: three feeds of CloudEvents come in; alerts with reasons
and response clocks on the authority go out.

Rules for every message: JSON in UTF-8, closed (an unknown field is refused, and so is a field that
is there twice), no NUL character, every number finite. A feed takes CloudEvents 1.0 in structured
mode (as shown) or in binary mode (`ce_` headers, the data as body); `person` is the person at risk
of harm and never anybody else. What cannot be taken goes to the dead-letter topic of the feed with
its reason. In virtual time every address has a prefix of its own, ending in a dot."""

Json = dict[str, Any]


def published_files() -> dict[str, bytes]:
    """Return what is published: file name in `schemas/published` to content, in a fixed order."""
    files = {file_name(name): _written(schema_of(kind)) for name, kind in sorted(TYPES.items())}
    return {**files, ASYNCAPI_FILE: _written(asyncapi())}


def file_name(type_name: str) -> str:
    """Return the name of a type's schema file, for example `person-signal.v1.schema.json`."""
    return f"{_kebab(type_name)}.v{VERSION}.schema.json"


def schema_of(kind: type[Closed]) -> Json:
    """Return the JSON Schema (2020-12) of a type, with an example."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:forewarn:schema:{_kebab(kind.__name__)}:v{VERSION}",
        **_tidy(msgspec.json.schema(kind)),
        "examples": [_plain(examples()[kind.__name__])],
    }


def asyncapi() -> Json:
    """Return the AsyncAPI 3.0 document of all topics."""
    kinds = [kind for _, kind in sorted(TYPES.items())]
    _, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    return {
        "asyncapi": "3.0.0",
        "id": "urn:forewarn",
        "info": {
            "title": "forewarn",
            "version": f"{VERSION}.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_channel_id(topic): _channel(topic) for topic in CATALOGUE},
        "operations": dict(_operation(topic, part, action) for topic, part, action in _traffic()),
        "components": {"schemas": _tidy(dict(sorted(components.items())))},
    }


def _written(document: Json) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def _tidy(schema: Any) -> Any:
    """Return a schema without the indents of docstrings, which differ between Pythons."""
    match schema:
        case dict():
            return {key: _tidy(value) for key, value in schema.items()}
        case list() | tuple():
            return [_tidy(value) for value in schema]
        case str():
            return cleandoc(schema)
        case _:
            return schema


def _plain(record: Closed) -> Any:
    return msgspec.json.decode(msgspec.json.encode(record))


def _kebab(type_name: str) -> str:
    return _CAPITAL.sub("-", type_name).lower()


def _channel_id(topic: Topic) -> str:
    """Return a topic's name without what all names share: `incident-reports`, `…-dlq`."""
    return topic.name.removeprefix("forewarn.").replace(f".v{VERSION}", "").replace(".", "-")


def _channel(topic: Topic) -> Json:
    return {
        "address": topic.name,
        "title": topic.about,
        "description": _who_and_how(topic),
        "messages": _messages(topic),
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": _topic_configuration(topic),
                "bindingVersion": _KAFKA_BINDING,
            }
        },
        "x-carries-identity": topic.carries_identity,
    }


def _who_and_how(topic: Topic) -> str:
    identity = " It carries identities: nobody else may read it." if topic.carries_identity else ""
    writers, readers = ", ".join(topic.writers), ", ".join(topic.readers) or "nobody of ours"
    return f"Keyed by {topic.key}. May write: {writers}. May read: {readers}.{identity}"


def _topic_configuration(topic: Topic) -> Json:
    settings: Json = {"cleanup.policy": [str(topic.cleanup)]}
    if topic.retention_ms is not None:
        settings["retention.ms"] = topic.retention_ms
    if topic.cleanup is Cleanup.COMPACT:
        settings["min.compaction.lag.ms"] = topic.compaction_lag_ms_min
    if topic.compaction_lag_ms_max is not None:
        settings["max.compaction.lag.ms"] = topic.compaction_lag_ms_max
    return settings


def _messages(topic: Topic) -> Json:
    found = examples()
    messages = {}
    for name in topic.types:
        if TYPES[name] is Event:
            messages[name] = _event_message(topic)
        else:
            payload = {"$ref": f"#/components/schemas/{name}"}
            messages[name] = _message(topic, name, payload, found[name])
    return messages


def _event_message(topic: Topic) -> Json:
    feed = next(feed for feed, known in FEEDS.items() if known == topic)
    payload = {
        "allOf": [
            {"$ref": "#/components/schemas/Event"},
            {"properties": {"type": {"const": TYPE_OF_FEED[feed]}}},
        ]
    }
    message = _message(topic, "Event", payload, event_of(feed))
    return {**message, "contentType": "application/cloudevents+json"}


def _message(topic: Topic, name: str, payload: Json, example: Closed) -> Json:
    return {
        "name": name,
        "title": _kebab(name).replace("-", " "),
        "contentType": "application/json",
        "payload": payload,
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": topic.key},
                "bindingVersion": _KAFKA_BINDING,
            }
        },
        "examples": [{"name": f"{_kebab(name)}-example", "payload": _plain(example)}],
    }


def _traffic() -> list[tuple[Topic, Part, str]]:
    return [
        (topic, part, action)
        for topic in CATALOGUE
        for parts, action in ((topic.writers, "send"), (topic.readers, "receive"))
        for part in parts
    ]


def _operation(topic: Topic, part: Part, action: str) -> tuple[str, Json]:
    channel = f"#/channels/{_channel_id(topic)}"
    verb = "writes" if action == "send" else "reads"
    return f"{part}-{action}-{_channel_id(topic)}", {
        "action": action,
        "channel": {"$ref": channel},
        "summary": f"The {part} part {verb} {topic.name}.",
        "tags": [{"name": str(part)}],
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in topic.types],
    }
