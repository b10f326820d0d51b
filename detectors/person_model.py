"""The person model: River's standard scaler and logistic regression, learned from late labels.

The target is "severe harm reported within the horizon". The learner is River's
(`StandardScaler | LogisticRegression` with SGD, intercept begun at the base rate); scorers read its
snapshot as plain numbers, because a linear model is a sum and its parts are the explanation.

Rules: a snapshot is JSON with a format, a version and a digest, never a pickle; a value that is not
finite is refused before it can poison the model; what does not verify is not adopted.
"""

import math
from collections.abc import Sequence
from hashlib import sha256

import msgspec
from river import linear_model, optim, preprocessing

from detectors.calibration import Platt, logit, sigmoid
from detectors.features import FEATURE_NAMES, FEATURE_SET, FEATURES
from schemas.closed import Closed
from schemas.outcomes import ModelSnapshot, TrainingExample

FORMAT = 1
_EDGE = 1e-9


class ModelError(ValueError):
    """A model body or training example that must not be used; says why."""


class PersonModelConfig(Closed, frozen=True):
    """How the person model learns; `base_rate` is where its intercept begins."""

    base_rate: float = 0.02
    learning_rate: float = 0.05
    l2: float = 1e-4
    publish_every_examples: int = 200
    examples_min: int = 400
    observed_expected_min: float = 0.5
    observed_expected_max: float = 2.0
    models_kept_max: int = 8


class ModelBody(Closed, frozen=True):
    """A person model as plain numbers; lists are in the order of the feature set."""

    format: int
    features: str
    means: tuple[float, ...]
    variances: tuple[float, ...]
    counts: tuple[int, ...]
    weights: tuple[float, ...]
    intercept: float
    iterations: int
    examples: int
    platt: Platt
    base_rate: float


class PersonModel:
    """A scorer made from a body: immutable, cheap to ask, adds up to its explanation."""

    def __init__(self, body: ModelBody, version: str) -> None:
        self.version = version
        self.body = body
        slope = body.platt.slope
        self.base = slope * body.intercept + body.platt.offset
        self.scales = tuple(
            weight / math.sqrt(variance) if variance > 0 else 0.0
            for weight, variance in zip(body.weights, body.variances, strict=True)
        )
        self._factors = tuple(slope * scale for scale in self.scales)
        self._start = self.base - sum(map(float.__mul__, self._factors, body.means))

    def score_one(self, values: Sequence[float]) -> float:
        """Return the calibrated probability for feature values in the order of the feature set."""
        return sigmoid(sum(map(float.__mul__, self._factors, values), self._start))

    def uncalibrated(self, values: Sequence[float]) -> float:
        """Return the model's own log-odds, before calibration."""
        means = self.body.means
        parts = zip(self.scales, values, means, strict=True)
        return self.body.intercept + sum(s * (value - mean) for s, value, mean in parts)

    def amounts(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return each feature's additive part of the calibrated log-odds; the rest is `base`."""
        means = self.body.means
        parts = zip(self._factors, values, means, strict=True)
        return tuple(factor * (value - mean) for factor, value, mean in parts)


class PersonLearner:
    """Learns one example at a time; the only part that holds a River model."""

    def __init__(self, config: PersonModelConfig, body: ModelBody | None = None) -> None:
        self.config = config
        self._scaler = preprocessing.StandardScaler()
        self._model = linear_model.LogisticRegression(
            optimizer=optim.SGD(config.learning_rate),
            l2=config.l2,
            intercept_init=logit(config.base_rate),
        )
        self.platt = Platt()
        self.examples = 0
        if body is not None:
            self._restore(body)

    def predict_one(self, values: Sequence[float]) -> float:
        """Return River's own probability, before calibration."""
        x = self._scaler.transform_one(dict(zip(FEATURE_NAMES, values, strict=True)))
        return float(self._model.predict_proba_one(x)[True])

    def learn_one(self, example: TrainingExample) -> float:
        """Learn from one matured example and return the probability given before learning.

        Raises ModelError for an example that would do harm; the model is then as it was.
        """
        check_example(example)
        x = dict(zip(FEATURE_NAMES, example.values, strict=True))
        before = min(max(self.predict_one(example.values), _EDGE), 1 - _EDGE)
        said = self.platt.probability(logit(before))
        self.platt = self.platt.learned(logit(before), harmed=example.harmed, weight=example.weight)
        self._scaler.learn_one(x)
        self._model.learn_one(self._scaler.transform_one(x), example.harmed, w=example.weight)
        self.examples += 1
        return said

    def body(self) -> ModelBody:
        """Return the model as plain numbers."""
        weights = self._model.weights
        return ModelBody(
            FORMAT,
            FEATURE_SET,
            tuple(float(self._scaler.means[name]) for name in FEATURE_NAMES),
            tuple(float(self._scaler.vars[name]) for name in FEATURE_NAMES),
            tuple(int(self._scaler.counts[name]) for name in FEATURE_NAMES),
            tuple(float(weights.get(name, 0.0)) for name in FEATURE_NAMES),
            float(self._model.intercept),
            int(self._model.optimizer.n_iterations),
            self.examples,
            self.platt,
            self.config.base_rate,
        )

    def _restore(self, body: ModelBody) -> None:
        check_body(body)
        for name, mean, variance, count in zip(
            FEATURE_NAMES, body.means, body.variances, body.counts, strict=True
        ):
            self._scaler.counts[name] = count
            self._scaler.means[name] = mean
            self._scaler.vars[name] = variance
        weights = self._model._weights  # noqa: SLF001  # River has no public way to set weights; a test holds that this restores bit for bit
        for name, weight in zip(FEATURE_NAMES, body.weights, strict=True):
            weights[name] = weight
        self._model.intercept = body.intercept
        self._model.optimizer.n_iterations = body.iterations
        self.platt = body.platt
        self.examples = body.examples


def check_example(example: TrainingExample) -> None:
    """Raise ModelError unless an example has the right features and finite numbers."""
    if example.features != FEATURE_SET:
        raise ModelError(f"the example has features {example.features!r}, not {FEATURE_SET!r}")
    if len(example.values) != len(FEATURE_NAMES):
        raise ModelError(f"the example has {len(example.values)} values, not {len(FEATURE_NAMES)}")
    if not all(map(math.isfinite, example.values)):
        raise ModelError("the example has a value that is not finite")
    if any(abs(value) > f.cap for f, value in zip(FEATURES, example.values, strict=True)):
        raise ModelError("the example has a value beyond the cap of its feature")
    if not (math.isfinite(example.weight) and 0 < example.weight <= 1):
        raise ModelError("the example's weight is not in (0, 1]")


def check_body(body: ModelBody) -> None:
    """Raise ModelError unless a body is of this format and feature set, complete and finite."""
    if body.format != FORMAT:
        raise ModelError(f"the model has format {body.format}, this code reads {FORMAT}")
    if body.features != FEATURE_SET:
        raise ModelError(f"the model has features {body.features!r}, not {FEATURE_SET!r}")
    lists = (body.means, body.variances, body.counts, body.weights)
    if any(len(numbers) != len(FEATURE_NAMES) for numbers in lists):
        raise ModelError("the model has lists of a wrong length")
    numbers = (*body.means, *body.variances, *body.weights, body.intercept)
    if not all(map(math.isfinite, (*numbers, body.platt.slope, body.platt.offset))):
        raise ModelError("the model has a number that is not finite")


def snapshot_of(learner: PersonLearner, epoch: int, ingest_us: int) -> ModelSnapshot:
    """Return a snapshot of the learner; its version is its digest's beginning and its size."""
    body = msgspec.json.encode(learner.body())
    digest = sha256(body).hexdigest()
    version = f"person-{learner.examples}-{digest[:8]}"
    return ModelSnapshot(version, epoch, FORMAT, body, digest, ingest_us)


def read_body(data: bytes) -> ModelBody:
    """Return a body from its JSON. Raises ModelError when it must not be used."""
    try:
        body = msgspec.json.decode(data, type=ModelBody)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"the model cannot be read: {error}") from error
    check_body(body)
    return body


def read_snapshot(snapshot: ModelSnapshot) -> ModelBody:
    """Return the verified body of a snapshot. Raises ModelError when it must not be adopted."""
    if sha256(snapshot.body).hexdigest() != snapshot.digest:
        raise ModelError(f"model {snapshot.model_version}: the digest does not match its body")
    if snapshot.format != FORMAT:
        raise ModelError(
            f"model {snapshot.model_version} has format {snapshot.format}, this code reads {FORMAT}"
        )
    return read_body(snapshot.body)


def model_of(snapshot: ModelSnapshot) -> PersonModel:
    """Return the scorer of a verified snapshot. Raises ModelError."""
    return PersonModel(read_snapshot(snapshot), snapshot.model_version)
