"""Making alerts and sending them, in workers. What a lost task left is taken up by the clock."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from lookups.alerts import mail, webhooks
from lookups.alerts.models import Alert, Delivery
from lookups.even_clock import by_an_even_clock


@shared_task(
    autoretry_for=(OperationalError, InterfaceError),  # the clock does not take this one up
    retry_kwargs={"max_retries": 30, "countdown": 10},
)
def consider_report(report_id: int) -> None:
    """Compares a finished report with the ones before it and tells whom it concerns."""
    from lookups.alerts.considering import consider
    from lookups.models import Report

    rows = Report.objects.select_related("watch").defer("queries")
    report = rows.filter(id=report_id, watch__isnull=False).first()
    alert = consider(report) if report else None
    if alert:
        _send(alert)


def _send(alert: Alert) -> None:
    """What may go at once goes at once."""
    ready = alert.deliveries.filter(state=Delivery.State.WAITING, next_try__lte=timezone.now())
    for pk, user_id in ready.values_list("pk", "user_id"):
        if user_id:
            send_mails.apply_async((user_id,), queue="monitor")
        else:
            send_webhook.apply_async((pk,), queue="monitor")


@shared_task
def send_mails(user_id: int) -> None:
    """Sends one person what is due."""
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if user:
        mail.send_to(user)


@shared_task
def send_webhook(delivery_id: int) -> None:
    webhooks.deliver(delivery_id)


@shared_task
def send_waiting() -> None:
    """Has everything sent whose time has come."""
    now = timezone.now()
    mail.recover(now)
    webhooks.recover(now)
    for user_id in mail.users_due(now):
        send_mails.apply_async((user_id,), queue="monitor")
    for delivery_id in webhooks.due(now):
        send_webhook.apply_async((delivery_id,), queue="monitor")


@shared_task
@by_an_even_clock
def forget_alerts() -> int:
    """Deletes alerts whose time is over, with their deliveries, and old tests."""
    over = timezone.now() - timedelta(days=settings.ALERT_KEEP_DAYS)
    Delivery.objects.filter(alert=None, created__lt=over).delete()
    deleted, _ = Alert.objects.filter(created__lt=over).delete()
    return deleted
