"""The OpenAPI document: made from the table of endpoints and from the types on the wire.

Rules: what FastAPI knows (parameters) is its; answers, bodies, problems and examples are from the
table; schemas are msgspec's of the very types that are encoded. Nothing is written twice.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.deciding import Acknowledge, Close
from api.endpoint import Answer, Endpoint
from api.hub import StreamedAlert
from api.problem_words import WORDS, ProblemType
from api.problems import PROBLEM_JSON, TYPE_PREFIX, ProblemBody
from api.repeated import KEY_HEADER
from api.streaming import Ended
from schemas.events import Event

Json = dict[str, Any]
_PLAIN = {str: "string", dict: "object"}
OPENAPI_PATH = "/openapi.json"
_BESIDE = (Event, Acknowledge, Close, StreamedAlert, Ended, ProblemBody)
_SECURITY = {"token": {"type": "http", "scheme": "bearer"}}
_REF = "#/components/schemas/{name}"
_ABOUT = """\
Alerts about people at risk of harm, with their reasons; events in; areas and their series.

Every endpoint but those of supervision and the start page needs a bearer token with a role, areas
and an expiry. An area of a token stands for all that lies in it. What is named by an id and lies in
a foreign area is not found (404); a foreign area named by its code is forbidden (403).

A failure is a problem (RFC 9457) with a stable `type`; `Accept-Language` (`zh-CN` or `en`) chooses
the language of its words. What an officer reads of an alert is there in both languages."""


def document(app: FastAPI, endpoints: Sequence[Endpoint], version: str) -> Json:
    """Return the document of an application."""
    made = get_openapi(
        title="forewarn", version=version, description=_ABOUT, routes=app.routes, summary=None
    )
    for endpoint in endpoints:
        _describe(made["paths"][endpoint.path][endpoint.method.lower()], endpoint)
    made["components"] = {
        "schemas": _schemas(endpoints, made.get("components", {}).get("schemas", {})),
        "securitySchemes": _SECURITY,
    }
    made["security"] = [{"token": []}]
    return made


def _schemas(endpoints: Sequence[Endpoint], parameters: Json) -> Json:
    """Return the schemas of all that is on the wire, and of parameters (FastAPI's)."""
    bodies = {
        one.body for each in endpoints for one in each.answers if one.body not in {None, *_PLAIN}
    }
    _, ours = msgspec.json.schema_components({*bodies, *_BESIDE}, ref_template=_REF)
    theirs = {
        name: schema
        for name, schema in parameters.items()
        if name not in {"HTTPValidationError", "ValidationError"}
    }
    return dict(sorted({**theirs, **ours}.items()))


def _describe(operation: Json, endpoint: Endpoint) -> None:
    need = endpoint.need
    if need.roles:
        roles = ", ".join(sorted(need.roles))
        foreign = {"hidden": "not found", "forbidden": "forbidden"}.get(need.areas)
        area = f" What lies in a foreign area is {foreign}." if foreign else ""
        operation["description"] = f"{endpoint.about}\n\nRoles: {roles}.{area}"
    else:
        operation["security"] = []
        operation["description"] = f"Open, because it {need.why_open}."
    operation["responses"] = _responses(endpoint)
    if endpoint.takes is not None:
        examples = {name: {"value": value} for name, value in endpoint.takes.examples.items()}
        content = {"schema": endpoint.takes.schema, "examples": examples}
        operation["requestBody"] = {
            "required": True,
            "content": dict.fromkeys(endpoint.takes.media_types, content),
        }
    operation.setdefault("parameters", []).extend(_headers(endpoint))
    if not operation["parameters"]:
        del operation["parameters"]


def _headers(endpoint: Endpoint) -> list[Json]:
    named: list[tuple[str, str, Json]] = []
    if any(answer.status == 304 for answer in endpoint.answers):  # noqa: PLR2004  # not modified
        named.append(("If-None-Match", "An ETag of an answer that is known.", {"type": "string"}))
    if ProblemType.IDEMPOTENCY_KEY_REUSED in endpoint.problems:
        key = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"}
        named.append((KEY_HEADER, "Makes sending again safe: the same answer for a day.", key))
    if ProblemType.REVISION_CHANGED in endpoint.problems:
        named.append(("If-Match", "The ETag of the alert that was looked at.", {"type": "string"}))
    return [
        {"name": name, "in": "header", "required": False, "description": about, "schema": schema}
        for name, about, schema in named
    ]


def _responses(endpoint: Endpoint) -> Json:
    found: Json = {str(answer.status): _good(answer) for answer in endpoint.answers}
    by_status: dict[int, list[ProblemType]] = {}
    for problem in problems_of(endpoint):
        by_status.setdefault(WORDS[problem].status, []).append(problem)
    for status, problems in sorted(by_status.items()):
        # An endpoint of supervision answers in its own words where it is not well.
        found.setdefault(str(status), _problem(status, problems))
    return found


def _good(answer: Answer) -> Json:
    said: Json = {"description": answer.about}
    if answer.body in _PLAIN:
        schema: Json = {"type": _PLAIN[answer.body]}
        said["content"] = {answer.media_type: {"schema": schema, "example": answer.example}}
    elif answer.body is not None:
        schema = {"$ref": _REF.format(name=answer.body.__name__)}
        said["content"] = {answer.media_type: {"schema": schema, "example": answer.example}}
    if answer.headers:
        said["headers"] = {name: {"schema": {"type": "string"}} for name in answer.headers}
    return said


def problems_of(endpoint: Endpoint) -> tuple[ProblemType, ...]:
    """Return every way in which a request to an endpoint can fail."""
    everywhere = (
        ProblemType.UNKNOWN_PARAMETER,
        ProblemType.BAD_PARAMETER,
        ProblemType.INTERNAL,
    )
    guarded = (
        ProblemType.NO_TOKEN,
        ProblemType.BAD_TOKEN,
        ProblemType.TOKEN_EXPIRED,
        ProblemType.TOKEN_REVOKED,
        ProblemType.ROLE_NOT_ALLOWED,
        ProblemType.STORE_AWAY,
    )
    of_areas = {"hidden": (ProblemType.NOT_FOUND,), "forbidden": (ProblemType.FOREIGN_AREA,)}
    named = (
        *everywhere,
        *(guarded if endpoint.need.roles else ()),
        *of_areas.get(endpoint.need.areas, ()),
        *endpoint.problems,
    )
    return tuple(dict.fromkeys(named))


def _problem(status: int, problems: Sequence[ProblemType]) -> Json:
    examples = {
        problem.value: {
            "value": {
                "type": TYPE_PREFIX + problem,
                "title": WORDS[problem].title.en,
                "status": status,
                "detail": WORDS[problem].detail.en,
            }
        }
        for problem in problems
    }
    schema = {"$ref": _REF.format(name=ProblemBody.__name__)}
    return {
        "description": "; ".join(WORDS[problem].title.en for problem in problems) + ".",
        "content": {PROBLEM_JSON: {"schema": schema, "examples": examples}},
    }
