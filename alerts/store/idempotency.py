"""Answers remembered by `Idempotency-Key`, so that a request sent twice is done once.

Rules: a key belongs to its token; it is claimed before anything is done, so two requests at once
cannot both go on. The same key with another body is a conflict. A claim that was never finished
(its process died) is free again after a bound; an answer is kept for a day.
"""

from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Engine, delete, select, update

from alerts.store.engine import upsert_into, writing_on
from alerts.store.own_tables import ANSWERS
from schemas.times import DAY_US, SECOND_US

CLAIM_US = 60 * SECOND_US
KEPT_US = DAY_US
KEY_CHARS_MAX = 128


class Claim(StrEnum):
    """What a key means for a request."""

    CLAIMED = "claimed"
    IN_PROGRESS = "in_progress"
    OTHER_REQUEST = "other_request"


class Remembered(NamedTuple):
    """The answer that was given to this very request before."""

    status: int
    body: bytes


class Answers:
    """The answers of a store; safe to share among threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(
        self, token_id: str, key: str, request_sha256: str, now_us: int
    ) -> Claim | Remembered:
        """Claim a key for a request, or return what is known of it. Raises StoreError."""
        if not 0 < len(key) <= KEY_CHARS_MAX:
            raise ValueError(f"an Idempotency-Key has 1 to {KEY_CHARS_MAX} characters")
        with writing_on(self._engine) as connection:
            # Two at once: the insert of the second waits for the first, and then does nothing.
            connection.execute(delete(ANSWERS).where(_of(token_id, key), _expired(now_us)))
            made = connection.execute(
                upsert_into(ANSWERS, connection)
                .values(
                    token_id=token_id,
                    key=key,
                    request_sha256=request_sha256,
                    expires_us=now_us + CLAIM_US,
                )
                .on_conflict_do_nothing()
                .returning(ANSWERS.c.key)
            ).scalar()
            if made is not None:
                return Claim.CLAIMED
            row = connection.execute(select(ANSWERS).where(_of(token_id, key))).one_or_none()
        if row is None:
            return Claim.IN_PROGRESS  # given up this very moment
        if row.request_sha256 != request_sha256:
            return Claim.OTHER_REQUEST
        return Claim.IN_PROGRESS if row.status is None else Remembered(row.status, row.body)

    def finish(self, token_id: str, key: str, status: int, body: bytes, now_us: int) -> None:
        """Remember the answer to a claimed request for a day."""
        with writing_on(self._engine) as connection:
            connection.execute(
                update(ANSWERS)
                .where(_of(token_id, key))
                .values(status=status, body=body, expires_us=now_us + KEPT_US)
            )

    def release(self, token_id: str, key: str) -> None:
        """Give a claim up: nothing was done, the request may be sent again."""
        with writing_on(self._engine) as connection:
            connection.execute(
                delete(ANSWERS).where(_of(token_id, key), ANSWERS.c.status.is_(None))
            )


def _of(token_id: str, key: str) -> ColumnElement[bool]:
    return (ANSWERS.c.token_id == token_id) & (ANSWERS.c.key == key)


def _expired(now_us: int) -> ColumnElement[bool]:
    return ANSWERS.c.expires_us <= now_us
