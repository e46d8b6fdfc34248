"""Logs: one JSON object a line, in UTC, to stderr; ids and verbs, never personal data."""

import logging
import sys
from typing import Any, Final

import structlog
from structlog.typing import EventDict

_TALKATIVE: Final = ("httpx2", "httpcore2", "caldav", "aiosqlite", "asyncio", "arq", "radicale")
"""Libraries whose lines may hold addresses or contents."""


def set_up_logs(level: str) -> None:
    """Write lines of *level* and above; libraries may only warn."""
    threshold = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            _without_messages,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)


def _without_messages(_: Any, __: str, line: EventDict) -> EventDict:
    """Keep of an exception what it is and where it arose.

    Its message may quote what it choked on, and local variables hold names, amounts and secrets.
    """
    for part in line.get("exception", ()):
        part.pop("exc_value", None)
        part.pop("exc_notes", None)
    return line
