"""Bearer tokens: who may ask, as what, for which areas, until when.

Rules: a token is 256 random bits, shown once; the store keeps its SHA-256. A slow, salted hash
guards passwords, which can be guessed; nobody guesses 256 random bits, so a fast hash is as safe
and costs a request one microsecond. Unknown, expired and revoked are told apart to ourselves only.
"""

from base64 import urlsafe_b64encode
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Engine, Insert, Row, select, update

from alerts.store.engine import reading_on, writing_on
from alerts.store.own_tables import AUDIT, TOKENS

SECRET_BYTES = 32
NAME_CHARS_MAX = 128
AREAS_MAX = 50
TOKENS_LISTED_MAX = 1_000
BY_COMMAND = "command-line"
_PREFIX = "fw_"
_TOKEN_CHARS_MAX = 128
_ID_CHARS = 12


class Role(StrEnum):
    """What a caller is; what each may do, the API declares with each endpoint."""

    OFFICER = "officer"
    ANALYST = "analyst"
    OPERATOR = "operator"
    GATEWAY = "gateway"
    ADMIN = "admin"


class Refusal(StrEnum):
    """Why a token is not good."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Caller(NamedTuple):
    """Whom a good token names. No areas, or no sources, means all of them."""

    token_id: str
    name: str
    role: Role
    areas: tuple[str, ...]
    sources: tuple[str, ...]
    expires_us: int


class TokenRow(NamedTuple):
    """A token as it is listed: everything but the secret."""

    caller: Caller
    created_us: int
    revoked_us: int | None


class Created(NamedTuple):
    """A new token: what to hand over, once, and what is listed of it."""

    token: str
    caller: Caller


class TokenError(ValueError):
    """A token cannot be made so; the message says what to change."""


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


class Tokens:
    """The tokens of a store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self,
        secret: bytes,
        *,
        name: str,
        role: Role,
        now_us: int,
        expires_us: int,
        areas: tuple[str, ...] = (),
        sources: tuple[str, ...] = (),
    ) -> Created:
        """Make a token of 32 random bytes. Raises TokenError, StoreError."""
        if len(secret) != SECRET_BYTES:
            raise TokenError(f"a token is made of {SECRET_BYTES} random bytes")
        if not 0 < len(name) <= NAME_CHARS_MAX:
            raise TokenError(f"a token's name has 1 to {NAME_CHARS_MAX} characters")
        if expires_us <= now_us:
            raise TokenError("a token must expire later than now")
        if max(len(areas), len(sources)) > AREAS_MAX:
            raise TokenError(f"a token names at most {AREAS_MAX} areas and as many sources")
        token = _PREFIX + urlsafe_b64encode(secret).decode().rstrip("=")
        digest = _digest(token)
        caller = Caller(digest[:_ID_CHARS], name, role, areas, sources, expires_us)
        with writing_on(self._engine) as connection:
            connection.execute(
                TOKENS.insert().values(
                    token_id=caller.token_id,
                    sha256=digest,
                    name=name,
                    role=role.value,
                    areas=msgspec.json.encode(areas).decode(),
                    sources=msgspec.json.encode(sources).decode(),
                    created_us=now_us,
                    expires_us=expires_us,
                )
            )
            connection.execute(_audited(caller.token_id, "token_created", now_us, role.value))
        return Created(token, caller)

    def caller(self, presented: str, now_us: int) -> Caller | Refusal:
        """Return whom a presented token names, or why it is refused. Raises StoreError."""
        if len(presented) > _TOKEN_CHARS_MAX or not presented.startswith(_PREFIX):
            return Refusal.UNKNOWN
        found = select(TOKENS).where(TOKENS.c.sha256 == _digest(presented))
        with reading_on(self._engine) as connection:
            row = connection.execute(found).one_or_none()
        if row is None:
            return Refusal.UNKNOWN
        if row.revoked_us is not None:
            return Refusal.REVOKED
        return _caller(row) if now_us < row.expires_us else Refusal.EXPIRED

    def revoke(self, token_id: str, now_us: int) -> bool:
        """Make a token useless from now on; False where no such token was good."""
        revoked = (
            update(TOKENS)
            .where(TOKENS.c.token_id == token_id, TOKENS.c.revoked_us.is_(None))
            .values(revoked_us=now_us)
        )
        with writing_on(self._engine) as connection:
            done = connection.execute(revoked).rowcount == 1
            if done:
                connection.execute(_audited(token_id, "token_revoked", now_us, ""))
        return done

    def listed(self) -> list[TokenRow]:
        """Return the tokens, newest first, without their secrets."""
        newest = select(TOKENS).order_by(TOKENS.c.created_us.desc()).limit(TOKENS_LISTED_MAX)
        with reading_on(self._engine) as connection:
            rows = connection.execute(newest).all()
        return [TokenRow(_caller(row), row.created_us, row.revoked_us) for row in rows]


def _caller(row: Row[Any]) -> Caller:
    return Caller(
        row.token_id,
        row.name,
        Role(row.role),
        msgspec.json.decode(row.areas, type=tuple[str, ...]),
        msgspec.json.decode(row.sources, type=tuple[str, ...]),
        row.expires_us,
    )


def _audited(token_id: str, action: str, now_us: int, detail: str) -> Insert:
    return AUDIT.insert().values(
        at_us=now_us, token_id=BY_COMMAND, action=action, about=token_id, detail=detail
    )
