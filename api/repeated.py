"""`Idempotency-Key`: a request that is sent twice is done once and answered alike.

Rules: the key is claimed in the store before anything is done. The same key with another request
is refused and nothing is done. Only what was done is remembered: after a problem the key is free
again, for nothing came of it.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from alerts.store.engine import StoreError
from alerts.store.idempotency import KEY_CHARS_MAX, Answers, Claim, Remembered
from api.access import caller_of
from api.problem_words import ProblemType
from api.problems import Problem, bad_parameter

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
Act = Callable[[], Awaitable[Response]]

_log = structlog.get_logger("forewarn.api")


class Repeated:
    """Knows requests that came before by their keys."""

    def __init__(self, answers: Answers, now_us: Callable[[], int]) -> None:
        self._answers = answers
        self._now_us = now_us

    async def once(self, request: Request, body: bytes, act: Act) -> Response:
        """Return what `act` answers, or what it answered to this very request before."""
        key = request.headers.get(KEY_HEADER)
        if key is None:
            return await act()
        if not (0 < len(key) <= KEY_CHARS_MAX and key.isascii() and key.isprintable()):
            raise bad_parameter(KEY_HEADER)
        token_id = caller_of(request).token_id
        claim = await run_in_threadpool(
            self._answers.claim, token_id, key, _digest(request, body), self._now_us()
        )
        if isinstance(claim, Remembered):
            headers = {REPLAYED_HEADER: "true"}
            return Response(claim.body, claim.status, headers, "application/json")
        if claim is Claim.OTHER_REQUEST:
            raise Problem(ProblemType.IDEMPOTENCY_KEY_REUSED)
        if claim is Claim.IN_PROGRESS:
            raise Problem(ProblemType.IDEMPOTENCY_KEY_BUSY, headers={"retry-after": "1"})
        return await self._done(token_id, key, act)

    async def _done(self, token_id: str, key: str, act: Act) -> Response:
        try:
            response = await act()
        except Exception:
            await run_in_threadpool(self._answers.release, token_id, key)
            raise
        try:
            await run_in_threadpool(
                self._answers.finish,
                token_id,
                key,
                response.status_code,
                bytes(response.body),
                self._now_us(),
            )
        except StoreError as error:
            # It is done and must be answered so; the claim ends by itself.
            _log.warning("answer_not_remembered", detail=str(error))
        return response


def _digest(request: Request, body: bytes) -> str:
    """Return what makes a request the same: where it goes, on which condition, and its body."""
    path = request.url.path.encode()
    condition = request.headers.get("if-match", "").encode()
    return sha256(b"\0".join((path, condition, body))).hexdigest()
