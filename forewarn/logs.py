"""Logs as JSON lines on standard error; they name counts and places, never an identity or a note.

Rules: what may be logged is listed in `ALLOWED`; any other key is left out, so that a careless call
cannot carry a person's data into a log.
"""

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "reason", "detail", "topic", "partition", "offset", "count",
        "seconds", "records", "persons", "cells", "model_version", "code_version", "path", "stage",
        "partitions", "generation", "next_offset", "attempt", "by_us", "rewritten", "where", "what",
        "away_s",
    }
)  # fmt: skip


def only_allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave out every key that is not known to be harmless."""
    return {key: value for key, value in event.items() if key in ALLOWED}


def _to_stderr(*_name: object) -> structlog.PrintLogger:
    """Return a logger to what standard error is now, not to what it was when logs were set up."""
    return structlog.PrintLogger(sys.stderr)


def configure_logs(level: str) -> None:
    """Send JSON lines of this level and above to standard error."""
    structlog.configure(
        processors=[
            only_allowed,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )
