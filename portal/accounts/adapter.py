"""Where django-allauth sends people, what it tells them, and what it does when mail fails."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.utils import filter_users_by_email
from allauth.core import context as current
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY, update_session_auth_hash
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.accounts import record

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

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Told to whoever has the account, if there is one; the visitor sees no difference."""
        for user in filter_users_by_email(credentials.get("email", ""), prefer_verified=True)[:1]:
            record.write(user, record.SIGN_IN_FAILED)

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        record.write(user, record.RESET_ASKED)
        super().send_password_reset_mail(user, email, context)

    def reauthenticate(self, user: Any, password: str) -> bool:
        """A password that was hashed in an older way is hashed anew when it is typed. That must
        not end the session in which it was."""
        proved: bool = super().reauthenticate(user, password)
        if proved:
            user.refresh_from_db(fields=["password"])
            session = current.request.session
            if session.get(HASH_SESSION_KEY) != user.get_session_auth_hash():
                update_session_auth_hash(current.request, user)
        return proved

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        words = {
            "reauthenticate": _("Use the password"),
            "mfa_reauthenticate": _("Use a code"),
            "mfa_reauthenticate:webauthn": _("Use a passkey"),
        }
        found = super().get_reauthentication_methods(user)
        return [method | {"description": words[method["id"]]} for method in found]
