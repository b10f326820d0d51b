"""The stream: what changes arrives, who was away misses nothing, who is too slow is told."""

import socket
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from sqlalchemy import Engine

from alerts.store.tokens import Role, Tokens
from api.parts import ApiConfig
from schemas.outcomes import Alert
from schemas.times import DAY_US
from tests.api.serving import (
    FOREIGN_GRID,
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
    wait_until,
    write,
)
from tests.api.streams import listening

QUICK = ApiConfig(
    stream_poll_s=0.02,
    stream_heartbeat_s=0.2,
    stream_queue_max=50,
    stream_replay_max=30,
    stream_clients_max=20,
    stream_stall_s_max=1.0,
    token_cache_s_max=0.05,
)


@pytest.fixture
def served(engine: Engine) -> Iterator[Running]:
    filled(engine)
    with running(engine, config=QUICK) as one:
        yield one


def person(number: int) -> str:
    return f"{number:032x}"


def large_alert(number: int) -> Alert:
    """An alert of about 100 kB, to fill the buffers of a connection soon."""
    alert = alert_of(number, OWN_GRID, person(number))
    return msgspec.structs.replace(alert, evidence=alert.evidence * 500)


def metric(served: Running, name: str) -> float:
    with served.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def test_a_change_reaches_whoever_may_see_it_and_nobody_else(served: Running) -> None:
    own, everything = served.token(Role.OFFICER, OWN_COUNTY), served.token(Role.OFFICER)
    with listening(served, own) as narrow, listening(served, everything) as wide:
        assert narrow.hear().event == wide.hear().event == "ready"
        write(served.engine, [alert_of(10, FOREIGN_GRID, person(10))])
        write(served.engine, [alert_of(11, OWN_GRID, person(11))])
        first, second = wide.hear(), wide.hear()
        only = narrow.hear()
    assert [one.data["view"]["alert"]["area"] for one in (first, second)] == [
        FOREIGN_GRID,
        OWN_GRID,
    ]
    assert only == second
    assert only.event == "alert"
    assert only.data["what"] == "opened"
    assert only.data["sequence"] == int(only.id or 0)


def test_the_stream_can_be_narrowed_to_an_area(served: Running) -> None:
    with listening(served, served.token(Role.OFFICER), f"?area={OWN_COUNTY}") as ear:
        ear.hear()
        write(served.engine, [alert_of(10, FOREIGN_GRID, person(10))])
        write(served.engine, [alert_of(11, OWN_GRID, person(11))])
        assert ear.hear().data["view"]["alert"]["area"] == OWN_GRID


def test_who_comes_back_with_the_last_id_misses_nothing(served: Running) -> None:
    token = served.token(Role.OFFICER, OWN_COUNTY)
    with listening(served, token) as ear:
        last = ear.hear().id
    for number in range(20, 30):
        grid = OWN_GRID if number % 2 else FOREIGN_GRID
        write(served.engine, [alert_of(number, grid, person(number))])
    with listening(served, token, last_event_id=last) as ear:
        assert ear.hear().event == "ready"
        write(served.engine, [alert_of(31, OWN_GRID, person(31))])
        heard = [ear.hear() for _ in range(6)]
    ids = [int(one.data["view"]["alert"]["alert_id"], 16) for one in heard]
    assert ids == [21, 23, 25, 27, 29, 31]
    assert [int(one.id or 0) for one in heard] == sorted(int(one.id or 0) for one in heard)


@pytest.mark.parametrize("last", ["999999999", "0"])
def test_an_id_from_the_future_or_too_far_past_is_answered_by_a_reset(
    served: Running, last: str
) -> None:
    records = [alert_of(number, OWN_GRID, person(number)) for number in range(100, 150)]
    write(served.engine, records)
    with listening(served, served.token(Role.OFFICER), last_event_id=last) as ear:
        assert ear.hear().event == "ready"
        reset = ear.hear()
        assert reset.event == "reset"
        write(served.engine, [alert_of(200, OWN_GRID, person(200))])
        after = ear.hear()
    assert after.event == "alert"
    assert int(after.id or 0) == int(reset.id or 0) + 1


@pytest.mark.parametrize("last", ["-1", "abc", "9" * 19, "1.5"])
def test_an_id_that_is_none_is_refused(served: Running, last: str) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        answer = client.get("/v1/stream", headers={"Last-Event-ID": last})
    assert problem(answer) == (400, "bad-parameter")
    assert answer.json()["parameter"] == "Last-Event-ID"


def test_a_heartbeat_moves_the_place_on_past_what_is_not_shown(served: Running) -> None:
    with listening(served, served.token(Role.OFFICER, OWN_COUNTY)) as ear:
        ready = int(ear.hear().id or 0)
        write(served.engine, [alert_of(10, FOREIGN_GRID, person(10))])
        places = (int(ear.beat()) for _ in range(50))
        assert next(place for place in places if place > ready) == ready + 1


def test_a_revoked_token_ends_its_stream_with_a_reason(served: Running) -> None:
    made = Tokens(served.engine).create(
        b"s" * 32, name="s", role=Role.OFFICER, now_us=now_us(), expires_us=now_us() + DAY_US
    )
    with listening(served, made.token) as ear:
        ear.hear()
        Tokens(served.engine).revoke(made.caller.token_id, now_us())
        end = ear.hear()
    assert (end.event, end.data) == ("end", {"reason": "token-revoked"})


def test_a_stop_ends_every_stream_with_a_last_word(engine: Engine) -> None:
    with (
        running(engine, config=QUICK) as served,
        listening(served, served.token(Role.OFFICER)) as ear,
    ):
        ear.hear()
        served.server.should_exit = True
        heard = list(ear.all())
    assert [(one.event, one.data) for one in heard] == [("end", {"reason": "stopping"})]


def test_a_client_that_takes_nothing_is_dropped_and_harms_nobody(served: Running) -> None:
    token = served.token(Role.OFFICER)
    host, port = served.url.removeprefix("http://").split(":")
    deaf = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    deaf.connect((host, int(port)))
    with deaf, listening(served, token) as ear:
        deaf.sendall(
            f"GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        ear.hear()
        wait_until(lambda: metric(served, "forewarn_api_stream_clients ") == 2)
        numbers = iter(range(1_000, 10_000))
        while metric(served, "forewarn_api_stream_dropped_total") == 0:
            alerts = [large_alert(next(numbers)) for _ in range(20)]
            write(served.engine, alerts)
            for _ in alerts:
                assert ear.hear().event == "alert"
        wait_until(lambda: metric(served, "forewarn_api_stream_clients ") == 1)


def test_a_client_too_slow_for_its_queue_gets_a_last_word(engine: Engine) -> None:
    config = ApiConfig(stream_poll_s=0.02, stream_queue_max=1)
    with (
        running(engine, config=config) as served,
        listening(served, served.token(Role.OFFICER)) as ear,
    ):
        ear.hear()
        write(engine, [alert_of(n, OWN_GRID, person(n)) for n in range(500, 600)])
        heard = list(ear.all())
    assert (heard[-1].event, heard[-1].data) == ("end", {"reason": "too-slow"})
    assert {one.event for one in heard[:-1]} <= {"alert"}


def test_a_client_that_leaves_is_forgotten(served: Running) -> None:
    for _ in range(3):
        with listening(served, served.token(Role.OFFICER)) as ear:
            ear.hear()
    wait_until(lambda: metric(served, "forewarn_api_stream_clients ") == 0)


def test_there_are_no_more_streams_than_can_be_served(engine: Engine) -> None:
    config = ApiConfig(stream_clients_max=1)
    with running(engine, config=config) as served:
        token = served.token(Role.OFFICER)
        with listening(served, token) as ear, served.client(token) as client:
            ear.hear()
            answer = client.get("/v1/stream")
            assert problem(answer) == (503, "too-many-streams")
            assert int(answer.headers["retry-after"]) > 0


def test_one_poll_serves_all_clients(served: Running) -> None:
    token = served.token(Role.OFFICER)
    with listening(served, token) as one, listening(served, token) as two:
        one.hear()
        two.hear()
        write(served.engine, [raised(alert_of(1, OWN_GRID, OWN_PERSON))])
        assert one.hear() == two.hear()
    assert isinstance(one.answer, httpx.Response)
    assert one.answer.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in one.answer.headers
