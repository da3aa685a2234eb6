"""The form of a hosted policy: that of the generator, without what is settled here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.hosted.models import HostedPolicy
from lookups.tools.generate import mta_sts

MODES = (HostedPolicy.Mode.TESTING, HostedPolicy.Mode.ENFORCE)


class PolicyForm(mta_sts.Form):
    """A policy is withdrawn by a button of its own, so there is no mode none to choose."""

    domain = None  # type: ignore[assignment]
    id = None  # type: ignore[assignment]
    mx = forms.CharField(
        label=gettext_lazy("Mail servers"),
        help_text=gettext_lazy(
            "One a line; *.example.com stands for any name with one more label. Whatever is not "
            "here gets no mail from senders that enforce the policy."
        ),
        error_messages={"required": gettext_lazy("Name the servers that take your mail.")},
        max_length=8192,
        widget=forms.Textarea({"rows": 4, "spellcheck": "false", "autocapitalize": "none"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="policy-%s", **kwargs)
        choices = self.fields["mode"].choices  # type: ignore[attr-defined]
        self.fields["mode"].choices = [  # type: ignore[attr-defined]
            choice for choice in choices if choice[0] in MODES
        ]

    def clean_mx(self) -> tuple[str, ...]:
        found = super().clean_mx()
        if not found:
            raise forms.ValidationError(_("Name the servers that take your mail."))
        return found
