"""Every endpoint with every role, in an own and in a foreign area: who gets what."""

from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import Engine

from alerts.store.tokens import Role
from api.endpoint import Endpoint
from api.openapi import problems_of
from api.problem_words import WORDS
from tests.api.posted import event
from tests.api.serving import (
    FOREIGN_COUNTY,
    FOREIGN_GRID,
    FOREIGN_PERSON,
    OWN_COUNTY,
    OWN_GRID,
    OWN_PERSON,
    Running,
    filled,
    problem,
    running,
)

FIRST, SECOND = f"{1:032x}", f"{2:032x}"


class Place(NamedTuple):
    """What to put into the gaps of a path, and which area a request is about."""

    gaps: dict[str, str]
    grid: str


OWN = Place({"alert_id": FIRST, "event_id": FIRST, "key": OWN_PERSON, "code": OWN_COUNTY}, OWN_GRID)
FOREIGN = Place(
    {"alert_id": SECOND, "event_id": SECOND, "key": FOREIGN_PERSON, "code": FOREIGN_COUNTY},
    FOREIGN_GRID,
)
GOOD = {200, 201, 202}
REFUSED = {"hidden": (404, "not-found"), "forbidden": (403, "foreign-area")}


@pytest.fixture(scope="module")
def served(module_engine: Engine) -> Iterator[Running]:
    filled(module_engine)
    with running(module_engine) as one:
        yield one


def asked(client: httpx.Client, endpoint: Endpoint, place: Place) -> tuple[int, httpx.Response]:
    """Ask an endpoint about a place; a stream is left again at once."""
    path = endpoint.path.format(**place.gaps)
    query = {"area": place.grid} if endpoint.path in {"/v1/alerts", "/v1/stream"} else {}
    if endpoint.path.endswith("/series"):
        query = {"kind": "domestic_violence"}
    body = None
    if endpoint.path == "/v1/events":
        body = event(area=place.grid)
    elif endpoint.method == "POST":
        body = {"action": "acknowledge"}
    request = client.build_request(endpoint.method, path, params=query, json=body)
    answer = client.send(request, stream=True)
    try:
        if not answer.headers["content-type"].startswith("text/event-stream"):
            answer.read()
    finally:
        answer.close()
    return answer.status_code, answer


def test_every_route_is_in_the_table_and_declares_what_it_needs(served: Running) -> None:
    routes = {
        (method, route.path)
        for route in served.api.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert len(served.api.app.routes) == len(served.api.endpoints)
    assert routes == {(one.method, one.path) for one in served.api.endpoints}
    for one in served.api.endpoints:
        assert bool(one.need.roles) != bool(one.need.why_open), one.path
        assert one.need.areas in {"none", "hidden", "forbidden"}


def test_only_supervision_the_page_and_the_contract_are_open(served: Running) -> None:
    open_paths = {one.path for one in served.api.endpoints if not one.need.roles}
    assert {path for path in open_paths if path.startswith("/v1")} == set()


def test_every_endpoint_answers_every_role_as_it_declares(served: Running) -> None:
    asked_of = 0
    for role in Role:
        with served.client(served.token(role, OWN_COUNTY)) as client:
            for endpoint in served.api.endpoints:
                for place in (OWN, FOREIGN):
                    check(client, endpoint, role, place)
                    asked_of += 1
    assert asked_of == len(Role) * len(served.api.endpoints) * 2


def check(client: httpx.Client, endpoint: Endpoint, role: Role, place: Place) -> None:
    """Check one answer against what the endpoint declares."""
    status, answer = asked(client, endpoint, place)
    where = f"{endpoint.method} {endpoint.path} as {role} in {place.grid}"
    if endpoint.need.roles and role not in endpoint.need.roles:
        assert problem(answer) == (403, "role-not-allowed"), where
    elif place is FOREIGN and endpoint.need.areas in REFUSED:
        assert problem(answer) == REFUSED[endpoint.need.areas], where
    else:
        assert status in GOOD, where
    declared = {one.status for one in endpoint.answers}
    declared |= {WORDS[one].status for one in problems_of(endpoint)}
    assert status in declared, where


def test_every_guarded_endpoint_refuses_a_caller_without_a_token(served: Running) -> None:
    with served.client() as client:
        for endpoint in served.api.endpoints:
            status, answer = asked(client, endpoint, OWN)
            if endpoint.need.roles:
                assert problem(answer) == (401, "no-token"), endpoint.path
                assert answer.headers["www-authenticate"].startswith("Bearer")
            else:
                assert status in GOOD, endpoint.path


def test_a_token_without_areas_sees_them_all(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        for place in (OWN, FOREIGN):
            assert client.get(f"/v1/alerts/{place.gaps['alert_id']}").status_code == 200
        assert len(client.get("/v1/alerts").json()["items"]) == 2


def test_a_list_leaves_foreign_alerts_out(served: Running) -> None:
    with served.client(served.token(Role.OFFICER, OWN_COUNTY)) as client:
        items = client.get("/v1/alerts").json()["items"]
    assert [one["alert"]["area"] for one in items] == [OWN_GRID]
