"""Where django-allauth sends people, and what it tells them when they are wrong."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class AccountAdapter(DefaultAccountAdapter):
    """After a change to the account people land on their account page."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # Also shown after wrong codes, where allauth's "failed login attempts" would puzzle.
        "too_many_login_attempts": _(
            "Too many attempts. Wait a few minutes, then start again."
        ),
        "incorrect_code": _("That is not the code we sent. Check the newest e-mail."),
        "duplicate_email": _("This is already the address of your account."),
        "rate_limited": _("A code was sent a moment ago. Wait ten seconds, then try again."),
    }

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """After changing the address. A sign-up in progress goes on to its own `next` instead."""
        return reverse("account")
