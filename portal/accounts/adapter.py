"""Where django-allauth sends people, what it tells them, and what it does when mail fails."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as current
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """After a change to the account people land on their account page."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # Also shown after wrong codes, where allauth's "failed login attempts" would puzzle.
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes, then start again."),
        "incorrect_code": _("That is not the code we sent. Check the newest email."),
        "duplicate_email": _("This is already the address of your account."),
        "email_password_mismatch": _("No account has this email address and password together."),
        "enter_current_password": _("That is not your password."),
        "incorrect_password": _("That is not your password."),
        "rate_limited": _("A code was sent a moment ago. Wait ten seconds, then try again."),
    }

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """After changing the address. A sign-up in progress goes on to its own `next` instead."""
        return reverse("account")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Says so on the page when the mail server is out of reach; the code can be sent again."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError):
            logger.exception("Mail %s was not sent", template_prefix)
            text = gettext("The email could not be sent just now. Try again in a few minutes.")
            messages.error(current.request, text)
