"""`/v1/taxonomy`: the closed vocabularies with their labels in both languages."""

from enum import StrEnum

import msgspec
from starlette.responses import Response

from alerts.store.lifecycle import AlertState
from schemas.closed import Text
from schemas.rejections import REJECTION_LABELS
from schemas.taxonomy import (
    LABELS,
    AreaLevel,
    Channel,
    Feed,
    Kind,
    Level,
    Origin,
    Outcome,
    Purpose,
    Scheme,
    Scope,
    Sign,
)

CACHED_S = 3_600
STATE_LABELS = {
    AlertState.NEW: Text(en="new", zh="待签收"),
    AlertState.ACKNOWLEDGED: Text(en="acknowledged", zh="已签收"),
    AlertState.CLOSED: Text(en="closed", zh="已办结"),
    AlertState.EXPIRED: Text(en="expired", zh="已到期"),
    AlertState.MERGED: Text(en="merged into another", zh="已合并"),
    AlertState.SUPERSEDED: Text(en="another alert stands for it", zh="已由另一预警代替"),
}
_VOCABULARIES: dict[str, type[StrEnum]] = {
    "purposes": Purpose,
    "kinds": Kind,
    "signs": Sign,
    "origins": Origin,
    "channels": Channel,
    "schemes": Scheme,
    "feeds": Feed,
    "levels": Level,
    "area_levels": AreaLevel,
    "outcomes": Outcome,
    "scopes": Scope,
}


class Term(msgspec.Struct, frozen=True):
    """One value of a vocabulary, with what it is called."""

    value: str
    label: Text


class Taxonomy(msgspec.Struct, frozen=True):
    """Every vocabulary by its name; the order of its values is fixed."""

    vocabularies: dict[str, list[Term]]


def taxonomy_of() -> Taxonomy:
    """Return all vocabularies."""
    found = {
        name: [Term(member.value, LABELS[member]) for member in vocabulary]
        for name, vocabulary in _VOCABULARIES.items()
    }
    found["states"] = [Term(state.value, label) for state, label in STATE_LABELS.items()]
    found["rejections"] = [Term(one.value, label) for one, label in REJECTION_LABELS.items()]
    return Taxonomy(found)


async def taxonomy() -> Response:
    """Return all vocabularies as JSON."""
    headers = {"cache-control": f"private, max-age={CACHED_S}"}
    body = msgspec.json.encode(taxonomy_of())
    return Response(body, headers=headers, media_type="application/json")
