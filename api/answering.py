"""A value to a JSON answer with an ETag, or to 304 where the caller has it already.

Rules: the tag is of the bytes, so it changes with anything that is shown; an alert's tag begins
with its revision, which a decision may be bound to (`If-Match`).
"""

import re
from hashlib import blake2b
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_TAGS_READ_MAX = 50
_TAG = re.compile(r'"([^"]*)"')
_REVISION_TAG = re.compile(r"r([0-9]{1,9})-[0-9a-f]{16}")
_encode = msgspec.json.Encoder().encode


def answered(request: Request, value: Any, *, revision: int | None = None) -> Response:
    """Return a value as the answer to a GET; 304 without a body where its tag is known there."""
    body = _encode(value)
    digest = blake2b(body, digest_size=8).hexdigest()
    tag = digest if revision is None else f"r{revision}-{digest}"
    headers = {"etag": f'"{tag}"', "cache-control": "private, no-cache"}
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def revision_wanted(if_match: str) -> int | None:
    """Return the revision that an `If-Match` of an alert is bound to.

    None where any will do (`*` or no header); -1 where it names none that can be.
    """
    if if_match.strip() in {"", "*"}:
        return None
    for tag in _tags(if_match):
        named = _REVISION_TAG.fullmatch(tag)
        if named is not None:
            return int(named.group(1))
    return -1


def _tags(header: str) -> list[str]:
    return _TAG.findall(header)[:_TAGS_READ_MAX]
