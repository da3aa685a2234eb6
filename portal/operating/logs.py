"""The log: a line for each thing that happened, for people or for programs, safe to keep and read.

Whatever comes from DNS, visitors or libraries cannot begin a line of its own, move a terminal's
cursor, or carry what `redaction` takes out.
"""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from lookups.observing import context
from lookups.plain_text import printable
from portal.operating import redaction
from portal.operating.parts import NAMED_BY_SUPERVISOR, this_part

FORMATS = ("text", "json")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MAX_MESSAGE, MAX_EXCEPTION = 2000, 20_000  # characters
FACTS = "facts"  # `extra={FACTS: {...}}` gives a line facts of its own
# Of what libraries say in passing, this much is news.
_QUIET = ("celery", "kombu", "amqp", "uvicorn", "asyncio", "urllib3", "PIL", "fontTools")


def configuration(level: str, form: str) -> dict[str, Any]:
    """Django's LOGGING. Raises ValueError that names the variable to mend."""
    level, form = level.upper(), form.lower()
    if level not in LEVELS:
        raise ValueError(f"MXPLAIN_LOG_LEVEL must be one of {', '.join(LEVELS)}")
    if form not in FORMATS:
        raise ValueError(f"MXPLAIN_LOG_FORMAT must be one of {', '.join(FORMATS)}")
    passing = level if level == "DEBUG" else max(level, "WARNING", key=LEVELS.index)
    # uvicorn brings handlers of its own; the empty lists take them away.
    plain: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"()": "portal.operating.logs.TextLines"},
            "json": {"()": "portal.operating.logs.JsonLines"},
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": form},
            "lately": {"class": "portal.operating.logs.LatelyHandler", "level": "ERROR"},
        },
        "loggers": {
            # What libraries plan to change in later versions is no news to an operator.
            "py.warnings": {"level": "ERROR"},
            **{name: {**plain, "level": passing} for name in _QUIET},
            "uvicorn.error": {**plain, "level": passing},
            "uvicorn.access": {"handlers": [], "propagate": False},  # it names visitors
            "django.server": {"handlers": [], "propagate": False},
            # "Not Found: /r/…" for each wrong address; the line of the request says so already.
            "django.request": {**plain, "level": max(level, "ERROR", key=LEVELS.index)},
            "django.security.DisallowedHost": {
                **plain, "level": max(level, "CRITICAL", key=LEVELS.index)
            },
        },
        "root": {"handlers": ["console", "lately"], "level": level},
    }  # fmt: skip


def safe(text: str, most: int = MAX_MESSAGE) -> str:
    """One line, without control characters and without what must not stand in a log."""
    text = text if len(text) <= most else text[:most] + " […]"
    text = redaction.redacted(text, redaction.site_secrets(), redaction.site_addresses())
    return text if text.isprintable() else printable(text)


def safe_lines(text: str) -> list[str]:
    """The same for a traceback."""
    cut = text if len(text) <= MAX_EXCEPTION else "[…]\n" + text[-MAX_EXCEPTION:]
    return [safe(line) for line in cut.split("\n") if line.strip()]


def facts_of(record: logging.LogRecord) -> dict[str, str | int | float]:
    """What goes with a line: of whoever logs it, and its own."""
    found = {**context.current(), **getattr(record, FACTS, {})}
    return {
        name: printable(value[: context.MAX_LENGTH]) if isinstance(value, str) else value
        for name, value in found.items()
    }


def time_of(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TextLines(logging.Formatter):
    """`2026-01-31T09:00:00.123Z INFO    web access: GET report [status=200 ms=12]`; no part
    where a supervisor names it at the beginning of each line. Tracebacks are indented."""

    def __init__(self) -> None:
        super().__init__()
        self._part = "" if NAMED_BY_SUPERVISOR in os.environ else f"{this_part()} "

    def format(self, record: logging.LogRecord) -> str:
        head = f"{time_of(record)} {record.levelname:<7} {self._part}{record.name}: "
        line = head + safe(record.getMessage())
        if facts := facts_of(record):
            line += " [" + " ".join(f"{name}={value}" for name, value in facts.items()) + "]"
        lines = safe_lines(self.formatException(record.exc_info)) if record.exc_info else []
        return "\n    ".join([line, *lines])


class JsonLines(JsonFormatter):
    """An object a line: time, level, part, logger, message, facts, and the exception's text."""

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=True)
        self._part = this_part()

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        message = str(record.msg) if isinstance(record.msg, dict) else record.getMessage()
        log_data |= {
            "time": time_of(record),
            "level": record.levelname,
            "part": self._part,
            "logger": record.name,
            "message": safe(message),
        }
        log_data |= {k: v for k, v in facts_of(record).items() if k not in log_data}
        if record.exc_info:
            log_data["exception"] = "\n".join(safe_lines(self.formatException(record.exc_info)))


class LatelyHandler(logging.Handler):
    """Keeps the latest errors for the operator's status page."""

    def emit(self, record: logging.LogRecord) -> None:
        from lookups.observing import lately

        try:
            what = safe(record.getMessage(), 300)
            if record.exc_info and record.exc_info[0]:
                what += f" ({record.exc_info[0].__name__})"
            lately.note_error(time_of(record), this_part(), record.name, what)
        except Exception:
            pass  # the line itself is in the log
