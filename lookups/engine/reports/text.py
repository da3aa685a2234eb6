"""Values as reporters write them, reduced to what they mean. Nothing here raises."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from datetime import UTC, datetime

MAX_TEXT = 255  # characters kept of a value
MAX_NAME = 253
MAX_COUNT = 10**12
LATEST = 4_102_444_800  # 2100-01-01
_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"[0-9]{1,18}")


def tidy(value: object, limit: int = MAX_TEXT) -> str:
    """On one line, without control and formatting characters, at most `limit` characters."""
    if not isinstance(value, str):
        value = "" if value is None or isinstance(value, list | dict) else str(value)
    text = _SPACES.sub(" ", value[: limit * 4]).strip()
    if not text.isascii() or not text.isprintable():
        text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def word(value: object) -> str:
    """A keyword: lower case."""
    return tidy(value, 40).lower()


def domain(value: object) -> str:
    """A domain in lower case, without the final dot; of an address what follows its "@"."""
    return tidy(value, MAX_NAME).lower().rsplit("@", 1)[-1].strip("<> ").rstrip(".")


def address(value: object) -> str:
    """An IP address in its shortest form; the text itself where it is none."""
    text = tidy(value, 60).strip("[]")
    try:
        return str(ipaddress.ip_address(text.removeprefix("IPv6:")))
    except ValueError:
        return text


def number(value: object) -> int:
    """The first whole number in the text, from 0 to MAX_COUNT; 0 where there is none."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return max(0, min(value, MAX_COUNT))
    if isinstance(value, float):
        return int(max(0.0, min(value, float(MAX_COUNT)))) if value == value else 0
    text = tidy(value, 60)
    found = _NUMBER.search(text)
    return 0 if found is None or text.startswith("-") else min(int(found[0]), MAX_COUNT)


def moment(value: object) -> int:
    """Seconds since 1970: of a number of them (or of milliseconds) or an RFC 3339 date; else 0."""
    text = tidy(value, 60)
    if "-" in text[1:]:
        try:
            found = datetime.fromisoformat(text)
            seconds = int(found.replace(tzinfo=found.tzinfo or UTC).timestamp())
        except (ValueError, OverflowError):
            return 0
        return seconds if 0 < seconds <= LATEST else 0
    seconds = number(text)
    if seconds > LATEST:
        seconds //= 1000
    return seconds if seconds <= LATEST else 0


def iso(seconds: int) -> str | None:
    """A moment as RFC 3339 writes it; None where it is not known."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
