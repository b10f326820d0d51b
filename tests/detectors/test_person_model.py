"""The person model: River learns, plain numbers score, and nothing harmful gets in either way."""

import json
import math
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import linear_model

from detectors.calibration import sigmoid
from detectors.features import FEATURE_NAMES, FEATURE_SET, FEATURES
from detectors.person_model import (
    FORMAT,
    ModelBody,
    ModelError,
    PersonLearner,
    PersonModel,
    PersonModelConfig,
    check_body,
    model_of,
    read_snapshot,
    snapshot_of,
)
from schemas.outcomes import ModelSnapshot
from tests.builders import NOW_US, training_example
from tests.detectors.synthetic_examples import CONFIG, CONSTANT, synthetic, taught

values_within_caps = st.tuples(
    *(st.floats(0, feature.cap, width=32, allow_subnormal=False) for feature in FEATURES)
)
NOT_FINITE = st.sampled_from((math.nan, math.inf, -math.inf))
BAD_WEIGHTS = st.one_of(
    NOT_FINITE, st.floats(max_value=0), st.floats(min_value=1, exclude_min=True)
)
PLACES = st.integers(0, len(FEATURES) - 1)
FULL = taught(600)
MODEL = PersonModel(FULL.body(), "person-600-test")


def signed(body: bytes, format_: int = FORMAT) -> ModelSnapshot:
    return ModelSnapshot("person-1-test", 1, format_, body, sha256(body).hexdigest(), NOW_US)


@settings(max_examples=15)
@given(before=st.integers(0, 60), after=st.integers(0, 60), seed=st.integers(0, 5))
def test_a_restored_learner_goes_on_bit_for_bit(before: int, after: int, seed: int) -> None:
    examples = synthetic(120, seed)
    one = PersonLearner(CONFIG)
    for example in examples[:before]:
        one.learn_one(example)
    other = PersonLearner(CONFIG, read_snapshot(snapshot_of(one, 1, NOW_US)))
    assert other.body() == one.body()
    for example in examples[before : before + after]:
        assert other.predict_one(example.values) == one.predict_one(example.values)
        one.learn_one(example)
        other.learn_one(example)
    assert other.body() == one.body()
    assert snapshot_of(other, 1, NOW_US) == snapshot_of(one, 1, NOW_US)


@given(values=values_within_caps)
def test_the_scorer_says_what_river_says_before_calibration(values: tuple[float, ...]) -> None:
    assert sigmoid(MODEL.uncalibrated(values)) == pytest.approx(
        FULL.predict_one(values), rel=0, abs=1e-12
    )


@given(values=values_within_caps)
def test_the_score_is_the_calibrated_one(values: tuple[float, ...]) -> None:
    calibrated = FULL.platt.probability(MODEL.uncalibrated(values))
    assert MODEL.score_one(values) == pytest.approx(calibrated, rel=0, abs=1e-12)


@given(values=values_within_caps)
def test_amounts_and_base_add_up_to_the_calibrated_log_odds(values: tuple[float, ...]) -> None:
    platt = FULL.platt
    log_odds = platt.slope * MODEL.uncalibrated(values) + platt.offset
    assert MODEL.base + sum(MODEL.amounts(values)) == pytest.approx(log_odds, rel=0, abs=1e-9)


def test_a_model_that_has_learned_nothing_says_the_base_rate() -> None:
    untaught = PersonLearner(PersonModelConfig(base_rate=0.03))
    scorer = PersonModel(untaught.body(), "person-0-test")
    values = [feature.cap for feature in FEATURES]
    assert untaught.predict_one(values) == pytest.approx(0.03, abs=1e-12)
    assert scorer.score_one(values) == pytest.approx(0.03, abs=1e-12)


def test_a_feature_that_never_varies_adds_nothing() -> None:
    assert FULL.body().variances[CONSTANT] == 0
    assert MODEL.scales[CONSTANT] == 0
    unusual = [0.0] * len(FEATURES)
    unusual[CONSTANT] = FEATURES[CONSTANT].cap
    assert MODEL.amounts(unusual)[CONSTANT] == 0
    assert sigmoid(MODEL.uncalibrated(unusual)) == pytest.approx(
        FULL.predict_one(unusual), rel=0, abs=1e-12
    )


def test_it_learns_to_tell_danger_from_none() -> None:
    model = PersonModel(taught(3_000, seed=1).body(), "person-3000-test")
    tests = synthetic(1_500, 2)
    ranked = sorted(tests, key=lambda example: model.score_one(example.values))
    ranks = [rank for rank, example in enumerate(ranked, start=1) if example.harmed]
    harmed, spared = len(ranks), len(tests) - len(ranks)
    auc = (sum(ranks) - harmed * (harmed + 1) / 2) / (harmed * spared)
    assert auc > 0.65
    observed, expected = harmed, sum(model.score_one(example.values) for example in tests)
    assert 0.7 < observed / expected < 1.4


@given(place=PLACES, bad=NOT_FINITE, sign=st.sampled_from((1, -1)), within=st.booleans())
def test_a_value_that_is_not_finite_or_beyond_its_cap_is_refused_and_does_no_harm(
    place: int, bad: float, sign: int, *, within: bool
) -> None:
    learner, values = taught(5), [0.0] * len(FEATURES)
    before = learner.body()
    values[place] = bad if within else sign * math.nextafter(FEATURES[place].cap, math.inf)
    with pytest.raises(ModelError, match=r"not finite|beyond the cap"):
        learner.learn_one(training_example(values, harmed=True))
    assert learner.body() == before


@pytest.mark.parametrize("value", [1e30, 1e160, 1e308])
def test_a_value_so_large_that_its_square_overflows_is_refused(value: float) -> None:
    learner = taught(5)
    before = learner.body()
    with pytest.raises(ModelError, match="beyond the cap"):
        learner.learn_one(training_example([value] * len(FEATURES)))
    assert learner.body() == before


@given(weight=BAD_WEIGHTS)
def test_a_weight_that_is_none_is_refused_and_does_no_harm(weight: float) -> None:
    learner = taught(5)
    before = learner.body()
    with pytest.raises(ModelError, match="weight"):
        learner.learn_one(training_example(harmed=True, weight=weight))
    assert learner.body() == before


@given(length=st.integers(0, 40).filter(lambda length: length != len(FEATURES)))
def test_a_wrong_number_of_values_is_refused_and_does_no_harm(length: int) -> None:
    learner = taught(5)
    before = learner.body()
    with pytest.raises(ModelError, match=f"has {length} values, not {len(FEATURES)}"):
        learner.learn_one(training_example([0.0] * length))
    assert learner.body() == before


@given(features=st.text(max_size=30).filter(lambda name: name != FEATURE_SET))
def test_examples_and_models_of_another_feature_set_are_refused(features: str) -> None:
    learner = taught(5)
    before = learner.body()
    with pytest.raises(ModelError, match="features"):
        learner.learn_one(training_example(features=features))
    assert learner.body() == before
    with pytest.raises(ModelError, match="features"):
        check_body(msgspec.structs.replace(before, features=features))


@given(field=st.sampled_from(("means", "variances", "weights")), place=PLACES, bad=NOT_FINITE)
def test_a_model_with_a_number_that_is_not_finite_is_refused(
    field: str, place: int, bad: float
) -> None:
    body = FULL.body()
    numbers = list(getattr(body, field))
    numbers[place] = bad
    with pytest.raises(ModelError, match="not finite"):
        PersonLearner(CONFIG, msgspec.structs.replace(body, **{field: tuple(numbers)}))


@pytest.mark.parametrize("field", ["means", "variances", "counts", "weights"])
def test_a_model_with_a_list_of_a_wrong_length_is_refused(field: str) -> None:
    body = FULL.body()
    shorter = msgspec.structs.replace(body, **{field: getattr(body, field)[:-1]})
    with pytest.raises(ModelError, match="wrong length"):
        read_snapshot(signed(msgspec.json.encode(shorter)))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_model_with_a_calibration_that_is_not_finite_is_refused(bad: float) -> None:
    body = FULL.body()
    for platt in (
        msgspec.structs.replace(body.platt, slope=bad),
        msgspec.structs.replace(body.platt, offset=bad),
    ):
        with pytest.raises(ModelError, match="not finite"):
            check_body(msgspec.structs.replace(body, platt=platt))


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_body_that_was_changed_is_refused_by_its_digest(place: int, bit: int) -> None:
    snapshot = snapshot_of(FULL, 1, NOW_US)
    body = bytearray(snapshot.body)
    body[place % len(body)] ^= 1 << bit
    with pytest.raises(ModelError, match="digest does not match"):
        model_of(msgspec.structs.replace(snapshot, body=bytes(body)))


@given(body=st.binary(max_size=200))
def test_signed_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(ModelError):
        model_of(signed(body))


def test_a_newer_format_is_named_even_where_its_body_cannot_be_read() -> None:
    plain = json.loads(snapshot_of(FULL, 1, NOW_US).body)
    newer = json.dumps({**plain, "format": FORMAT + 1, "trees": []}).encode()
    with pytest.raises(ModelError, match=f"has format {FORMAT + 1}, this code reads {FORMAT}"):
        model_of(signed(newer, FORMAT + 1))
    with pytest.raises(ModelError, match=f"has format {FORMAT + 1}, this code reads {FORMAT}"):
        model_of(signed(json.dumps({**plain, "format": FORMAT + 1}).encode()))


def test_a_snapshot_is_plain_json_and_its_version_names_its_content() -> None:
    snapshot = snapshot_of(FULL, 3, NOW_US)
    plain = json.loads(snapshot.body)
    assert set(plain) == set(ModelBody.__struct_fields__)
    assert plain["examples"] == 600
    assert snapshot.model_version == f"person-600-{snapshot.digest[:8]}"
    assert (snapshot.epoch, snapshot.format, snapshot.ingest_us) == (3, FORMAT, NOW_US)
    assert model_of(snapshot).version == snapshot.model_version


def test_river_keeps_its_weights_under_the_private_name_that_a_restore_sets() -> None:
    model = linear_model.LogisticRegression()
    for name in FEATURE_NAMES:
        model._weights[name] = 0.25
    assert model.weights == dict.fromkeys(FEATURE_NAMES, 0.25)
    assert model.predict_proba_one(dict.fromkeys(FEATURE_NAMES, 1.0))[True] == pytest.approx(
        sigmoid(0.25 * len(FEATURE_NAMES))
    )
