"""The header analyser: a form that takes a header or a whole message, and its answer."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.resources import files
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.mail import message
from lookups.engine.mail.analysis import analyse
from lookups.tools.base import Result, Tool, ToolError, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import plain
from lookups.tools.uploads import ENVELOPE

from . import words
from .view import Headers

SAMPLES = ("good", "forwarded", "forged")
MAX_PASTED = 600_000  # characters; a header is never longer, and whole messages come as files


class Form(ToolForm):
    """A file counts before pasted text, and that before a sample."""

    positional = ("file",)

    headers = forms.CharField(
        label=gettext_lazy("Header, or the whole message"),
        help_text=gettext_lazy(
            "In your mail program: “Show original”, “View source” or “Internet headers”."
        ),
        required=False,
        strip=False,
        max_length=MAX_PASTED,
        widget=forms.Textarea(
            plain(rows=9, placeholder="Received: from mail.example.com (…)\nFrom: …")
        ),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file (.eml)"),
        help_text=gettext_lazy(
            "At most 10 MB. Only with the whole message are signatures verified."
        ),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput({"accept": ".eml,.txt,message/rfc822,text/plain"}),
    )
    sample = forms.ChoiceField(
        required=False, choices=[(name, name) for name in SAMPLES], widget=forms.HiddenInput()
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        given = data.get("file")
        if given and (given.size or 0) > message.MAX_BYTES:
            self.add_error("file", words.refusal("too-large"))
        elif not given and not data.get("headers") and not data.get("sample"):
            self.add_error("headers", words.refusal("empty"))
        return data


async def run(data: dict[str, Any], dns: Dns) -> Result:
    pasted = not data["file"]
    if data["file"]:
        raw = await asyncio.to_thread(data["file"].read, message.MAX_BYTES + 1)
    elif data["headers"]:
        raw = data["headers"].encode("utf-8", "replace")
    else:
        raw, pasted = sample(data["sample"]), False
    try:
        found = await asyncio.to_thread(message.read, raw, pasted)
    except message.MessageError as error:
        raise ToolError(words.refusal(error.code)) from None
    return Headers(await analyse(found, dns.resolver()))


@cache
def sample(name: str) -> bytes:
    return files("lookups.tools.headers").joinpath("samples", f"{name}.eml").read_bytes()


def examples() -> tuple[tuple[str, str], ...]:
    names = {"good": _("In order"), "forwarded": _("Passed on by a list"), "forged": _("Forged")}
    return tuple((names[name], f"sample={name}") for name in SAMPLES)


TOOL = Tool(
    slug="headers",
    group="analyse",
    article="message-journey",
    title=gettext_lazy("Header analyser"),
    summary=gettext_lazy(
        "Which way a message took, where it waited, and what proves that it is from whom it says."
    ),
    button=gettext_lazy("Read it"),
    form=Form,
    run=run,
    template="tools/headers.html",
    post=True,
    max_bytes=message.MAX_BYTES + MAX_PASTED + ENVELOPE,
    examples=examples,
)
