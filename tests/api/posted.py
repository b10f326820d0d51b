"""Events as gateways post them."""

from typing import Any

from api.samples import posted_event

SOURCE = "/440703/110"


def event(number: int = 1, **but: Any) -> dict[str, Any]:
    """A good event; `but` replaces fields of its data."""
    made = posted_event()
    made["id"] = f"110-2026-{number:06}"
    made["data"].update(but)
    return made
