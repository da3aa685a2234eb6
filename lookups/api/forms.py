"""The form that makes a token."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .models import SCOPES

LIFETIMES = {
    "30": _("30 days"),
    "90": _("90 days"),
    "365": _("One year"),
    "": _("Never"),
}


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("The program or machine that will use it, so that you know it again."),
        validators=[
            RegexValidator(
                r"[\x00-\x1f\x7f-\x9f]",
                _("There is an invisible control character in this text. Type it anew."),
                inverse_match=True,
            )
        ],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=list(SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing that it may do.")},
    )
    lifetime = forms.ChoiceField(
        label=_("Works until"), choices=list(LIFETIMES.items()), initial="90", required=False
    )

    @property
    def expires(self) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None
