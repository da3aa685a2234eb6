"""What each address of the site costs. An address that is not named here costs nothing.

"lookups" is what asks DNS, "work" what takes processor time; their rates stand in settings.LIMITS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

LOOKUPS, WORK = "lookups", "work"
# Tools beside those of the groups below that ask DNS whenever they run.
ASKING_TOOLS = frozenset({"spf-flat", "would-pass", "headers"})
ASKING_GROUPS = frozenset({"look-up", "check"})
POSTED_WORK = 5  # a key pair, an uploaded file: some tenths of a second


@dataclass(frozen=True, slots=True)
class Cost:
    """`shown`: the view itself shows a refusal in its page, with what was typed. `by_network`: who
    is signed in does not matter, so that the answer may be kept for everybody."""

    name: str
    units: int = 1
    shown: bool = False
    by_network: bool = False


Rule = Callable[[HttpRequest, Mapping[str, Any]], Cost | None]


def _always(cost: Cost) -> Rule:
    return lambda request, arguments: cost


def _posted(cost: Cost) -> Rule:
    return lambda request, arguments: cost if request.method == "POST" else None


def _given(name: str, cost: Cost) -> Rule:
    """Only with that field in the address: without it the page is a plain one."""
    return lambda request, arguments: cost if request.GET.get(name, "").strip() else None


def _tool(request: HttpRequest, arguments: Mapping[str, Any]) -> Cost | None:
    from lookups.tools import registry  # whose forms are not needed until somebody asks

    tool = registry.tool(str(arguments.get("slug", "")))
    if tool is None:
        return None
    posted = request.method == "POST"
    if not posted and "from" not in request.GET and not tool.form.is_filled(request.GET):
        return None
    if tool.group in ASKING_GROUPS or tool.slug in ASKING_TOOLS or "from" in request.GET:
        return Cost(LOOKUPS, shown=True)
    return Cost(WORK, POSTED_WORK if posted else 1, shown=True)


def _checked_zone(request: HttpRequest, arguments: Mapping[str, Any]) -> Cost | None:
    """Saving costs nothing, having the zone checked does."""
    asks = request.method == "POST" and request.POST.get("do") in ("check", "judge")
    return Cost(LOOKUPS, shown=True) if asks else None


RULES: dict[str, Rule] = {
    "check": _posted(Cost(LOOKUPS, shown=True)),
    "live": _posted(Cost(LOOKUPS, shown=True)),
    "journey": _given("domain", Cost(LOOKUPS, shown=True)),
    "opt-out": _given("domain", Cost(LOOKUPS, shown=True)),
    "tool": _tool,
    "reports": _posted(Cost(WORK, POSTED_WORK, shown=True)),
    "watch-check": _posted(Cost(LOOKUPS)),
    "watch-proof": _posted(Cost(LOOKUPS)),
    "watch-mta-sts": _given("look", Cost(LOOKUPS)),
    "watch-spf": _given("look", Cost(LOOKUPS)),
    "own-zone": _checked_zone,
    "webhook-test": _posted(Cost(LOOKUPS)),
    "alert-test": _posted(Cost(LOOKUPS)),
    "bulks": _posted(Cost(WORK, 20, shown=True)),
    "reports-kept": _always(Cost(WORK, 5)),
    "watch-reports": _always(Cost(WORK, 5)),
    "search": _given("q", Cost(WORK)),
    "badge": _always(Cost(WORK, by_network=True)),
    "report-image": _always(Cost(WORK, 3)),
    "article-image": _always(Cost(WORK, 3, by_network=True)),
    "report-pdf": _always(Cost(WORK, 10)),
    "report-csv": _always(Cost(WORK, 2)),
    "report-markdown": _always(Cost(WORK, 2)),
    "bulk-csv": _always(Cost(WORK, 5)),
    "bulk-json": _always(Cost(WORK, 5)),
    "adoption-domains": _always(Cost(WORK, 5)),
    "watch-history-csv": _always(Cost(WORK, 3)),
    "watch-compare-markdown": _always(Cost(WORK, 2)),
    "account-export": _always(Cost(WORK, 20)),
}


def cost_of(request: HttpRequest, name: str, arguments: Mapping[str, Any]) -> Cost | None:
    """What the address called `name` costs in this request; None: nothing."""
    rule = RULES.get(name)
    return rule(request, arguments) if rule else None
