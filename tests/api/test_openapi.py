"""The OpenAPI document: whole, true to what is answered, and held against the running service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from api.openapi import problems_of
from api.problem_words import WORDS, ProblemType
from tests.api.serving import Running, filled, made_store, running

GUIDE = Path(__file__).parents[2] / "docs" / "use-the-api.md"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    engine = made_store(tmp_path_factory.mktemp("store"))
    filled(engine)
    with running(engine) as one:
        yield one
    engine.dispose()


@pytest.fixture(scope="module")
def document(served: Running) -> dict[str, Any]:
    with served.client() as client:
        made: dict[str, Any] = client.get("/openapi.json").json()
    return made


def test_every_operation_says_who_may_and_what_comes_back(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"], path
            assert operation["description"], path
            assert operation["responses"], path
            assert "422" not in operation["responses"] or "application/problem+json" in str(
                operation["responses"]["422"]
            )
            for parameter in operation.get("parameters", []):
                assert parameter["schema"], (path, parameter["name"])


def test_every_example_is_valid(document: dict[str, Any]) -> None:
    checked = 0
    for item in document["paths"].values():
        for operation in item.values():
            contents = [*operation["responses"].values(), operation.get("requestBody", {})]
            for content in (part for one in contents for part in one.get("content", {}).values()):
                schema = content["schema"]
                values = [each["value"] for each in content.get("examples", {}).values()]
                values += [content["example"]] if "example" in content else []
                for value in values:
                    check = resolved(document, schema)
                    assert list(check.iter_errors(value)) == []
                    checked += 1
    assert checked > 100


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """A validator whose references lead into the document."""
    return Draft202012Validator({**schema, "components": document["components"]})


def test_every_problem_has_its_words_and_is_in_the_guide() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for type_ in ProblemType:
        words = WORDS[type_]
        assert words.title.en
        assert words.title.zh != words.title.en
        assert words.detail.zh != words.detail.en
        assert f"| `{type_.value}` | {words.status} |" in guide, type_


def test_every_problem_but_those_of_no_route_is_declared_somewhere(served: Running) -> None:
    declared = {one for endpoint in served.api.endpoints for one in problems_of(endpoint)}
    assert set(ProblemType) - declared == {ProblemType.METHOD_NOT_ALLOWED}


def test_every_endpoint_is_in_the_guide(served: Running) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for endpoint in served.api.endpoints:
        if not endpoint.path.startswith("/page/"):
            assert f"`{endpoint.method} {endpoint.path}`" in guide, endpoint.path


def test_the_document_is_the_same_each_time_it_is_made(served: Running) -> None:
    assert msgspec.json.encode(served.api.document()) == msgspec.json.encode(served.api.document())
