"""Tokens, remembered answers and what is deleted when it is old, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from alerts.store.decisions import Decisions, Done
from alerts.store.idempotency import CLAIM_US, KEPT_US, Answers, Claim, Remembered
from alerts.store.own_tables import AUDIT, OUTBOX, TOKENS, TRANSITIONS
from alerts.store.reading import Reading
from alerts.store.retention import Retention, newest_us, retain
from alerts.store.tables import EVENTS, REVISIONS, SERVICE_CLOCKS
from alerts.store.tokens import Caller, Refusal, Role, TokenError, Tokens
from schemas.areas import CANARY_CODE
from schemas.outcomes import Change, ClockState, ServiceClock
from schemas.taxonomy import Kind, Outcome, Purpose
from schemas.times import DAY_US, from_us
from tests.alerts.store.stores import alert, alert_id, relayed, rows_of, states_of, tell
from tests.builders import AREA, NOW_US, person_signal, signal_id

SECRET = bytes(range(32))
LATER_US = NOW_US + DAY_US


def token_of(engine: Engine, secret: bytes = SECRET) -> str:
    return (
        Tokens(engine)
        .create(secret, name="desk", role=Role.OFFICER, now_us=NOW_US, expires_us=LATER_US,
                areas=("4407",))
        .token
    )  # fmt: skip


def test_a_token_names_its_caller_until_it_expires_or_is_revoked(engine: Engine) -> None:
    tokens, token = Tokens(engine), token_of(engine)
    caller = tokens.caller(token, NOW_US)
    assert isinstance(caller, Caller)
    assert (caller.role, caller.areas, caller.sources) == (Role.OFFICER, ("4407",), ())
    assert tokens.caller(token, LATER_US) is Refusal.EXPIRED
    assert tokens.revoke(caller.token_id, NOW_US)
    assert not tokens.revoke(caller.token_id, NOW_US)
    assert tokens.caller(token, NOW_US) is Refusal.REVOKED
    assert [row.revoked_us for row in tokens.listed()] == [NOW_US]
    assert [row["action"] for row in rows_of(engine, AUDIT)] == ["token_created", "token_revoked"]


def test_the_store_never_holds_a_token_itself(engine: Engine) -> None:
    token = token_of(engine)
    assert token not in str(rows_of(engine, TOKENS))


def test_anything_else_is_unknown(engine: Engine) -> None:
    token_of(engine)
    for presented in ("", "fw_", "fw_unknown", "Bearer", "fw_" + "x" * 500, "fw_é"):
        assert Tokens(engine).caller(presented, NOW_US) is Refusal.UNKNOWN


def test_a_token_that_could_not_be_safe_is_not_made(engine: Engine) -> None:
    with pytest.raises(TokenError, match="random bytes"):
        token_of(engine, b"short")
    with pytest.raises(TokenError, match="later than now"):
        Tokens(engine).create(SECRET, name="n", role=Role.ADMIN, now_us=NOW_US, expires_us=NOW_US)


def test_a_request_sent_twice_gets_the_answer_it_got(engine: Engine) -> None:
    answers = Answers(engine)
    assert answers.claim("t", "k", "one", NOW_US) is Claim.CLAIMED
    assert answers.claim("t", "k", "one", NOW_US) is Claim.IN_PROGRESS
    answers.finish("t", "k", 202, b"done", NOW_US)
    assert answers.claim("t", "k", "one", NOW_US) == Remembered(202, b"done")
    assert answers.claim("t", "k", "two", NOW_US) is Claim.OTHER_REQUEST
    assert answers.claim("another", "k", "two", NOW_US) is Claim.CLAIMED
    assert answers.claim("t", "k", "two", NOW_US + KEPT_US) is Claim.CLAIMED


def test_a_claim_given_up_or_left_behind_is_free_again(engine: Engine) -> None:
    answers = Answers(engine)
    answers.claim("t", "k", "one", NOW_US)
    answers.release("t", "k")
    assert answers.claim("t", "k", "one", NOW_US) is Claim.CLAIMED
    assert answers.claim("t", "k", "one", NOW_US + CLAIM_US) is Claim.CLAIMED


def test_of_many_at_once_one_alone_claims_a_key(engine: Engine) -> None:
    answers, ready = Answers(engine), threading.Barrier(8)

    def claim(_: int) -> object:
        ready.wait(10)
        return answers.claim("t", "k", "one", NOW_US)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(claim, range(8)))
    assert sorted(found, key=str) == [Claim.CLAIMED, *[Claim.IN_PROGRESS] * 7]


def test_of_many_at_once_one_alone_writes_a_decision(engine: Engine) -> None:
    tell(engine, alert())
    decisions, ready = Decisions(engine), threading.Barrier(8)

    def close(number: int) -> object:
        ready.wait(10)
        return decisions.close(alert_id(1), Outcome.AVERTED, by=f"t{number}", now_us=NOW_US)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(close, range(8)))
    assert [one.repeated for one in found if isinstance(one, Done)].count(False) == 1
    assert len(rows_of(engine, OUTBOX)) == len(rows_of(engine, AUDIT)) == 1


def test_what_is_old_goes_and_what_is_open_or_waits_stays(engine: Engine) -> None:
    tell(
        engine,
        alert(1),
        alert(2, subject="b" * 32, change=Change.EXPIRED, open_=False),
        alert(3, subject="c" * 32),
        alert(4, subject="d" * 32),
        *(person_signal(number) for number in range(1, 4)),
    )
    decisions = Decisions(engine)
    for number in (3, 4):
        decisions.close(alert_id(number), Outcome.AVERTED, by="t", now_us=NOW_US)
        if number == 3:
            relayed(engine)
    rules = Retention(alerts_days=30, events_days=30, changes_days=1)
    assert retain(engine, rules, NOW_US + 29 * DAY_US).keys() == {"changes"}
    gone = retain(engine, rules, NOW_US + 31 * DAY_US)
    assert (gone["alerts"], gone["events"]) == (2, 3)
    assert states_of(engine) == {"1": "new*", "4": "closed"}
    assert len(rows_of(engine, REVISIONS)) == 2
    assert len(rows_of(engine, TRANSITIONS)) == 1
    assert rows_of(engine, EVENTS) == []
    assert Reading(engine).alerts_after(1).lost
    assert Reading(engine).event(signal_id(1)) is None


def test_the_present_of_a_historical_feed_is_its_newest_report(engine: Engine) -> None:
    assert newest_us(engine, NOW_US) == NOW_US
    tell(engine, person_signal(1, at_us=NOW_US - DAY_US))
    assert newest_us(engine, NOW_US) == NOW_US - DAY_US


def test_the_clocks_of_canaries_go_after_two_days_and_no_others(engine: Engine) -> None:
    opened, due = from_us(NOW_US), from_us(NOW_US + DAY_US)
    for receipt, area in (("a" * 32, CANARY_CODE), ("b" * 32, AREA)):
        tell(
            engine,
            ServiceClock(
                receipt,
                ClockState.OPENED,
                Purpose.SUGGESTION,
                Kind.SELF_HARM,
                area,
                opened,
                due,
                opened,
            ),
        )
    rules = Retention()
    assert not retain(engine, rules, NOW_US + DAY_US)["service_clocks"]
    assert retain(engine, rules, NOW_US + 3 * DAY_US)["service_clocks"] == 1
    assert [row["area"] for row in rows_of(engine, SERVICE_CLOCKS)] == [AREA]
