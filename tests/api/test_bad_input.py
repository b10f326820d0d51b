"""What is asked wrongly gets the right status and type, and nothing is half done."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from alerts.store.tokens import Role, Tokens
from api.parts import ApiConfig
from tests.api.posted import SOURCE, event
from tests.api.serving import (
    OWN_COUNTY,
    KeptSink,
    Running,
    filled,
    now_us,
    problem,
    running,
    token_for,
)

CLOUDEVENT = {"Content-Type": "application/cloudevents+json"}


@pytest.fixture(scope="module")
def served(module_engine: Engine) -> Iterator[Running]:
    filled(module_engine)
    config = ApiConfig(token_cache_s_max=0.05, body_s_max=1.0, source_events_max=50_000)
    with running(module_engine, config=config) as one:
        yield one


@pytest.fixture(scope="module")
def officer(served: Running) -> Iterator[httpx.Client]:
    with served.client(served.token(Role.OFFICER, OWN_COUNTY)) as client:
        yield client


@pytest.fixture(scope="module")
def gateway(served: Running) -> Iterator[httpx.Client]:
    with served.client(served.token(Role.GATEWAY)) as client:
        yield client


def sink_of(served: Running) -> KeptSink:
    assert isinstance(served.sink, KeptSink)
    return served.sink


@pytest.mark.parametrize(
    ("header", "type_"),
    [
        ("", "no-token"),
        ("Basic abc", "no-token"),
        ("Bearer", "no-token"),
        ("Bearer wrong", "bad-token"),
        ("Bearer fw_" + "A" * 43, "bad-token"),
        ("Bearer fw_" + "A" * 5_000, "bad-token"),
    ],
)
def test_a_wrong_token_is_refused(served: Running, header: str, type_: str) -> None:
    with served.client() as client:
        answer = client.get("/v1/alerts", headers={"Authorization": header})
    assert problem(answer) == (401, type_)


def test_an_expired_token_is_refused(served: Running) -> None:
    expired = token_for(served.engine, Role.OFFICER, expires_us=now_us() - 1)
    with served.client(expired) as client:
        assert problem(client.get("/v1/alerts")) == (401, "token-expired")


def test_a_revoked_token_is_refused_within_the_time_it_is_remembered(served: Running) -> None:
    made = Tokens(served.engine).create(
        b"r" * 32, name="r", role=Role.OFFICER, now_us=now_us(), expires_us=now_us() + 10**12
    )
    with served.client(made.token) as client:
        assert client.get("/v1/models").status_code == 200
        assert Tokens(served.engine).revoke(made.caller.token_id, now_us())
        answers = (client.get("/v1/models") for _ in range(1_000))
        refused = next(answer for answer in answers if answer.status_code != 200)
    assert problem(refused) == (401, "token-revoked")


@pytest.mark.parametrize(
    ("query", "type_", "parameter"),
    [
        ("colour=red", "unknown-parameter", "colour"),
        ("level=purple", "bad-parameter", "level"),
        ("level=red&level=purple", "bad-parameter", "level"),
        ("state=open", "bad-parameter", "state"),
        ("kind=", "bad-parameter", "kind"),
        ("sort=score", "bad-parameter", "sort"),
        ("sort=time&sort=deadline", "bad-parameter", "sort"),
        ("since=yesterday", "bad-parameter", "since"),
        ("since=2026-11-01T00:00:00", "bad-parameter", "since"),
        ("limit=0", "bad-parameter", "limit"),
        ("limit=ten", "bad-parameter", "limit"),
        ("limit=201", "page-too-large", "limit"),
        ("limit=1000000000000000000000", "page-too-large", "limit"),
        ("cursor=nonsense", "bad-cursor", None),
        ("cursor=" + "A" * 513, "bad-parameter", "cursor"),
        ("area=" + "4" * 65, "bad-parameter", "area"),
        ("area=%00", "bad-parameter", "area"),
    ],
)
def test_a_wrong_question_is_refused_by_name(
    officer: httpx.Client, query: str, type_: str, parameter: str | None
) -> None:
    answer = officer.get(f"/v1/alerts?{query}")
    assert problem(answer) == (400, type_)
    assert answer.json().get("parameter") == parameter


def test_a_cursor_of_another_question_is_refused(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        cursor = client.get("/v1/alerts?limit=1").json()["next_cursor"]
        assert client.get(f"/v1/alerts?limit=1&cursor={cursor}").status_code == 200
        other = client.get(f"/v1/alerts?limit=1&level=red&cursor={cursor}")
    assert problem(other) == (400, "bad-cursor")


def test_a_foreign_area_is_forbidden_by_its_code(officer: httpx.Client) -> None:
    for path in ("/v1/areas/440704", "/v1/alerts?area=440704", "/v1/stream?area=440704"):
        assert problem(officer.get(path)) == (403, "foreign-area")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nothing",
        "/v1/alerts/none",
        "/v1/alerts/%00",
        "/v1/persons/x",
        "/v1/events/" + "a" * 200,
    ],
)
def test_what_is_not_there_is_not_found(officer: httpx.Client, path: str) -> None:
    assert problem(officer.get(path)) == (404, "not-found")


def test_a_method_that_is_not_allowed_says_which_are(officer: httpx.Client) -> None:
    answer = officer.delete("/v1/alerts")
    assert problem(answer) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("body", "expected", "reason"),
    [
        (b"", (400, "malformed-body"), "empty"),
        (b"{", (400, "malformed-body"), "malformed_json"),
        (b"[{", (400, "malformed-body"), "malformed_json"),
        (b"\xff\xfe", (400, "malformed-body"), "not_utf8"),
        (b"[" * 100_000, (400, "malformed-body"), "too_deep"),
        (b'{"a":' * 1_000, (400, "malformed-body"), "too_deep"),
        (b"17", (400, "malformed-body"), "not_an_object"),
        (b"NaN", (400, "malformed-body"), "non_finite_number"),
        (b"[]", (422, "event-refused"), "empty"),
        (b"{}", (422, "event-refused"), None),
        (b'{"note":"' + b"a" * 70_000 + b'"}', (413, "body-too-large"), None),
        (b" " * (9 * 1024 * 1024), (413, "body-too-large"), None),
        (b"[" + b"0," * 1_000 + b"0]", (413, "batch-too-large"), None),
    ],
    ids=str,
)  # fmt: skip
def test_a_body_that_cannot_be_taken_says_why(
    served: Running,
    gateway: httpx.Client,
    body: bytes,
    expected: tuple[int, str],
    reason: str | None,
) -> None:
    before = len(sink_of(served).sent)
    answer = gateway.post("/v1/events", content=body, headers=CLOUDEVENT)
    assert problem(answer) == expected
    if reason is not None:
        assert answer.json()["reason"] == reason
    assert len(sink_of(served).sent) == before


def test_a_body_without_its_length_is_bounded_too(served: Running, gateway: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    answer = gateway.post("/v1/events", content=chunks(), headers=CLOUDEVENT)
    assert problem(answer) == (413, "body-too-large")


def test_a_body_that_never_arrives_is_not_waited_for_long(served: Running) -> None:
    token = served.token(Role.GATEWAY)
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as slow:
        slow.sendall(
            f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{".encode()
        )
        said = b""
        while b"}" not in said and (more := slow.recv(65_536)):
            said += more
    assert b" 408 " in said.partition(b"\r\n")[0]
    assert b"body-too-slow" in said


@pytest.mark.parametrize("stated", ["text/plain", "application/json; charset=gbk", ""])
def test_another_media_type_is_refused(gateway: httpx.Client, stated: str) -> None:
    answer = gateway.post("/v1/events", content=b"{}", headers={"Content-Type": stated})
    assert problem(answer) == (415, "unsupported-media-type")


@pytest.mark.parametrize(
    ("wrong", "reason", "pointer"),
    [
        ({"severity": 9}, "out_of_range", "$.data.severity"),
        ({"suspect": "someone"}, "unknown_field", "$"),
        ({"kind": "gossip"}, "unknown_value", "$.data.kind"),
        ({"note": "a\0b"}, "nul_character", "$"),
    ],
)
def test_an_event_is_refused_with_its_reason_and_place(
    gateway: httpx.Client, wrong: dict[str, Any], reason: str, pointer: str
) -> None:
    answer = gateway.post("/v1/events", json=event(**wrong))
    said = answer.json()
    assert answer.status_code in {400, 422}
    assert said["reason"] == reason
    assert said.get("pointer", "$").startswith(pointer)
    assert "someone" not in answer.text


def test_a_batch_of_a_thousand_with_three_bad_ones_takes_the_others(
    served: Running, gateway: httpx.Client
) -> None:
    events = [event(number) for number in range(1_000)]
    events[17]["data"]["severity"] = 9
    events[500]["data"]["colour"] = "blue"
    events[999]["type"] = "something.else"
    before = len(sink_of(served).sent)
    answer = gateway.post("/v1/events", json=events)
    assert answer.status_code == 207
    said = answer.json()
    assert said["accepted"] == 997
    assert [(one["index"], one["reason"]) for one in said["refused"]] == [
        (17, "out_of_range"),
        (500, "unknown_field"),
        (999, "wrong_event_type"),
    ]
    assert len(sink_of(served).sent) == before + 997


def test_a_gateway_bound_to_sources_and_areas_sends_no_others(served: Running) -> None:
    bound = token_for(served.engine, Role.GATEWAY, (OWN_COUNTY,), (SOURCE,))
    with served.client(bound) as client:
        assert client.post("/v1/events", json=event()).status_code == 202
        foreign = client.post("/v1/events", json=event(area="440704201001001"))
        unknown = client.post("/v1/events", json=event(area="nowhere"))
        other = event()
        other["source"] = "/440704/110"
        source = client.post("/v1/events", json=other)
        mixed = client.post("/v1/events", json=[event(), other])
    assert problem(foreign) == (403, "foreign-area")
    assert problem(unknown) == (403, "foreign-area")
    assert problem(source) == (403, "foreign-source")
    assert mixed.status_code == 207
    assert mixed.json()["refused"][0]["type"] == "urn:forewarn:problem:foreign-source"


def test_a_problem_speaks_the_language_that_is_asked_for(served: Running) -> None:
    with served.client() as client:
        for wanted, language in (
            ("zh-CN,zh;q=0.9,en;q=0.1", "zh-CN"),
            ("en;q=0.2, zh;q=0.1", "en"),
            ("fr", "en"),
            ("zh;q=x", "en"),
        ):
            answer = client.get("/v1/alerts", headers={"Accept-Language": wanted})
            assert answer.headers["content-language"] == language
            assert ("缺少令牌" in answer.text) == (language == "zh-CN")


def test_a_wrong_transition_is_refused_with_its_place(officer: httpx.Client) -> None:
    path = f"/v1/alerts/{1:032x}/transitions"
    for body, expected in (
        ({"action": "close"}, (422, "invalid-body")),
        ({"action": "delete"}, (422, "invalid-body")),
        ({"action": "close", "outcome": "well"}, (422, "invalid-body")),
        ({"action": "acknowledge", "note": "x"}, (422, "invalid-body")),
        ([], (422, "invalid-body")),
    ):
        assert problem(officer.post(path, json=body)) == expected
    headers = {"Content-Type": "application/json"}
    assert problem(officer.post(path, content=b"{", headers=headers)) == (400, "malformed-body")
    large = json.dumps({"action": "a" * 20_000}).encode()
    assert problem(officer.post(path, content=large, headers=headers)) == (413, "body-too-large")
