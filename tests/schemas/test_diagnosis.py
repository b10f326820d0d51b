"""The wording of msgspec that we lean on: an upgrade that changes it fails here, by name."""

import json
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from schemas import diagnosis
from schemas.closed import Closed
from schemas.diagnosis import reason_of_bytes, refusal_of
from schemas.events import Instant
from schemas.rejections import REJECTION_LABELS, Rejection


class Inner(Closed, frozen=True):
    one: int = 0


class Tagged(Closed, frozen=True, tag="tagged"):
    one: int = 0


class Everything(Closed, frozen=True):
    """One field for each way to be wrong."""

    must: int
    word: Literal["a"] = "a"
    whole: Annotated[int, Meta(ge=0, le=9)] = 0
    number: Annotated[float, Meta(ge=0, le=9)] = 0
    any_number: float = 0
    text: Annotated[str, Meta(min_length=1, max_length=2)] = "a"
    form: Annotated[str, Meta(pattern="^a$")] = "a"
    items: Annotated[tuple[int, ...], Meta(min_length=1, max_length=2)] = (1,)
    blob: bytes = b""
    at: Instant | None = None
    inner: Inner | None = None
    either: Tagged | None = None


NAMES = frozenset(Everything.__struct_fields__) | {"one", "type"}
WRONG = [
    ('{"must":1,"x":1}', Rejection.UNKNOWN_FIELD, "$"),
    ('{"must":1,"inner":{"x":1}}', Rejection.UNKNOWN_FIELD, "$.inner"),
    ("{}", Rejection.MISSING_FIELD, "$.must"),
    ('{"must":1,"word":"b"}', Rejection.UNKNOWN_VALUE, "$.word"),
    ('{"must":1,"either":{"type":"b"}}', Rejection.UNKNOWN_VALUE, "$.either.type"),
    ('{"must":1,"whole":10}', Rejection.OUT_OF_RANGE, "$.whole"),
    ('{"must":1,"whole":-1}', Rejection.OUT_OF_RANGE, "$.whole"),
    ('{"must":1,"number":9.5}', Rejection.OUT_OF_RANGE, "$.number"),
    ('{"must":1,"number":-1}', Rejection.OUT_OF_RANGE, "$.number"),
    ('{"must":1,"any_number":1e999}', Rejection.OUT_OF_RANGE, "$.any_number"),
    ('{"must":' + "9" * 5_000 + "}", Rejection.OUT_OF_RANGE, "$.must"),
    ('{"must":1,"text":"abc"}', Rejection.TOO_LONG, "$.text"),
    ('{"must":1,"text":""}', Rejection.TOO_SHORT, "$.text"),
    ('{"must":1,"items":[1,1,1]}', Rejection.TOO_LONG, "$.items"),
    ('{"must":1,"items":[]}', Rejection.TOO_SHORT, "$.items"),
    ('{"must":1,"items":[1,"x"]}', Rejection.WRONG_TYPE, "$.items[]"),
    ('{"must":1,"form":"b"}', Rejection.MALFORMED_VALUE, "$.form"),
    ('{"must":1,"blob":"?"}', Rejection.MALFORMED_VALUE, "$.blob"),
    ('{"must":1,"at":"x"}', Rejection.TIME_MALFORMED, "$.at"),
    ('{"must":1,"at":"2026-01-01T00:00:00"}', Rejection.TIME_WITHOUT_ZONE, "$.at"),
    ('{"must":"1"}', Rejection.WRONG_TYPE, "$.must"),
    ('{"must":1,"inner":[]}', Rejection.WRONG_TYPE, "$.inner"),
    ("[]", Rejection.WRONG_TYPE, "$"),
    ("{", Rejection.MALFORMED_JSON, "$"),
]


def error_of(text: str) -> msgspec.DecodeError:
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(text, type=Everything)
    return caught.value


@pytest.mark.parametrize(("text", "reason", "detail"), WRONG, ids=[text[:40] for text, *_ in WRONG])
def test_an_error_of_msgspec_has_its_reason_and_place(
    text: str, reason: Rejection, detail: str
) -> None:
    refused = refusal_of(error_of(text), NAMES)
    assert (refused.reason, refused.detail) == (reason, detail)


def test_every_wording_that_we_match_is_still_in_use() -> None:
    said = [str(error_of(text)) for text, *_ in WRONG]
    unused = [
        wording.pattern
        for wording, _ in diagnosis._BY_WORDING
        if not any(wording.match(message) for message in said)
    ]
    assert unused == []


def test_no_error_is_named_for_want_of_a_wording() -> None:
    for text, *_ in WRONG:
        message = str(error_of(text))
        known = any(wording.match(message) for wording, _ in diagnosis._BY_WORDING)
        assert known or message.startswith(diagnosis._MISSING) or text == "{"


def test_a_new_wording_still_gives_a_refusal_without_content() -> None:
    refused = refusal_of(msgspec.ValidationError("Quite new: 'secret' - at `$.must`"), NAMES)
    assert (refused.reason, refused.detail) == (Rejection.MALFORMED_VALUE, "$.must")


@pytest.mark.parametrize(
    "tail", ["$.secret", "$[...].secret", "$.must.secret", "secret", "$.must`secret", "$.müst"]
)
def test_a_path_with_a_name_from_outside_is_not_shown(tail: str) -> None:
    refused = refusal_of(msgspec.ValidationError(f"Invalid enum value 'x' - at `{tail}`"), NAMES)
    assert refused.detail == "$"


def test_a_recursion_error_is_too_deep() -> None:
    assert refusal_of(RecursionError("maximum recursion depth"), NAMES).reason is Rejection.TOO_DEEP


@pytest.mark.parametrize(("depth", "expected"), [(32, None), (33, Rejection.TOO_DEEP)])
def test_nesting_is_counted_exactly(depth: int, expected: Rejection | None) -> None:
    text = '{"a":' * depth + r'"[[[{{{\"[[["' + "}" * depth
    assert json.loads(text)
    assert reason_of_bytes(text.encode(), bytes_max=1_000) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'{"a":"\u0000"}', Rejection.NUL_CHARACTER),
        (r'{"a":"\\u0000"}', None),
        (r'{"a":"\\\u0000"}', Rejection.NUL_CHARACTER),
        (r'{"a":"\\\\u0000"}', None),
        (r'{"a":"\ud83d\ude00"}', None),
        (r'{"a":"\ud83d","b":"\ude00"}', Rejection.LONE_SURROGATE),
        (r'{"a":"\\ud83d"}', None),
        ('{"a":1,"b":{"a":1}}', None),
        ('{"a":[{"b":1,"b":1}]}', Rejection.DUPLICATE_FIELD),
        ('{"a":-0.0e-400}', None),
        ('{"a":"NaN"}', None),
    ],
)
def test_what_looks_wrong_is_looked_at_exactly(text: str, expected: Rejection | None) -> None:
    assert reason_of_bytes(text.encode(), bytes_max=1_000) is expected


def test_every_reason_has_a_label_in_both_languages() -> None:
    assert set(REJECTION_LABELS) == set(Rejection)
    assert all(label.en and label.zh for label in REJECTION_LABELS.values())
    assert len({label.zh for label in REJECTION_LABELS.values()}) == len(Rejection)


RELEASED = """
empty oversize not_utf8 nul_character too_deep malformed_json non_finite_number
lone_surrogate duplicate_field not_an_object wrong_specversion wrong_event_type
wrong_content_type type_not_of_topic bad_header unknown_field missing_field
missing_purpose wrong_type unknown_value out_of_range too_long too_short
malformed_value control_character time_malformed time_without_zone time_too_old
time_in_future ingesttime_out_of_range unknown_area area_not_valid
identifier_malformed identifier_checksum
"""


def test_reasons_are_only_ever_added_at_the_end() -> None:
    """Dead letters and dashboards name them."""
    released = RELEASED.split()
    assert [str(reason) for reason in Rejection][: len(released)] == released
