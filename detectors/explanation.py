"""Why a score is what it is: its additive parts, in words, in both languages.

Rules: the amounts and the base add up to the calibrated log-odds, exactly as the score was made;
parts stand in the order of their size, then of the feature set, so that two runs say the same.
"""

from collections.abc import Sequence

from detectors.features import FEATURES, Feature
from detectors.person_model import PersonModel
from schemas.closed import Text
from schemas.outcomes import Contribution, Score

_NOTICEABLE = 0.05


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
            _sentence(feature, value, usual, amount),
        )
        for feature, value, usual, scale, amount in zip(
            FEATURES, values, model.body.means, model.scales, amounts, strict=True
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


def _sentence(feature: Feature, value: float, usual: float, amount: float) -> Text:
    if abs(amount) < _NOTICEABLE:
        en, zh = "hardly changes the estimate", "几乎不影响估计"
    elif amount > 0:
        en, zh = "raises the estimate", "使估计升高"
    else:
        en, zh = "lowers the estimate", "使估计降低"
    return Text(
        en=f"{feature.label.en}: {value:.3g} (usually {usual:.3g}); {en}",
        zh=f"{feature.label.zh}：{value:.3g}（通常{usual:.3g}），{zh}",
    )
