"""Telling webhooks: what is posted, its signature, and what becomes of it.

A delivery that broke off is sent again, so that none is lost: receivers know it by its id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from lookups.alerts import mail, recipients
from lookups.alerts.kinds import all_kinds
from lookups.alerts.models import Alert, Delivery, Webhook, new_token
from lookups.alerts.timing import retry_at
from lookups.alerts.words import one_line, whole
from lookups.engine.courtesy import Crowded
from lookups.engine.fetch import FetchError, check_url, post
from lookups.engine.guard import Guard
from lookups.observing import metrics
from lookups.runtime import is_lesson
from lookups.tools.dns import Dns

logger = logging.getLogger(__name__)

SCHEMA = 1
SECONDS = 10.0
MAX_RESPONSE = 1024  # octets that are read of a response
MAX_GIVEN_UP = 20  # in a row, then the hook is switched off
STUCK = timedelta(minutes=5)
READY = (Delivery.State.WAITING, Delivery.State.FAILED)
_OUTCOMES = {
    Delivery.State.SENT: "sent",
    Delivery.State.FAILED: "failed",
    Delivery.State.GIVEN_UP: "given-up",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` of the response, None where there was none; `error` is empty where it was taken."""

    status: int | None
    error: str


# --- what is sent ------------------------------------------------------------------------------
def body_of(delivery: Delivery) -> bytes:
    """The JSON of a delivery (docs/contracts.md); the same at each attempt."""
    alert = delivery.alert
    event = "alert" if alert else "test"
    content = _alert_json(alert) if alert else {"kinds": all_kinds()}
    made = {"schema": SCHEMA, "event": event, "id": delivery.token}
    created = delivery.created.isoformat()
    return json.dumps(made | {"created": created} | content, ensure_ascii=False).encode()


def _alert_json(alert: Alert) -> dict[str, Any]:
    watch, report = alert.watch, alert.report
    return {
        "kinds": alert.kinds,
        "severity": alert.severity,
        "watch": {
            "domain": watch.domain,
            "token": watch.token,
            "url": whole(watch.get_absolute_url()),
        },
        "report": {
            "token": report.token,
            "url": whole(report.get_absolute_url()),
            "created": report.created.isoformat(),
            "state": report.state,
            "status": report.status,
            "score": report.score,
        }
        if report
        else None,
        "difference": alert.payload.get("difference"),
        "endings": alert.payload.get("endings") or [],
    }


def signature(secret: str, body: bytes, at: int) -> str:
    """The value of MXplain-Signature: HMAC-SHA256 over the time, a dot and the body."""
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={digest.hexdigest()}"


def headers_of(delivery: Delivery, hook: Webhook, body: bytes, now: datetime) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "MXplain-Event": "alert" if delivery.alert_id else "test",
        "MXplain-Delivery": delivery.token,
        "MXplain-Signature": signature(hook.secret, body, int(now.timestamp())),
    }


def host_of(url: str) -> str:
    """The host of a webhook's URL. Raises FetchError for one that is not spoken to."""
    return check_url(url, plain=settings.WEBHOOK_HTTP)


# --- sending -----------------------------------------------------------------------------------
def deliver(delivery_id: int, now: datetime | None = None) -> Outcome | None:
    """One attempt; None where there is nothing to do, or somebody else is at it."""
    now = now or timezone.now()
    delivery = _claim(delivery_id, now)
    if delivery is None:
        return None
    hook = delivery.webhook
    assert hook is not None
    if delivery.alert and not _still_told(hook, delivery.alert):
        delivery.delete()
        return None
    try:
        body = body_of(delivery)
        outcome = send(hook.url, body, headers_of(delivery, hook, body, now))
    except Exception:  # a fault of ours must not come back every few minutes for ever
        logger.exception("delivery %s broke off", delivery.pk)
        outcome = Outcome(None, "internal error")
    _keep(delivery, hook, outcome, now)
    return outcome


def _still_told(hook: Webhook, alert: Alert) -> bool:
    """The domain may have gone to a team, or nobody watches it any more."""
    if alert.watch.ended_at is not None or not alert.watch.alerts:
        return False
    return Webhook.objects.of_watch(alert.watch).filter(pk=hook.pk).exists()


def send(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    """Posts it through the guarded door: to public addresses only."""
    return async_to_sync(_send)(url, body, headers)


async def _send(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    try:
        lesson = is_lesson(host_of(url))
        async with Dns() as dns:
            resolver = dns.resolver(report_timeout=SECONDS)
            guard = Guard(resolver, replace(dns.guard, files={}), lesson)
            plain = settings.WEBHOOK_HTTP
            posted = await post(
                guard, url, body, headers, seconds=SECONDS, max_octets=MAX_RESPONSE, plain=plain
            )
    except Crowded:  # many webhooks lead to the same machine: it is tried again later
        return Outcome(None, "crowded")
    except FetchError as error:
        return Outcome(None, f"{error.code} {error.detail}".strip())
    said = posted.body.decode("utf-8", "replace")
    taken = 200 <= posted.status < 300
    return Outcome(posted.status, "" if taken else f"{posted.status} {said}".strip())


def test(hook: Webhook) -> Delivery:
    """Sends a test at once, also to a hook that is switched off; tried once."""
    delivery = Delivery.objects.create(webhook=hook, next_try=timezone.now())
    deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def again(delivery: Delivery) -> Outcome | None:
    """Sends one more time what was given up, failed or sent."""
    ready = Delivery.objects.filter(pk=delivery.pk).exclude(state=Delivery.State.SENDING)
    ready.update(state=Delivery.State.WAITING, attempts=0, next_try=timezone.now())
    return deliver(delivery.pk)


def due(now: datetime) -> list[int]:
    """Deliveries whose time has come."""
    ready = Delivery.objects.filter(
        state__in=READY, next_try__lte=now, webhook__enabled=True, alert__isnull=False
    )
    return list(ready.order_by("next_try").values_list("pk", flat=True)[:500])


def recover(now: datetime) -> int:
    """What a killed worker left claimed is tried again."""
    left = Delivery.objects.filter(
        state=Delivery.State.SENDING, webhook__isnull=False, claimed_at__lt=now - STUCK
    )
    return left.update(state=Delivery.State.WAITING, next_try=now, claim="", claimed_at=None)


def _claim(delivery_id: int, now: datetime) -> Delivery | None:
    mine = Q(pk=delivery_id, state__in=READY, next_try__lte=now, webhook__isnull=False)
    enabled = Q(webhook__enabled=True) | Q(alert=None)  # a test goes also to one switched off
    claim = new_token()
    ids = Delivery.objects.filter(mine & enabled).values_list("pk", flat=True)
    taken = Delivery.objects.filter(pk__in=list(ids), state__in=READY).update(
        state=Delivery.State.SENDING, claim=claim, claimed_at=timezone.now()
    )
    if not taken:
        return None
    related = ("webhook", "alert__watch", "alert__report")
    rows = Delivery.objects.filter(claim=claim).select_related(*related)
    return rows.defer("alert__report__sections", "alert__report__queries").first()


def _keep(delivery: Delivery, hook: Webhook, outcome: Outcome, now: datetime) -> None:
    """Writes down what became of it."""
    attempts = delivery.attempts + 1
    again = retry_at(attempts, now) if delivery.alert_id else None
    state = Delivery.State.FAILED if again else Delivery.State.GIVEN_UP
    if not outcome.error:
        state, again = Delivery.State.SENT, None
    kept = Delivery.objects.filter(pk=delivery.pk, claim=delivery.claim).update(
        state=state,
        attempts=attempts,
        next_try=again,
        last_error=one_line(outcome.error)[:300],
        status_code=outcome.status,
        sent_at=None if outcome.error else now,
        claim="",
        claimed_at=None,
    )
    if kept and delivery.alert_id:
        metrics.DELIVERIES.labels("webhook", _OUTCOMES[state]).inc()
        _count(hook, state, now)


def _count(hook: Webhook, state: str, now: datetime) -> None:
    """Switches a hook off that took nothing for long, and tells its people."""
    same = Webhook.objects.filter(pk=hook.pk)
    if state == Delivery.State.SENT:
        same.update(given_up=0)
    elif state == Delivery.State.GIVEN_UP:
        same.update(given_up=F("given_up") + 1)
        tired = same.filter(given_up__gte=MAX_GIVEN_UP, enabled=True)
        if tired.update(enabled=False, stopped_at=now):
            _tell_stopped(hook)


def _tell_stopped(hook: Webhook) -> None:
    for person in hook.people():
        try:
            mail.stopped_message(hook, recipients.settings_for(person)).send()
        except mail.TROUBLES as error:
            logger.warning("nobody was told that webhook %s is off: %s", hook.pk, error)
