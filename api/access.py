"""Who may ask for what: the caller behind a token, the role an endpoint needs, and areas.

Rules: refused by default. An endpoint that needs no token says so with its reason. A caller sees an
area when the token names it or one that it lies in; no areas in a token means all of them. What is
asked for by an id that means nothing by itself (an alert, an event, a person) and lies elsewhere is
*not found*, so that nobody learns what there is by guessing; what is asked for by an area's code is
*forbidden*, for codes are public and a plain answer helps.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from alerts.store.places import line_of
from alerts.store.reading import Reading
from alerts.store.tokens import Caller, Refusal, Role, Tokens
from api.parts import ApiConfig
from api.problem_words import ProblemType
from api.problems import Problem
from schemas.areas import Directory

_BEARER = "bearer"
_REFUSED = {
    Refusal.UNKNOWN: ProblemType.BAD_TOKEN,
    Refusal.EXPIRED: ProblemType.TOKEN_EXPIRED,
    Refusal.REVOKED: ProblemType.TOKEN_REVOKED,
}
_CHALLENGE = {"www-authenticate": 'Bearer realm="forewarn"'}


class Need(NamedTuple):
    """What an endpoint needs of its caller.

    No roles means that it is open, and `why_open` says why that is right. `areas` says how a
    foreign area is answered, for the documents and for the test that tries them all.
    """

    roles: frozenset[Role]
    areas: str = "none"
    why_open: str = ""


def needs(*roles: Role, areas: str = "none") -> Need:
    """Return the need of one of these roles; `areas` is `none`, `hidden` or `forbidden`."""
    return Need(frozenset(roles), areas)


def open_to_all(why: str) -> Need:
    """Return the need of nothing, with the reason."""
    return Need(frozenset(), why_open=why)


class Gate:
    """Lets callers in, remembering good tokens for a short while."""

    def __init__(self, tokens: Tokens, config: ApiConfig, now_us: Callable[[], int]) -> None:
        self._tokens = tokens
        self._now_us = now_us
        self._kept_us = int(config.token_cache_s_max * 1_000_000)
        self._kept_max = config.tokens_cached_max
        self._kept: dict[str, tuple[int, Caller]] = {}

    async def pass_(self, request: Request, need: Need) -> Caller | None:
        """Return the caller, None at an open endpoint. Raises Problem for one who may not pass."""
        if not need.roles:
            return None
        caller = await self.caller(_presented(request))
        if caller.role not in need.roles:
            raise Problem(ProblemType.ROLE_NOT_ALLOWED)
        return caller

    async def caller(self, token: str) -> Caller:
        """Return whom a token names. Raises Problem where it is not good."""
        now_us = self._now_us()
        kept = self._kept.get(token)
        if kept is not None and now_us < kept[0] and now_us < kept[1].expires_us:
            return kept[1]
        found = await run_in_threadpool(self._tokens.caller, token, now_us)
        if isinstance(found, Refusal):
            self._kept.pop(token, None)
            raise Problem(_REFUSED[found], headers=_CHALLENGE)
        if len(self._kept) >= self._kept_max:
            self._kept.clear()
        self._kept[token] = (now_us + self._kept_us, found)
        return found


def _presented(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != _BEARER or not token.strip():
        raise Problem(ProblemType.NO_TOKEN, headers=_CHALLENGE)
    return token.strip()


def token_of(request: Request) -> str:
    """Return the token that a request was let in with."""
    return _presented(request)


def caller_of(request: Request) -> Caller:
    """Return the caller that the gate let in."""
    caller: Caller = request.state.caller
    return caller


def sees(caller: Caller, line: Sequence[str]) -> bool:
    """Say whether a caller may see what lies in this line of areas."""
    return not caller.areas or not set(caller.areas).isdisjoint(line)


def sends_from(caller: Caller, source: str) -> bool:
    """Say whether a gateway may send events of this source."""
    return not caller.sources or source in caller.sources


def reports_on(caller: Caller, area: str, directory: Directory) -> bool:
    """Say whether a gateway may send events about this area."""
    return not caller.areas or sees(caller, tuple(line_of(area, directory).values()))


def own_area(caller: Caller, code: str, reading: Reading) -> None:
    """Raise Problem where an area is foreign to the caller; one not known is foreign too."""
    if caller.areas and not sees(caller, (code, *reading.line(code))):
        raise Problem(ProblemType.FOREIGN_AREA)
