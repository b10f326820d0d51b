"""Why bytes could not be read as a type: a named reason and the place, never the content.

Why apart: reading is on the hot path and must stay one call of msgspec; asking *why not* is rare
and may take its time. Rules: what is wrong with the bytes themselves comes before what is wrong
with a field; the order is empty, oversize, not UTF-8, NUL, too deep, then not JSON, a number that
is not finite, half a surrogate pair, a field twice. Messages of msgspec hold names and values that
came from outside: only its own words are matched, at their beginning, and a path is passed on only
if every name in it is one of ours. Nesting is measured without recursion.
"""

import json
import math
import re
from collections.abc import Collection
from typing import NoReturn

import msgspec

from schemas.rejections import Refused, Rejection

DEPTH_MAX = 32
_WHITESPACE = b" \t\n\r"
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile("[\ud800-\udfff]")
_KEY = re.compile(rb'"([a-z_]+)"[ \t\n\r]*:')
_ESCAPED_KEY = re.compile(rb'\\u[0-9A-Fa-f]{4}[A-Za-z_]*"[ \t\n\r]*:')
_AT = " - at `"
_PATH = re.compile(r"\$((?:\.[\w-]+|\[(?:\d+|\.\.\.)\])*)")
_STEP = re.compile(r"\.([\w-]+)|\[[^\]]*\]")
_MISSING = "Object missing required field `"

_BY_WORDING = (
    (re.compile(r"Object contains unknown field `"), Rejection.UNKNOWN_FIELD),
    (re.compile(r"Invalid enum value "), Rejection.UNKNOWN_VALUE),
    (re.compile(r"Invalid value "), Rejection.UNKNOWN_VALUE),
    (re.compile(r"Expected `(?:int|float)` [<>]"), Rejection.OUT_OF_RANGE),
    (re.compile(r"(?:Number|Integer value) out of range"), Rejection.OUT_OF_RANGE),
    (re.compile(r"Expected `\w+` of length <="), Rejection.TOO_LONG),
    (re.compile(r"Expected `\w+` of length >="), Rejection.TOO_SHORT),
    (re.compile(r"Expected `str` matching regex "), Rejection.MALFORMED_VALUE),
    (re.compile(r"Invalid base64"), Rejection.MALFORMED_VALUE),
    (re.compile(r"Invalid RFC3339 "), Rejection.TIME_MALFORMED),
    (re.compile(r"Expected `datetime` with a timezone"), Rejection.TIME_WITHOUT_ZONE),
    (re.compile(r"Expected `[^`]+`, got `[^`]+`"), Rejection.WRONG_TYPE),
)


class _Found(Exception):  # noqa: N818  # leaves the parser at once; never leaves this module
    def __init__(self, reason: Rejection) -> None:
        self.reason = reason


def reason_of_bytes(body: bytes, *, bytes_max: int) -> Rejection | None:
    """Return what is wrong with the bytes as a JSON text, None if they are one."""
    if len(body) > bytes_max:
        return Rejection.OVERSIZE if body.strip(_WHITESPACE) else Rejection.EMPTY
    if not body.strip(_WHITESPACE):
        return Rejection.EMPTY
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return Rejection.NOT_UTF8
    if "\0" in text or _ESCAPED_NUL.search(text):
        return Rejection.NUL_CHARACTER
    if _too_deep(text):
        return Rejection.TOO_DEEP
    return _reason_of_text(text)


def _too_deep(text: str) -> bool:
    """Say whether brackets nest deeper than the limit, in a text that need not be well-formed."""
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return False
    depth = 0
    for token in _TOKEN.finditer(text):
        match token.group()[0]:
            case "[" | "{":
                depth += 1
                if depth > DEPTH_MAX:
                    return True
            case "]" | "}":
                depth -= 1
            case _:
                pass
    return False


def _refuse_constant(_name: str) -> NoReturn:
    raise _Found(Rejection.NON_FINITE_NUMBER)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Found(Rejection.NON_FINITE_NUMBER)
    return number


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _Found(Rejection.DUPLICATE_FIELD)
    return fields


def _reason_of_text(text: str) -> Rejection | None:
    """Return what is wrong with a text of bounded depth; integers are not evaluated."""
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=len,
            object_pairs_hook=_once,
        )
    except _Found as found:
        return found.reason
    except ValueError:
        return Rejection.MALFORMED_JSON
    if _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        return Rejection.LONE_SURROGATE
    return None if isinstance(value, dict) else Rejection.NOT_AN_OBJECT


def repeats_a_field(body: bytes) -> bool:
    """Say whether a body that was read as an event has a field twice, exactly.

    No two of an event's fields have the same name, at any depth, so a name that is a key twice is
    a field that is there twice. A key may be spelled with escapes; then it is parsed to be sure.
    """
    keys = _KEY.findall(body)
    if len(keys) != len(set(keys)):
        return True
    if b"\\u" not in body or not _ESCAPED_KEY.search(body):
        return False
    return _reason_of_text(body.decode()) is Rejection.DUPLICATE_FIELD


def refusal_of(error: Exception, names: Collection[str]) -> Refused:
    """Return the reason and the place that an error of msgspec tells, without its content."""
    if isinstance(error, UnicodeError):
        return Refused(Rejection.NOT_UTF8)
    if isinstance(error, RecursionError):
        return Refused(Rejection.TOO_DEEP)
    if not isinstance(error, msgspec.ValidationError):
        return Refused(Rejection.MALFORMED_JSON)
    message = str(error)
    path = _known_path(message, names)
    if message.startswith(_MISSING):
        return _missing(message, path, names)
    for wording, reason in _BY_WORDING:
        if wording.match(message):
            return Refused(reason, path)
    return Refused(Rejection.MALFORMED_VALUE, path)


def _missing(message: str, path: str, names: Collection[str]) -> Refused:
    name = message[len(_MISSING) :].partition("`")[0]
    if name not in names:
        return Refused(Rejection.MISSING_FIELD, path)
    reason = Rejection.MISSING_PURPOSE if name == "purpose" else Rejection.MISSING_FIELD
    return Refused(reason, f"{path}.{name}")


def _known_path(message: str, names: Collection[str]) -> str:
    """Return the path at the end of a message, `$` when there is none or it is not all ours.

    A name from outside can look like a path, so each step must be a field of ours; positions in
    a list are left out, for a number can be content.
    """
    _, found, tail = message.rpartition(_AT)
    path = _PATH.fullmatch(tail.removesuffix("`")) if found else None
    if path is None:
        return "$"
    steps = _STEP.findall(path.group(1))
    if any(name and name not in names for name in steps):
        return "$"
    return "$" + "".join(f".{name}" if name else "[]" for name in steps)
