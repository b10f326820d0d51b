"""Every endpoint, in one table: what it needs of its caller, what it takes, what it answers.

Rules: an endpoint that is not here does not exist; the OpenAPI document, the gate and the tests are
made from this table. Officers see matters of persons, analysts and administrators see areas, a
gateway only posts: nobody sees more than their work needs.
"""

from typing import Any, NamedTuple

from alerts.store.tokens import Role
from alerts.store.views import AlertDetail, AreaView, EventView, PersonView
from api.access import needs
from api.asking import AlertList, Asking, ModelList
from api.deciding import Decided, Deciding
from api.endpoint import Answer, Endpoint, Takes
from api.parts import ApiConfig
from api.posting import MEDIA_TYPES, Accepted, Posting
from api.problem_words import ProblemType
from api.routes_open import UNCHANGED, page, supervision
from api.samples import posted_event, samples
from api.series import Series
from api.streaming import Streaming
from api.taxonomy import Taxonomy, taxonomy
from api.watching import Watching

AREA_READERS = (Role.OFFICER, Role.ANALYST, Role.ADMIN)
_BODY = (
    ProblemType.MALFORMED_BODY,
    ProblemType.BODY_TOO_LARGE,
    ProblemType.BODY_TOO_SLOW,
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
)
_KEYED = (ProblemType.IDEMPOTENCY_KEY_BUSY, ProblemType.IDEMPOTENCY_KEY_REUSED)
_MISSING = (ProblemType.NOT_FOUND, ProblemType.STORE_AWAY)


class Rooms(NamedTuple):
    """What answers, by what it is about."""

    asking: Asking
    posting: Posting
    deciding: Deciding
    streaming: Streaming
    watching: Watching


def endpoints(rooms: Rooms, config: ApiConfig) -> tuple[Endpoint, ...]:
    """Return every endpoint there is."""
    return (
        _post_events(rooms.posting, config),
        *_matters(rooms.asking),
        _transition(rooms.deciding, config),
        _stream(rooms.streaming),
        *_areas(rooms.asking),
        *_knowledge(rooms.asking),
        *supervision(rooms.watching),
        *page(),
    )


def _post_events(posting: Posting, config: ApiConfig) -> Endpoint:
    event = posted_event()
    one = {"$ref": "#/components/schemas/Event"}
    batch = {"type": "array", "items": one, "minItems": 1, "maxItems": config.batch_events_max}
    return Endpoint(
        "POST",
        "/v1/events",
        needs(Role.GATEWAY, areas="forbidden"),
        posting.post,
        "Post one event or a batch",
        "CloudEvents 1.0 in structured JSON, one or a list of up to 1,000. Answered once the "
        "broker has them. Bad events of a batch are named and the others are taken (207). Sending "
        "again is safe: an event is known by its source and id.",
        (
            Answer(202, "Taken.", Accepted, {"accepted": 1, "refused": []}),
            Answer(207, "Taken, but for those named.", Accepted, samples()["Accepted"]),
        ),
        (
            *_BODY,
            ProblemType.BATCH_TOO_LARGE,
            ProblemType.EVENT_REFUSED,
            ProblemType.FOREIGN_AREA,
            ProblemType.FOREIGN_SOURCE,
            *_KEYED,
            ProblemType.TOO_MANY_EVENTS,
            ProblemType.BROKER_AWAY,
            ProblemType.STORE_AWAY,
        ),
        Takes(
            MEDIA_TYPES,
            {"oneOf": [one, batch]},
            {"one": event, "batch": [event]},
            config.batch_bytes_max,
        ),
        tag="events",
    )


def _matters(asking: Asking) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            "GET",
            "/v1/alerts",
            needs(Role.OFFICER, areas="forbidden"),
            asking.alerts,
            "List alerts",
            "Newest first, or the most urgent open ones first (`sort=deadline`). An area stands "
            "for all that lies in it. Without `area`, the areas of the token.",
            _shown(AlertList, "A page of alerts."),
            (ProblemType.BAD_CURSOR, ProblemType.PAGE_TOO_LARGE, ProblemType.STORE_AWAY),
            tag="alerts",
        ),
        Endpoint(
            "GET",
            "/v1/alerts/{alert_id}",
            needs(Role.OFFICER, areas="hidden"),
            asking.alert,
            "Show an alert",
            "Its evidence first, then the reasons, then the score; the reports behind it, and its "
            "timeline.",
            _shown(AlertDetail, "The alert."),
            _MISSING,
            tag="alerts",
        ),
        Endpoint(
            "GET",
            "/v1/persons/{key}",
            needs(Role.OFFICER, areas="hidden"),
            asking.person,
            "Show what is known under a person key",
            "Alerts, reports and assessments in the areas of the token. A key is a pseudonym.",
            _shown(PersonView, "What is known, newest first."),
            _MISSING,
            tag="alerts",
        ),
        Endpoint(
            "GET",
            "/v1/events/{event_id}",
            needs(Role.OFFICER, areas="hidden"),
            asking.event,
            "Show a report",
            "One report by the id that evidence names, without identity, note or location.",
            _shown(EventView, "The report."),
            _MISSING,
            tag="events",
        ),
    )


def _transition(deciding: Deciding, config: ApiConfig) -> Endpoint:
    said = samples()
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in ("Acknowledge", "Close")]
    return Endpoint(
        "POST",
        "/v1/alerts/{alert_id}/transitions",
        needs(Role.OFFICER, areas="hidden"),
        deciding.post,
        "Acknowledge or close an alert",
        "With `If-Match` the decision is bound to the revision that was looked at. It goes back "
        "through the log to the stage that raised the alert.",
        (
            Answer(201, "Decided.", Decided, said["Decided"]),
            Answer(200, "Decided before.", Decided, {**said["Decided"], "repeated": True}),
        ),
        (
            *_BODY,
            ProblemType.INVALID_BODY,
            ProblemType.REVISION_CHANGED,
            ProblemType.TRANSITION_NOT_POSSIBLE,
            *_KEYED,
            *_MISSING,
        ),
        Takes(
            MEDIA_TYPES[:1],
            {"oneOf": refs},
            {"acknowledge": said["Acknowledge"], "close": said["Close"]},
            config.request_bytes_max,
        ),
        tag="alerts",
    )


def _stream(streaming: Streaming) -> Endpoint:
    example = (
        'event: ready\ndata: {}\nid: 41\nretry: 2000\n\nevent: alert\ndata: {"sequence":42,"what":'
        '"opened","view":{"…":"…"}}\nid: 42\n\nevent: end\ndata: {"reason":"stopping"}\n\n'
    )
    return Endpoint(
        "GET",
        "/v1/stream",
        needs(Role.OFFICER, areas="forbidden"),
        streaming.stream,
        "Follow alerts as they change",
        "Server-sent events: `ready`, `alert` (data as `StreamedAlert`), `reset` (read the list "
        "again), `end` (data as `Ended`). Come back with `Last-Event-ID` and miss nothing.",
        (Answer(200, "The stream.", str, example, "text/event-stream"),),
        (ProblemType.TOO_MANY_STREAMS, ProblemType.STORE_AWAY),
        tag="alerts",
    )


def _areas(asking: Asking) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            "GET",
            "/v1/areas/{code}",
            needs(*AREA_READERS, areas="forbidden"),
            asking.area,
            "Show an area",
            "Its line from the city down, its children, and the open alerts of areas in it.",
            _shown(AreaView, "The area."),
            _MISSING,
            tag="areas",
        ),
        Endpoint(
            "GET",
            "/v1/areas/{code}/series",
            needs(*AREA_READERS, areas="forbidden"),
            asking.series,
            "Show the daily counts of an area",
            "Reports of one kind of matter a day, with the usual count and the bound from which a "
            "day is a surge. The last 90 days unless asked otherwise, at most 400; both ends are "
            "included.",
            _shown(Series, "Every day since the county is counted, up to today."),
            _MISSING,
            tag="areas",
        ),
    )


def _knowledge(asking: Asking) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            "GET",
            "/v1/models",
            needs(Role.ANALYST, Role.OFFICER, Role.OPERATOR, Role.ADMIN),
            asking.models,
            "List versions of the person model",
            "Which there are, when each was activated, and which is in use.",
            _shown(ModelList, "The versions."),
            (ProblemType.STORE_AWAY,),
            tag="knowledge",
        ),
        Endpoint(
            "GET",
            "/v1/taxonomy",
            needs(*Role),
            taxonomy,
            "Show the vocabularies",
            "Every closed vocabulary with its labels in Chinese and English.",
            (Answer(200, "The vocabularies.", Taxonomy, _taxonomy_example()),),
            tag="knowledge",
        ),
    )


def _shown(body: type, about: str) -> tuple[Answer, ...]:
    return (Answer(200, about, body, samples()[body.__name__], headers=("ETag",)), UNCHANGED)


def _taxonomy_example() -> dict[str, Any]:
    term = {"value": "red", "label": {"en": "red", "zh-CN": "一级（红色）"}}
    return {"vocabularies": {"levels": [term]}}
