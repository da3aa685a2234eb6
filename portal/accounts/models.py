"""Sessions that know whose they are, and the record of each account."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts import devices


class Session(AbstractBaseSession):
    """A session as Django keeps it, and of a signed-in one whose it is, on what kind of browser,
    and when it was last used. No address of a visitor is kept."""

    # Not a foreign key: a request that ends while the account is being deleted may still save its
    # session, and that must not fail. `clearsessions` removes it like any other.
    account_id = models.BigIntegerField(null=True, db_index=True)
    device = models.CharField(max_length=devices.MAX_LENGTH, blank=True)
    began = models.DateTimeField(null=True)
    seen = models.DateTimeField(null=True)

    class Meta(AbstractBaseSession.Meta):
        pass

    @classmethod
    def get_session_store_class(cls):
        from portal.accounts.sessions import SessionStore

        return SessionStore


class AccountEventQuerySet(models.QuerySet["AccountEvent"]):
    def forgettable(self) -> AccountEventQuerySet:
        """Those older than the operator keeps them."""
        since = timezone.now() - timedelta(days=settings.ACCOUNT_EVENT_KEEP_DAYS)
        return self.filter(at__lt=since)


class AccountEvent(models.Model):
    """Something that happened to an account. Its words are in `portal.accounts.words`.

    It goes with the account, except what others may still have to understand (a team's people, an
    operator's acts): that stays under a pseudonym.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("account"),
    )
    pseudonym = models.CharField(max_length=16, blank=True)  # once the account is gone
    kind = models.CharField(_("what"), max_length=32)
    at = models.DateTimeField(_("when"), default=timezone.now)
    times = models.PositiveIntegerField(_("times"), default=1)
    device = models.CharField(_("device"), max_length=devices.MAX_LENGTH, blank=True)
    details = models.JSONField(_("details"), default=dict)

    objects = AccountEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event of an account")
        verbose_name_plural = _("events of accounts")
        indexes = [
            models.Index(fields=["user", "at"]),
            models.Index(fields=["at"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
