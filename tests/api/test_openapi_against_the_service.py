"""The service held against its own document: generated requests, good and bad, for every operation.

The stream is left out, for a good request to it never ends; `test_stream.py` has it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from alerts.store.tokens import Role
from api.openapi import OPENAPI_PATH
from api.parts import ApiConfig
from tests.api.serving import Running, filled, made_store, running

EXAMPLES_MAX = 6
BY_MEANING: dict[str, set[str | None]] = {
    "bad-cursor": {None},
    "bad-parameter": {"since", "until"},
    "idempotency-key-reused": {None},
    "event-refused": {"control_character", "nul_character", "wrong_type"},
}
"""What a good form does not make good: a cursor that nobody made, a span that ends too soon."""
GATEWAY_PATHS = {"/v1/events"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    engine = made_store(tmp_path_factory.mktemp("store"))
    filled(engine)
    with running(engine, config=ApiConfig(source_events_max=1_000_000)) as one:
        yield one
    engine.dispose()


@pytest.fixture(scope="module")
def tokens(served: Running) -> dict[Role, str]:
    return {role: served.token(role) for role in (Role.OFFICER, Role.GATEWAY)}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_every_operation_answers_as_documented(
    served: Running, tokens: dict[Role, str], mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    tried = set()
    for found in schema.exclude(path="/v1/stream").get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        check(operation, mode, tokens)
        tried.add((operation.method.upper(), operation.path))
    declared = {(one.method, one.path) for one in served.api.endpoints}
    assert tried == declared - {("GET", "/v1/stream"), ("GET", OPENAPI_PATH)}


def check(operation: Any, mode: GenerationMode, tokens: dict[Role, str]) -> None:
    """Hold one operation against its documentation."""
    role = Role.GATEWAY if operation.path in GATEWAY_PATHS else Role.OFFICER
    headers = {"Authorization": f"Bearer {tokens[role]}"}

    @seed(1)
    @settings(
        max_examples=EXAMPLES_MAX,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: schemathesis.Case[Any]) -> None:
        answer = case.call(headers=headers, timeout=20)
        case.validate_response(answer, headers=headers, excluded_checks=by_design(answer))

    try:
        answers()
    except Unsatisfiable:
        # Nothing can be asked wrongly of an operation that takes nothing.
        assert mode is GenerationMode.NEGATIVE


def by_design(answer: Any) -> list[Any]:
    """Return the checks that do not hold for an answer, because it is meant to be so.

    A batch with bad events is answered 207, which names them. A name may hold any letter but no
    control character, and a whole number is written as one (4, not 4.0): no schema can say that.
    """
    if answer.status_code == 207 and answer.json()["refused"]:
        return [negative_data_rejection]
    if answer.status_code in {400, 422}:
        said = answer.json()
        type_ = said["type"].rpartition(":")[2]
        if type_ in BY_MEANING and said.get("reason", said.get("parameter")) in BY_MEANING[type_]:
            return [positive_data_acceptance]
    return []
