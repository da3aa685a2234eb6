"""The forms of django-allauth, with the few things that people stumble over put right."""

from __future__ import annotations

import unicodedata
from typing import Any

from allauth.account import forms as allauth
from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from portal.accounts import passwords

# Of an old password, which was taken when any length was; a longer text is not even read.
MAX_OLD_PASSWORD = 4096


def _bound(form: forms.Form, *names: str) -> None:
    """Old passwords: no longer than any may be."""
    for name in names:
        _limit(form.fields[name], MAX_OLD_PASSWORD)


def _limit(field: Any, length: int) -> None:
    field.max_length = length
    field.validators.append(MaxLengthValidator(length))


def _new_password(form: forms.Form) -> None:
    """What is asked of a password is said before it is typed."""
    form.fields["password1"].help_text = passwords.rules()
    for name in ("password1", "password2"):
        if name in form.fields:
            _limit(form.fields[name], passwords.MAX_LENGTH)


class LoginForm(allauth.LoginForm):
    """Says what "remember me" means, and lets password managers fill in both fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bound(self, "password")
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["remember"].label = _("Stay signed in on this device")


class SignupForm(allauth.SignupForm):
    """The address is the name under which a password manager keeps the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _new_password(self)
        self.fields["email"].widget.attrs["autocomplete"] = "username"


class ReauthenticateForm(allauth.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bound(self, "password")


class ChangePasswordForm(allauth.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bound(self, "oldpassword")
        _new_password(self)


class SetPasswordForm(allauth.SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _new_password(self)


class ResetPasswordKeyForm(allauth.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _new_password(self)


class CodeField(forms.CharField):
    """Takes digits as a Japanese keyboard may type them (full width) for what they are."""

    def to_python(self, value: Any) -> str:
        return unicodedata.normalize("NFKC", super().to_python(value))


class CodeForm(allauth.ConfirmEmailVerificationCodeForm):
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
        max_length=MAX_OLD_PASSWORD,
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
