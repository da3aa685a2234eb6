"""The pages of a check: asking for it, and reading, saving and sharing the report."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import kombu.exceptions
import redis
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import cards, output, tasks
from .engine.names import Domain
from .engine.opt_out import OptedOut
from .engine.report import TOPICS
from .forms import InputError, read_domain, read_selectors
from .limits import domains
from .limits.refusing import Refusal, Refused, marked, refusal_of
from .limits.refusing import page as too_much
from .models import Report
from .opt_out import refusing as opted_out
from .opt_out import remembering
from .report_page import report_page, report_view
from .runtime import is_own_zone
from .sharing.access import find_report, is_open, seal
from .watching.models import watch_for

ASKED = "asked"  # session key: tokens of the reports this visitor asked for, the newest last
MAX_ASKED = 50


# --- asking ------------------------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """The search page; POST `domain` makes a report, or gives one made moments ago.

    `selectors` are DKIM selectors to look at; `again` asks for a new report in any case.
    """
    typed = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {
        "value": typed.get("domain", "")[:2000],
        "selectors": typed.get("selectors", "")[:2000],
    }
    if request.method != "POST":
        return render(request, "lookups/check.html", context)
    if refusal := refusal_of(request):
        return _too_much(request, context, refusal)
    domain, selectors = read_domain(typed.get("domain", "")), read_selectors(context["selectors"])
    if isinstance(domain, InputError):
        return render(request, "lookups/check.html", context | {"error": domain}, status=400)
    if isinstance(selectors, InputError):
        context["selectors_error"] = selectors
        return render(request, "lookups/check.html", context, status=400)
    anew = typed.get("again") == "1"
    try:
        report = _report_for(request, domain, anew, " ".join(selectors))
    except Refused as refused:
        return _too_much(request, context, refused.refusal)
    except OptedOut as refused:
        return opted_out.page(request, refused.domain, refused.name)
    return unavailable(request) if report is None else redirect(report)


def _too_much(request: HttpRequest, context: dict[str, Any], refusal: Refusal) -> HttpResponse:
    """The search page with what was typed, and why it is not checked just now."""
    context |= {"error": InputError(refusal.message), "refusal": refusal}
    return marked(render(request, "lookups/check.html", context), refusal)


def ask(request: HttpRequest, domain: Domain, selectors: Sequence[str] = ()) -> HttpResponse:
    """The way to a new report on `domain`, for pages that have a button for one."""
    try:
        report = _report_for(request, domain, anew=True, selectors=" ".join(selectors))
    except Refused as refused:
        return too_much(request, refused.refusal)
    except OptedOut as refused:
        return opted_out.page(request, refused.domain, refused.name)
    return unavailable(request) if report is None else redirect(report)


@never_cache
@require_POST
def live(request: HttpRequest) -> HttpResponse:
    """The lookup inside an article: answers with the fragment that listens to the stream."""
    typed = request.POST.get("domain", "")
    uid = request.POST.get("uid", "")[:40]
    topic = request.POST.get("topic", "mx")
    context: dict[str, Any] = {
        "domain": typed[:2000],
        "uid": uid if uid.isalnum() else "x",
        "topic": topic if topic in TOPICS else "mx",
    }
    if refusal := refusal_of(request):
        context |= {"error": InputError(refusal.message), "refusal": refusal}
        return marked(render(request, "lookups/_live.html", context), refusal)
    domain = read_domain(typed)
    try:
        if isinstance(domain, InputError):
            context["error"] = domain
        elif report := _report_for(request, domain, anew=False):
            context["view"] = report_view(request, report)
            context["domain"] = domain.unicode
        else:
            context["error"] = InputError(_("The queue of checks is out of reach. Try again soon."))
    except Refused as refused:
        context |= {"error": InputError(refused.refusal.message), "refusal": refused.refusal}
        return marked(render(request, "lookups/_live.html", context), refused.refusal)
    except OptedOut as refused:
        remembering.note_refusal()
        context["error"] = InputError(opted_out.message(refused.domain, refused.name))
        return render(request, "lookups/_live.html", context, status=opted_out.status(request))
    return render(request, "lookups/_live.html", context)


def _report_for(
    request: HttpRequest, domain: Domain, anew: bool, selectors: str = ""
) -> Report | None:
    """A report to look at: a young one that others asked for, or a new one; None without queue.

    Where the domain was checked too often for another one, what there is will do, however old.
    Raises Refused where there is nothing, and OptedOut.
    """
    same = Report.objects.shareable(domain.ascii, selectors).order_by("-created")
    young = None if anew or is_own_zone(domain.ascii) else same.first()
    if young:
        return _note_asked(request, young)
    if name := remembering.known(domain.ascii):
        raise OptedOut(domain.ascii, name, 0)
    if too_often := domains.refusal(domain.ascii):
        older = Report.objects.open_to_all(domain.ascii, selectors).order_by("-created").first()
        if older is None:
            raise Refused(too_often)
        messages.info(request, too_often.message)
        return _note_asked(request, older)
    report = Report.objects.create(
        domain=domain.ascii, selectors=selectors, language=get_language() or "en"
    )
    try:
        tasks.enqueue(report)
    except (kombu.exceptions.OperationalError, redis.RedisError):
        report.delete()
        return None
    _remember(request, report)
    return report


def _note_asked(request: HttpRequest, report: Report) -> Report:
    """Counts a further visitor, so that nobody can later claim the link as theirs alone."""
    if report.token not in request.session.get(ASKED, []):
        Report.objects.filter(id=report.id).update(asked=F("asked") + 1)
        _remember(request, report)
    return report


def _remember(request: HttpRequest, report: Report) -> None:
    request.session[ASKED] = [*request.session.get(ASKED, []), report.token][-MAX_ASKED:]


def unavailable(request: HttpRequest) -> HttpResponse:
    """The page that says that the queue of checks is out of reach."""
    response = render(request, "503.html", status=503)
    response["Retry-After"] = "5"
    return response


# --- reading -----------------------------------------------------------------------------------
@never_cache
@require_safe
def report(request: HttpRequest, token: str) -> HttpResponse:
    """The permalink. While the report is being made, the page listens to its events."""
    found = find_report(request, token, light=True)
    if isinstance(found, HttpResponse):
        return found
    if found.failure == Report.Failure.OPTED_OUT:
        name = remembering.known(found.domain)
        return seal(opted_out.page(request, found.domain, name, anew=False), found)
    return seal(report_page(request, found), found)


@never_cache
@require_safe
def report_json(request: HttpRequest, token: str) -> HttpResponse:
    """The report in the JSON that programs rely on (docs/contracts.md)."""
    found = find_report(request, token)
    if isinstance(found, HttpResponse):
        return found
    response = JsonResponse(
        output.of_report(found, get_language() or "en"),
        json_dumps_params={"ensure_ascii": False, "indent": 1},
    )
    return seal(response, found)


@require_safe
def card(request: HttpRequest, token: str) -> HttpResponse:
    """The picture for link previews: the verdict, drawn."""
    found = find_report(request, token, light=True)
    if isinstance(found, HttpResponse):
        return found
    state = found.status if found.state == Report.State.DONE else "running"
    picture = cards.draw(found.domain, found.unicode, state, found.created, get_language() or "en")
    response = HttpResponse(picture, content_type="image/png")
    response["ETag"] = f'"{hashlib.sha256(picture).hexdigest()[:32]}"'
    # Whose link may end or be revoked at any moment, that picture is asked for each time.
    lasting = found.is_finished and found.owner_id is None and not found.link_ends
    response["Cache-Control"] = "max-age=86400" if lasting else "no-cache"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # wherever its link is shown
    return seal(response, found)


# --- saving ------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@login_required
def save(request: HttpRequest, token: str) -> HttpResponse:
    """Keeps a report for the signed-in person. Whoever had to sign in first comes back by GET.

    The person who asked for it, and nobody else did, gets this very report with its link; anybody
    else a copy, so that an owner can only revoke a link that is theirs alone.
    """
    found = find_report(request, token)
    if isinstance(found, HttpResponse):
        return found
    if request.method != "POST":
        return redirect(found)
    mine = _claim(request, found) or _copy(request, found)
    messages.success(request, _("Saved. You find it among your saved checks."))
    return redirect(mine)


def _claim(request: HttpRequest, report: Report) -> Report | None:
    """The report itself, where it is this person's already or can become so."""
    if report.owner_id == request.user.pk:
        _join(request, report)
        Report.objects.filter(id=report.id).update(saved_at=report.saved_at or timezone.now())
        return report
    if report.watch_id and report.owner_id is None:
        # Made by the clock for this very person: now it stays for good.
        mine = Report.objects.filter(id=report.id, owner=None, watch__owner=request.user)
        return report if mine.update(owner=request.user) else None
    if report.token not in request.session.get(ASKED, []):
        return None
    claimed = Report.objects.filter(id=report.id, owner=None, asked=1, watch=None).update(
        owner=request.user, saved_at=timezone.now()
    )
    if claimed:
        _join(request, report)
    return report if claimed else None


def _copy(request: HttpRequest, report: Report) -> Report:
    """A copy of their own; one that is unfinished is made on its own."""
    copy = report.copy_for(request.user)
    copy.watch = watch_for(request.user, report.domain, report.selectors)
    if not is_open(report):
        copy.visibility = Report.Visibility.ME  # what was not for everybody stays so
    copy.save()
    if not copy.is_finished:
        tasks.enqueue(copy)
    return copy


def _join(request: HttpRequest, report: Report) -> None:
    """Puts the report into the person's history of its domain, unless it is in one."""
    watch = watch_for(request.user, report.domain, report.selectors)
    Report.objects.filter(id=report.id, watch=None).update(watch=watch)
