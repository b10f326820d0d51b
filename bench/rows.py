"""What a measurement says: one row a figure, with its target and its peers.

Rules: a figure has its unit beside it; a target that is missed is said and is never an exception.
A ratio is the measured cost over the peer's cost, in the same process on the same input, so 3 means
"three times as long as the peer takes" (or "three times as large").
"""

from enum import StrEnum

from schemas.closed import Closed


class Verdict(StrEnum):
    """How a figure stands to its target."""

    MET = "met"
    MISSED = "missed"
    NONE = ""


class Target(Closed, frozen=True):
    """A bound: at least or at most `bound`, in the unit of the figure."""

    bound: float
    at_least: bool

    def verdict(self, figure: float) -> Verdict:
        """Say how a figure stands to this bound."""
        good = figure >= self.bound if self.at_least else figure <= self.bound
        return Verdict.MET if good else Verdict.MISSED


class Row(Closed, frozen=True):
    """One figure. `ratios` are by the name of the peer; `note` says what the figure is of."""

    name: str
    figure: float
    unit: str
    note: str
    target: Target | None = None
    ratios: dict[str, float] = {}

    @property
    def verdict(self) -> Verdict:
        """How the figure stands to its target, if it has one."""
        return self.target.verdict(self.figure) if self.target else Verdict.NONE


def at_least(bound: float) -> Target:
    """Return the target "this much or more"."""
    return Target(bound, at_least=True)


def at_most(bound: float) -> Target:
    """Return the target "this much or less"."""
    return Target(bound, at_least=False)
