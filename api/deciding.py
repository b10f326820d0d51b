"""`POST /v1/alerts/{id}/transitions`: an officer takes an alert on, or closes it with an outcome.

Rules: the decision, its audit row and its way into the log are one transaction of the store. With
`If-Match` it is bound to the revision that was looked at, so that nobody closes what has grown
worse meanwhile. An alert in a foreign area is not found.
"""

from typing import Annotated, Literal

import msgspec
from fastapi import Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from alerts.store.decisions import Decisions, Done, Refused
from alerts.store.lifecycle import AlertState
from alerts.store.reading import Reading
from alerts.store.tokens import Caller
from api.access import caller_of, sees
from api.answering import revision_wanted
from api.asking import ID_PATTERN
from api.parts import Parts
from api.problem_words import ProblemType
from api.problems import Problem, not_found
from api.repeated import Repeated
from schemas.cloudevents import PLAIN
from schemas.taxonomy import Outcome

_REFUSED = {
    Refused.UNKNOWN_ALERT: ProblemType.NOT_FOUND,
    Refused.OTHER_REVISION: ProblemType.REVISION_CHANGED,
    Refused.NOT_OPEN: ProblemType.TRANSITION_NOT_POSSIBLE,
}
_encode = msgspec.json.Encoder().encode


class Acknowledge(
    msgspec.Struct, frozen=True, tag_field="action", tag="acknowledge", forbid_unknown_fields=True
):
    """The caller takes the alert on."""


class Close(
    msgspec.Struct, frozen=True, tag_field="action", tag="close", forbid_unknown_fields=True
):
    """The alert is done with; `outcome` is what was found."""

    outcome: Outcome


class Decided(msgspec.Struct, frozen=True):
    """A decision that holds; `repeated` says that it held already and nothing was written."""

    transition_id: str
    alert_id: str
    revision: int
    action: Literal["acknowledge", "close"]
    state: AlertState
    repeated: bool


_read = msgspec.json.Decoder(Acknowledge | Close).decode


class Deciding:
    """Takes decisions about alerts."""

    def __init__(
        self, parts: Parts, reading: Reading, decisions: Decisions, repeated: Repeated
    ) -> None:
        self._parts = parts
        self._reading = reading
        self._decisions = decisions
        self._repeated = repeated

    async def post(
        self, request: Request, alert_id: Annotated[str, Path(pattern=ID_PATTERN)]
    ) -> Response:
        """Acknowledge or close an alert."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != PLAIN:
            raise Problem(ProblemType.UNSUPPORTED_MEDIA_TYPE)
        body = await request.body()
        wanted = _wanted(body)
        caller = caller_of(request)
        revision = revision_wanted(request.headers.get("if-match", ""))

        async def act() -> Response:
            return await run_in_threadpool(self._decide, alert_id, wanted, caller, revision)

        return await self._repeated.once(request, body, act)

    def _decide(
        self, alert_id: str, wanted: Acknowledge | Close, caller: Caller, revision: int | None
    ) -> Response:
        found = self._reading.alert(alert_id)
        if found is None or not sees(caller, found.view.line):
            raise not_found()
        done = self._write(alert_id, wanted, caller, revision)
        if isinstance(done, Refused):
            raise Problem(_REFUSED[done])
        action: Literal["acknowledge", "close"] = (
            "close" if isinstance(wanted, Close) else "acknowledge"
        )
        said = Decided(
            done.transition_id, alert_id, done.revision, action, done.state, done.repeated
        )
        return Response(_encode(said), 200 if done.repeated else 201, media_type=PLAIN)

    def _write(
        self, alert_id: str, wanted: Acknowledge | Close, caller: Caller, revision: int | None
    ) -> Done | Refused:
        now_us = self._parts.now_us()
        if isinstance(wanted, Close):
            return self._decisions.close(
                alert_id, wanted.outcome, by=caller.token_id, now_us=now_us, revision=revision
            )
        return self._decisions.acknowledge(
            alert_id, by=caller.token_id, now_us=now_us, revision=revision
        )


def _wanted(body: bytes) -> Acknowledge | Close:
    try:
        wanted: Acknowledge | Close = _read(body)
    except msgspec.ValidationError as error:
        raise Problem(ProblemType.INVALID_BODY, {"pointer": _place(str(error))}) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Problem(ProblemType.MALFORMED_BODY, {"reason": "malformed_json"}) from None
    return wanted


def _place(said: str) -> str:
    """Return which of our own fields is at fault, never a name that came from outside."""
    for name in ("outcome", "action"):
        if f"`$.{name}`" in said or f"field `{name}`" in said:
            return f"$.{name}"
    return "$"
