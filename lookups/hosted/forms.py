"""The forms of a hosted policy and a hosted SPF record."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.records import spf
from lookups.hosted.models import HostedPolicy
from lookups.tools.generate import mta_sts

MAX_NAME = 253
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}")  # unlike hosts, with underscores
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


class SpfForm(forms.Form):
    """What is to be written out: an SPF record, or the name that one is published at."""

    source = forms.CharField(
        label=gettext_lazy("The SPF record with its includes, or a name that has it"),
        help_text=gettext_lazy(
            "A record begins with v=spf1. A name, such as _spf-source.example.com, lets you change "
            "the record in your own DNS later on."
        ),
        max_length=4000,
        widget=forms.Textarea({"rows": 4, "spellcheck": "false", "autocapitalize": "none"}),
    )

    def __init__(self, domain: str, *args: Any, **kwargs: Any) -> None:
        self.domain = domain
        super().__init__(*args, auto_id="spf-%s", label_suffix="", **kwargs)

    def clean_source(self) -> str:
        text = " ".join(self.cleaned_data["source"].strip().strip('"').split())
        if spf.is_spf(text):
            wrong = next((p for p in spf.audit(text).problems if p.is_fatal), None)
            if wrong:
                known = {"term": wrong.text[:60], "column": wrong.column}
                message = _(
                    "“%(term)s” at column %(column)d is wrong: receivers refuse the whole record."
                )
                raise forms.ValidationError(message % known)
            return text
        name = text.lower().removesuffix(".")
        if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise forms.ValidationError(_("That is neither an SPF record nor a name."))
        if name == self.domain:
            raise forms.ValidationError(
                _(
                    "The domain’s own record will include what is made here, so it cannot be the "
                    "source. Paste the record, or publish it at a name below the domain."
                )
            )
        return name
