"""The start page: alerts live, in both languages, until the console arrives.

Rules: static files, read once; nothing is fetched from elsewhere; no token and no data is in
them. The page asks the API with the token that its reader types in.
"""

from collections.abc import Callable, Coroutine
from hashlib import blake2b
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

FILES = {
    "/": ("index.html", "text/html"),
    "/page/start.js": ("start.js", "text/javascript"),
    "/page/stream.js": ("stream.js", "text/javascript"),
    "/page/card.js": ("card.js", "text/javascript"),
    "/page/words.js": ("words.js", "text/javascript"),
    "/page/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page/start.css": ("start.css", "text/css"),
}
"""The files of the page by their paths, each with its media type."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def page_file(name: str, media_type: str) -> Handler:
    """Return what answers with one file of the page."""
    body = (files("api") / "page" / name).read_bytes()
    headers = {
        "etag": f'"{blake2b(body, digest_size=8).hexdigest()}"',
        "cache-control": "no-cache",
    }

    async def show(request: Request) -> Response:
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=media_type)

    return show
