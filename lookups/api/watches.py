"""/watches/: watched domains of a person and their teams. Others' are not found."""

from __future__ import annotations

from typing import Annotated, Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query, Router
from ninja.responses import Status

from lookups.blocked.refusal import Blocked
from lookups.engine.difference import difference
from lookups.limits.refusing import Refused
from lookups.models import Report, Team
from lookups.watching import history
from lookups.watching.forms import EDITORS, SettingsForm
from lookups.watching.making import OUT_OF_REACH, check_now
from lookups.watching.models import Watch

from . import links, paging, report_rows, shapes
from .auth import Token
from .errors import form_errors
from .finding import domain_in, one, selectors_in
from .problems import Problem, invalid, too_often

router = Router(tags=["Watched domains"])
READ, WRITE = Token("watches:read"), Token("watches:write")

A = Annotated[
    str, Query("", max_length=22, description="A report's token; else the one before `b`.")
]
B = Annotated[str, Query("", max_length=22, description="A report's token; else the newest.")]


def _visible(user: Any) -> QuerySet[Watch]:
    return history.with_last(Watch.objects.visible_to(user)).select_related("team")


def _shown(user: Any, watches: list[Watch]) -> list[dict[str, Any]]:
    """With what the caller may do, in one query for all."""
    ids = [watch.pk for watch in watches]
    editable = set(Watch.objects.editable_by(user).filter(pk__in=ids).values_list("pk", flat=True))
    return [_json(watch, watch.pk in editable) for watch in watches]


def _json(watch: Any, can_edit: bool) -> dict[str, Any]:
    return {
        "token": watch.token,
        "domain": watch.domain,
        "unicode": watch.unicode,
        "name": watch.name,
        "selectors": watch.selectors.split(),
        "interval": watch.interval,
        "next_check": watch.next_run,
        "created": watch.created,
        "team": {"token": watch.team.token, "name": watch.team.name} if watch.team else None,
        "verified": watch.verified_at is not None,
        "can_edit": can_edit,
        "last": _last(watch) if watch.last_token else None,
        "watch": links.to("watch", token=watch.token),
        "url": links.page("watch", watch.token),
    }


def _last(watch: Any) -> dict[str, Any]:
    return {
        "token": watch.last_token,
        "status": watch.last_status,
        "score": watch.last_score,
        "finished": watch.last_at,
        "report": links.to("report", token=watch.last_token),
    }


def _again(user: Any, watch: Watch) -> dict[str, Any]:
    """As the list shows it after a change."""
    return _shown(user, [_visible(user).get(pk=watch.pk)])[0]


@router.get(
    "/",
    response=shapes.WatchPage,
    auth=READ,
    url_name="watches",
    summary="Watched domains",
    description="Your own and those of your teams, the newest first.",
)
def index(
    request: HttpRequest,
    response: HttpResponse,
    limit: paging.Limit,
    cursor: paging.Cursor,
    domain: Annotated[str, Query("", max_length=2000, description="Only this domain.")],
    team: Annotated[
        str, Query("", max_length=22, description="Only those of this team; `me`: your own.")
    ],
) -> Any:
    rows = _visible(request.user)
    if domain:
        rows = rows.filter(domain=domain_in(domain).ascii)
    if team == "me":
        rows = rows.filter(team=None)
    elif team:
        rows = rows.none() if "\0" in team else rows.filter(team__token=team)
    found, after = paging.cut(rows, "-id", limit, cursor)
    return paging.page(
        request, response, (_shown(request.user, found), after), lambda shown: dict(shown)
    )


@router.post(
    "/",
    response={201: shapes.WatchShown},
    auth=WRITE,
    url_name="watches",
    summary="Watch a domain",
    description="It is checked at the interval, for the first time when its turn comes.",
)
def add(request: HttpRequest, response: HttpResponse, wanted: shapes.WatchWanted) -> Any:
    domain, selectors = domain_in(wanted.domain).ascii, selectors_in(wanted.selectors)
    team = _team(request.user, wanted.team)
    holder = {"owner": None if team else request.user, "team": team}
    watch = Watch(domain=domain, **holder)
    _fill(watch, wanted.name, selectors.split(), wanted.interval)
    try:
        with transaction.atomic():
            watch.save()
    except IntegrityError:
        there = Watch.objects.filter(domain=domain, **holder).first()
        more = {"watch": links.to("watch", token=there.token)} if there else {}
        raise Problem("already-watched", **more) from None
    response["Location"] = links.to("watch", token=watch.token)
    return Status(201, _again(request.user, watch))


def _team(user: Any, token: str | None) -> Team | None:
    """Raises Problem for a team in which the caller may not add domains."""
    if token is None:
        return None
    team = None if "\0" in token else Team.objects.of(user, *EDITORS).filter(token=token).first()
    if team is None:
        raise invalid("team", _("You have no such team, or may not change its domains."))
    return team


def _fill(watch: Watch, name: str, selectors: list[str], interval: str) -> None:
    """By the form of the settings page. Raises Problem."""
    data = {"name": name, "selectors": " ".join(selectors), "interval": interval}
    form = SettingsForm(data, instance=watch)
    if not form.is_valid():
        raise Problem("invalid", errors=form_errors(form))
    watch.schedule()


@router.get(
    "/{token}", response=shapes.WatchShown, auth=READ, url_name="watch", summary="A watched domain"
)
def read(request: HttpRequest, token: str) -> Any:
    return _shown(request.user, [one(_visible(request.user), token)])[0]


@router.patch(
    "/{token}",
    response=shapes.WatchShown,
    auth=WRITE,
    url_name="watch",
    summary="Change a watched domain",
    description="Name, selectors and interval; what is not sent stays.",
)
def change(request: HttpRequest, token: str, changes: shapes.WatchChange) -> Any:
    given = changes.model_dump(exclude_unset=True)
    watch = one(Watch.objects.editable_by(request.user), token)
    _fill(
        watch,
        given.get("name", watch.name),
        given.get("selectors", watch.selectors.split()),
        given.get("interval", watch.interval),
    )
    watch.save(update_fields=["name", "selectors", "interval", "next_run"])
    return _again(request.user, watch)


@router.delete(
    "/{token}",
    response={204: None},
    auth=WRITE,
    url_name="watch",
    summary="Stop watching a domain",
    description="On the site this can be undone for a day; then what was made by itself goes.",
)
def delete(request: HttpRequest, token: str) -> Any:
    watch = one(Watch.objects.editable_by(request.user), token)
    Watch.objects.filter(pk=watch.pk).update(ended_at=timezone.now())
    return Status(204, None)


@router.get(
    "/{token}/history",
    response=shapes.ReportPage,
    auth=READ,
    url_name="watch-history",
    summary="The history of a watched domain",
    description="Its reports, the newest first, also those in the making.",
)
def reports(
    request: HttpRequest,
    response: HttpResponse,
    token: str,
    limit: paging.Limit,
    cursor: paging.Cursor,
) -> Any:
    watch = one(Watch.objects.visible_to(request.user), token)
    rows = Report.objects.history_of(watch).defer("sections", "queries")
    found, after = paging.cut(rows, "-id", limit, cursor)
    own = [report_rows.row(report) | _private(request.user, report) for report in found]
    return paging.page(request, response, (own, after), lambda shown: dict(shown))


def _private(user: Any, report: Report) -> dict[str, Any]:
    """What somebody called their report is theirs."""
    return {} if report.owner_id == user.pk else {"name": ""}


@router.get(
    "/{token}/difference",
    response=shapes.DifferenceShown,
    auth=READ,
    url_name="watch-difference",
    summary="What changed between two reports",
    description="The last two of the history, unless others are named. The earlier one is first.",
)
def changed(request: HttpRequest, token: str, a: A, b: B) -> Any:
    watch = one(Watch.objects.visible_to(request.user), token)
    done = history.finished(Report.objects.history_of(watch))
    after = one(done, b) if b else done.first()
    before = one(done, a) if a else after and history.report_before(after)
    if before is None or after is None:
        raise Problem("not-found", _("There are no two finished reports to compare yet."))
    before, after = sorted((before, after), key=lambda report: (report.created, report.pk))
    found = difference(before.sections, after.sections).as_json()
    return found | {"before": before.token, "after": after.token}


@router.post(
    "/{token}/check",
    response={202: shapes.ReportReference},
    auth=WRITE,
    url_name="watch-check",
    summary="Check a watched domain now",
    description="The report joins the history. One that is being made already is given instead.",
)
def check(request: HttpRequest, response: HttpResponse, token: str) -> Any:
    watch = one(Watch.objects.editable_by(request.user), token)
    try:
        report = check_now(watch, request.user)
    except OUT_OF_REACH:
        raise Problem("unavailable") from None
    except Blocked as blocked:
        raise Problem("wrong-state", blocked.message) from None
    except Refused as refused:
        raise too_often(refused.refusal.seconds) from None
    found = report_rows.reference(report)
    response["Location"] = found["report"]
    return Status(202, found)
