"""Finding and ordering the domains of a bulk check, in the database."""

from __future__ import annotations

import unicodedata

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

from lookups.engine.finding import Severity
from lookups.engine.names import to_unicode

from .models import BulkItem
from .summary import COLUMNS, FEATURES

DEFAULT_ORDER = "position"
MAX_CHOICES = 300  # countries, or industries, offered to choose from
State = BulkItem.State


def _ranked(column: str) -> Case:
    """How much a word is, as COLUMNS has them; -1 for a domain that is not done."""
    words = enumerate(COLUMNS[column])
    whens = (When(**{f"summary__{column}": word}, then=Value(rank)) for rank, word in words)
    return Case(*whens, default=Value(-1), output_field=IntegerField())


_verdict = Case(
    *(When(status=severity, then=Value(severity.rank)) for severity in Severity),
    default=Value(-1),
    output_field=IntegerField(),
)
_SORTS: dict[str, F | Case] = {
    "position": F("position"),
    "domain": F("domain"),
    "verdict": _verdict,
    "score": F("score"),
    "country": F("country"),
    "industry": F("industry"),
    **{column: _ranked(column) for column in COLUMNS},
}
ORDERS = tuple(sign + name for name in _SORTS for sign in ("", "-"))


def ordered(items: QuerySet[BulkItem], order: str) -> QuerySet[BulkItem]:
    """`items` in one of ORDERS; what is equal stays in the order of the list."""
    by: Combinable | Case = _SORTS[order.removeprefix("-")]
    if order.startswith("-"):
        return items.order_by(by.desc(nulls_last=True), "position")
    return items.order_by(by.asc(nulls_last=True), "position")


def found(
    items: QuerySet[BulkItem],
    *,
    text: str = "",
    verdict: str = "",
    feature: str = "",
    country: str = "",
    industry: str = "",
) -> QuerySet[BulkItem]:
    """Those of `items` that fit everything that is given.

    `verdict` is a severity or a state of items; `feature` the id of one that they have, or with a
    minus in front one that they lack.
    """
    if verdict in State.values:
        items = items.filter(state=verdict)
    elif verdict:
        items = items.filter(status=verdict)
    if feature:
        wanted = FEATURES[feature.removeprefix("-")]
        words = wanted.lacks if feature.startswith("-") else wanted.has
        is_one = Q()
        for word in words:
            is_one |= Q(**{f"summary__{wanted.column}": word})
        items = items.filter(is_one)
    if country:
        items = items.filter(country=country)
    if industry:
        items = items.filter(industry=industry)
    return _holding(items, text) if text else items


def _holding(items: QuerySet[BulkItem], text: str) -> QuerySet[BulkItem]:
    """Rows store A-labels, so what is not ASCII is sought in the U-labels."""
    plain = unicodedata.normalize("NFKC", text).replace("。", ".").strip().lower()
    holds = Q(domain__contains=plain) | Q(country__icontains=text) | Q(industry__icontains=text)
    if not plain.isascii():
        encoded = items.filter(domain__contains="xn--").values_list("id", "domain")
        holds |= Q(id__in=[id for id, domain in encoded if plain in to_unicode(domain)][:500])
    return items.filter(holds)


def choices(items: QuerySet[BulkItem], field: str) -> list[str]:
    """The countries, or the industries, that the list names."""
    named = items.exclude(**{field: ""}).order_by(field).values_list(field, flat=True)
    return list(named.distinct()[:MAX_CHOICES])
