"""/bulk/: lists of domains that are checked as a whole. Others' are not found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from ninja.responses import Status

from lookups.bulk import export, ledger, search, tasks
from lookups.bulk.forms import BulkForm, ShowForm, refused_lines
from lookups.bulk.models import Bulk

from . import bulk_shapes as shapes
from . import links, paging
from .auth import Token
from .errors import form_errors
from .finding import one
from .problems import Problem, invalid

router = Router(tags=["Bulk checks"])
BULK = Token("bulk")

Text = Annotated[str, Query("", max_length=200, description="In the domain, country or industry.")]
Verdict = Annotated[
    str, Query("", max_length=20, description="A severity, or a state such as `failed`.")
]
Feature = Annotated[
    str,
    Query("", max_length=40, description="The id of a feature; with a minus, those without it."),
]
Country = Annotated[str, Query("", max_length=60, description="Only this country.")]
Industry = Annotated[str, Query("", max_length=60, description="Only this industry.")]


def _json(bulk: Bulk, can_edit: bool) -> dict[str, Any]:
    left_out = bulk.left_out or {}
    return {
        "token": bulk.token,
        "name": bulk.name,
        "state": bulk.state,
        "total": bulk.total,
        "done": bulk.done,
        "failed": bulk.failed,
        "duplicates": left_out.get("duplicates", 0),
        "refused": left_out.get("refused", 0),
        "refused_lines": refused_lines(left_out.get("lines", [])),
        "created": bulk.created,
        "started": bulk.started,
        "finished": bulk.finished,
        "team": {"token": bulk.team.token, "name": bulk.team.name} if bulk.team else None,
        "can_edit": can_edit,
        "bulk": links.to("bulk", token=bulk.token),
        "items": links.to("bulk-items", token=bulk.token),
        "url": links.page("bulk", bulk.token),
    }


def _visible(user: Any) -> Any:
    return Bulk.objects.visible_to(user).select_related("team").defer("figures")


def _shown(user: Any, bulks: list[Bulk]) -> list[dict[str, Any]]:
    ids = [bulk.pk for bulk in bulks]
    editable = Bulk.objects.editable_by(user).filter(pk__in=ids).values_list("pk", flat=True)
    may = set(editable)
    return [_json(bulk, bulk.pk in may) for bulk in bulks]


def _again(user: Any, bulk: Bulk) -> dict[str, Any]:
    return _shown(user, [_visible(user).get(pk=bulk.pk)])[0]


@router.get(
    "/",
    response=shapes.BulkPage,
    auth=BULK,
    url_name="bulks",
    summary="Bulk checks",
    description="Your own and those of your teams, the newest first.",
)
def index(
    request: HttpRequest, response: HttpResponse, limit: paging.Limit, cursor: paging.Cursor
) -> Any:
    found, after = paging.cut(_visible(request.user), "-id", limit, cursor)
    return paging.page(
        request, response, (_shown(request.user, found), after), lambda shown: dict(shown)
    )


@router.post(
    "/",
    response={201: shapes.BulkShown},
    auth=BULK,
    url_name="bulks",
    summary="Check a list of domains",
    description="Each domain once; what is no domain is left out and told in `refused_lines`.",
)
def begin(request: HttpRequest, response: HttpResponse, wanted: shapes.BulkWanted) -> Any:
    if "\0" in (wanted.team or ""):
        raise invalid("team", _("You have no such team, or may not change its domains."))
    data = {"name": wanted.name, "domains": "\n".join(wanted.domains), "team": wanted.team or ""}
    form = BulkForm(request.user, data)
    if not form.is_valid():
        raise Problem("invalid", errors=form_errors(form))
    team = form.cleaned_data["team"]
    whose = {"owner": None if team else request.user, "team": team}
    try:
        bulk = ledger.create(form.cleaned_data["name"], form.cleaned_data["reading"], **whose)
    except ledger.TooMany:
        text = _("There are %(count)d bulk checks already. Delete one that is no longer needed.")
        raise invalid("", text % {"count": ledger.MAX_KEPT}) from None
    tasks.wake()  # without a queue it begins by itself later
    response["Location"] = links.to("bulk", token=bulk.token)
    return Status(201, _again(request.user, bulk))


@router.get(
    "/{token}", response=shapes.BulkShown, auth=BULK, url_name="bulk", summary="A bulk check"
)
def read(request: HttpRequest, token: str) -> Any:
    bulk = one(_visible(request.user), token)
    if bulk.is_going:
        tasks.tend(bulk)
    return _again(request.user, bulk)


@router.delete(
    "/{token}",
    response={204: None},
    auth=BULK,
    url_name="bulk",
    summary="Delete a bulk check",
    description="With all of its results. Nobody can bring them back.",
)
def delete(request: HttpRequest, token: str) -> Any:
    one(Bulk.objects.editable_by(request.user), token).delete()
    return Status(204, None)


@router.get(
    "/{token}/items",
    response=shapes.ItemPage,
    auth=BULK,
    url_name="bulk-items",
    summary="What came out for each domain",
    description="In the order of the list, as the file of results has it.",
)
def items(
    request: HttpRequest,
    response: HttpResponse,
    token: str,
    limit: paging.Limit,
    cursor: paging.Cursor,
    q: Text,
    verdict: Verdict,
    feature: Feature,
    country: Country,
    industry: Industry,
) -> Any:
    bulk = one(Bulk.objects.visible_to(request.user), token)
    given = {
        "q": q,
        "verdict": verdict,
        "feature": feature,
        "country": country,
        "industry": industry,
    }
    form = ShowForm(given)
    if not form.is_valid():
        raise Problem("invalid", errors=form_errors(form))
    rows = search.found(bulk.items.all(), **form.filters)
    found = paging.cut(rows, "position", limit, cursor)
    return paging.page(request, response, found, export.as_json)


# --- steering ----------------------------------------------------------------------------------
def _steer(request: HttpRequest, token: str, step: Callable[[Bulk], Any], wakes: bool) -> Any:
    """The bulk after `step`. Raises Problem where its state does not allow it."""
    bulk = one(Bulk.objects.editable_by(request.user), token)
    if not step(bulk):
        raise Problem("wrong-state")
    if wakes:
        tasks.wake()
    return _again(request.user, bulk)


@router.post(
    "/{token}/pause",
    response=shapes.BulkShown,
    auth=BULK,
    url_name="bulk-pause",
    summary="Pause a bulk check",
    description="What is done stays; the rest waits.",
)
def pause(request: HttpRequest, token: str) -> Any:
    return _steer(request, token, ledger.pause, wakes=False)


@router.post(
    "/{token}/resume",
    response=shapes.BulkShown,
    auth=BULK,
    url_name="bulk-resume",
    summary="Go on with a paused bulk check",
)
def resume(request: HttpRequest, token: str) -> Any:
    return _steer(request, token, ledger.resume, wakes=True)


@router.post(
    "/{token}/cancel",
    response=shapes.BulkShown,
    auth=BULK,
    url_name="bulk-cancel",
    summary="End a bulk check",
    description="What was done until now is kept.",
)
def cancel(request: HttpRequest, token: str) -> Any:
    return _steer(request, token, ledger.cancel, wakes=False)


@router.post(
    "/{token}/again",
    response=shapes.BulkShown,
    auth=BULK,
    url_name="bulk-again",
    summary="Check once more what failed or was not checked",
)
def again(request: HttpRequest, token: str) -> Any:
    return _steer(request, token, ledger.again, wakes=True)
