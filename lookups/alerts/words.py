"""An alert in the reader's words, for the page, the mail and its subject."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lookups.alerts.models import Alert
from lookups.engine import endings
from lookups.engine.difference import FindingRef, RecordChange
from lookups.engine.report import TOPICS
from lookups.presentation import FindingView
from lookups.watching.comparison import RecordView, finding_views, record_view

MAX_SUBJECT = 140


@dataclass(frozen=True, slots=True)
class EndingView:
    """What ends soon, and when."""

    text: str
    ends: datetime


@dataclass(frozen=True, slots=True)
class AlertView:
    """Everything of one alert. The URLs are whole; empty where the report is gone."""

    domain: str
    watch_url: str
    report_url: str
    changes_url: str
    at: datetime
    severity: str
    records: tuple[RecordView, ...]
    new: tuple[FindingView, ...]
    gone: tuple[FindingView, ...]
    endings: tuple[EndingView, ...]
    failed: bool
    summary: str


def alert_view(alert: Alert, language: str) -> AlertView:
    """`language` must be the active one; watch, report and `before` should be fetched already."""
    payload = alert.payload
    changes = payload.get("difference") or {}
    records = tuple(record_view(RecordChange(**each)) for each in changes.get("records") or ())
    new = _findings(changes.get("new"), language)
    gone = _findings(changes.get("gone"), language)
    soon = tuple(_ending(each) for each in payload.get("endings") or ())
    failed = bool(payload.get("failed"))
    watch, report, before = alert.watch, alert.report, alert.before
    link = reverse("watch-compare", args=[watch.token])
    compared = report and before
    query = f"?a={before.token}&b={report.token}" if compared else ""
    return AlertView(
        domain=watch.unicode,
        watch_url=whole(watch.get_absolute_url()),
        report_url=whole(report.get_absolute_url()) if report else "",
        changes_url=whole(link + query) if compared else "",
        at=alert.created,
        severity=alert.severity,
        records=records,
        new=new,
        gone=gone,
        endings=soon,
        failed=failed,
        summary=_summary(records, new, gone, soon, failed),
    )


def whole(path: str) -> str:
    return settings.PUBLIC_URL + path


def subject(views: Sequence[AlertView]) -> str:
    """Domain and what, in one line that holds no hostile character."""
    domains = list(dict.fromkeys(view.domain for view in views))
    if len(views) == 1:
        text = f"{domains[0]}: {views[0].summary}"
    elif len(domains) == 1:
        words = ngettext("%(count)s alert", "%(count)s alerts", len(views))
        text = f"{domains[0]}: {words % {'count': len(views)}}"
    else:
        words = _("%(first)s and %(count)s more: what changed")
        text = words % {"first": domains[0], "count": len(domains) - 1}
    return one_line(text)


def one_line(text: str) -> str:
    """Without line breaks and characters that direct or hide others, and not too long."""
    plain = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return plain if len(plain) <= MAX_SUBJECT else plain[: MAX_SUBJECT - 1] + "…"


def _summary(
    records: Sequence[RecordView],
    new: Sequence[FindingView],
    gone: Sequence[FindingView],
    soon: Sequence[EndingView],
    failed: bool,
) -> str:
    """The one thing that matters most."""
    if failed:
        return _("the check failed")
    worst = new[0] if new else None
    if worst and worst.severity == "error":
        return worst.title
    if soon:
        return soon[0].text
    if records:
        return _changed(records)
    if worst:
        return worst.title
    if gone:
        return _("mended: %(finding)s") % {"finding": gone[0].title}
    return _("something changed")


def _changed(records: Sequence[RecordView]) -> str:
    if len(records) == 1:
        record = records[0]
        words = {
            "added": _("%(type)s record added at %(name)s"),
            "removed": _("%(type)s record removed at %(name)s"),
        }.get(record.kind, _("%(type)s record changed at %(name)s"))
        return words % {"type": record.type, "name": record.name or "?"}
    types = list(dict.fromkeys(record.type for record in records))
    words = {"count": len(records), "types": ", ".join(types[:4])}
    return _("%(count)s records changed (%(types)s)") % words


def _findings(refs: Iterable[Mapping[str, Any]] | None, language: str) -> tuple[FindingView, ...]:
    """The worst first, then by topic."""
    known = [FindingRef(**ref) for ref in refs or ()]
    views = [view for topic in TOPICS for view in finding_views(known, topic, language)]
    return tuple(sorted(views, key=lambda view: -_WEIGHT.index(view.severity)))


_WEIGHT = ("good", "info", "warning", "error")


def _ending(each: Mapping[str, str]) -> EndingView:
    ends = datetime.fromisoformat(each["ends"])
    words = {
        endings.CERTIFICATE: _("the certificate of the mail server %(subject)s ends on %(day)s"),
        endings.SIGNATURE: _("the DNSSEC signature over %(subject)s ends on %(day)s"),
        endings.MARK: _("the certificate for the logo of %(subject)s ends on %(day)s"),
        endings.POLICY: _("the certificate of the policy host %(subject)s ends on %(day)s"),
    }
    text = words[each["kind"]] % {"subject": each["subject"], "day": f"{ends:%Y-%m-%d}"}
    return EndingView(text, ends)
