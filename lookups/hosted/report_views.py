"""Reports that receivers delivered on a watched domain: what they say, and where they go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.hosted import words
from lookups.hosted.intake import Refused
from lookups.hosted.models import ReportBox, new_box_token
from lookups.hosted.setup import addresses, ready_records
from lookups.tools.dns import Dns
from lookups.tools.reports import kept
from lookups.tools.reports.names import Names, names_of
from lookups.tools.reports.result import ReportsResult
from lookups.tools.reports.views import export_response
from lookups.watching.models import Watch
from lookups.watching.views import can_edit, of_watch

PERIODS = {
    7: gettext_lazy("The last week"),
    30: gettext_lazy("The last 30 days"),
    90: gettext_lazy("The last 90 days"),
    396: gettext_lazy("The last 13 months"),
}
DEFAULT_DAYS = 30
MAX_LISTED = 100  # reports that the page lists


@of_watch("GET", "HEAD")
def reports(request: HttpRequest, watch: Watch) -> HttpResponse:
    """What the reports of the last `days` say together. `as`: "json" or "csv"."""
    days = _days(request)
    since = timezone.now() - timedelta(days=days)
    rows = kept.within(kept.of(watch), since.date())
    reading, left_out = kept.merged(rows)
    result = None
    if reading.reports:
        names: Names = {}
        if reading.aggregates:
            view = ReportsResult(reading).aggregate
            names = async_to_sync(_names)(view.totals.addresses) if view else {}
        result = ReportsResult(reading, names)
    if wanted := request.GET.get("as"):
        if result is None:
            raise Http404
        return export_response(result, wanted)
    box = ReportBox.objects.filter(watch=watch).first()
    context = {
        "watch": watch,
        "box": box,
        "can_edit": can_edit(request, watch),
        "refusal": _refusal(box),
        "periods": PERIODS,
        "days": days,
        "result": result,
        "left_out": left_out,
        "rows": list(rows.defer("content")[:MAX_LISTED]),
        "count": rows.count(),
    }
    return render(request, "lookups/hosted/reports.html", context)


def _days(request: HttpRequest) -> int:
    text = request.GET.get("days", "")
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else DEFAULT_DAYS
    return days if days in PERIODS else DEFAULT_DAYS


async def _names(sources: list[str]) -> Names:
    async with Dns() as dns:
        return await names_of(dns, sources)


def _refusal(box: ReportBox | None) -> str:
    if box is None or not box.refusal:
        return ""
    return words.refusal(Refused(box.refusal, box.refused_domain))


@of_watch("GET", "HEAD", "POST", edits=True)
def setup(request: HttpRequest, watch: Watch) -> HttpResponse:
    """The mailbox: its addresses and the records with them. POST `do`: on, renew, off, forget."""
    box = ReportBox.objects.filter(watch=watch).first()
    if request.method == "POST":
        _change(request, watch, box)
        return redirect("watch-reports-setup", token=watch.token)
    context: dict[str, Any] = {"watch": watch, "box": box, "count": kept.of(watch).count()}
    if box and watch.verified_at:
        context |= {"addresses": addresses(box), "ready": ready_records(watch, box)}
    return render(request, "lookups/hosted/setup.html", context)


def _change(request: HttpRequest, watch: Watch, box: ReportBox | None) -> None:
    do = request.POST.get("do")
    if do == "on" and watch.verified_at:
        ReportBox.objects.get_or_create(watch=watch)
        messages.success(request, _("The mailbox takes reports. Publish the records below."))
    elif do == "renew" and box:
        box.token = new_box_token()
        box.save(update_fields=["token"])
        messages.success(request, _("The mailbox has new addresses. The old ones are closed."))
    elif do == "off" and box:
        box.delete()
        text = _("The mailbox is closed. Take its addresses out of your DMARC and TLS-RPT records.")
        messages.success(request, text)
    elif do == "forget":
        count, _by_model = kept.of(watch).delete()
        messages.success(request, _("Deleted: %(count)d reports.") % {"count": count})
    else:
        raise Http404
