"""A BIMI record (draft-brand-indicators-for-message-identification §4.3), checked as if published.

DMARC, the logo and the certificate are looked at by the very check that reports run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from lookups.engine.checks import bimi as check
from lookups.engine.finding import Section
from lookups.engine.names import Domain
from lookups.engine.records import bimi
from lookups.engine.records.dkim_selectors import SelectorError, read_selector
from lookups.engine.records.txt import quoted_strings
from lookups.presentation import SectionView, section_view
from lookups.tools.base import Result, Tool, ToolError, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import DomainField, plain
from lookups.tools.publish import publication

from .made import Made


class Form(ToolForm):
    positional = ("domain",)
    folded = ("selector", "avatar", "decline")

    domain = DomainField(label=gettext_lazy("Domain"))
    logo = forms.CharField(
        label=gettext_lazy("Address of the logo (l)"),
        help_text=gettext_lazy("An https address of an SVG Tiny PS file, square, up to 32 KiB."),
        required=False,
        widget=forms.TextInput(plain(inputmode="url", placeholder="https://example.com/logo.svg")),
    )
    evidence = forms.CharField(
        label=gettext_lazy("Address of the certificate (a)"),
        help_text=gettext_lazy(
            "A mark certificate (VMC or CMC) in PEM. Without one, most mailboxes show no logo."
        ),
        required=False,
        widget=forms.TextInput(plain(inputmode="url", placeholder="https://example.com/mark.pem")),
    )
    selector = forms.CharField(
        label=gettext_lazy("Selector"),
        help_text=gettext_lazy("Any other than default must be named in the mail’s header."),
        initial=bimi.SELECTOR,
        max_length=63,
        widget=forms.TextInput(plain()),
    )
    avatar = forms.ChoiceField(
        label=gettext_lazy("Preferred picture (avp)"),
        choices=(
            ("", gettext_lazy("not said")),
            ("brand", gettext_lazy("the logo (brand)")),
            ("personal", gettext_lazy("a picture of the person (personal)")),
        ),
        required=False,
    )
    decline = forms.BooleanField(
        label=gettext_lazy("Decline: no logo shall be shown"), required=False
    )

    def clean_logo(self) -> str:
        return _uri(self.cleaned_data["logo"], svg=True)

    def clean_evidence(self) -> str:
        return _uri(self.cleaned_data["evidence"])

    def clean_selector(self) -> str:
        try:
            return read_selector(self.cleaned_data["selector"].split("._bimi")[0])
        except SelectorError:
            message = _("A selector has letters, digits and hyphens.")
            raise forms.ValidationError(message) from None

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        given = data.get("logo") or data.get("evidence")
        if data.get("decline") and given:
            self.add_error("decline", _("Who declines gives no addresses: leave them empty."))
        elif not data.get("decline") and not data.get("logo") and "logo" not in self.errors:
            self.add_error("logo", _("Give the address of the logo, or decline."))
        return data


def _uri(text: str, svg: bool = False) -> str:
    """An address that receivers can use as it stands."""
    if not text:
        return ""
    problems = bimi.parse(bimi.generate(text)).problems
    if any(problem.code == "not-https" for problem in problems):
        raise forms.ValidationError(_("The address must begin with https://."))
    if problems or ";" in text or not text.isascii():
        raise forms.ValidationError(
            _("That is no https address as BIMI wants it: without spaces, commas and semicolons.")
        )
    if svg and (suffix := bimi.image_suffix(text)):
        raise forms.ValidationError(
            _("A logo is an SVG file, not .%(suffix)s.") % {"suffix": suffix}
        )
    return text


@dataclass(frozen=True, slots=True)
class BimiMade(Made):
    """The record, and what the check of BIMI says of it as if it stood in DNS."""

    section: SectionView | None = None

    def as_json(self) -> dict[str, Any]:
        found = self.section.findings if self.section else ()
        listed = [{"id": f.id, "severity": f.severity, "title": f.title} for f in found]
        return Made.as_json(self) | {"findings": listed}

    def lines(self) -> Iterator[str]:
        yield from Made.lines(self)
        for finding in self.section.findings if self.section else ():
            yield f"; {finding.severity}: {finding.title}"


async def run(data: dict[str, Any], dns: Dns) -> Result:
    domain: Domain = data["domain"]
    text = text_of(data)
    name = f"{data['selector']}._bimi.{domain.ascii}"
    record = await publication(name, "TXT", text, domain.ascii)
    at = f"{bimi.SELECTOR}._bimi.{domain.ascii}"
    if len(at) > len(name):  # the check asks there
        await publication(at, "TXT", text, domain.ascii)
    section = await _checked(domain, at, text, dns)
    view = section_view(section.as_json(), get_language() or "en") if section else None
    return BimiMade(((record, "bimi"),), tuple(_notes(data)), section=view)


def text_of(data: dict[str, Any]) -> str:
    return bimi.generate(data["logo"], data["evidence"], data["avatar"])


async def _checked(domain: Domain, name: str, text: str, dns: Dns) -> Section | None:
    context = dns.context(domain, as_if={(name, "TXT"): (quoted_strings(text),)})
    last: Section | None = None
    async for section in check.check(context):
        if isinstance(section, Section):
            last = section
    if last is None:
        raise ToolError(_("The record could not be checked."))
    return last


def _notes(data: dict[str, Any]) -> Iterator[str]:
    if data["selector"] != bimi.SELECTOR:
        yield _(
            "Receivers look for the selector default, unless the mail has the header "
            "“BIMI-Selector: v=BIMI1; s=%(selector)s;”, signed with DKIM."
        ) % {"selector": data["selector"]}
    if data["decline"]:
        yield _("With this record mailboxes show no logo, also none that they found elsewhere.")
    elif not data["evidence"]:
        yield _(
            "Gmail and Apple show a logo only with a certificate: a VMC for a registered trademark"
            ", or, at Gmail, a CMC for a logo in use for a year."
        )


def _examples() -> tuple[tuple[str, str], ...]:
    host = "https%3A%2F%2Fbimi.perfect.classroom.test%2F"
    return (
        (
            _("a logo with its certificate"),
            f"domain=perfect.classroom.test&logo={host}logo.svg&evidence={host}mark.pem",
        ),
        (
            _("a logo with mistakes"),
            "domain=bimi-svg.classroom.test"
            "&logo=https%3A%2F%2Flogo.bimi-svg.classroom.test%2Flogo.svg",
        ),
        (_("a refusal"), "domain=perfect.classroom.test&decline=on"),
    )


TOOL = Tool(
    slug="bimi-generator",
    group="generate",
    article="bimi",
    title=gettext_lazy("BIMI record"),
    summary=gettext_lazy(
        "Have your logo shown beside your mail: the record, and whether DMARC, logo and "
        "certificate are ready for it."
    ),
    button=gettext_lazy("Make the record"),
    form=Form,
    run=run,
    template="tools/generate/bimi.html",
    command="generate bimi",
    examples=_examples,
)
