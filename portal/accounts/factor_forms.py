"""The forms of second factors: allauth's, with bounds, and with codes that work once."""

from __future__ import annotations

import re
import struct
from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.totp.internal import auth as counting
from allauth.mfa.webauthn import forms as webauthn
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.accounts.forms import CodeField

MAX_PASSKEYS = 20
MAX_NAME = 60
MAX_CREDENTIAL = 20_000  # characters of JSON
# What libraries raise on answers that no authenticator gives.
NO_ANSWER = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError,
    struct.error, InvalidSignature, UnsupportedAlgorithm,
)  # fmt: skip


def _code(label: Any) -> CodeField:
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
    return CodeField(label=label, max_length=20, widget=forms.TextInput(attrs=attributes))


# --- codes ---------------------------------------------------------------------------------------
class OnceOnly:
    """A code of an authenticator app is taken once (RFC 6238, section 5.2), for as long as it
    would fit; and of wrong ones an account takes few a day."""

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        tries = ratelimit.consume(
            context.request,
            app="allauth.account",
            action="second_factor",
            key=f"second-factor-{self.user.pk}",
        )
        if not tries:
            raise account_adapter().validation_error("too_many_login_attempts")
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not _first_time(
            self.authenticator, code
        ):
            raise get_adapter().validation_error("incorrect_code")
        tries.rollback()
        return code


def _first_time(authenticator: Authenticator, code: str) -> bool:
    """Whether no code of its moment or a later one was taken before. Notes it."""
    fits = [
        counter
        for counter in counting.yield_hotp_counters_from_time()
        if compare_user_code(
            actual=code,
            expected=counting.format_hotp_value(_value(authenticator, counter)),
        )
    ]
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        if not fits or max(fits) <= row.data.get("last_counter", -1):
            return False
        row.data["last_counter"] = max(fits)
        row.save(update_fields=["data"])
    authenticator.data = row.data
    return True


def _value(authenticator: Authenticator, counter: int) -> int:
    return int(counting.hotp_value(get_adapter().decrypt(authenticator.data["secret"]), counter))


class AuthenticateForm(OnceOnly, base.AuthenticateForm):
    code = _code(_("Code"))

    @property
    def factors(self) -> set[str]:
        """The types that the account has, for what the page offers."""
        return set(Authenticator.objects.filter(user=self.user).values_list("type", flat=True))


class ReauthenticateForm(OnceOnly, base.ReauthenticateForm):
    code = _code(_("Code"))


class ActivateTOTPForm(totp.ActivateTOTPForm):
    code = _code(_("The six digits that the app shows now"))


# --- passkeys ------------------------------------------------------------------------------------
class CredentialField(forms.JSONField):
    """What a browser's WebAuthn gave, reduced to the members that are used. Raises where they are
    not the base64url texts that they ought to be: what is kept goes into the database as it is."""

    TEXTS = ("id", "rawId", "type")
    ANSWERS = ("clientDataJSON", "attestationObject", "authenticatorData", "signature")
    SAFE = re.compile(r"[A-Za-z0-9_=-]{1,16000}")

    def __init__(self, **more: Any) -> None:
        super().__init__(widget=forms.HiddenInput, **more)
        self.error_messages["invalid"] = self.error_messages["required"] = _(
            "The passkey gave no answer that could be read. Try again."
        )

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data

    def prepare_value(self, value: Any) -> str:
        """Nothing: a passkey answers anew, and what was sent is not put back into the page."""
        return ""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > MAX_CREDENTIAL:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        try:
            found = super().to_python(value)
            return self._reduced(found) if found is not None else None
        except (*NO_ANSWER, RecursionError):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None

    def _reduced(self, found: dict[str, Any]) -> dict[str, Any]:
        answer = found["response"]
        made: dict[str, Any] = {name: self._safe(found[name]) for name in self.TEXTS}
        made["response"] = {
            name: self._safe(answer[name]) for name in self.ANSWERS if name in answer
        }
        if answer.get("userHandle"):
            made["response"]["userHandle"] = self._safe(answer["userHandle"])
        resident = found.get("clientExtensionResults", {}).get("credProps", {}).get("rk")
        made["clientExtensionResults"] = (
            {"credProps": {"rk": resident}} if isinstance(resident, bool) else {}
        )
        return made

    def _safe(self, text: Any) -> str:
        if not self.SAFE.fullmatch(text):
            raise ValueError(text)
        return str(text)


class AnsweredByPasskey:
    """Whatever is no true answer of a passkey is refused, and nothing breaks."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except forms.ValidationError as refused:
            if getattr(refused, "code", "") != "incorrect_code":
                raise
        except NO_ANSWER:
            pass
        raise get_adapter().validation_error("incorrect_passkey")


class AuthenticateWebAuthnForm(AnsweredByPasskey, webauthn.AuthenticateWebAuthnForm):
    credential = CredentialField()


class LoginWebAuthnForm(AnsweredByPasskey, webauthn.LoginWebAuthnForm):
    credential = CredentialField()


class ReauthenticateWebAuthnForm(AnsweredByPasskey, webauthn.ReauthenticateWebAuthnForm):
    credential = CredentialField()


class AddWebAuthnForm(webauthn.AddWebAuthnForm):
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=MAX_NAME,
        help_text=_("So that you know it again: the device, or the key on your key ring."),
    )
    passwordless = forms.BooleanField(
        label=_("Also sign in with it instead of the password"),
        required=False,
        initial=True,
        help_text=_(
            "The device then asks for your fingerprint, face or PIN. Leave it out for a simple "
            "security key that has none."
        ),
    )
    credential = CredentialField()

    def clean(self) -> Any:
        mine = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.WEBAUTHN)
        if mine.count() >= MAX_PASSKEYS:
            text = _("You have %(count)d passkeys. Remove one that you no longer use.")
            raise forms.ValidationError(text % {"count": MAX_PASSKEYS})
        try:
            return super().clean()
        except forms.ValidationError as refused:
            if getattr(refused, "code", "") != "incorrect_code":
                raise
        except NO_ANSWER:
            pass
        raise get_adapter().validation_error("incorrect_passkey")


class EditWebAuthnForm(webauthn.EditWebAuthnForm):
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
