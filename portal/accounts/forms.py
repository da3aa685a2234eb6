"""The forms of django-allauth, with the few things that people stumble over put right."""

from __future__ import annotations

import unicodedata
from typing import Any

from allauth.account.forms import ConfirmEmailVerificationCodeForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from django import forms
from django.utils.translation import gettext_lazy as _


class LoginForm(AllauthLoginForm):
    """Says what "remember me" means, and lets password managers fill in both fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["remember"].label = _("Stay signed in on this device")


class CodeField(forms.CharField):
    """Takes digits as a Japanese keyboard may type them (full width) for what they are."""

    def to_python(self, value: Any) -> str:
        return unicodedata.normalize("NFKC", super().to_python(value))


class CodeForm(ConfirmEmailVerificationCodeForm):
    """The six digits that prove an email address."""

    code = CodeField(
        label=_("Six-digit code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


class DeleteAccountForm(forms.Form):
    """Asks for the password, so that an unlocked screen is not enough to delete an account."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("That is not your password."), code="password")
        return password
