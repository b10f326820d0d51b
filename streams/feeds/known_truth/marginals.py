"""The marginals a town reaches, beside those it was made for.

Rules: measured on the events and the truth, never read off the parameters. A figure with nothing to
measure it on is left out. Small towns miss targets by chance; the frozen figures are of a large
one.
"""

import numpy as np

from schemas.closed import Closed
from streams.feeds.known_truth import measured_people
from streams.feeds.known_truth.measured_areas import areas
from streams.feeds.known_truth.measured_observation import attention, labels, observation
from streams.feeds.known_truth.measuring import Measured
from streams.feeds.known_truth.town import KnownTown


class Marginal(Closed, frozen=True):
    """One measured figure and the number of things it was measured on.

    `low`, `high` and `source` are those of the parameter file, where it asks for this figure.
    """

    value: float
    of: int
    low: float | None = None
    high: float | None = None
    source: str = ""

    def reached(self) -> bool | None:
        """Say whether the figure lies where it has to; None where nothing is asked."""
        if self.low is None or self.high is None:
            return None
        return self.low <= self.value <= self.high


def _measured(town: KnownTown) -> Measured:
    people = measured_people
    for part in (people.sequences, people.harm, people.told, people.helped, people.risk):
        yield from part(town)
    for part in (observation, labels, attention, areas):
        yield from part(town)


def marginals_of(town: KnownTown) -> dict[str, Marginal]:
    """Measure a town; the order is fixed, and with it the bytes of what is written."""
    found: dict[str, Marginal] = {}
    for name, value, number in _measured(town):
        if number and np.isfinite(value):
            target = town.parameters.targets.get(name)
            bounds = (target.low, target.high, target.source) if target else (None, None, "")
            found[name] = Marginal(round(float(value), 5), int(number), *bounds)
    return found
