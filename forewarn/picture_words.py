"""The words of a picture in both languages, and a font that has them.

Rules: a picture is in one language throughout. An SVG keeps its words as text, so its reader's own
fonts draw them; a PNG needs a font here, and where no font has Chinese the words are English.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from schemas.closed import Text

CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans CJK JP",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "SimHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Arial Unicode MS",
    "Droid Sans Fallback",
)
"""Families that have simplified Chinese, the most readable first."""


class Language(StrEnum):
    """The languages an officer reads."""

    EN = "en"
    ZH = "zh-CN"


WORDS: Mapping[str, Text] = {
    "title": Text(en="Daily reports and alerts", zh="每日报告数与预警"),
    "all": Text(en="all kinds, reports a day", zh="全部类别,每日报告数"),
    "other": Text(en="other kinds", zh="其他类别"),
    "others": Text(
        en="Alerts about persons and single incidents, opened a day",
        zh="每日新增人员及单起事件预警",
    ),
    "legend": Text(en="Area alerts, by highest level reached", zh="区域预警(最高级别)"),
    "county": Text(en="whole county", zh="全县(区)"),
    "part": Text(en="a part of it", zh="县(区)内局部"),
}


def said(text: Text, language: Language) -> str:
    """Return a text in one language."""
    return text.zh if language is Language.ZH else text.en


def word(name: str, language: Language) -> str:
    """Return one of the picture's own words in one language."""
    return said(WORDS[name], language)


def summed_up(
    areas: str, days: tuple[str, str], incidents: int, alerts: tuple[int, int], language: Language
) -> str:
    """Return the line below the title: where, when, how many reports, how many alerts."""
    of_areas, of_others = alerts
    first, last = days
    if language is Language.ZH:
        return (
            f"{areas},{first} 至 {last}:报告 {incidents:,} 起,"
            f"区域预警 {of_areas:,} 个,人员及单起事件预警 {of_others:,} 个"
        )
    return (
        f"{areas}, {first} to {last}. Reports: {incidents:,}. Area alerts: {of_areas:,}. "
        f"Alerts about persons or single incidents: {of_others:,}."
    )


def font_for(language: Language, installed: Iterable[str], *, keeps_text: bool) -> str | None:
    """Return the font family to draw with, or None where no installed one has the language.

    `keeps_text` says that the picture's words stay text, so that any font will do here.
    """
    if language is Language.EN:
        return "DejaVu Sans"
    names = set(installed)
    found = next((name for name in CHINESE_FONTS if name in names), None)
    if found is None and keeps_text:
        return "DejaVu Sans"
    return found
