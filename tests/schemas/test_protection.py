"""No field and no value speaks of who did harm, who reported it, or what somebody is.

What is not in a type cannot be stored, joined, scored or leaked. These tests walk every type that
flows or is remembered; a name that collides with a forbidden word by chance is allowed by hand,
with its reason.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from schemas.closed import Closed, Packed
from schemas.codec import TYPES, CodecError, decoder_of, encode
from schemas.events import Event, EventData, Person, RawRecord
from schemas.examples import examples
from schemas.fields import types_within
from schemas.rejections import REJECTION_LABELS
from schemas.taxonomy import LABELS, Scheme
from schemas.topics import CATALOGUE, Topic
from schemas.versioned import STATE_CODECS
from tests.schemas.record_strategies import values_of

WORDS = {
    "who did harm": "aggressor perpetrator offender abuser attacker assailant culprit suspect "
    "accused defendant convict criminal blame guilt",
    "who reported it": "reporter caller informant informer complainant petitioner witness "
    "whistleblower submitter author",
    "sex and age": "gender sex male female man woman boy girl age aged birth birthday born dob "
    "pregnan minor elder child",
    "origin and belief": "ethnic race racial nation national nationality citizen religio faith "
    "belief church mosque politic party ideolog union migrant immigra language",
    "standing": "household hukou registration register occupation profession employ job income "
    "salary credit debt education marital marri divorce spouse orientation",
    "body": "biometr face facial fingerprint iris dna voice gait photo image",
    "where and what they say": "travel trip journey itinerary flight railway hotel speech opinion "
    "post comment tweet chat sentiment loyalty stability",
}
FORBIDDEN = {word: subject for subject, words in WORDS.items() for word in words.split()}
STEM_CHARS_MIN = 5
"""A forbidden word of this length or more is a stem; a shorter one has to be the whole word."""

ALLOWED = {
    "child_present": "a sign of danger: a child needs protection too",
    "child_or_elder_neglect": "a kind of matter: the person at risk is neglected",
    "pregnancy": "a sign of danger: evidence says it raises the risk of grave harm",
    "never_inform_household": "how to reach the person at risk without adding to the danger",
    "citizen-id": "names the form of an identifier, which ends in the vault",
}

IN_CHINESE = """
嫌疑 加害 施暴者 施害 犯罪 罪犯 肇事 被告 举报人 报警人 来电人 上访人
信访人 投诉人 证人 性别 男性 女性 年龄 出生 民族 种族 宗教 信仰
政治 党员 国籍 籍贯 户籍 户口 职业 收入 婚姻状况 学历 指纹 人脸
声纹 虹膜 出行 行程 轨迹 言论 舆情 维稳 重点人员 危险分子
"""
EXAMPLES = """
suspect_name reporterId AGE age_group birth_year ethnicity race hukou religion political_party
nationality occupation face_id travels speech
"""

FLOWING = list(TYPES.values())
REMEMBERED = [codec.kind for codec in STATE_CODECS]
BEHIND_THE_INTAKE = sorted(set(TYPES) - {"Event", "VaultRecord", "DeadLetter"})
IDENTIFYING = (
    "identifier identity value scheme note name phone telephone mobile email address id_card"
)
ALLOWED_IDENTIFYING = {
    "ServiceClock.return_address": "sealed for the intake; names a signal, not a person",
    "OpenClock.return_address": "as in ServiceClock",
    "Contribution.value": "how much there is of a feature, a number",
}


def records_in(*kinds: Any) -> Iterator[inspect.StructType]:
    return (info for info in types_within(*kinds) if isinstance(info, inspect.StructType))


def words_of(name: str) -> list[str]:
    """The single words of a name, however they are joined."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^0-9A-Za-z]+", " ", name).lower().split()


def forbidden_in(name: str) -> list[str]:
    return [
        forbidden
        for word in words_of(name)
        for forbidden in FORBIDDEN
        if word in (forbidden, f"{forbidden}s")
        or (len(forbidden) >= STEM_CHARS_MIN and word.startswith(forbidden))
    ]


def fields_and_values() -> set[str]:
    names = set()
    for info in types_within(*FLOWING, *REMEMBERED, RawRecord):
        if isinstance(info, inspect.StructType):
            names |= {field.name for field in info.fields}
            names |= {field.encode_name for field in info.fields}
        elif isinstance(info, inspect.EnumType):
            names |= {str(member.value) for member in info.cls}
            names |= {member.name for member in info.cls}
        elif isinstance(info, inspect.LiteralType):
            names |= {str(value) for value in info.values}
    return names


def test_no_field_and_no_value_speaks_of_what_must_not_be_known() -> None:
    allowed = {*ALLOWED, *(name.upper().replace("-", "_") for name in ALLOWED)}
    found = {name: forbidden_in(name) for name in fields_and_values() - allowed}
    assert {name: words for name, words in found.items() if words} == {}


def test_every_allowed_name_is_there_and_collides() -> None:
    names = fields_and_values()
    assert all(reason for reason in ALLOWED.values())
    assert [name for name in ALLOWED if name not in names or not forbidden_in(name)] == []


@pytest.mark.parametrize(
    "name",
    EXAMPLES.split(),
)
def test_the_search_finds_what_it_is_for(name: str) -> None:
    assert forbidden_in(name)


@pytest.mark.parametrize("name", ["message", "trace", "package", "stage", "manner", "trained"])
def test_the_search_is_not_misled_by_a_part_of_a_word(name: str) -> None:
    assert forbidden_in(name) == []


def test_no_label_in_chinese_speaks_of_what_must_not_be_known() -> None:
    labels = [text.zh for text in (*LABELS.values(), *REJECTION_LABELS.values())]
    found = {word for word in IN_CHINESE.split() for label in labels if word in label}
    assert found == set()


def test_every_record_that_flows_or_is_remembered_is_closed() -> None:
    for info in records_in(*FLOWING, *REMEMBERED):
        assert info.forbid_unknown_fields, info.cls
        assert issubclass(info.cls, Closed | Packed)
        if issubclass(info.cls, Closed):
            assert info.cls.__struct_config__.frozen, info.cls


def test_nothing_on_a_topic_is_open_to_names_from_outside() -> None:
    """A dictionary or a value of any type would let in what a closed record keeps out."""
    for info in types_within(*FLOWING):
        assert not isinstance(info, inspect.DictType | inspect.AnyType | inspect.RawType)


def identifying_in(records: Iterable[inspect.StructType]) -> list[str]:
    """Fields, as `Record.field`, whose name says that they hold who somebody is."""
    return [
        f"{info.cls.__name__}.{field.name}"
        for info in records
        for field in info.fields
        if set(words_of(field.name)) & set(IDENTIFYING.split())
        and f"{info.cls.__name__}.{field.name}" not in ALLOWED_IDENTIFYING
    ]


@pytest.mark.parametrize("name", BEHIND_THE_INTAKE)
def test_what_leaves_the_intake_has_no_identifier_and_no_note(name: str) -> None:
    reached = list(records_in(TYPES[name]))
    assert {info.cls for info in reached} & {Event, EventData, Person} == set()
    assert identifying_in(reached) == []
    enums = [info.cls for info in types_within(TYPES[name]) if isinstance(info, inspect.EnumType)]
    assert Scheme not in enums


def test_what_is_remembered_has_no_identifier_and_no_note() -> None:
    assert identifying_in(records_in(*REMEMBERED)) == []


def test_every_allowed_identifying_field_is_there() -> None:
    reached = records_in(*FLOWING, *REMEMBERED)
    there = {f"{info.cls.__name__}.{field.name}" for info in reached for field in info.fields}
    assert set(ALLOWED_IDENTIFYING) <= there


def test_identities_behind_the_intake_are_sealed_bytes() -> None:
    for name in ("VaultRecord", "DeadLetter"):
        (info,) = records_in(TYPES[name])
        sealed = {field.name: field.type for field in info.fields}["sealed"]
        assert isinstance(sealed, inspect.BytesType)


def test_only_topics_that_say_so_carry_identities() -> None:
    identifying = {"Event", "VaultRecord", "DeadLetter"}
    for topic in CATALOGUE:
        assert topic.carries_identity == bool(identifying & set(topic.types))


def test_an_event_names_one_person_and_only_the_one_at_risk() -> None:
    holders = [
        (info.cls.__name__, field.name)
        for info in records_in(Event)
        for field in info.fields
        if Person in {inner.cls for inner in records_in(info.cls)} and info.cls is not Person
    ]
    assert ("EventData", "person") in holders
    people = [
        one for one in records_in(Event) if {"scheme", "value"} & {f.name for f in one.fields}
    ]
    assert [one.cls for one in people] == [Person]


def objects_in(plain: Any) -> list[dict[str, Any]]:
    if isinstance(plain, list):
        return [one for item in plain for one in objects_in(item)]
    if not isinstance(plain, dict):
        return []
    return [plain, *(one for item in plain.values() for one in objects_in(item))]


PLACES = [(topic, name) for topic in CATALOGUE for name in topic.types]


@pytest.mark.parametrize(
    ("topic", "name"), PLACES, ids=[f"{topic.name}-{name}" for topic, name in PLACES]
)
@given(data=st.data())
def test_an_unknown_field_is_refused_at_every_level(
    topic: Topic, name: str, data: st.DataObject
) -> None:
    plain = json.loads(encode(data.draw(values_of(TYPES[name]))))
    field = data.draw(st.sampled_from(sorted(FORBIDDEN)) | st.text(min_size=1))
    known = {one.encode_name for info in records_in(TYPES[name]) for one in info.fields}
    check_refused_everywhere(topic, plain, field if field not in known else f"{field}-")


@pytest.mark.parametrize(
    ("topic", "name"), PLACES, ids=[f"{topic.name}-{name}" for topic, name in PLACES]
)
def test_the_published_example_with_a_field_more_is_refused(topic: Topic, name: str) -> None:
    check_refused_everywhere(topic, json.loads(encode(examples()[name])), "suspect")


def check_refused_everywhere(topic: Topic, plain: dict[str, Any], field: str) -> None:
    """Add the field to one object of the record after the other; each must be refused for it."""
    for place in objects_in(plain):
        place[field] = None
        with pytest.raises(CodecError):
            decoder_of(topic.name)(json.dumps(plain).encode())
        del place[field]
    assert decoder_of(topic.name)(json.dumps(plain).encode())


@given(data=st.data())
def test_a_state_refuses_more_than_it_has_fields_for(data: st.DataObject) -> None:
    codec = data.draw(st.sampled_from(STATE_CODECS))
    plain = msgspec.msgpack.decode(codec.encode(data.draw(values_of(codec.kind)))[1:])
    longer = bytes([codec.version]) + msgspec.msgpack.encode([*plain, "more"])
    with pytest.raises(ValueError, match="state cannot be read"):
        codec.decode(longer)
