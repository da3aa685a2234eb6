"""Finding and ordering watched domains, grouped by whom they belong to."""

from __future__ import annotations

from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from lookups.engine.finding import Severity
from lookups.saved_search import holding
from lookups.watching.history import with_last
from lookups.watching.models import Watch

_severity = Case(
    *(When(last_status=severity, then=Value(severity.rank)) for severity in Severity),
    default=Value(-1),  # never checked
    output_field=IntegerField(),
)
_team_last = Case(When(team=None, then=Value(0)), default=Value(1), output_field=IntegerField())

DEFAULT_ORDER = "domain"
SORTS = {
    "domain": _("Domain, A to Z"),
    "-domain": _("Domain, Z to A"),
    "-verdict": _("Most serious first"),
    "score": _("Lowest score first"),
    "-score": _("Highest score first"),
    "-checked": _("Checked last first"),
    "checked": _("Checked longest ago first"),
    "-added": _("Added last first"),
}
_ORDERS = {
    "domain": ("domain",),
    "-domain": ("-domain",),
    "-verdict": (_severity.desc(), "domain"),
    "score": (F("last_score").asc(nulls_last=True), "domain"),
    "-score": (F("last_score").desc(nulls_last=True), "domain"),
    "-checked": (F("last_at").desc(nulls_last=True), "domain"),
    "checked": (F("last_at").asc(nulls_first=True), "domain"),
    "-added": ("-created", "domain"),
}


def find(watches: QuerySet[Watch], query: str, order: str) -> QuerySet[Watch]:
    """Those with every word of `query` in domain or name, one's own first, then team by team."""
    found = with_last(holding(watches, query, ("name",))).select_related("team")
    return found.order_by(_team_last, Lower("team__name"), "team_id", *_ORDERS[order], "id")
