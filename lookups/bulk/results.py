"""The table of a list's domains: what of it is shown, in which order, in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from . import search
from .forms import ShowForm
from .models import Bulk, BulkItem
from .summary import COLUMNS, FEATURES
from .words import FAILURES, FEATURE_TITLES, STATES, TITLES, VERDICTS, level, word

PER_PAGE = 25
Text = str | Promise


@dataclass(frozen=True, slots=True)
class Heading:
    """A column, with the order that a click on it asks for; `aria` says how it is sorted now."""

    id: str
    title: Text
    order: str
    aria: str


@dataclass(frozen=True, slots=True)
class Cell:
    title: Text
    word: Text
    level: str


@dataclass(frozen=True, slots=True)
class Row:
    item: BulkItem
    state: Text
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """A page of the table and everything around it. `query` is the filter, without the page."""

    form: ShowForm
    order: str
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    page: Page[BulkItem]
    labels: tuple[Text, ...]  # of the columns beside domain, verdict and score
    choices: dict[str, Any]
    query: str

    @property
    def has_countries(self) -> bool:
        return bool(self.choices["country"])

    @property
    def has_industries(self) -> bool:
        return bool(self.choices["industry"])


def chosen(request: HttpRequest, bulk: Bulk) -> QuerySet[BulkItem]:
    """The items that the address of the request asks for."""
    form = ShowForm(request.GET)
    return search.ordered(search.found(bulk.items.all(), **form.filters), form.order)


def results(request: HttpRequest, bulk: Bulk) -> Results:
    """The page of the table that the address of the request asks for."""
    form = ShowForm(request.GET)
    page = Paginator(chosen(request, bulk), PER_PAGE).get_page(request.GET.get("page"))
    countries = search.choices(bulk.items.all(), "country")
    industries = search.choices(bulk.items.all(), "industry")
    titles = _titles(countries, industries)
    return Results(
        form=form,
        order=form.order,
        headings=tuple(_headings(titles, form.order)),
        rows=tuple(_row(item) for item in page),
        page=page,
        labels=tuple(TITLES.values()),
        choices=_choices(titles) | {"country": countries, "industry": industries},
        query=_query(request.GET),
    )


def _query(given: QueryDict) -> str:
    kept = given.copy()
    kept.pop("page", None)
    return kept.urlencode()


def _titles(countries: list[str], industries: list[str]) -> dict[str, Text]:
    """The columns of the table."""
    titles = {"domain": _("Domain"), "verdict": _("Verdict"), "score": _("Score"), **TITLES}
    if countries:
        titles["country"] = _("Country")
    if industries:
        titles["industry"] = _("Industry")
    return titles


def _headings(titles: dict[str, Text], order: str) -> list[Heading]:
    """Verdicts begin with the worst, everything else with the least."""
    headings = []
    for id, title in titles.items():
        first = f"-{id}" if id == "verdict" else id
        other = id if first.startswith("-") else f"-{id}"
        aria = "descending" if order == f"-{id}" else "ascending" if order == id else "none"
        headings.append(Heading(id, title, other if order == first else first, aria))
    return headings


def _row(item: BulkItem) -> Row:
    if item.state == BulkItem.State.FAILED:
        state = FAILURES.get(item.failure, STATES["failed"])
    else:
        state = STATES.get(item.state, item.state)
    if item.state != BulkItem.State.DONE:
        return Row(item, state, ())
    words = [(column, item.summary.get(column, "unknown")) for column in COLUMNS]
    cells = (Cell(TITLES[c], word(c, value), level(c, value)) for c, value in words)
    return Row(item, state, tuple(cells))


def _choices(titles: dict[str, Text]) -> dict[str, Any]:
    """What the filters offer, whatever is in the list."""
    sorts: list[tuple[str, Text]] = [("position", _("As in the list"))]
    for id, title in titles.items():
        sorts += [(id, _("%s, ascending") % title), (f"-{id}", _("%s, descending") % title)]
    features = []
    for id in FEATURES:
        features.append((id, _("with: %s") % FEATURE_TITLES[id]))
        features.append((f"-{id}", _("without: %s") % FEATURE_TITLES[id]))
    return {
        "verdict": [*VERDICTS.items(), ("failed", _("Check failed"))],
        "feature": features,
        "sort": sorts,
    }
