"""A headline says level, change, matter and reasons in both languages, discretion before all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.wording import headline
from schemas.closed import Text
from schemas.outcomes import Change
from schemas.taxonomy import LABELS, Kind, Level, Scope
from tests.builders import reason

every_headline = given(
    scope=st.sampled_from(Scope),
    kind=st.sampled_from(Kind),
    level=st.sampled_from(Level),
    change=st.sampled_from(Change),
    never_inform=st.booleans(),
)


@every_headline
def test_both_languages_say_level_scope_kind_and_why(
    scope: Scope, kind: Kind, level: Level, change: Change, *, never_inform: bool
) -> None:
    why = reason("weapon", level)
    text = headline(
        scope=scope, kind=kind, level=level, change=change, reasons=[why], never_inform=never_inform
    )
    assert LABELS[level].en in text.en.lower()
    for said in (LABELS[scope], LABELS[kind], why.text):
        assert said.en in text.en
        assert said.zh in text.zh
    assert LABELS[level].zh in text.zh


@every_headline
def test_that_the_household_must_not_know_is_said_before_anything_else(
    scope: Scope, kind: Kind, level: Level, change: Change, *, never_inform: bool
) -> None:
    text = headline(
        scope=scope, kind=kind, level=level, change=change, reasons=(), never_inform=never_inform
    )
    assert text.en.startswith("Never inform the household. ") is never_inform
    assert text.zh.startswith("切勿告知同住人。") is never_inform


def test_every_change_is_worded_differently() -> None:
    texts = [
        headline(scope=Scope.PERSON, kind=Kind.SCHOOL, level=Level.RED, change=change, reasons=())
        for change in Change
    ]
    assert len({text.en for text in texts}) == len({text.zh for text in texts}) == len(Change)


@pytest.mark.parametrize(
    ("place", "reasons", "en", "zh"),
    [
        (
            None,
            (),
            "Red (new): person at risk, domestic violence",
            "一级（红色）（新）：面临风险的人，家庭暴力",
        ),
        (
            Text(en="East Street", zh="东街"),
            (reason("one", Level.RED), reason("two", Level.RED)),
            "Red (new): person at risk, East Street, domestic violence: one; two",
            "一级（红色）（新）：面临风险的人，东街，家庭暴力：原因one；原因two",
        ),
    ],
)
def test_a_headline_reads_as_one_sentence(
    place: Text | None, reasons: tuple[()], en: str, zh: str
) -> None:
    text = headline(
        scope=Scope.PERSON,
        kind=Kind.DOMESTIC_VIOLENCE,
        level=Level.RED,
        change=Change.OPENED,
        reasons=reasons,
        place=place,
    )
    assert text == Text(en=en, zh=zh)
