"""One domain that is refused, with everything below it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lookups.engine.names import to_unicode


class BlockedDomain(models.Model):
    """Neither checks nor tools, lists of domains nor monitors ask DNS about it."""

    domain = models.CharField(
        _("domain"), max_length=253, unique=True, help_text=_("Names below it are refused as well.")
    )
    reason = models.CharField(
        _("reason for visitors"),
        max_length=300,
        blank=True,
        help_text=_("Shown to whoever asks for the domain."),
    )
    note = models.TextField(
        _("note"), max_length=2000, blank=True, help_text=_("For operators only.")
    )
    created = models.DateTimeField(_("since"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("blocked by"),
    )

    class Meta:
        verbose_name = _("blocked domain")
        verbose_name_plural = _("blocked domains")
        ordering = ("domain",)

    def __str__(self) -> str:
        return to_unicode(self.domain)
