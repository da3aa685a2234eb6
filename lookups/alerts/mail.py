"""Mails about alerts: what they say, and their way out, each at most once.

A mail holds all that is due for one person. Its rows are claimed first; whoever has them sends.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import make_msgid
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from lookups.alerts import recipients
from lookups.alerts.models import Alert, AlertSettings, Delivery, Webhook, new_token
from lookups.alerts.timing import after_quiet, is_quiet, retry_at
from lookups.alerts.words import AlertView, alert_view, one_line, subject, whole
from lookups.observing import metrics

logger = logging.getLogger(__name__)

MAX_ALERTS = 100  # of one mail; the others come in the next
STUCK = timedelta(minutes=5)  # a claim that is older was left behind
SALT = "lookups.alerts.unsubscribe"
TROUBLES = (SMTPException, OSError)
READY = (Delivery.State.WAITING, Delivery.State.FAILED)


# --- the way out -------------------------------------------------------------------------------
def send_to(user: Any, now: datetime | None = None) -> int:
    """Sends what is due for `user` in one mail; how many alerts it told of."""
    now = now or timezone.now()
    wanted = recipients.settings_for(user)
    if is_quiet(wanted, now):
        later = after_quiet(wanted, now)
        Delivery.objects.filter(_due(now), user=user).update(next_try=later)
        return 0
    claim = _claim(user, now)
    rows = _claimed(claim)
    told = _still_wanted(wanted, rows)
    Delivery.objects.filter(claim=claim).exclude(pk__in=[row.pk for row in told]).delete()
    if not told:
        return 0
    mine = Delivery.objects.filter(claim=claim, state=Delivery.State.SENDING)
    try:
        mail = message(wanted, [row.alert for row in told])
    except Exception:  # a fault of ours must not come back every few minutes for ever
        logger.exception("the mail to user %s could not be written", user.pk)
        _put_back(told, wanted, now, "internal error")
        return 0
    mine.update(handed_at=timezone.now())  # from here on it may have arrived
    try:
        mail.send()
    except TROUBLES as error:
        logger.warning("mail to user %s was not sent: %s", user.pk, error)
        _put_back(told, wanted, now, f"{type(error).__name__}: {error}")
        return 0
    mine.update(state=Delivery.State.SENT, sent_at=now, next_try=None, last_error="")
    metrics.DELIVERIES.labels("mail", "sent").inc(len(told))
    return len(told)


def recover(now: datetime) -> int:
    """Takes up what a killed worker left claimed. What it may have sent is not sent again."""
    left = Delivery.objects.filter(
        state=Delivery.State.SENDING, user__isnull=False, claimed_at__lt=now - STUCK
    )
    given_up = left.filter(handed_at__isnull=False).update(
        state=Delivery.State.GIVEN_UP, next_try=None, last_error="interrupted"
    )
    return given_up + left.filter(handed_at=None).update(
        state=Delivery.State.WAITING, next_try=now, claim="", claimed_at=None
    )


def users_due(now: datetime) -> list[int]:
    due = Delivery.objects.filter(_due(now), user__is_active=True)
    return list(due.order_by("user").values_list("user", flat=True).distinct()[:500])


def _due(now: datetime) -> Q:
    return Q(state__in=READY, next_try__lte=now)


def _claim(user: Any, now: datetime) -> str:
    """Marks what is due as being sent. Of two who try at once, each gets rows of its own."""
    claim = new_token()
    due = Delivery.objects.filter(_due(now), user=user).order_by("alert__created", "pk")
    ids = list(due.values_list("pk", flat=True)[:MAX_ALERTS])
    Delivery.objects.filter(_due(now), pk__in=ids).update(
        state=Delivery.State.SENDING, claim=claim, claimed_at=timezone.now(), handed_at=None
    )
    return claim


def _claimed(claim: str) -> list[Delivery]:
    rows = Delivery.objects.filter(claim=claim, state=Delivery.State.SENDING)
    related = rows.select_related("user", "alert__watch", "alert__report", "alert__before")
    return list(
        related.defer(
            *(
                f"alert__{each}__{big}"
                for each in ("report", "before")
                for big in ("sections", "queries")
            )
        ).order_by("alert__created", "pk")
    )


def _still_wanted(wanted: AlertSettings, rows: Sequence[Delivery]) -> list[Delivery]:
    """Somebody may have left the team, or want no mail any more, since the alert was made."""
    if not wanted.email:
        return []
    concerned = {
        watch: recipients.still_concerns(watch, [wanted.user])
        for watch in {row.alert.watch for row in rows if row.alert}
    }
    return [row for row in rows if row.alert and wanted.user.pk in concerned[row.alert.watch]]


def _put_back(rows: Sequence[Delivery], wanted: AlertSettings, now: datetime, error: str) -> None:
    for row in rows:
        attempts = row.attempts + 1
        again = retry_at(attempts, now)
        Delivery.objects.filter(pk=row.pk, claim=row.claim).update(
            state=Delivery.State.FAILED if again else Delivery.State.GIVEN_UP,
            attempts=attempts,
            next_try=after_quiet(wanted, again) if again else None,
            last_error=one_line(error)[:300],
            claim="",
            claimed_at=None,
            handed_at=None,
        )
        metrics.DELIVERIES.labels("mail", "failed" if again else "given-up").inc()


# --- what it says ------------------------------------------------------------------------------
def message(wanted: AlertSettings, alerts: Sequence[Alert]) -> EmailMultiAlternatives:
    """The mail about `alerts`, in the language of whom it goes to."""
    with translation.override(wanted.speaks):
        views = [alert_view(alert, wanted.speaks) for alert in alerts]
        context = {"domains": _by_domain(views), "zone": wanted.zone, "digest": len(views) > 1}
        return _mail(wanted, subject(views), "alert", context)


def test_message(wanted: AlertSettings) -> EmailMultiAlternatives:
    with translation.override(wanted.speaks):
        return _mail(wanted, translation.gettext("A test mail from MXplain"), "test", {})


def stopped_message(hook: Webhook, wanted: AlertSettings) -> EmailMultiAlternatives:
    """Tells one person that a webhook was switched off."""
    with translation.override(wanted.speaks):
        title = translation.gettext("A webhook is switched off")
        context = {"hook": hook, "hook_url": whole(hook.get_absolute_url())}
        return _mail(wanted, title, "stopped", context)


def _mail(
    wanted: AlertSettings, title: str, template: str, context: dict[str, Any]
) -> EmailMultiAlternatives:
    stop = whole(reverse("alert-unsubscribe", args=[unsubscribe_token(wanted.user)]))
    context = context | {
        "title": title,
        "public_url": settings.PUBLIC_URL,
        "language": wanted.speaks,
        "settings_url": whole(reverse("alert-settings")),
        "unsubscribe_url": stop,
    }
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    mail = EmailMultiAlternatives(
        subject=one_line(title),
        body=render_to_string(f"lookups/alerts/mail/{template}.txt", context),
        to=[wanted.user.email],
        headers={
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058 §3.1
            "Auto-Submitted": "auto-generated",  # RFC 3834 §5
            "Message-ID": make_msgid(domain=host),
        },
    )
    html = render_to_string(f"lookups/alerts/mail/{template}.html", context)
    mail.attach_alternative(html, "text/html")
    return mail


def _by_domain(views: Sequence[AlertView]) -> list[list[AlertView]]:
    grouped: dict[str, list[AlertView]] = {}
    for view in views:
        grouped.setdefault(view.watch_url, []).append(view)
    return list(grouped.values())


# --- ending it ---------------------------------------------------------------------------------
def unsubscribe_token(user: Any) -> str:
    """Says in a mail who wants no more of them. It does not expire: old mails are read too."""
    return signing.Signer(salt=SALT).sign(str(user.pk))


def unsubscribing(token: str) -> AlertSettings | None:
    """Whose settings a token is for; None for one that was not made here."""
    try:
        pk = int(signing.Signer(salt=SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    rows = AlertSettings.objects.filter(user_id=pk).select_related("user")
    return rows.first()
