"""Dates in header fields (RFC 5322 §3.3 and §4.3), and the spellings that servers really use."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

MAX_DATE = 200  # characters that are looked at

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
# RFC 5322 §4.3; military letters carry no information and count as -0000.
_ZONES = {"ut": 0, "gmt": 0, "utc": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5,
          "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "jst": 9, "cet": 1, "cest": 2, "bst": 1,
          "msk": 3}  # fmt: skip
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d{1,9})?)?"
_ZONE = r"(?:\s*(?P<zone>[+-]\d{2}:?\d{2}|[A-Za-z]{1,5})\b)?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"\b(?P<day>\d{1,2})[ -](?P<month>[A-Za-z]{3})[a-z]{0,6}[ -](?P<year>\d{4}|\d{2})\s+"
        + _CLOCK + _ZONE,
        # asctime, as some put it: Mon Oct 26 05:43:29 2020 -0700
        r"\b(?P<month>[A-Za-z]{3})\s+(?P<day>\d{1,2})\s+" + _CLOCK
        + r"(?:\s+(?P<before>[A-Za-z]{1,5}|[+-]\d{4}))?\s+(?P<year>\d{4})\b" + _ZONE,
        r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})[T ]" + _CLOCK + _ZONE,
    )
)  # fmt: skip


def read_date(text: str) -> datetime | None:
    """The moment in `text`, with its zone; None where there is none. Never raises.

    A missing zone counts as UTC (RFC 5322 §3.3: -0000 says no more than that).
    """
    text = re.sub(r"\s+", " ", text[:MAX_DATE])
    for form in _FORMS:
        if match := form.search(text):
            return _moment(match.groupdict())
    return None


def _moment(parts: dict[str, str | None]) -> datetime | None:
    month = (parts["month"] or "").lower()
    number = int(month) if month.isdigit() else _MONTHS.index(month) + 1 if month in _MONTHS else 0
    year = int(parts["year"] or 0)
    if len(parts["year"] or "") == 2:  # RFC 5322 §4.3
        year += 2000 if year < 50 else 1900
    try:
        zone = _zone(parts.get("zone") or parts.get("before") or "")
        return datetime(
            year, number, int(parts["day"] or 0),
            int(parts["hour"] or 0), int(parts["minute"] or 0),
            min(int(parts["second"] or 0), 59),  # a leap second
            tzinfo=zone,
        )  # fmt: skip
    except (ValueError, OverflowError):
        return None


def _zone(text: str) -> timezone:
    if text[:1] in ("+", "-"):
        digits = text[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        if minutes > 14 * 60:
            raise ValueError(text)
        return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
    return timezone(timedelta(hours=_ZONES[text.lower()])) if text.lower() in _ZONES else UTC


def seconds_between(earlier: datetime | None, later: datetime | None) -> int | None:
    """Whole seconds; None where one moment is not known. Never raises."""
    if earlier is None or later is None:
        return None
    try:
        return int((later - earlier).total_seconds())
    except OverflowError:  # the edges of the calendar, with zones
        return None
