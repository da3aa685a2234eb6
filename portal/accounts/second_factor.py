"""How django-allauth's second factors behave here: words, secrets at rest, and what they need."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

logger = logging.getLogger(__name__)

Type = Authenticator.Type


def has_one(user: Any) -> bool:
    """Whether signing in asks for more than the password. Recovery codes alone do not count."""
    return bool(is_mfa_enabled(user, [Type.TOTP, Type.WEBAUTHN]))


def state(user: Any) -> dict[str, Any]:
    """For the account page: whether there is an app, how many passkeys, and how many codes left."""
    rows = list(Authenticator.objects.filter(user=user))
    codes = next((row for row in rows if row.type == Type.RECOVERY_CODES), None)
    return {
        "app": any(row.type == Type.TOTP for row in rows),
        "passkeys": sum(row.type == Type.WEBAUTHN for row in rows),
        "codes": len(codes.wrap().get_unused_codes()) if codes else 0,
    }


def exported(user: Any) -> list[dict[str, Any]]:
    """What there is, without the secrets."""
    rows: Iterable[Authenticator] = Authenticator.objects.filter(user=user).order_by("pk")
    return [
        {
            "type": row.type,
            "name": row.wrap().name if row.type == Type.WEBAUTHN else "",
            "created": row.created_at,
            "last_used": row.last_used_at,
        }
        for row in rows
    ]


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [
        salted_hmac("portal.accounts.second_factor", "at rest", key, algorithm="sha256").digest()
        for key in keys
    ]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


class MFAAdapter(DefaultMFAAdapter):
    """A copy of the database alone makes no codes: secrets are encrypted with SECRET_KEY."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy(
            "That code is wrong, or was used already. Type the one that is shown now."
        ),
        "incorrect_passkey": gettext_lazy(
            "The passkey was not accepted. Try again, or use another way."
        ),
        "unverified_email": gettext_lazy("Confirm your email address first."),
        "cannot_generate_recovery_codes": gettext_lazy(
            "Recovery codes stand in for an app or a passkey. Set up one of these first."
        ),
    }

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            # SECRET_KEY was changed and the old one is not among SECRET_KEY_FALLBACKS. A secret
            # that nobody knows fits no code; other factors and the operator still help.
            logger.error("A second factor cannot be read with this SECRET_KEY")
            return generate_totp_secret()

    def get_totp_issuer(self) -> str:
        """What an authenticator app shows above the code: which MXplain it is for."""
        return f"MXplain {urlsplit(settings.PUBLIC_URL).hostname}"

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "MXplain"}
