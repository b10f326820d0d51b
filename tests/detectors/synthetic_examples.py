"""Seeded training examples with a known truth, and learners taught by them."""

from functools import cache

import numpy as np

from detectors.features import FEATURES
from detectors.person_model import PersonLearner, PersonModelConfig
from schemas.outcomes import TrainingExample
from tests.builders import training_example

CONFIG = PersonModelConfig(base_rate=0.1)
CONSTANT = 10
"""The place of a feature that never varies."""
INTERCEPT = -2.5


def truth() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The weights that make harm, on features scaled to 0 to 1."""
    weights = np.zeros(len(FEATURES))
    weights[[0, 5, 8, 11]] = (2.0, 3.0, -2.5, 1.5)
    return weights


@cache
def synthetic(count: int, seed: int) -> tuple[TrainingExample, ...]:
    """Examples whose harm follows `truth`; equal arguments give equal examples."""
    rng = np.random.default_rng(seed)
    caps = np.array([feature.cap for feature in FEATURES])
    shares = rng.beta(1.0, 2.0, (count, len(FEATURES)))
    shares[:, CONSTANT] = 0.5
    odds = INTERCEPT + shares @ truth()
    harmed = rng.random(count) < 1 / (1 + np.exp(-odds))
    weights = np.where(harmed & (rng.random(count) < 0.2), 0.5, 1.0)
    return tuple(
        training_example(values, harmed=bool(harm), weight=weight)
        for values, harm, weight in zip(
            (shares * caps).astype(np.float32).astype(float).tolist(),
            harmed.tolist(),
            weights.tolist(),
            strict=True,
        )
    )


def taught(count: int, seed: int = 7, config: PersonModelConfig = CONFIG) -> PersonLearner:
    """A learner that has learned that many examples."""
    learner = PersonLearner(config)
    for example in synthetic(count, seed):
        learner.learn_one(example)
    return learner
