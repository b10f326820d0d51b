"""The learner: the one place where outcomes teach the model, and where a bad model is held back.

Rules: there is one learner. It publishes a snapshot after a set number of examples, if the harm it
saw agrees with the harm it predicted; otherwise the last good model stays and it is said so. A
snapshot and its activation are outputs like any other: no scorer is told in any other way.
"""

from collections import deque

import msgspec

from detectors.person_model import (
    ModelError,
    PersonLearner,
    PersonModel,
    PersonModelConfig,
    model_of,
    read_body,
    snapshot_of,
)
from schemas.outcomes import ModelSnapshot, TrainingExample
from schemas.records import Activated, Activation
from schemas.state import LearnerState
from schemas.versioned import LEARNER_STATE
from streams.outputs import Outputs


class LearnerStage:
    """Takes training examples in and gives model snapshots out; `models` receives their scorers."""

    def __init__(self, config: PersonModelConfig, models: dict[str, PersonModel]) -> None:
        self.config = config
        self.learner = PersonLearner(config)
        self.epoch = 0
        self._models = models
        self._recent: deque[tuple[float, bool]] = deque(maxlen=config.examples_min)

    def step(self, example: TrainingExample, out: Outputs) -> None:
        """Learn from one example and perhaps publish. A bad example is counted and left out."""
        try:
            said = self.learner.learn_one(example)
        except ModelError:
            out.counts["learner.example_refused"] += 1
            return
        self._recent.append((said, example.harmed))
        out.counts["learner.examples"] += 1
        examples = self.learner.examples
        if examples >= self.config.examples_min and not (
            examples % self.config.publish_every_examples
        ):
            self._publish(example.ingest_us, out)

    def observed_over_expected(self) -> float:
        """Return harm seen over harm predicted among the latest examples (1 is calibrated)."""
        expected = sum(probability for probability, _ in self._recent)
        return sum(harmed for _, harmed in self._recent) / expected if expected > 0 else 0.0

    def _publish(self, ingest_us: int, out: Outputs) -> None:
        ratio = self.observed_over_expected()
        if not self.config.observed_expected_min <= ratio <= self.config.observed_expected_max:
            out.counts["learner.snapshot_held_back"] += 1
            return
        self.epoch += 1
        snapshot = snapshot_of(self.learner, self.epoch, ingest_us)
        self.adopt(snapshot)
        out.snapshots.append(snapshot)
        out.person_records.append(
            Activation(Activated.PERSON_MODEL, snapshot.model_version, self.epoch, ingest_us)
        )
        out.counts["learner.snapshots"] += 1

    def snapshot(self) -> bytes:
        """Return all the learner remembers, as versioned bytes."""
        body = msgspec.json.encode(self.learner.body())
        return LEARNER_STATE.encode(LearnerState(self.epoch, body, list(self._recent)))

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot. Raises StateError or ModelError for one that cannot be used."""
        state = LEARNER_STATE.decode(snapshot)
        self.learner = PersonLearner(self.config, read_body(state.body))
        self.epoch = state.epoch
        self._recent = deque(state.recent, maxlen=self.config.examples_min)

    def adopt(self, snapshot: ModelSnapshot) -> None:
        """Make the scorer of a snapshot available. Raises ModelError where it does not verify."""
        self._models[snapshot.model_version] = model_of(snapshot)
        for old in list(self._models)[: -self.config.models_kept_max]:
            del self._models[old]
