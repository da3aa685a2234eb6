"""Finding rows by what stands in an address, and domains in what was sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from lookups.engine.names import Domain
from lookups.forms import InputError, read_domain, read_selectors

from .problems import Problem, invalid


def one(rows: QuerySet[Any], token: str) -> Any:
    """The row with this token among those that the caller may see. Raises Problem."""
    row = None if "\0" in token else rows.filter(token=token).first()
    if row is None:
        raise Problem("not-found")
    return row


def domain_in(text: str, field: str = "domain") -> Domain:
    """Raises Problem."""
    found = read_domain(text)
    if isinstance(found, InputError):
        raise invalid(field, found.message)
    return found


def selectors_in(given: Iterable[str]) -> str:
    """As rows keep them, with spaces between. Raises Problem."""
    found = read_selectors(" ".join(given))
    if isinstance(found, InputError):
        raise invalid("selectors", found.message)
    return " ".join(found)


def moment(given: datetime, field: str) -> datetime:
    """In UTC. Raises Problem for what lies outside the calendar."""
    try:
        return given.astimezone(UTC)
    except (OverflowError, ValueError):
        raise invalid(field, _("This time lies outside the calendar.")) from None
