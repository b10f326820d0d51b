"""The closed vocabularies of the domain, with labels in both languages.

Rules: a value is added at the end of its enumeration and never renamed, moved or taken out,
because state stores the position (`code_of`) and topics store the name. A word that would describe
an aggressor, a reporter or a demographic has no place here.
"""

from enum import StrEnum
from functools import cache
from typing import TypeVar

from schemas.closed import Text


class Purpose(StrEnum):
    """Why somebody made contact."""

    HARM_REPORT = "harm_report"
    HELP_REQUEST = "help_request"
    SERVICE_REQUEST = "service_request"
    COMPLAINT = "complaint"
    PETITION = "petition"
    TIP_OFF = "tip_off"
    SUGGESTION = "suggestion"
    ENQUIRY = "enquiry"


class Kind(StrEnum):
    """What the matter is about."""

    FAMILY_DISPUTE = "family_dispute"
    NEIGHBOUR_DISPUTE = "neighbour_dispute"
    LABOUR_DISPUTE = "labour_dispute"
    PROPERTY_MANAGEMENT = "property_management"
    LAND_AND_FOREST = "land_and_forest"
    DEMOLITION_RELOCATION = "demolition_relocation"
    MEDICAL_DISPUTE = "medical_dispute"
    SCHOOL = "school"
    ECONOMIC_DISPUTE = "economic_dispute"
    ENVIRONMENT = "environment"
    DOMESTIC_VIOLENCE = "domestic_violence"
    MENTAL_HEALTH_CRISIS = "mental_health_crisis"
    SELF_HARM = "self_harm"
    CHILD_OR_ELDER_NEGLECT = "child_or_elder_neglect"
    MISSING_PERSON = "missing_person"
    ACCIDENT = "accident"
    FIRE_GAS_HAZARD = "fire_gas_hazard"
    MEDICAL_EMERGENCY = "medical_emergency"
    NATURAL_HAZARD = "natural_hazard"
    VULNERABLE_CARE = "vulnerable_care"


class Sign(StrEnum):
    """A sign of danger that was reported with the matter."""

    INJURY = "injury"
    STRANGULATION = "strangulation"
    WEAPON = "weapon"
    THREAT_TO_KILL = "threat_to_kill"
    SELF_HARM_WORDS = "self_harm_words"
    CHILD_PRESENT = "child_present"
    PREGNANCY = "pregnancy"
    RECENT_SEPARATION = "recent_separation"
    ISOLATION = "isolation"
    HELP_REFUSED = "help_refused"
    NO_FOOD_OR_HEAT = "no_food_or_heat"
    HAZARD_AT_HOME = "hazard_at_home"


class Origin(StrEnum):
    """How the matter came to be known."""

    REPORTED = "reported"
    DISCOVERED = "discovered"
    VISIT = "visit"


class Channel(StrEnum):
    """By which way the contact came."""

    PHONE = "phone"
    MESSAGE = "message"
    WEB = "web"
    COUNTER = "counter"
    FIELD = "field"
    DEVICE = "device"
    REFERRAL = "referral"


class Scheme(StrEnum):
    """What kind of identifier names the person at risk."""

    PHONE = "phone"
    CITIZEN_ID = "citizen-id"
    CASE_NUMBER = "case-number"
    PSEUDONYM = "pseudonym"


class Feed(StrEnum):
    """Which of the three streams a contact came by."""

    INCIDENT = "incident"
    HOTLINE = "hotline"
    GRID = "grid"


class Level(StrEnum):
    """How urgent an alert is; the order of danger is `rank_of`."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"


class AreaLevel(StrEnum):
    """Where an area stands in the hierarchy of local government."""

    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    COMMUNITY = "community"
    GRID = "grid"


class Outcome(StrEnum):
    """What an officer found when the matter was looked into."""

    HARM_OCCURRED = "harm_occurred"
    AVERTED = "averted"
    NO_NEED_FOUND = "no_need_found"
    UNREACHABLE = "unreachable"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"


class Scope(StrEnum):
    """What an alert or assessment is about."""

    PERSON = "person"
    INCIDENT = "incident"
    AREA = "area"


PERSON_PURPOSES = frozenset({Purpose.HARM_REPORT, Purpose.HELP_REQUEST})
"""The only purposes that can reach a person's log."""

AREA_PURPOSES = PERSON_PURPOSES | {Purpose.SERVICE_REQUEST}
"""The purposes that are counted per area: reports of harm or need, nothing that judges anybody."""

CLOCK_PURPOSES = frozenset(Purpose) - {Purpose.HARM_REPORT}
"""The purposes that start a response clock on the authority."""

_DANGER_ORDER = (Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED)
_RANK = {level: rank for rank, level in enumerate(_DANGER_ORDER)}


def rank_of(level: Level | None) -> int:
    """Return the order of danger: -1 for none, 0 for blue, up to 3 for red."""
    return -1 if level is None else _RANK[level]


E = TypeVar("E", bound=StrEnum)


@cache
def members_of(vocabulary: type[E]) -> tuple[E, ...]:
    """Return the members of a vocabulary in their fixed order; the position is the code."""
    return tuple(vocabulary)


def _codes(vocabulary: type[E]) -> dict[E, int]:
    return {member: code for code, member in enumerate(vocabulary)}


PURPOSE_CODE = _codes(Purpose)
KIND_CODE = _codes(Kind)
SIGN_BIT = {sign: 1 << code for sign, code in _codes(Sign).items()}
ORIGIN_CODE = _codes(Origin)
CHANNEL_CODE = _codes(Channel)


def sign_mask(signs: tuple[Sign, ...]) -> int:
    """Pack signs into a bit mask; bit n is the n-th member of `Sign`."""
    mask = 0
    for sign in signs:
        mask |= SIGN_BIT[sign]
    return mask


def signs_in(mask: int) -> tuple[Sign, ...]:
    """Unpack a bit mask into signs, in the fixed order of `Sign`."""
    return tuple(sign for sign, bit in SIGN_BIT.items() if mask & bit)


def _texts(*rows: tuple[StrEnum, str, str]) -> dict[StrEnum, Text]:
    return {member: Text(en=en, zh=zh) for member, en, zh in rows}


LABELS: dict[StrEnum, Text] = _texts(
    (Purpose.HARM_REPORT, "report of harm", "险情/侵害报告"),
    (Purpose.HELP_REQUEST, "request for help", "求助"),
    (Purpose.SERVICE_REQUEST, "service request", "诉求"),
    (Purpose.COMPLAINT, "complaint", "投诉"),
    (Purpose.PETITION, "petition", "信访"),
    (Purpose.TIP_OFF, "tip-off", "举报"),
    (Purpose.SUGGESTION, "suggestion", "建议"),
    (Purpose.ENQUIRY, "enquiry", "咨询"),
    (Kind.FAMILY_DISPUTE, "family or relationship dispute", "婚姻家庭"),
    (Kind.NEIGHBOUR_DISPUTE, "neighbour dispute", "邻里"),
    (Kind.LABOUR_DISPUTE, "labour dispute", "劳资"),
    (Kind.PROPERTY_MANAGEMENT, "property management", "物业"),
    (Kind.LAND_AND_FOREST, "land and forest", "土地山林"),
    (Kind.DEMOLITION_RELOCATION, "demolition and relocation", "征地拆迁"),
    (Kind.MEDICAL_DISPUTE, "medical dispute", "医患"),
    (Kind.SCHOOL, "school", "校园"),
    (Kind.ECONOMIC_DISPUTE, "economic dispute", "经济"),
    (Kind.ENVIRONMENT, "environment", "环境"),
    (Kind.DOMESTIC_VIOLENCE, "domestic violence", "家庭暴力"),
    (Kind.MENTAL_HEALTH_CRISIS, "mental-health crisis", "精神卫生危机"),
    (Kind.SELF_HARM, "self-harm", "自伤"),
    (Kind.CHILD_OR_ELDER_NEGLECT, "child or elder neglect", "失助儿童/老人"),
    (Kind.MISSING_PERSON, "missing person", "走失"),
    (Kind.ACCIDENT, "accident", "事故"),
    (Kind.FIRE_GAS_HAZARD, "fire or gas hazard", "火灾燃气隐患"),
    (Kind.MEDICAL_EMERGENCY, "medical emergency", "急病"),
    (Kind.NATURAL_HAZARD, "natural hazard", "自然灾害"),
    (Kind.VULNERABLE_CARE, "care for vulnerable people", "特殊人群关爱"),
    (Sign.INJURY, "injury", "受伤"),
    (Sign.STRANGULATION, "strangulation", "扼颈"),
    (Sign.WEAPON, "weapon", "凶器"),
    (Sign.THREAT_TO_KILL, "threat to kill", "扬言杀害"),
    (Sign.SELF_HARM_WORDS, "words of self-harm", "自伤言语"),
    (Sign.CHILD_PRESENT, "child present", "有儿童在场"),
    (Sign.PREGNANCY, "pregnancy", "怀孕"),
    (Sign.RECENT_SEPARATION, "recent separation", "近期分手或分居"),
    (Sign.ISOLATION, "isolation", "孤立无援"),
    (Sign.HELP_REFUSED, "help refused", "曾被拒绝帮助"),
    (Sign.NO_FOOD_OR_HEAT, "no food or heat", "断粮或断暖"),
    (Sign.HAZARD_AT_HOME, "hazard at home", "家中有险情"),
    (Origin.REPORTED, "reported", "主动报告"),
    (Origin.DISCOVERED, "discovered", "巡查发现"),
    (Origin.VISIT, "visit", "走访"),
    (Channel.PHONE, "phone", "电话"),
    (Channel.MESSAGE, "message", "短信/消息"),
    (Channel.WEB, "web", "网络"),
    (Channel.COUNTER, "counter", "窗口"),
    (Channel.FIELD, "in the field", "现场"),
    (Channel.DEVICE, "device", "设备"),
    (Channel.REFERRAL, "referral", "转介"),
    (Scheme.PHONE, "phone number", "电话号码"),
    (Scheme.CITIZEN_ID, "citizen id", "公民身份号码"),
    (Scheme.CASE_NUMBER, "case number", "案件编号"),
    (Scheme.PSEUDONYM, "pseudonym", "化名"),
    (Feed.INCIDENT, "incident report", "警情/事件报告"),
    (Feed.HOTLINE, "hotline call", "热线来电"),
    (Feed.GRID, "grid observation", "网格巡查"),
    (Level.RED, "red", "一级（红色）"),
    (Level.ORANGE, "orange", "二级（橙色）"),
    (Level.YELLOW, "yellow", "三级（黄色）"),
    (Level.BLUE, "blue", "四级（蓝色）"),
    (AreaLevel.CITY, "city", "市"),
    (AreaLevel.COUNTY, "county or district", "县（市、区）"),
    (AreaLevel.TOWN, "town or street", "镇（街）"),
    (AreaLevel.COMMUNITY, "community or village", "社区（村）"),
    (AreaLevel.GRID, "grid", "网格"),
    (Outcome.HARM_OCCURRED, "harm occurred", "已发生伤害"),
    (Outcome.AVERTED, "averted by action", "经处置化解"),
    (Outcome.NO_NEED_FOUND, "no need found", "核查无需帮助"),
    (Outcome.UNREACHABLE, "unreachable", "无法联系"),
    (Outcome.DUPLICATE, "duplicate", "重复"),
    (Outcome.UNKNOWN, "unknown", "不明"),
    (Scope.PERSON, "person at risk", "面临风险的人"),
    (Scope.INCIDENT, "incident", "事件"),
    (Scope.AREA, "area", "区域"),
)
