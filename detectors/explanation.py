"""Why a score is what it is: its additive parts, in words, in both languages.

Rules: the amounts and the base add up to the calibrated log-odds, exactly as the score was made;
parts stand in the order of their size, then of the feature set, so that two runs say the same.
"""

from collections.abc import Sequence
from functools import lru_cache

from detectors.features import FEATURES
from detectors.person_model import PersonModel
from schemas.closed import Text
from schemas.outcomes import Contribution, Score

SENTENCES_CACHED_MAX = 16_384
_NOTICEABLE = 0.05
_EFFECTS = {
    1: Text(en="raises the estimate", zh="使估计升高"),
    0: Text(en="hardly changes the estimate", zh="几乎不影响估计"),
    -1: Text(en="lowers the estimate", zh="使估计降低"),
}


def explain(model: PersonModel, values: Sequence[float], horizon_days: int) -> Score:
    """Return the score of feature values with all its parts."""
    amounts = model.amounts(values)
    parts = [
        Contribution(
            feature.name,
            round(value, 4),
            round(usual, 4),
            scale,
            amount,
            _sentence(position, value, usual, _direction(amount)),
        )
        for position, (feature, value, usual, scale, amount) in enumerate(
            zip(FEATURES, values, model.body.means, model.scales, amounts, strict=True)
        )
    ]
    parts.sort(key=lambda part: -abs(part.amount))
    return Score(
        probability=model.score_one(values),
        horizon_days=horizon_days,
        model_version=model.version,
        base=model.base,
        contributions=tuple(parts),
        uncalibrated=model.uncalibrated(values),
    )


def _direction(amount: float) -> int:
    """Return 1 where a part raises the estimate, -1 where it lowers it, 0 where it hardly does."""
    if abs(amount) < _NOTICEABLE:
        return 0
    return 1 if amount > 0 else -1


@lru_cache(maxsize=SENTENCES_CACHED_MAX)
def _sentence(position: int, value: float, usual: float, direction: int) -> Text:
    """Put one part into words; counts repeat, and so do their sentences."""
    label, effect = FEATURES[position].label, _EFFECTS[direction]
    return Text(
        en=f"{label.en}: {value:.3g} (usually {usual:.3g}); {effect.en}",
        zh=f"{label.zh}：{value:.3g}（通常{usual:.3g}），{effect.zh}",
    )
