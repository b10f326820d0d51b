"""The learner publishes what agrees with what it saw, holds back what does not, and goes on."""

import math

import msgspec
import pytest

from detectors.person_model import PersonModel, PersonModelConfig
from schemas.outcomes import TrainingExample
from schemas.records import Activation
from schemas.versioned import StateError
from streams.learner_stage import LearnerStage
from streams.outputs import Outputs
from tests.builders import training_example
from tests.detectors.synthetic_examples import synthetic

CONFIG = PersonModelConfig(base_rate=0.1, examples_min=200, publish_every_examples=100)


def taught_stage(
    examples: tuple[TrainingExample, ...], config: PersonModelConfig = CONFIG
) -> tuple[LearnerStage, Outputs]:
    stage, out = LearnerStage(config, {}), Outputs()
    for example in examples:
        stage.step(example, out)
    return stage, out


def test_snapshots_come_with_an_activation_each_and_rising_epochs() -> None:
    _, out = taught_stage(synthetic(500, seed=3))
    assert [snapshot.epoch for snapshot in out.snapshots] == [1, 2, 3, 4]
    activations = [one for one in out.person_records if isinstance(one, Activation)]
    assert [one.version for one in activations] == [one.model_version for one in out.snapshots]


def test_a_model_that_disagrees_with_what_it_saw_is_held_back() -> None:
    quiet = tuple(training_example(harmed=False) for _ in range(300))
    loud = tuple(training_example(harmed=True) for _ in range(200))
    strict = msgspec.structs.replace(CONFIG, observed_expected_min=0.9, observed_expected_max=1.1)
    stage, out = taught_stage(quiet + loud, strict)
    assert out.counts["learner.snapshot_held_back"] > 0
    assert len(out.snapshots) + out.counts["learner.snapshot_held_back"] == 4
    assert stage.observed_over_expected() > 0


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e300])
def test_a_bad_example_is_counted_and_leaves_the_learner_unharmed(bad: float) -> None:
    good = synthetic(250, seed=5)
    stage, out = taught_stage(good)
    before = stage.snapshot()
    stage.step(training_example([bad] * 16), out)
    stage.step(training_example([0.0] * 3), out)
    stage.step(training_example(features="other"), out)
    assert stage.snapshot() == before
    assert out.counts["learner.example_refused"] == 3


def test_a_restored_learner_goes_on_to_the_bit() -> None:
    first, rest = synthetic(300, seed=6), synthetic(300, seed=7)
    whole, _ = taught_stage(first)
    restored = LearnerStage(CONFIG, {})
    restored.restore(whole.snapshot())
    said, said_again = Outputs(), Outputs()
    for example in rest:
        whole.step(example, said)
        restored.step(example, said_again)
    assert restored.snapshot() == whole.snapshot()
    assert said.snapshots == said_again.snapshots
    assert said.snapshots


def test_damaged_state_is_refused() -> None:
    with pytest.raises(StateError):
        LearnerStage(CONFIG, {}).restore(b"\x01nonsense")


def test_only_so_many_old_models_are_kept() -> None:
    models: dict[str, PersonModel] = {}
    stage, out = LearnerStage(CONFIG, models), Outputs()
    for example in synthetic(1_500, seed=8):
        stage.step(example, out)
    assert len(out.snapshots) > CONFIG.models_kept_max
    assert len(models) == CONFIG.models_kept_max
