"""Decisions of officers: bound to what was seen, written once, on their way to the log."""

from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import Engine, select

from alerts.store.own_tables import AUDIT, OUTBOX
from alerts.store.reading import Reading
from alerts.store.tokens import Role
from schemas.codec import decoder_of
from schemas.outcomes import Alert
from schemas.records import Action, Transition
from schemas.taxonomy import Level, Outcome
from schemas.topics import PERSON_LOG
from tests.api.serving import (
    OWN_COUNTY,
    OWN_GRID,
    OWN_PERSON,
    Running,
    alert_of,
    filled,
    now_us,
    problem,
    raised,
    running,
    write,
)

FIRST = f"{1:032x}"
PATH = f"/v1/alerts/{FIRST}"
CLOSE = {"action": "close", "outcome": "averted"}


@pytest.fixture
def served(engine: Engine) -> Iterator[Running]:
    filled(engine)
    with running(engine) as one:
        yield one


def first() -> Alert:
    return alert_of(1, OWN_GRID, OWN_PERSON)


def test_a_decision_is_shown_audited_and_on_its_way_to_the_log(served: Running) -> None:
    with served.client(served.token(Role.OFFICER, OWN_COUNTY)) as client:
        taken = client.post(f"{PATH}/transitions", json={"action": "acknowledge"})
        assert (taken.status_code, taken.json()["state"]) == (201, "acknowledged")
        closed = client.post(f"{PATH}/transitions", json=CLOSE)
        assert (closed.status_code, closed.json()["state"]) == (201, "closed")
        shown = client.get(PATH).json()
    assert shown["view"]["state"] == "closed"
    assert [step["what"] for step in shown["timeline"]] == ["opened", "acknowledged", "closed"]
    assert shown["timeline"][-1]["outcome"] == "averted"
    assert Reading(served.engine).outbox_depth() == 2
    with served.engine.connect() as connection:
        bodies = connection.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.outbox_id)).scalars()
        read = decoder_of(PERSON_LOG.name)
        sent = [read(body) for body in bodies]
        audited = connection.execute(
            select(AUDIT.c.action).where(AUDIT.c.about == FIRST).order_by(AUDIT.c.at_us)
        ).scalars()
        assert list(audited) == ["acknowledged", "closed"]
    assert all(isinstance(one, Transition) for one in sent)
    last = sent[-1]
    assert isinstance(last, Transition)
    assert (last.action, last.outcome, last.subject) == (Action.CLOSED, Outcome.AVERTED, OWN_PERSON)


def test_a_decision_bound_to_an_older_revision_is_not_taken(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        tag = client.get(PATH).headers["etag"]
        write(served.engine, [raised(first())])
        late = client.post(f"{PATH}/transitions", json=CLOSE, headers={"If-Match": tag})
        assert problem(late) == (412, "revision-changed")
        assert client.get(PATH).json()["view"]["state"] == "new"
        tag = client.get(PATH).headers["etag"]
        now = client.post(f"{PATH}/transitions", json=CLOSE, headers={"If-Match": tag})
        assert (now.status_code, now.json()["revision"]) == (201, 2)


@pytest.mark.parametrize("tag", ["nonsense", '"r1"', 'W/"x"', '"0123456789abcdef"'])
def test_a_tag_that_names_no_revision_matches_nothing(served: Running, tag: str) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        answer = client.post(f"{PATH}/transitions", json=CLOSE, headers={"If-Match": tag})
    assert problem(answer) == (412, "revision-changed")


def test_the_same_decision_twice_is_one(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        one, two = (client.post(f"{PATH}/transitions", json=CLOSE) for _ in range(2))
        assert (one.status_code, two.status_code) == (201, 200)
        assert two.json() == {**one.json(), "repeated": True}
        other = client.post(
            f"{PATH}/transitions", json={"action": "close", "outcome": "no_need_found"}
        )
    assert problem(other) == (409, "transition-not-possible")
    assert Reading(served.engine).outbox_depth() == 1


def test_a_key_repeats_the_answer_of_a_decision(served: Running) -> None:
    with served.client(served.token(Role.OFFICER), **{"Idempotency-Key": "k"}) as client:
        one, two = (client.post(f"{PATH}/transitions", json=CLOSE) for _ in range(2))
        other = client.post(f"{PATH}/transitions", json={"action": "acknowledge"})
    assert (one.status_code, one.content) == (two.status_code, two.content)
    assert two.headers["idempotency-replayed"] == "true"
    assert problem(other) == (422, "idempotency-key-reused")


def test_danger_that_rose_after_a_close_is_new_again(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        client.post(f"{PATH}/transitions", json=CLOSE)
        write(served.engine, [raised(first())])
        assert client.get(PATH).json()["view"]["state"] == "new"


def test_an_alert_is_sent_once_and_again_when_it_changed(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        tag = client.get(PATH).headers["etag"]
        same = client.get(PATH, headers={"If-None-Match": f'"other", {tag}'})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        client.post(f"{PATH}/transitions", json={"action": "acknowledge"})
        changed = client.get(PATH, headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag


def test_evidence_stands_before_reasons_and_reasons_before_the_score(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        text = client.get(PATH).text
    assert text.index('"evidence"') < text.index('"reasons"') < text.index('"score"')


def test_the_most_urgent_come_first_when_asked_by_deadline(served: Running) -> None:
    more = [
        alert_of(3, OWN_GRID, f"{3:032x}", Level.BLUE),
        alert_of(4, OWN_GRID, f"{4:032x}", Level.RED),
    ]
    write(served.engine, more)
    with served.client(served.token(Role.OFFICER, OWN_COUNTY)) as client:
        items = client.get("/v1/alerts?sort=deadline").json()["items"]
        levels = [one["alert"]["level"] for one in items]
        assert levels == ["red", "orange", "blue"]
        narrow = client.get("/v1/alerts?level=red&level=blue&state=new&limit=1").json()
        assert narrow["items"][0]["alert"]["level"] == "red"
        rest = client.get(
            f"/v1/alerts?level=red&level=blue&state=new&limit=1&cursor={narrow['next_cursor']}"
        ).json()
        assert (rest["items"][0]["alert"]["level"], rest["next_cursor"]) == ("blue", None)


def test_a_store_that_cannot_be_reached_is_503(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        assert client.get(PATH).status_code == 200
        with served.engine.connect() as connection:
            connection.exec_driver_sql("ALTER TABLE alerts RENAME TO away")
            connection.commit()
        answer = client.get(PATH)
        assert problem(answer) == (503, "store-away")
        assert int(answer.headers["retry-after"]) > 0
        assert "away" not in str(msgspec.json.decode(answer.content).get("parameter", ""))


def test_the_time_of_the_store_is_the_edge_s(served: Running) -> None:
    before = now_us()
    with served.client(served.token(Role.OFFICER)) as client:
        client.post(f"{PATH}/transitions", json=CLOSE)
    with served.engine.connect() as connection:
        at_us = connection.exec_driver_sql("SELECT at_us FROM transitions").scalar_one()
    assert before <= at_us <= now_us()
