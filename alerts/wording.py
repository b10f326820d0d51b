"""What an officer reads first: one headline in both languages.

Rules: the headline says level, what it is about and why, without an identity; where the household
must not be informed, it says so before anything else is done.
"""

from collections.abc import Sequence

from schemas.closed import Text
from schemas.outcomes import Change, Reason
from schemas.taxonomy import LABELS, Kind, Level, Scope

_CHANGES = {
    Change.OPENED: Text(en="new", zh="新"),
    Change.EVIDENCE_ADDED: Text(en="further evidence", zh="新证据"),
    Change.LEVEL_RAISED: Text(en="level raised", zh="升级"),
    Change.REOPENED: Text(en="reopened", zh="重新开启"),
    Change.RECHECK_DUE: Text(en="re-check due", zh="应复查"),
    Change.MOVED: Text(en="moved to another key", zh="已并入新档"),
    Change.MERGED: Text(en="merged into another alert", zh="已合并"),
    Change.EXPIRED: Text(en="ended without new evidence", zh="长期无新情况，结束"),
}
_DISCREET = Text(en="Never inform the household. ", zh="切勿告知同住人。")


def headline(  # the parts of one sentence, named at the few places that say it
    *,
    scope: Scope,
    kind: Kind,
    level: Level,
    change: Change,
    reasons: Sequence[Reason],
    place: Text | None = None,
    never_inform: bool = False,
) -> Text:
    """Return the headline of one revision of an alert."""
    about, what, how = LABELS[scope], LABELS[kind], _CHANGES[change]
    danger = LABELS[level]
    why_en = "; ".join(reason.text.en for reason in reasons)
    why_zh = "；".join(reason.text.zh for reason in reasons)
    where_en = f", {place.en}" if place else ""
    where_zh = f"，{place.zh}" if place else ""
    en = f"{danger.en.capitalize()} ({how.en}): {about.en}{where_en}, {what.en}"
    zh = f"{danger.zh}（{how.zh}）：{about.zh}{where_zh}，{what.zh}"
    discreet = _DISCREET if never_inform else Text(en="", zh="")
    return Text(
        en=f"{discreet.en}{en}" + (f": {why_en}" if why_en else ""),
        zh=f"{discreet.zh}{zh}" + (f"：{why_zh}" if why_zh else ""),
    )
