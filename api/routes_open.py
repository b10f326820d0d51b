"""The endpoints that are open to all, each with its reason: supervision and the start page."""

from typing import Any

from api.access import open_to_all
from api.endpoint import Answer, Endpoint
from api.meters import CONTENT_TYPE
from api.samples import samples
from api.start_page import FILES, page_file
from api.watching import Standing, Watching

UNCHANGED = Answer(304, "Not changed since the ETag in `If-None-Match`.", headers=("ETag",))


def supervision(watching: Watching) -> tuple[Endpoint, ...]:
    """Return the endpoints of those who supervise the service."""
    said = samples()["Standing"]
    plain = {"status": "ok", "version": said["version"]}
    good = Answer(200, "It is.", Standing, plain)
    why = "tells states and counts only, and a supervisor should need no secret"
    return (
        _watched("/livez", watching.live, "Say whether the process answers", (good,), why),
        _watched(
            "/startupz",
            watching.startup,
            "Say whether the service has started",
            (good, Answer(503, "Not yet.", Standing, {**plain, "status": "starting"})),
            why,
        ),
        _watched(
            "/readyz",
            watching.ready,
            "Say whether questions can be answered",
            (
                Answer(200, "They can.", Standing, said),
                Answer(503, "They cannot: the store is away.", Standing,
                       {**said, "status": "unavailable", "store": "away"}),
            ),
            why,
        ),
        _watched(
            "/metrics",
            watching.metrics,
            "Show the metrics",
            (Answer(200, "Prometheus text.", str, "forewarn_api_stream_clients 2.0\n",
                    CONTENT_TYPE.partition(";")[0]),),
            why,
        ),
    )  # fmt: skip


def page() -> tuple[Endpoint, ...]:
    """Return the files of the start page."""
    why = "is a page without data; it asks with the token that its reader types in"
    return tuple(
        _watched(
            path,
            page_file(name, media_type),
            "Show the start page" if path == "/" else f"Show {name} of the start page",
            (Answer(200, "The file.", str, "", media_type), UNCHANGED),
            why,
            tag="page",
        )
        for path, (name, media_type) in FILES.items()
    )


def _watched(
    path: str,
    call: Any,
    summary: str,
    answers: tuple[Answer, ...],
    why: str,
    tag: str = "supervision",
) -> Endpoint:
    return Endpoint("GET", path, open_to_all(why), call, summary, "", answers, tag=tag)
