"""The area detectors there are, by name: one line each.

Rules: a detector is named in configuration, alerts and stored state by its key here, which is also
its `name`. A factory takes `alpha`, the false-alarm probability per series and day, between 0 and 1
(else ValueError); every other setting keeps the default that its class explains. The contract suite
`tests/detectors/test_detector_contract.py` runs over all entries, so a new line is tested at once.
"""

from collections.abc import Callable, Iterable
from functools import partial

from detectors.base import AreaDetector
from detectors.ears import Ears, Method
from detectors.farrington import Farrington
from detectors.focus import Focus
from detectors.gamma_poisson import GammaPoisson
from detectors.glr import NbGlr
from detectors.nb_cusum import NbCusum
from detectors.seasonal_gamma_poisson import SeasonalGammaPoisson
from detectors.weekly_surge import WeeklySurge

Factory = Callable[[float], AreaDetector]
"""Makes a detector for a false-alarm probability per series and day."""

AREA_DETECTORS: dict[str, Factory] = {
    "ears_c1": partial(Ears, Method.C1),
    "ears_c2": partial(Ears, Method.C2),
    "ears_c3": partial(Ears, Method.C3),
    "nb_cusum": NbCusum,
    "nb_glr": NbGlr,
    "focus": Focus,
    "gamma_poisson": GammaPoisson,
    "seasonal_gamma_poisson": SeasonalGammaPoisson,
}

WEEKLY_DETECTORS: dict[str, Factory] = {
    "farrington": Farrington,
    "weekly_surge": WeeklySurge,
}
"""The same contract with a week in the place of a day: `Past.day` is the first day of the week, a
count is a week's, `alpha` is for a week. They need months (`weekly_surge`) or years of weeks, and
keep what they need in their memory; `tests/detectors/test_weekly_contract.py` is their suite."""


class UnknownDetectorError(ValueError):
    """A detector was asked for by a name that is not in the registry."""


def make_area_detectors(names: Iterable[str], alpha: float) -> tuple[AreaDetector, ...]:
    """Make the detectors of these names, in their order.

    Args:
        names: keys of `AREA_DETECTORS`.
        alpha: false-alarm probability per series and day of each of them, between 0 and 1.

    Raises:
        UnknownDetectorError: a name is not in the registry; the message has those that are.
        ValueError: `alpha` does not lie between 0 and 1.
    """
    asked = tuple(names)
    unknown = [name for name in asked if name not in AREA_DETECTORS]
    if unknown:
        raise UnknownDetectorError(
            f"no area detector is called {unknown[0]!r}; there are {', '.join(AREA_DETECTORS)}"
        )
    return tuple(AREA_DETECTORS[name](alpha) for name in asked)
