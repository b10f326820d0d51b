"""Every record survives the way to bytes and back, and no error gives its content away."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.closed import Closed
from schemas.codec import TYPES, CodecError, decoder_of, encode
from schemas.events import Event
from schemas.examples import examples
from schemas.outcomes import Assessment, ClockAnswer, DeadLetter, ServiceClock, TrainingExample
from schemas.records import AreaSignal, PersonSignal, Tick
from schemas.topics import CATALOGUE, PERSON_LOG, SERVICE_LOG, Topic
from tests.schemas.record_strategies import values_of

ON_TOPICS = [(topic, name) for topic in CATALOGUE for name in topic.types]
every_place = pytest.mark.parametrize(
    ("topic", "name"), ON_TOPICS, ids=[f"{topic.name}-{name}" for topic, name in ON_TOPICS]
)
SECRET = "secret-13800000000"


@every_place
@given(data=st.data())
def test_a_record_comes_back_as_it_was(topic: Topic, name: str, data: st.DataObject) -> None:
    record = data.draw(values_of(TYPES[name]))
    written = encode(record)
    read = decoder_of(topic.name)(written)
    assert type(read) is TYPES[name]
    assert read == record
    assert encode(read) == written


def test_every_type_of_the_catalogue_is_known() -> None:
    assert set(TYPES) == {name for topic in CATALOGUE for name in topic.types}
    assert all(kind.__name__ == name for name, kind in TYPES.items())


def test_types_that_share_a_topic_are_told_apart_by_their_tag() -> None:
    for topic in CATALOGUE:
        tags = [TYPES[name].__struct_config__.tag for name in topic.types]
        assert len(set(tags)) == len(topic.types)
        assert len(topic.types) == 1 or None not in tags


def test_the_service_log_carries_three_types() -> None:
    decode = decoder_of(SERVICE_LOG.name)
    found = examples()
    for name, kind in (("ServiceClock", ServiceClock), ("ClockAnswer", ClockAnswer)):
        assert isinstance(decode(encode(found[name])), kind)
    assert isinstance(decode(b'{"type":"tick","source":"s","at_us":1}'), Tick)


def test_an_event_has_no_tag_of_ours() -> None:
    assert Event.__struct_config__.tag is None


def test_a_person_signal_is_not_taken_for_an_area_signal() -> None:
    with pytest.raises(CodecError):
        decoder_of("forewarn.area-log.v1")(encode(examples()["PersonSignal"]))
    assert PersonSignal.__struct_config__.tag == AreaSignal.__struct_config__.tag


def test_a_topic_outside_of_the_catalogue_has_no_decoder() -> None:
    with pytest.raises(KeyError, match=r"forewarn\.nothing"):
        decoder_of("forewarn.nothing.v1")


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b"[]", "wrong_type at $"),
        (b'"' + SECRET.encode() + b'"', "wrong_type at $"),
        (b'{"type":"\xff"}', "not_utf8"),
        (b'{"type":"' + SECRET.encode() + b'"}', "unknown_value at $.type"),
        (b'{"type":"tick","source":"s"}', "missing_field at $.at_us"),
        (b'{"type":"tick","source":"s","at_us":1,"' + SECRET.encode() + b'":1}', "unknown_field"),
        (b'{"type":"tick","source":"s","at_us":"' + SECRET.encode() + b'"}', "$.at_us"),
    ],
)
def test_what_cannot_be_read_says_where_and_not_what(damaged: bytes, reason: str) -> None:
    with pytest.raises(CodecError) as caught:
        decoder_of(PERSON_LOG.name)(damaged)
    assert reason in str(caught.value)
    assert PERSON_LOG.name in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@given(data=st.binary(max_size=200), topic=st.sampled_from(CATALOGUE))
def test_any_bytes_are_a_record_or_a_codec_error(data: bytes, topic: Topic) -> None:
    try:
        record = decoder_of(topic.name)(data)
    except CodecError:
        return
    assert type(record).__name__ in topic.types


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_not_written(number: float) -> None:
    found = examples()
    for record in (
        msgspec.structs.replace(found["TrainingExample"], values=(1.0, number)),
        msgspec.structs.replace(found["Assessment"], probability=number),
    ):
        assert isinstance(record, TrainingExample | Assessment)
        with pytest.raises(CodecError, match="not finite"):
            encode(record)


def test_the_word_null_in_a_text_is_written() -> None:
    record = msgspec.structs.replace(examples()["Assessment"], decision="null")
    assert b'"null"' in encode(record)


def test_an_absent_time_of_a_dead_letter_is_written() -> None:
    record = msgspec.structs.replace(examples()["DeadLetter"], first_seen=None)
    assert isinstance(record, DeadLetter)
    assert decoder_of("forewarn.hotline-calls.v1.dlq")(encode(record)) == record


def test_text_that_is_not_unicode_is_not_written() -> None:
    record: Closed = msgspec.structs.replace(examples()["Tick"], source="\ud800" + SECRET)
    with pytest.raises(CodecError) as caught:
        encode(record)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None
