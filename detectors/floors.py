"""Rule floors: what is dangerous whatever any model says, by name.

Rules: a floor is a line in one table. It sees one report alone, so it holds at once, whatever the
event's age and whoever it is about, and no model can lower it. Red is for reported danger to life;
strangulation and threats with a weapon are the strongest single signs of a later killing that the
domestic-violence literature knows (Campbell et al. 2003, Am J Public Health 93:1089; Glass et al.
2008, J Emerg Med 35:329).
"""

from functools import lru_cache

from schemas.closed import Closed, Text
from schemas.outcomes import Reason
from schemas.taxonomy import Kind, Level, Sign

CASES_CACHED_MAX = 16_384


class Floor(Closed, frozen=True):
    """One rule: all of `signs`, any of `kinds` (or any kind where empty), at least `severity`."""

    code: str
    level: Level
    text: Text
    signs: frozenset[Sign] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    severity: int = 0

    def holds(self, kind: Kind, severity: int, signs: frozenset[Sign]) -> bool:
        """Say whether one report fulfils the rule."""
        return (
            severity >= self.severity
            and self.signs <= signs
            and (not self.kinds or kind in self.kinds)
        )


def _floor(  # a row of the table below
    code: str, level: Level, en: str, zh: str, signs: set[Sign], kinds: set[Kind], severity: int = 0
) -> Floor:
    return Floor(code, level, Text(en=en, zh=zh), frozenset(signs), frozenset(kinds), severity)


_CRISIS = {Kind.SELF_HARM, Kind.MENTAL_HEALTH_CRISIS}
_DEPENDENT = {Kind.CHILD_OR_ELDER_NEGLECT, Kind.VULNERABLE_CARE}

FLOORS: tuple[Floor, ...] = (
    _floor("strangulation", Level.RED, "strangulation was reported", "报告有扼颈行为",
           {Sign.STRANGULATION}, set()),
    _floor("weapon_with_threat", Level.RED, "a weapon and a threat to kill were reported",
           "报告有凶器并扬言杀害", {Sign.WEAPON, Sign.THREAT_TO_KILL}, set()),
    _floor("threat_in_separation", Level.RED,
           "a threat to kill was reported after a recent separation", "近期分手或分居后扬言杀害",
           {Sign.THREAT_TO_KILL, Sign.RECENT_SEPARATION}, set()),
    _floor("injury_in_pregnancy", Level.RED, "an injury in pregnancy by violence was reported",
           "报告孕期遭暴力受伤", {Sign.INJURY, Sign.PREGNANCY}, {Kind.DOMESTIC_VIOLENCE}),
    _floor("self_harm_with_means", Level.RED, "words of self-harm and a weapon were reported",
           "报告有自伤言语并持有凶器", {Sign.SELF_HARM_WORDS, Sign.WEAPON}, set()),
    _floor("self_harm_life_in_danger", Level.RED, "self-harm with danger to life was reported",
           "报告自伤并危及生命", set(), {Kind.SELF_HARM}, 4),
    _floor("crisis_life_in_danger", Level.RED,
           "words of self-harm with danger to life were reported", "报告有自伤言语并危及生命",
           {Sign.SELF_HARM_WORDS}, _CRISIS, 4),
    _floor("threat_life_in_danger", Level.RED,
           "a threat to kill with danger to life was reported", "报告扬言杀害并危及生命",
           {Sign.THREAT_TO_KILL}, set(), 4),
    _floor("violence_life_in_danger", Level.RED,
           "violence at home with danger to life was reported", "报告家庭暴力并危及生命",
           set(), {Kind.DOMESTIC_VIOLENCE}, 4),
    _floor("neglect_life_in_danger", Level.RED,
           "a neglected child or elder in danger to life was reported",
           "报告失助儿童或老人危及生命",
           set(), {Kind.CHILD_OR_ELDER_NEGLECT}, 4),
    _floor("dependent_in_danger", Level.RED,
           "somebody who depends on care is without food or heat, in danger to life",
           "需照护者断粮或断暖，危及生命", {Sign.NO_FOOD_OR_HEAT}, _DEPENDENT, 4),
    _floor("threat_to_kill", Level.ORANGE, "a threat to kill was reported", "报告扬言杀害",
           {Sign.THREAT_TO_KILL}, set()),
    _floor("self_harm_words", Level.ORANGE, "words of self-harm were reported", "报告有自伤言语",
           {Sign.SELF_HARM_WORDS}, _CRISIS),
    _floor("violence_with_weapon", Level.ORANGE, "violence with a weapon was reported",
           "报告持凶器施暴", {Sign.WEAPON}, {Kind.DOMESTIC_VIOLENCE}),
    _floor("child_in_violence", Level.ORANGE,
           "grave violence at home with a child present was reported", "报告严重家暴且有儿童在场",
           {Sign.CHILD_PRESENT}, {Kind.DOMESTIC_VIOLENCE}, 3),
    _floor("dependent_without_food_or_heat", Level.ORANGE,
           "somebody who depends on care is without food or heat", "需照护者断粮或断暖",
           {Sign.NO_FOOD_OR_HEAT}, _DEPENDENT),
)  # fmt: skip


REASON_OF_CODE = {floor.code: Reason(floor.code, floor.level, floor.text) for floor in FLOORS}


@lru_cache(maxsize=CASES_CACHED_MAX)
def floors_of(kind: Kind, severity: int, signs: tuple[Sign, ...]) -> tuple[Reason, ...]:
    """Return the floors one report fulfils, in the order of the table, as reasons."""
    present = frozenset(signs)
    return tuple(
        REASON_OF_CODE[floor.code] for floor in FLOORS if floor.holds(kind, severity, present)
    )


def is_red(kind: Kind, severity: int, signs: tuple[Sign, ...]) -> bool:
    """Say whether one report alone is a red alert."""
    return any(reason.level is Level.RED for reason in floors_of(kind, severity, signs))
