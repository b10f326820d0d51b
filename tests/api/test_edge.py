"""What every answer has: security headers, no CORS, compression, metrics without persons."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.store.tokens import Role
from api.edge import SECURITY_HEADERS
from api.start_page import FILES
from tests.api.serving import OWN_PERSON, Running, filled, made_store, problem, running


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    engine = made_store(tmp_path)
    filled(engine)
    with running(engine) as one:
        yield one
    engine.dispose()


def test_every_answer_has_the_security_headers(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        for path in ("/", "/v1/alerts", "/v1/nothing", "/livez", "/v1/alerts?x=1", "/openapi.json"):
            answer = client.get(path)
            for name, value in SECURITY_HEADERS.items():
                assert answer.headers[name] == value, (path, name)
            assert answer.headers["cache-control"]
            assert "server" not in answer.headers


def test_no_other_site_s_page_may_ask(served: Running) -> None:
    with served.client(served.token(Role.OFFICER), Origin="https://example.org") as client:
        asked = client.get("/v1/alerts")
        preflight = client.options("/v1/alerts", headers={"Access-Control-Request-Method": "GET"})
    assert not [name for name in asked.headers if name.startswith("access-control")]
    assert problem(preflight) == (405, "method-not-allowed")


def test_a_large_answer_is_compressed_and_a_small_one_is_not(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        assert client.get("/v1/taxonomy").headers["content-encoding"] == "gzip"
        assert "content-encoding" not in client.get("/livez").headers
        plain = client.get("/v1/taxonomy", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_metrics_count_by_route_and_name_nobody(served: Running) -> None:
    with served.client(served.token(Role.OFFICER)) as client:
        client.get(f"/v1/persons/{OWN_PERSON}")
        client.get(f"/v1/nothing/{OWN_PERSON}")
        client.request("PROPFIND", f"/v1/persons/{OWN_PERSON}")
        text = client.get("/metrics").text
    assert (
        'forewarn_api_requests_total{method="GET",route="/v1/persons/{key}",status="200"} 1.0'
        in text
    )
    assert 'route="none",status="404"' in text
    assert 'method="other"' in text
    assert "forewarn_api_request_seconds_bucket" in text
    assert OWN_PERSON not in text


def test_the_page_is_whole_and_fetches_nothing_from_elsewhere(served: Running) -> None:
    with served.client() as client:
        for path, (_, media_type) in FILES.items():
            answer = client.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"].partition(";")[0] == media_type
            foreign = answer.text.replace("http://www.w3.org/2000/svg", "")
            assert "http://" not in foreign
            assert "https://" not in foreign
            assert "innerHTML" not in answer.text
            tag = answer.headers["etag"]
            assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_both_languages_of_the_page_say_the_same_things(served: Running) -> None:
    with served.client() as client:
        text = client.get("/page/words.js").text
    chinese, english = text.split("\n  en: {")
    names = [
        [line.strip().partition(":")[0] for line in part.splitlines() if line.startswith("    ")]
        for part in (chinese, english)
    ]
    assert names[0] == names[1]
    assert len(names[0]) > 20


def test_started_and_alive_are_said_to_anybody(served: Running) -> None:
    with served.client() as client:
        for path in ("/livez", "/startupz", "/readyz"):
            assert client.get(path).json()["status"] == "ok"
