"""A TLS-RPT record: where senders report whether TLS worked (RFC 8460 §3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.records import tls_rpt
from lookups.tools.base import Result, Tool, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import DomainField, plain
from lookups.tools.publish import publication

from .made import Made

_BETWEEN = re.compile(r"[\s,;、]+")


class Form(ToolForm):
    positional = ("domain",)

    domain = DomainField(label=gettext_lazy("Domain"), initial="example.com")
    rua = forms.CharField(
        label=gettext_lazy("Where reports go"),
        help_text=gettext_lazy(
            "Mail addresses or https addresses, with spaces between. If empty: tls-reports at your "
            "domain."
        ),
        required=False,
        widget=forms.TextInput(plain(placeholder="tls-reports@example.com")),
    )

    def clean_rua(self) -> tuple[str, ...]:
        given = tuple(piece for piece in _BETWEEN.split(self.cleaned_data["rua"]) if piece)
        for piece in given:
            try:
                tls_rpt.write([piece])
            except ValueError:
                raise forms.ValidationError(
                    _("“%s” is neither a mail address nor an https address.") % piece[:100]
                ) from None
        if len(given) > tls_rpt.MAX_URIS:
            raise forms.ValidationError(
                _("At most %(count)d addresses are read.") % {"count": tls_rpt.MAX_URIS}
            )
        return given


async def run(data: dict[str, Any], dns: Dns) -> Result:
    domain = data["domain"].ascii
    text = tls_rpt.write(data["rua"] or [f"tls-reports@{domain}"])
    record = await publication(f"_smtp._tls.{domain}", "TXT", text, domain)
    return Made(((record, "tls-rpt"),), tuple(_notes(text, domain)))


def _notes(text: str, domain: str) -> Iterator[str]:
    found = tls_rpt.parse(text).destinations
    if any(each.kind == "mailto" and each.host == domain for each in found):
        yield _(
            "Senders deliver reports even where TLS fails (RFC 8460 §5.3). If your mail is broken "
            "altogether, an address in another domain still gets them."
        )
    if any(each.kind == "https" for each in found):
        yield _("To an https address, senders POST the report as application/tlsrpt+gzip.")
    yield _(
        "Reports come once a day, as JSON, from senders that support it; no news from the others "
        "is no good news."
    )


def _examples() -> tuple[tuple[str, str], ...]:
    return (
        (_("by mail"), "domain=example.com&rua=tls-reports%40example.com"),
        (
            _("by mail and by HTTPS"),
            "domain=example.com&rua=tls-reports%40example.com+https%3A%2F%2Freports.example.net%2Ftls",
        ),
    )


TOOL = Tool(
    slug="tls-rpt-generator",
    group="generate",
    article="tls-rpt",
    title=gettext_lazy("TLS-RPT record"),
    summary=gettext_lazy(
        "Have senders report once a day whether encryption to your servers worked."
    ),
    button=gettext_lazy("Make the record"),
    form=Form,
    run=run,
    template="tools/generate/tls_rpt.html",
    command="generate tls-rpt",
    live=True,
    eager=True,
    examples=_examples,
)
