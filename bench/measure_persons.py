"""The person step: one signal through history, features, score and decision, with a model active.

Rules: signals alone are timed; ticks run in between, untimed, so that histories and predictions
age as they do in earnest. The peers: reading and writing the same state bytes and nothing else,
and asking River for one probability.
"""

from collections.abc import Sequence
from pathlib import Path

from bench.persons import active_model, by_day, four_each, learned, stage_with, town_signals
from bench.rows import Row, at_least, at_most
from bench.sizes import Sizes
from bench.stopwatch import Stopwatch, median_us, settle
from detectors.features import FEATURE_NAMES
from detectors.person_model import PersonModel
from schemas.records import PersonSignal
from streams.outputs import Outputs

STEP_US_MAX = 25.0
FLAT_MIN = 0.8
_FEW = 20
"""The few persons are one in this many of the many."""


def measure_step(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure the step on a town's dangerous year, about four signals a person."""
    signals = town_signals(folder, sizes.danger, sizes.slice_events)
    model = active_model()
    settle()
    step_us = median_us(lambda: _step_us(model, signals), sizes.repeats)
    bytes_us = median_us(lambda: _bytes_us(model, signals), sizes.repeats)
    river_us = median_us(lambda: _river_us(len(signals)), sizes.repeats)
    persons = len({signal.person for signal in signals})
    note = (
        f"{len(signals):,} signals of {persons:,} persons "
        f"({len(signals) / persons:.1f} each); median of {sizes.repeats} runs"
    )
    ratios = {"its state read and written": step_us / bytes_us, "River, asked": step_us / river_us}
    return [Row("person step", step_us, "µs", note, at_most(STEP_US_MAX), ratios)]


def measure_growth(sizes: Sizes, _folder: Path) -> list[Row]:
    """Measure the step with the same four signals each, for few persons and for many."""
    many = sizes.model_persons
    few = max(many // _FEW, 1)
    model = active_model()
    few_us = median_us(lambda: _four_us(model, few), sizes.repeats)
    many_us = _four_us(model, many)
    note = (
        f"{few_us:.1f} µs with {few:,} persons, {many_us:.1f} µs with {many:,}; four signals each"
    )
    name = "cost of a person step, few persons over many"
    return [Row(name, few_us / many_us, "ratio", note, at_least(FLAT_MIN))]


def _step_us(model: PersonModel, signals: Sequence[PersonSignal]) -> float:
    stage, _ = stage_with(model)
    watch = Stopwatch()
    for tick, some in by_day(signals):
        stage.step(tick, Outputs())
        with watch:
            for signal in some:
                stage.step(signal, Outputs())
    return watch.us_each(len(signals))


def _four_us(model: PersonModel, persons: int) -> float:
    stage, _ = stage_with(model)
    making, stepping = Stopwatch(), Stopwatch()
    with making:
        for _ in four_each(persons):
            pass
    steps = 0
    with stepping:
        for signal in four_each(persons):
            stage.step(signal, Outputs())
            steps += 1
    return stepping.us_each(steps) - making.us_each(steps)


def _bytes_us(model: PersonModel, signals: Sequence[PersonSignal]) -> float:
    """Return what reading and writing the state of these persons costs, as they end up."""
    stage, state = stage_with(model)
    for tick, some in by_day(signals):
        stage.step(tick, Outputs())
        for signal in some:
            stage.step(signal, Outputs())
    watch, touched = Stopwatch(), 0
    with watch:
        for signal in signals:
            history = state.get(signal.person)
            if history is not None:
                state.put(signal.person, history)
                touched += 1
    return watch.us_each(touched)


def _river_us(number: int) -> float:
    """Return what River takes for one probability."""
    learner, watch = learned(), Stopwatch()
    values = (0.5,) * len(FEATURE_NAMES)
    number = min(number, 10_000)
    with watch:
        for _ in range(number):
            learner.predict_one(values)
    return watch.us_each(number)
