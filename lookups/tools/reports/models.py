"""Reports that somebody chose to keep, or that came to the mailbox of a watched domain: what was
read of them, never the file."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from lookups.json_field import JSONField


class ReceivedReport(models.Model):
    """One report, of one account or of one watched domain. `content` is as_json() of its class in
    engine/reports."""

    class Kind(models.TextChoices):
        AGGREGATE = "dmarc-aggregate"
        TLS = "tls"
        FAILURE = "failure"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="received_reports",
    )
    watch = models.ForeignKey(
        "lookups.Watch", null=True, on_delete=models.CASCADE, related_name="received_reports"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    domain = models.CharField(max_length=255, blank=True)
    organisation = models.CharField(max_length=255, blank=True)
    report_id = models.CharField(max_length=255)
    begin = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    # Messages, TLS sessions or failed messages, and how many of them passed.
    total = models.PositiveBigIntegerField(default=0)
    passed = models.PositiveBigIntegerField(default=0)
    content = JSONField(default=dict)
    octets = models.PositiveIntegerField(default=0)  # of the content
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "kind", "organisation", "report_id"], name="kept_once"
            ),
            models.UniqueConstraint(
                fields=["watch", "kind", "organisation", "report_id"], name="received_once"
            ),
            models.CheckConstraint(
                condition=models.Q(owner=None, watch__isnull=False)
                | models.Q(owner__isnull=False, watch=None),
                name="received_report_has_one_holder",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "domain", "end"]),
            models.Index(fields=["watch", "end"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.organisation} {self.report_id}"
