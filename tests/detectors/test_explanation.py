"""An explanation is the score itself, taken apart, in order, in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.explanation import explain
from detectors.features import FEATURE_NAMES, FEATURES
from detectors.person_model import PersonModel
from tests.detectors.synthetic_examples import taught

MODEL = PersonModel(taught(400).body(), "person-400-test")
LABELS = {feature.name: feature.label for feature in FEATURES}
values_within_caps = st.tuples(*(st.floats(0, f.cap, width=32) for f in FEATURES))


@given(values=values_within_caps)
def test_the_parts_add_up_to_the_log_odds_of_the_probability(values: tuple[float, ...]) -> None:
    score = explain(MODEL, values, 30)
    platt = MODEL.body.platt
    total = score.base + sum(part.amount for part in score.contributions)
    assert total == pytest.approx(platt.slope * score.uncalibrated + platt.offset, abs=1e-9)
    assert score.probability == pytest.approx(platt.probability(score.uncalibrated), abs=1e-12)
    assert score.probability == MODEL.score_one(values)


@given(values=values_within_caps)
def test_every_feature_is_there_once_the_largest_part_first(values: tuple[float, ...]) -> None:
    parts = explain(MODEL, values, 30).contributions
    sizes = [abs(part.amount) for part in parts]
    assert sizes == sorted(sizes, reverse=True)
    assert sorted(part.feature for part in parts) == sorted(FEATURE_NAMES)


@given(values=values_within_caps)
def test_parts_of_one_size_stand_in_the_order_of_the_feature_set(
    values: tuple[float, ...],
) -> None:
    parts = explain(MODEL, values, 30).contributions
    places = [(-abs(part.amount), FEATURE_NAMES.index(part.feature)) for part in parts]
    assert places == sorted(places)


@given(values=values_within_caps)
def test_the_same_values_are_explained_the_same_again(values: tuple[float, ...]) -> None:
    assert explain(MODEL, values, 30) == explain(MODEL, values, 30)


@given(values=values_within_caps)
def test_each_sentence_names_the_feature_and_its_direction_in_both_languages(
    values: tuple[float, ...],
) -> None:
    for part in explain(MODEL, values, 30).contributions:
        label = LABELS[part.feature]
        assert part.text.en.startswith(f"{label.en}: ")
        assert part.text.zh.startswith(label.zh)
        if abs(part.amount) < 0.05:
            en, zh = "hardly changes", "几乎不影响"
        elif part.amount > 0:
            en, zh = "raises", "升高"
        else:
            en, zh = "lowers", "降低"
        assert f"; {en} the estimate" in part.text.en
        assert zh in part.text.zh


def test_a_score_says_by_which_model_and_for_how_long() -> None:
    score = explain(MODEL, MODEL.body.means, 30)
    assert (score.model_version, score.horizon_days) == ("person-400-test", 30)
    assert score.base == MODEL.base
    assert all(part.amount == 0 for part in score.contributions)


def test_a_part_is_its_weight_times_the_distance_from_the_usual() -> None:
    values = [feature.cap / 2 for feature in FEATURES]
    slope = MODEL.body.platt.slope
    for part in explain(MODEL, values, 30).contributions:
        place = FEATURE_NAMES.index(part.feature)
        distance = values[place] - MODEL.body.means[place]
        assert part.amount == pytest.approx(slope * part.weight * distance)
        assert part.usual == pytest.approx(MODEL.body.means[place], abs=1e-4)
        assert part.value == pytest.approx(values[place], abs=1e-4)
