"""Finding and ordering saved reports, in a fixed number of queries."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Case, IntegerField, Model, Q, QuerySet, Value, When
from django.db.models.functions import Lower

from lookups.engine.finding import Severity
from lookups.engine.names import to_unicode
from lookups.models import Report

M = TypeVar("M", bound=Model)

# What the list shows. The sections and the query log are big and stay in the database.
SHOWN = (
    "token", "domain", "state", "status", "created", "finished", "owner", "saved_at", "name",
    "note", "revoked_at", "visibility", "link_ends", "watch",
)  # fmt: skip

# More words hardly narrow a search, but each may cost a query of its own.
MAX_WORDS = 8

_severity = Case(
    *(When(status=severity, then=Value(severity.rank)) for severity in Severity),
    default=Value(-1),  # not finished, or failed
    output_field=IntegerField(),
)
_unnamed = Case(When(name="", then=Value(1)), default=Value(0), output_field=IntegerField())

_LAST_SAVED = ("-saved_at", "-id")

DEFAULT_ORDER = "-saved"
# What is equal, and what has no name, follows in the order of saving.
ORDERS = {
    "saved": ("saved_at", "id"),
    "-saved": _LAST_SAVED,
    "domain": ("domain", *_LAST_SAVED),
    "-domain": ("-domain", *_LAST_SAVED),
    "name": (_unnamed, Lower("name"), *_LAST_SAVED),
    "-name": (_unnamed, Lower("name").desc(), *_LAST_SAVED),
    "verdict": (_severity.asc(), *_LAST_SAVED),
    "-verdict": (_severity.desc(), *_LAST_SAVED),
}


def find(reports: QuerySet[Report], query: str, order: str) -> QuerySet[Report]:
    """Those of `reports` that hold every word of `query` in domain, name or note."""
    found = holding(reports, query, ("name", "note"))
    return found.order_by(*ORDERS[order]).only(*SHOWN)


def holding(rows: QuerySet[M], query: str, texts: Sequence[str]) -> QuerySet[M]:
    """The rows that hold every word of `query` in their domain or one of the fields `texts`."""
    for word in query.split()[:MAX_WORDS]:
        rows = rows.filter(_holds(rows, word, texts))
    return rows


def _holds(rows: QuerySet[M], word: str, texts: Sequence[str]) -> Q:
    """Rows store A-labels (RFC 5890), so a word in another script is sought in the U-labels."""
    # Full-width letters and dots (UTS 46) mean the same as ASCII in a domain.
    plain = unicodedata.normalize("NFKC", word).replace("。", ".").lower()
    found = Q(domain__contains=plain)
    for text in texts:
        found |= Q(**{f"{text}__icontains": word})
    if not plain.isascii():
        found |= Q(domain__in=_internationalized(rows, plain))
    return found


def _internationalized(rows: QuerySet[M], part: str) -> list[str]:
    """The domains whose U-label form has `part` in it. A-labels do not keep substrings."""
    domains = rows.filter(domain__contains="xn--").values_list("domain", flat=True).distinct()
    return [domain for domain in domains if part in to_unicode(domain)]
