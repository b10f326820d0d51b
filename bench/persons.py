"""What the person stage is measured with: an active model, and signals of persons in danger.

Rules: nothing here is timed. All chance comes from a fixed seed. Every signal has strings of its
own, as it has when it comes out of the intake, so memory is not flattered by shared keys.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from random import Random

from bench.feeds import lines_of, pipeline
from bench.sizes import SEED
from detectors.features import FEATURE_SET, FEATURES
from detectors.person_model import (
    PersonLearner,
    PersonModel,
    PersonModelConfig,
    model_of,
    snapshot_of,
)
from schemas.outcomes import LabelReason, TrainingExample
from schemas.records import Activated, Activation, PersonSignal, Tick
from schemas.state import PersonHistory
from schemas.taxonomy import Channel, Feed, Kind, Origin, Purpose, Sign
from schemas.times import DAY_US, MINUTE_US
from schemas.versioned import PERSON_HISTORY
from streams.clock import StageClock
from streams.feeds.town_config import TownConfig
from streams.outputs import Outputs
from streams.person_judgement import PersonConfig
from streams.person_stage import PersonStage
from streams.state import PackedState

SOURCE = "bench"
SIGNALS_EACH = 4
START_US = 20_000 * DAY_US
_EXAMPLES = 1_000
_SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835
_KINDS = (Kind.DOMESTIC_VIOLENCE, Kind.FAMILY_DISPUTE, Kind.CHILD_OR_ELDER_NEGLECT)
_SIGNS = ((), (), (Sign.CHILD_PRESENT,), (Sign.INJURY,), (Sign.THREAT_TO_KILL, Sign.CHILD_PRESENT))
_SEVERITIES = (1, 1, 2, 2, 3)


def learned() -> PersonLearner:
    """Return a learner that has seen made-up examples, one in ten of them with harm."""
    chance = Random(SEED)  # noqa: S311  # made-up examples, no secret
    learner = PersonLearner(PersonModelConfig())
    for number in range(_EXAMPLES):
        harmed = chance.random() < 0.1
        values = tuple(f.cap * chance.random() * (0.5 + harmed / 2) for f in FEATURES)
        learner.learn_one(
            TrainingExample(
                example_id=f"{number:032x}",
                features=FEATURE_SET,
                values=values,
                harmed=harmed,
                weight=1.0,
                label=LabelReason.HARM if harmed else LabelReason.HORIZON,
                predicted=0.1,
                model_version="",
                predicted_us=START_US,
                ingest_us=START_US,
            )
        )
    return learner


def active_model() -> PersonModel:
    """Return the scorer of a learner's snapshot."""
    return model_of(snapshot_of(learned(), 1, START_US))


def stage_with(model: PersonModel) -> tuple[PersonStage, PackedState[PersonHistory]]:
    """Return an empty person stage with its model active, and the stage's state."""
    state = PackedState(PERSON_HISTORY)
    stage = PersonStage(PersonConfig(), state, StageClock([SOURCE]), {model.version: model})
    activation = Activation(Activated.PERSON_MODEL, model.version, 1, START_US)
    stage.step(activation, Outputs())
    return stage, state


def town_signals(folder: Path, config: TownConfig, most: int) -> list[PersonSignal]:
    """Return what the intake makes of a town's events for the person log, in order."""
    intake = pipeline().intake
    taken = (intake.step(line.record()).person for line in lines_of(folder, config, most))
    return [signal for signal in taken if signal is not None]


def by_day(signals: Sequence[PersonSignal]) -> Iterator[tuple[Tick, list[PersonSignal]]]:
    """Yield the signals day by day, each day after a tick at its beginning."""
    for day, some in groupby(signals, key=lambda signal: signal.ingest_us // DAY_US):
        yield Tick(SOURCE, day * DAY_US), list(some)


def four_each(persons: int) -> Iterator[PersonSignal]:
    """Yield four signals for each of `persons`, in rounds a week apart, so that all still wait.

    The predictions of all four are then still pending: the most that four signals can hold.
    """
    chance = Random(SEED)  # noqa: S311  # made-up signals, no secret
    step_us = DAY_US * 6 // max(persons, 1)
    for turn in range(SIGNALS_EACH):
        for person in range(persons):
            at_us = START_US + turn * 7 * DAY_US + person * step_us
            yield PersonSignal(
                signal_id=f"{chance.getrandbits(128):032x}",
                person=f"{person * _SPREAD % 2**128:032x}",
                kind=chance.choice(_KINDS),
                purpose=Purpose.HARM_REPORT,
                origin=Origin.REPORTED,
                channel=Channel.PHONE,
                feed=Feed.INCIDENT,
                severity=chance.choice(_SEVERITIES),
                signs=chance.choice(_SIGNS),
                area=f"9901{person % 96:011d}",
                time_us=at_us - 5 * MINUTE_US,
                ingest_us=at_us,
            )
