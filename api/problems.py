"""Every way a request can fail: one stable type each, with its status and its words.

Why: a program decides by `type`, a person reads `title` and `detail`; neither should change when
the code does (`problem_words.py`). Rules: an answer of 400 and above is problem+json (RFC 9457);
what a caller sent is never said back, only the name of a parameter or the place in a body.
`Accept-Language` chooses the language of the words.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.problem_words import WORDS, ProblemType

PROBLEM_JSON = "application/problem+json"
TYPE_PREFIX = "urn:forewarn:problem:"
_LANGUAGES_READ_MAX = 10


class Problem(HTTPException):
    """A request that fails, as it is answered.

    `said` are extension members of the answer, such as the name of a `parameter`.
    """

    def __init__(
        self,
        type_: ProblemType,
        said: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.type = type_
        self.said = dict(said or {})
        super().__init__(WORDS[type_].status, detail=type_.value, headers=headers)


class ProblemBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem as it is on the wire (RFC 9457); further members name what it is about."""

    type: str
    title: str
    status: int
    detail: str
    parameter: str | None = None
    reason: str | None = None
    pointer: str | None = None
    retry_after_s: int | None = None


_encode = msgspec.json.Encoder().encode


def speaks_chinese(accept_language: str) -> bool:
    """Say whether a caller prefers Chinese to English (RFC 9110, by weight and then by order)."""
    best, chinese = 0.0, False
    for part in accept_language.split(",", _LANGUAGES_READ_MAX)[:_LANGUAGES_READ_MAX]:
        tag, _, weight = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary not in {"zh", "en"}:
            continue
        quality = _quality(weight)
        if quality > best:
            best, chinese = quality, primary == "zh"
    return chinese


def _quality(weight: str) -> float:
    text = weight.strip().removeprefix("q=")
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def answer_of(problem: Problem, accept_language: str) -> Response:
    """Return a problem as an answer, in the language the caller prefers."""
    words = WORDS[problem.type]
    chinese = speaks_chinese(accept_language)
    title, detail = words.title, words.detail
    body = {
        "type": TYPE_PREFIX + problem.type,
        "title": title.zh if chinese else title.en,
        "status": words.status,
        "detail": detail.zh if chinese else detail.en,
        **problem.said,
    }
    headers = {
        "content-language": "zh-CN" if chinese else "en",
        "vary": "Accept-Language",
        **(problem.headers or {}),
    }
    return Response(_encode(body), words.status, headers, PROBLEM_JSON)


def answer_to(request: Request, problem: Problem) -> Response:
    """Return a problem as the answer to a request."""
    return answer_of(problem, request.headers.get("accept-language", ""))


def bad_parameter(name: str) -> Problem:
    """Return the problem of a parameter that is not as documented."""
    return Problem(ProblemType.BAD_PARAMETER, {"parameter": name})


def not_found() -> Problem:
    """Return the problem of something that is not there, or not for this caller."""
    return Problem(ProblemType.NOT_FOUND)


def later(type_: ProblemType, retry_after_s: int) -> Problem:
    """Return a problem that passes by itself; the caller is to come back after so many seconds."""
    return Problem(type_, {"retry_after_s": retry_after_s}, {"retry-after": str(retry_after_s)})
