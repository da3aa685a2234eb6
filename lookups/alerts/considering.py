"""From a finished report to its alert: what changed, whether it counts, and who is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lookups import catalog
from lookups.alerts import recipients
from lookups.alerts.kinds import Kind
from lookups.alerts.models import Alert, Delivery, Webhook
from lookups.alerts.timing import moment_for
from lookups.engine import endings
from lookups.engine.difference import Difference, FindingRef, difference
from lookups.engine.finding import Severity
from lookups.engine.settled import settled_base
from lookups.models import Report
from lookups.watching.models import Watch

LOOK_BACK = 6  # reports before it with which one is compared
MAX_ITEMS = 40  # of each sort in one alert
MAX_VALUE = 4000  # characters of a record

FINDING_KINDS = (Kind.NEW, Kind.GONE)


@dataclass(frozen=True, slots=True)
class Found:
    """What a report has to tell. `before` is the earliest report that was compared with."""

    severities: Mapping[str, Severity] = field(default_factory=dict)  # by kind
    payload: Mapping[str, Any] = field(default_factory=dict)
    before: Report | None = None


def consider(report: Report, now: datetime | None = None) -> Alert | None:
    """Makes the alert of a report and the deliveries of it, once; None where there is none."""
    watch = report.watch
    wanted = watch is not None and watch.ended_at is None and watch.alerts
    if watch is None or not wanted or not report.is_finished or report.deleted_at:
        return None
    found = found_in(report, watch)
    if not found.severities:
        return None
    with transaction.atomic():
        alert, is_new = Alert.objects.get_or_create(
            report=report,
            defaults={
                "watch": watch,
                "before": found.before,
                "created": now or timezone.now(),
                "kinds": sorted(found.severities),
                "severity": max(found.severities.values(), key=lambda s: s.rank).value,
                "payload": found.payload,
            },
        )
        if is_new:
            Delivery.objects.bulk_create(_deliveries(alert, watch))
    return alert


def found_in(report: Report, watch: Watch) -> Found:
    """What is new in `report` of the kinds that the watch wants."""
    wanted = set(watch.alert_kinds)
    if report.state == Report.State.FAILED:
        first = not _failed_before(report)
        told = first and Kind.FAILED in wanted
        return Found({Kind.FAILED: Severity.WARNING}, {"failed": True}) if told else Found()
    earlier = list(_earlier(report)[:LOOK_BACK])
    if not earlier:
        return Found()
    base, places = settled_base(report.sections, [each.sections for each in earlier])
    after = {topic: report.sections[topic] for topic in base}
    changes = _counting(difference(base, after), wanted)
    soon = endings.near(earlier[0].sections, earlier[0].created, report.sections, report.created)
    soon = soon if Kind.EXPIRY in wanted else ()
    severities = _severities(changes, soon, report.created)
    payload = {"difference": changes.as_json(), "endings": [_ending(each) for each in soon]}
    places_used = [places[topic] for topic in _topics(changes)]
    return Found(severities, payload, earlier[max(places_used, default=0)])


def _earlier(report: Report) -> Any:
    """The reports before it that came to a verdict, the newest first, with their sections."""
    done = Report.objects.filter(
        watch_id=report.watch_id, state=Report.State.DONE, saved_at__isnull=False, deleted_at=None
    )
    return _before(done, report).defer("queries")


def _failed_before(report: Report) -> bool:
    kept = Report.objects.filter(watch_id=report.watch_id, deleted_at=None)
    states = (Report.State.DONE, Report.State.FAILED)
    last = _before(kept.filter(state__in=states), report).values_list("state", flat=True).first()
    return last == Report.State.FAILED


def _before(reports: Any, report: Report) -> Any:
    same = Q(created=report.created, pk__lt=report.pk)
    older = reports.filter(Q(created__lt=report.created) | same)
    return older.order_by("-created", "-id")


def _counting(changes: Difference, wanted: set[str]) -> Difference:
    """Without what nobody wants to be told of, cut to a size that fits a mail."""
    records = changes.records if Kind.RECORD in wanted else ()
    new = [ref for ref in changes.new if _weighs(ref) and _new_kind(ref) in wanted]
    gone = [ref for ref in changes.gone if _weighs(ref) and Kind.GONE in wanted]
    return Difference(
        tuple(_cut(change) for change in records[:MAX_ITEMS]),
        tuple(_worst_first(new)[:MAX_ITEMS]),
        tuple(_worst_first(gone)[:MAX_ITEMS]),
        changes.verdicts,
    )


def _cut(change: Any) -> Any:
    if max(len(change.before), len(change.after)) <= MAX_VALUE:
        return change
    parts = (_shortened(change.before), _shortened(change.after))
    return type(change)(change.kind, change.topic, change.name, change.type, *parts)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_VALUE else text[:MAX_VALUE] + "…"


def _worst_first(refs: Iterable[FindingRef]) -> list[FindingRef]:
    return sorted(refs, key=lambda ref: -(severity_of(ref) or Severity.GOOD).rank)


def _new_kind(ref: FindingRef) -> str:
    return Kind.EXPIRY if ref.id in endings.NEAR else Kind.NEW


def _weighs(ref: FindingRef) -> bool:
    """What is in order comes and goes with what is not: it is no news of its own."""
    return (severity_of(ref) or Severity.GOOD) is not Severity.GOOD


def severity_of(ref: FindingRef) -> Severity | None:
    try:
        return catalog.entry(ref.id).severity
    except KeyError:
        return None


def _severities(
    changes: Difference, soon: Iterable[endings.Ending], at: datetime
) -> dict[str, Severity]:
    """The kinds of all that changed, each with the severity of its worst."""
    found: dict[str, Severity] = {}

    def note(kind: str, severity: Severity) -> None:
        found[kind] = max(found.get(kind, severity), severity, key=lambda s: s.rank)

    for ref in changes.new:
        note(_new_kind(ref), severity_of(ref) or Severity.INFO)
    for ref in changes.gone:
        note(Kind.GONE, severity_of(ref) or Severity.INFO)
    if changes.records:
        note(Kind.RECORD, Severity.WARNING)  # somebody changed it: was it one of them?
    for ending in soon:
        note(Kind.EXPIRY, Severity.ERROR if ending.ends <= at else Severity.WARNING)
    return found


def _topics(changes: Difference) -> set[str]:
    return {change.topic for change in (*changes.records, *changes.new, *changes.gone)}


def _ending(ending: endings.Ending) -> dict[str, str]:
    return {
        "kind": ending.kind,
        "topic": ending.topic,
        "subject": ending.subject,
        "ends": ending.ends.isoformat(),
    }


def _deliveries(alert: Alert, watch: Watch) -> list[Delivery]:
    now = alert.created
    mails = [
        Delivery(alert=alert, user=wanted.user, next_try=moment_for(wanted, now), created=now)
        for wanted in recipients.settings_of(watch)
        if recipients.wants(wanted, alert.severity)
    ]
    hooks = [
        Delivery(alert=alert, webhook=hook, next_try=now, created=now)
        for hook in Webhook.objects.of_watch(watch)
        if set(hook.kinds) & set(alert.kinds)
    ]
    return [*mails, *hooks]
