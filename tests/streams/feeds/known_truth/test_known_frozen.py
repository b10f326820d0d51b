"""What was frozen stays so: parameters, the marginals they reach, the bytes they give."""

from hashlib import sha256
from importlib.resources import files
from typing import Any

import msgspec
import pytest
import yaml

from forewarn.commands.simulate_known_truth import Asked, marginals_file
from streams.feeds.known_truth.frozen import (
    frozen_parameters,
    parameter_bytes,
    parameter_digest,
    scenario_of,
    sized,
    variant_of,
)
from streams.feeds.known_truth.labels import labels_of
from streams.feeds.known_truth.marginals import Marginal, marginals_of
from streams.feeds.known_truth.parameters import Parameters
from streams.feeds.known_truth.town import simulate
from streams.feeds.known_truth.truth import truth_of
from streams.feeds.town_config import TownError

PARAMETERS = "5a8884c906b8247c391f7c18408e70b59c2f2f122d2f241d3b3c64bdefd4124d"
"""Models are compared on this file: it is not touched after the first of them."""

EVENTS = "542187c357c7c6fb8debb45a482139f2bafb6a1ac9a0ba32a63a89df22ca86ec"
TRUTH = "a4df04c248b67895f9f05d7817942da94a06b71629db323db136e6afaef6f063"
LABELS = "00793e154bf8664410f263020dfcc158add21dbe7719ec42925d50ea90c17f02"


class MarginalsFile(msgspec.Struct, forbid_unknown_fields=True):
    parameters_sha256: str
    persons: int
    days: int
    seed: int
    variant: int
    scenario: str
    events: int
    marginals: dict[str, Marginal]


def committed(persons: int) -> bytes:
    name = f"marginals-{persons}.json"
    return files("streams.feeds.known_truth").joinpath(name).read_bytes()


def test_the_parameter_file_is_the_frozen_one() -> None:
    assert parameter_digest() == PARAMETERS


def test_the_same_seed_gives_the_frozen_bytes() -> None:
    town = simulate(sized(frozen_parameters(), 4_000, 400), seed=5)
    encoder = msgspec.json.Encoder()
    events = b"".join(encoder.encode_lines(batch) for batch in town.event_batches())
    found = (events, encoder.encode_lines(truth_of(town)), encoder.encode_lines(labels_of(town)))
    assert [sha256(data).hexdigest() for data in found] == [EVENTS, TRUTH, LABELS]


def test_another_seed_gives_another_town() -> None:
    parameters = sized(frozen_parameters(), 100, 60)
    one, other = simulate(parameters, 1), simulate(parameters, 2)
    assert one.rows.tobytes() != other.rows.tobytes()
    assert one.rows.tobytes() == simulate(parameters, 1).rows.tobytes()


def test_a_large_town_reaches_every_marginal_that_is_asked_for() -> None:
    file = msgspec.json.decode(committed(200_000), type=MarginalsFile)
    assert file.parameters_sha256 == PARAMETERS
    asked = frozen_parameters().targets
    assert {name: file.marginals[name].reached() for name in asked} == dict.fromkeys(asked, True)
    bounds = {name: (m.low, m.high) for name, m in file.marginals.items() if m.low is not None}
    assert bounds == {name: (target.low, target.high) for name, target in asked.items()}


def test_the_committed_marginals_are_those_of_the_frozen_town() -> None:
    asked = Asked(None, None, 1, 0, "")
    town = simulate(asked.parameters(), asked.seed)
    assert marginals_file(town, asked, marginals_of(town)) == committed(20_000)


def test_the_file_is_strictly_typed() -> None:
    plain: dict[str, Any] = yaml.safe_load(parameter_bytes())
    for broken in (
        plain | {"extra": 1},
        plain | {"season": {"peak_day": "200", "swing": 0.2}},
        plain | {"season": {"peak_day": 200, "swing": 1.2}},
        {name: value for name, value in plain.items() if name != "harm"},
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(broken, Parameters)


def _at(parameters: Parameters, path: str) -> float:
    found: Any = msgspec.to_builtins(parameters)
    for name in path.split("."):
        found = found[name]
    return float(found)


def test_held_out_variants_lie_in_their_ranges_and_change_nothing_else() -> None:
    frozen = frozen_parameters()
    assert variant_of(frozen, 0) == frozen
    first, last = frozen.bench.held_out_variants
    variants = [variant_of(frozen, number) for number in range(first, last + 1)]
    assert variants[0] == variant_of(frozen, first)
    assert len({msgspec.json.encode(variant) for variant in variants}) == len(variants)
    for path, (low, high) in frozen.ranges.items():
        assert low <= _at(frozen, path) <= high, path
        assert all(low <= _at(variant, path) <= high for variant in variants), path
    same = ("town", "groups", "season", "areas", "bench", "targets", "labels")
    assert all(getattr(v, name) == getattr(frozen, name) for v in variants for name in same)


def test_seeds_for_tuning_and_for_the_end_are_apart() -> None:
    bench = frozen_parameters().bench
    tuning = set(range(bench.tuning_seeds[0], bench.tuning_seeds[1] + 1))
    held_out = set(range(bench.held_out_seeds[0], bench.held_out_seeds[1] + 1))
    assert not tuning & held_out
    assert bench.main_budget in bench.budgets_per_10000_persons_30_days


def test_every_scenario_can_be_run_and_an_unknown_one_is_named() -> None:
    frozen = frozen_parameters()
    for name in frozen.scenarios:
        assert simulate(sized(scenario_of(frozen, name), 30, 20), 1).parameters != frozen
    with pytest.raises(TownError, match="planted_loop"):
        scenario_of(frozen, "planted")
