"""Harmless sentences for the notes of a synthetic town's events.

Rules: a note is for the officer's eyes and never a feature; these are invented, name nobody, and
say nothing about another party, an age, a sex, an origin or a belief.
"""

from schemas.taxonomy import Kind

_DANGER = (
    "Caller asks for somebody to come by and talk.",
    "Wants to be reached during the day only.",
    "希望工作人员上门了解情况。",
    "来电人情绪低落,请尽快回访。",
    "Things at home have been loud again.",
    "请安排专人联系,勿转告他人。",
)
_PLACE = (
    "Seen from the road, please take a look.",
    "Several people are waiting at the corner.",
    "路人发现,请派人查看。",
    "报告人在路口等候引路。",
    "Help is already on its way.",
    "现场已有人看守。",
)
_FIRE = (
    "The stairwell has smelled of gas since this morning.",
    "Cables hang loose beside the meter box.",
    "楼道有异味,请派人检查。",
    "充电处线路裸露。",
    "The fire door does not close.",
    "消防通道被杂物堵住。",
)
_EVERYDAY = (
    "Which papers are needed, and where?",
    "The street lamp at the corner is out.",
    "咨询办理流程和所需材料。",
    "反映楼下施工噪声,请协调。",
    "Asks how long an answer will take.",
    "建议增设长椅和遮阳棚。",
)
_CARE = (
    "Tea, a talk, all is well.",
    "Needs a hand with the shopping once a week.",
    "上门走访,状态良好。",
    "需要代购日常用品。",
    "The heater works again.",
    "已约定下周再访。",
)
_OF_KIND = {
    Kind.FAMILY_DISPUTE: _DANGER,
    Kind.DOMESTIC_VIOLENCE: _DANGER,
    Kind.MENTAL_HEALTH_CRISIS: _DANGER,
    Kind.SELF_HARM: _DANGER,
    Kind.MISSING_PERSON: _DANGER,
    Kind.CHILD_OR_ELDER_NEGLECT: _CARE,
    Kind.VULNERABLE_CARE: _CARE,
    Kind.ACCIDENT: _PLACE,
    Kind.FIRE_GAS_HAZARD: _FIRE,
    Kind.MEDICAL_EMERGENCY: _PLACE,
    Kind.NATURAL_HAZARD: _PLACE,
}


def note_for(kind: Kind, number: int) -> str:
    """Return a sentence that fits the kind; `number` (from 0) chooses which."""
    sentences = _OF_KIND.get(kind, _EVERYDAY)
    return sentences[number % len(sentences)]


def all_notes() -> tuple[str, ...]:
    """Return every sentence there is, for the test that reads them."""
    return (*_DANGER, *_PLACE, *_FIRE, *_EVERYDAY, *_CARE)
