"""Online Platt scaling: from a model's log-odds to a probability that means what it says.

p = sigmoid(slope * log-odds + offset), with slope and offset learned by stochastic gradient descent
on the log loss of each example *before* the model learns from it (Platt 1999, "Probabilistic
outputs for support vector machines"). Starts at the identity and stays within bounds.
"""

import math

from schemas.closed import Closed

_LOG_ODDS_MAX = 30.0
SLOPE_MIN, SLOPE_MAX = 0.1, 5.0
OFFSET_MAX = 5.0


def sigmoid(log_odds: float) -> float:
    """Return the probability of log-odds, safe at both ends."""
    if not -_LOG_ODDS_MAX < log_odds < _LOG_ODDS_MAX:
        log_odds = math.copysign(_LOG_ODDS_MAX, log_odds)
    return 1.0 / (1.0 + math.exp(-log_odds))


def logit(probability: float) -> float:
    """Return the log-odds of a probability strictly between 0 and 1."""
    return math.log(probability / (1.0 - probability))


class Platt(Closed, frozen=True):
    """The calibration at one moment."""

    slope: float = 1.0
    offset: float = 0.0
    examples: int = 0

    def probability(self, log_odds: float) -> float:
        """Return the calibrated probability of a model's log-odds."""
        return sigmoid(self.slope * log_odds + self.offset)

    def learned(self, log_odds: float, *, harmed: bool, weight: float) -> "Platt":
        """Return the calibration after one more example; the step shrinks with their number."""
        bounded = max(-_LOG_ODDS_MAX, min(_LOG_ODDS_MAX, log_odds))
        error = (float(harmed) - self.probability(bounded)) * weight
        rate = 0.5 / math.sqrt(100 + self.examples)
        slope = self.slope + 0.1 * rate * error * bounded
        offset = self.offset + rate * error
        return Platt(
            max(SLOPE_MIN, min(SLOPE_MAX, slope)),
            max(-OFFSET_MAX, min(OFFSET_MAX, offset)),
            self.examples + 1,
        )
