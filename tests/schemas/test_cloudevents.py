"""CloudEvents over Kafka: structured and binary mode, headers, topics, and text fit to be kept."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cloudevents import Attributes, unwrap, wrap_binary
from schemas.codec import encode
from schemas.diagnosis import repeats_a_field
from schemas.events import TYPE_OF_FEED, Event, RawRecord
from schemas.examples import event_of
from schemas.fields import field_names, types_within
from schemas.rejections import Refused, Rejection
from schemas.taxonomy import Feed
from schemas.topics import FEEDS
from tests.schemas.record_strategies import NAME_TEXT, values_of

EVENT = event_of(Feed.HOTLINE)
TOPIC = FEEDS[Feed.HOTLINE].name
BODY = encode(EVENT)
Headers = tuple[tuple[str, bytes], ...]
HEADERS, DATA = wrap_binary(EVENT)


def raw(value: bytes, headers: Headers = (), topic: str = TOPIC) -> RawRecord:
    return RawRecord(
        value=value, topic=topic, partition=0, offset=1, received_us=2, headers=headers
    )


def refused(value: bytes, headers: Headers = (), topic: str = TOPIC) -> tuple[Rejection, str]:
    with pytest.raises(Refused) as caught:
        unwrap(raw(value, headers, topic))
    assert caught.value.__context__ is None
    return caught.value.reason, caught.value.detail


def headers_with(name: str, value: bytes | None) -> Headers:
    """The headers of the event in binary mode, with one exchanged, added or (None) left out."""
    others = tuple(header for header in HEADERS if header[0] != name)
    return others if value is None else (*others, (name, value))


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"application/json; charset=utf-8",
        b"application/cloudevents+json",
        b'Application/CloudEvents+JSON;charset="UTF-8"',
    ],
)
def test_structured_mode_is_known_by_its_content_type(content_type: bytes) -> None:
    assert unwrap(raw(BODY, (("content-type", content_type),))) == EVENT


def test_structured_mode_needs_no_header() -> None:
    assert unwrap(raw(BODY)) == EVENT


def test_structured_mode_may_repeat_its_attributes_as_headers() -> None:
    told = headers_with("content-type", b"application/cloudevents+json")
    assert unwrap(raw(BODY, told)) == EVENT


@pytest.mark.parametrize("content_type", [b"application/json", b"application/json;charset=UTF-8"])
def test_binary_mode_is_known_by_its_headers(content_type: bytes) -> None:
    assert unwrap(raw(DATA, headers_with("content-type", content_type))) == EVENT


def test_binary_mode_may_leave_the_content_type_out() -> None:
    assert unwrap(raw(DATA, headers_with("content-type", None))) == EVENT


def test_headers_of_the_transport_are_passed_over() -> None:
    told = (*HEADERS, ("traceparent", b"\xff\0"), ("forewarn-trace", b"1"), ("ce-id", b"x"))
    assert unwrap(raw(DATA, told)) == EVENT


@given(event=values_of(Event, text=NAME_TEXT))
def test_an_event_comes_back_from_binary_mode(event: Event) -> None:
    told, data = wrap_binary(event)
    assert all(isinstance(value, bytes) for _, value in told)
    assert unwrap(raw(data, told, "replay")) == event


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (headers_with("ce_subject", b"s"), (Rejection.UNKNOWN_FIELD, "$")),
        (headers_with("ce_datacontenttype", b"x"), (Rejection.UNKNOWN_FIELD, "$")),
        (headers_with("ce_data", b"{}"), (Rejection.UNKNOWN_FIELD, "$")),
        (headers_with("ce_id", None), (Rejection.MISSING_FIELD, "$.id")),
        (headers_with("ce_id", b""), (Rejection.TOO_SHORT, "$.id")),
        (headers_with("ce_id", b"\xff"), (Rejection.BAD_HEADER, "$.id")),
        (headers_with("ce_id", b"a\0"), (Rejection.NUL_CHARACTER, "$.id")),
        (headers_with("ce_source", b"a\x1b"), (Rejection.CONTROL_CHARACTER, "$.source")),
        ((*HEADERS, ("ce_id", b"2")), (Rejection.BAD_HEADER, "$.id")),
        ((*HEADERS, ("content-type", b"text/xml")), (Rejection.BAD_HEADER, "$")),
        (headers_with("ce_specversion", b"0.3"), (Rejection.WRONG_SPECVERSION, "$.specversion")),
        (headers_with("ce_type", b"com.example"), (Rejection.WRONG_EVENT_TYPE, "$.type")),
        (headers_with("ce_time", b"yesterday"), (Rejection.TIME_MALFORMED, "$.time")),
        (headers_with("ce_time", b"2026-11-01T00:00:00"), (Rejection.TIME_WITHOUT_ZONE, "$.time")),
        (headers_with("ce_ingesttime", b"1"), (Rejection.TIME_MALFORMED, "$.ingesttime")),
    ],
)
def test_a_bad_header_is_refused(told: Headers, expected: tuple[Rejection, str]) -> None:
    assert refused(DATA, told) == expected


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/avro",
        b"application/cloudevents-batch+json",
        b"application/cloudevents+avro",
        b"application/json; charset=gbk",
        b"text/plain",
        b"\xff\xfe",
        b"",
    ],
)
@pytest.mark.parametrize("binary", [True, False])
def test_another_content_type_is_refused(content_type: bytes, *, binary: bool) -> None:
    told = headers_with("content-type", content_type)
    found = refused(DATA, told) if binary else refused(BODY, (("content-type", content_type),))
    assert found == (Rejection.WRONG_CONTENT_TYPE, "$.datacontenttype")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", (Rejection.EMPTY, "$.data")),
        (b"x" * 70_000, (Rejection.OVERSIZE, "$.data")),
        (b"{", (Rejection.MALFORMED_JSON, "$.data")),
        (b"{}", (Rejection.MISSING_PURPOSE, "$.data.purpose")),
        (BODY, (Rejection.UNKNOWN_FIELD, "$.data")),
        (DATA.replace(b'"lat":22', b'"lat":222'), (Rejection.OUT_OF_RANGE, "$.data.location.lat")),
        (DATA[:-1] + b',"severity" : 0}', (Rejection.DUPLICATE_FIELD, "$.data")),
        (b'{"specversion":"0.3"}', (Rejection.UNKNOWN_FIELD, "$.data")),
    ],
)
def test_bad_data_in_binary_mode_is_refused(data: bytes, expected: tuple[Rejection, str]) -> None:
    assert refused(data, HEADERS) == expected


def test_the_limit_of_the_body_is_the_callers() -> None:
    assert unwrap(raw(BODY), body_bytes_max=len(BODY)) == EVENT
    with pytest.raises(Refused) as caught:
        unwrap(raw(BODY), body_bytes_max=len(BODY) - 1)
    assert caught.value.reason is Rejection.OVERSIZE


@pytest.mark.parametrize("feed", Feed)
@pytest.mark.parametrize("prefix", ["", "past.", "a.b."])
def test_each_feed_takes_its_own_events_and_no_others(feed: Feed, prefix: str) -> None:
    topic = prefix + FEEDS[feed].name
    for other in Feed:
        event = event_of(other)
        if other is feed:
            assert unwrap(raw(encode(event), topic=topic)) == event
        else:
            expected = (Rejection.TYPE_NOT_OF_TOPIC, "$.type")
            assert refused(encode(event), topic=topic) == expected


@pytest.mark.parametrize("feed", Feed)
def test_a_replay_takes_every_feed(feed: Feed) -> None:
    event = event_of(feed)
    assert unwrap(raw(encode(event), topic="replay")) == event
    assert event.type == TYPE_OF_FEED[feed]


@pytest.mark.parametrize(
    "note", ["求助\n\t\r", r"a literal \u0000", "\\", '"id":"2"', "😀", "\x01"]
)
def test_a_rare_but_harmless_note_is_taken(note: str) -> None:
    event = msgspec.structs.replace(EVENT, data=msgspec.structs.replace(EVENT.data, note=note))
    for body in (encode(event), json.dumps(msgspec.to_builtins(event)).encode()):
        assert unwrap(raw(body)) == event


@pytest.mark.parametrize("name", ["𠮷野", "a\tb", "caf\u00e9", "\u200b", "\ue000"])
def test_a_rare_but_harmless_name_is_taken(name: str) -> None:
    event = msgspec.structs.replace(EVENT, id=name, source=name)
    assert unwrap(raw(encode(event))) == event


def test_no_two_fields_of_an_event_have_the_same_name() -> None:
    """What makes the search for repeated fields exact."""
    listed = [
        field.encode_name
        for info in types_within(Event)
        if isinstance(info, msgspec.inspect.StructType)
        for field in info.fields
    ]
    assert len(listed) == len(set(listed))
    assert set(listed) == field_names(Event)


@given(event=values_of(Event, text=NAME_TEXT), data=st.data())
def test_a_repeated_field_is_found_wherever_it_is(event: Event, data: st.DataObject) -> None:
    pairs = json.loads(encode(event), object_pairs_hook=list)
    name, value = data.draw(st.sampled_from(pairs))
    spelled = data.draw(st.sampled_from([name, f"\\u{ord(name[0]):04x}{name[1:]}"]))
    gap = data.draw(st.sampled_from(["", " ", "\n\t"]))
    again = f'"{spelled}"{gap}:{encode_pairs(value)}'
    members = [f'"{key}":{encode_pairs(one)}' for key, one in pairs]
    members.insert(data.draw(st.integers(0, len(members))), again)
    body = ("{" + ",".join(members) + "}").encode()
    assert repeats_a_field(body)
    assert not repeats_a_field(encode(event))
    assert refused(body, topic="replay")[0] in {Rejection.DUPLICATE_FIELD, Rejection.NUL_CHARACTER}


def encode_pairs(value: object) -> str:
    """JSON of what was read with `object_pairs_hook=list`: a list of pairs is an object."""
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return "{" + ",".join(f'"{key}":{encode_pairs(one)}' for key, one in value) + "}"
    return json.dumps(value)


def test_the_attributes_are_those_of_an_event_without_its_data() -> None:
    ours, whole = Attributes.__struct_fields__, Event.__struct_fields__
    assert ours == tuple(name for name in whole if name not in {"data", "datacontenttype"})
    hints = {field.name: field.type for field in msgspec.structs.fields(Event)}
    assert all(hints[field.name] == field.type for field in msgspec.structs.fields(Attributes))
