"""A DMARC record (RFC 9989 §4.7), begun anew or from the one that is published.

What it makes receivers do is told in words; where its reports go to another organization, that one
must publish a record too (RFC 9990 §4), and DNS is asked whether it did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from lookups.anatomy import anatomy_views
from lookups.engine.dmarc import reports
from lookups.engine.dmarc.walk import Discovery, discover_for, lowered
from lookups.engine.names import Domain
from lookups.engine.records import dmarc
from lookups.engine.records.dmarc import POLICIES
from lookups.engine.records.dmarc_uris import MAX_URIS
from lookups.engine.records.dmarc_write import Settings, settings_of, write
from lookups.engine.records.txt import quoted_strings
from lookups.tools.base import Beginning, Result, Tool, ToolError, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import DomainField, plain
from lookups.tools.publish import publication

from . import dmarc_words
from .dmarc_words import Stage
from .made import Made

CONSENT = "v=DMARC1"  # RFC 9990 §4: all that a destination must say
_BETWEEN = re.compile(r"[\s,;、]+")
_AS_ABOVE = ("", gettext_lazy("as for the domain"))
_POLICIES = tuple((policy, policy) for policy in POLICIES)
_ALIGNMENT = (("", gettext_lazy("relaxed")), ("s", gettext_lazy("strict")))
FAILURES = ("", "1", "d", "s", "1:d", "1:s", "d:s", "1:d:s")


class Form(ToolForm):
    positional = ("domain",)
    folded = ("adkim", "aspf", "ruf", "fo", "psd")

    domain = DomainField(label=gettext_lazy("Domain"), initial="example.com")
    p = forms.ChoiceField(
        label=gettext_lazy("Policy for mail that fails (p)"),
        choices=(
            ("none", gettext_lazy("none: only report")),
            ("quarantine", gettext_lazy("quarantine: treat as suspicious")),
            ("reject", gettext_lazy("reject: refuse")),
        ),
        initial="none",
        widget=forms.RadioSelect,
    )
    t = forms.BooleanField(
        label=gettext_lazy("Only testing (t=y)"),
        help_text=gettext_lazy("Receivers act one step more gently than the policy says."),
        required=False,
    )
    sp = forms.ChoiceField(
        label=gettext_lazy("For subdomains (sp)"), choices=(_AS_ABOVE, *_POLICIES), required=False
    )
    np = forms.ChoiceField(
        label=gettext_lazy("For subdomains that do not exist (np)"),
        choices=(("", gettext_lazy("as for subdomains")), *_POLICIES),
        required=False,
    )
    rua = forms.CharField(
        label=gettext_lazy("Daily reports go to (rua)"),
        help_text=gettext_lazy(
            "Mail addresses, with spaces between. If empty: dmarc-reports at your domain."
        ),
        required=False,
        widget=forms.TextInput(plain(placeholder="dmarc-reports@example.com")),
    )
    adkim = forms.ChoiceField(
        label=gettext_lazy("Alignment of DKIM (adkim)"), choices=_ALIGNMENT, required=False
    )
    aspf = forms.ChoiceField(
        label=gettext_lazy("Alignment of SPF (aspf)"), choices=_ALIGNMENT, required=False
    )
    ruf = forms.CharField(
        label=gettext_lazy("Reports on single messages go to (ruf)"),
        help_text=gettext_lazy("Few receivers send them, as they tell what people write."),
        required=False,
        widget=forms.TextInput(plain()),
    )
    fo = forms.ChoiceField(
        label=gettext_lazy("When to report single messages (fo)"),
        choices=(
            ("", gettext_lazy("when neither SPF nor DKIM passes with alignment")),
            ("1", gettext_lazy("when one of them does not (1)")),
            ("d", gettext_lazy("when a DKIM signature fails (d)")),
            ("s", gettext_lazy("when SPF fails (s)")),
            *((each, each) for each in FAILURES if ":" in each),
        ),
        required=False,
    )
    psd = forms.ChoiceField(
        label=gettext_lazy("Where the organization begins (psd)"),
        choices=(
            ("", gettext_lazy("receivers find out")),
            ("n", gettext_lazy("n: here, whatever stands above")),
            ("y", gettext_lazy("y: below, others register here")),
        ),
        required=False,
    )

    def clean_rua(self) -> tuple[str, ...]:
        return _addresses(self.cleaned_data["rua"])

    def clean_ruf(self) -> tuple[str, ...]:
        return _addresses(self.cleaned_data["ruf"])


def _addresses(text: str) -> tuple[str, ...]:
    """Mail addresses, each once. Receivers need not serve other URIs (RFC 9989 §4.6)."""
    found = dict.fromkeys(piece for piece in _BETWEEN.split(text) if piece)
    for piece in found:
        try:
            record = dmarc.parse(write(Settings(rua=(piece,))))
        except ValueError:
            record = None
        if record is None or record.problems or [bool(uri.host) for uri in record.rua] != [True]:
            raise forms.ValidationError(_("“%s” is no mail address.") % piece[:100])
    if len(found) > MAX_URIS:
        raise forms.ValidationError(
            _("At most %(count)d addresses are read.") % {"count": MAX_URIS}
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class DmarcMade(Made):
    """The record first, then those that destinations of reports must publish.

    `policy` and `destinations` are what the templates of the topic show; `stages` the way to full
    enforcement, `effects` what the record makes receivers do.
    """

    policy: dict[str, Any] | None = None
    destinations: tuple[dict[str, Any], ...] = ()
    stages: tuple[Stage, ...] = ()
    effects: tuple[str, ...] = ()


async def run(data: dict[str, Any], dns: Dns) -> Result:
    domain: Domain = data["domain"]
    settings = settings_from(data)
    text = write(settings)
    record = await publication(f"_dmarc.{domain.ascii}", "TXT", text, domain.ascii)
    records = [(record, "dmarc")]
    destinations: tuple[dict[str, Any], ...] = ()
    if _strangers(text, domain.ascii):
        context = dns.context(domain, as_if={(record.name, "TXT"): (quoted_strings(text),)})
        found = await reports.addresses(context, await discover_for(context, domain.ascii))
        destinations = tuple(address.as_json() for address in found)
        asked = (a.destination for a in found if a.destination)
        for there in {d.host: d for d in asked if d.consent in ("missing", "unknown")}.values():
            consent = await publication(there.question, "TXT", CONSENT, there.host)
            records.append((consent, "dmarc"))
    effects = tuple(dmarc_words.effects(settings, domain.ascii))
    notes = tuple(dmarc_words.notes(settings, destinations, bool(data["fo"])))
    stages = dmarc_words.stages(settings)
    stage = next(stage.id for stage in stages if stage.is_current)
    more: tuple[tuple[str, Any], ...] = (("stage", stage), ("effects", list(effects)))
    if destinations:
        more += (("destinations", list(destinations)),)
    policy = _policy(settings, domain.ascii)
    return DmarcMade(
        tuple(records), (*effects, *notes), more, policy, destinations, stages, effects
    )


def settings_from(data: dict[str, Any]) -> Settings:
    domain = data["domain"].ascii
    return Settings(
        policy=data["p"],
        subdomains=data["sp"] if data["sp"] != data["p"] else "",
        nonexistent=data["np"] if data["np"] != (data["sp"] or data["p"]) else "",
        rua=data["rua"] or (f"dmarc-reports@{domain}",),
        ruf=data["ruf"],
        adkim=data["adkim"],
        aspf=data["aspf"],
        fo=data["fo"],
        psd=data["psd"],
        testing=data["t"],
    )


def _strangers(text: str, domain: str) -> bool:
    """Whether a report may go to another organization, so that DNS must be asked."""
    record = dmarc.parse(text)
    return any(uri.host != domain for uri in (*record.rua, *record.ruf))


def _policy(settings: Settings, domain: str) -> dict[str, Any]:
    """As topic dmarc shows it (templates/lookups/_dmarc_policy.html)."""
    below = settings.subdomains or settings.policy
    return {
        "kind": "own",
        "record_domain": domain,
        "organizational_domain": domain,
        "policy": settings.policy,
        "subdomain_policy": below,
        "nonexistent_policy": settings.nonexistent or below,
        "testing": settings.testing,
        "effective": lowered(settings.policy) if settings.testing else settings.policy,
    }


# --- from what is published -----------------------------------------------------------------------
async def begin(domain: Domain, dns: Dns) -> Beginning:
    """The record in force, or what was meant to be one, mended."""
    found = await discover_for(dns.context(domain), domain.ascii)
    if found.failure and not found.record:
        raise ToolError(_("DNS gave no usable answer, so it is open which record holds."))
    text, name = _present(found)
    if not text:
        note = _("No record holds for %(domain)s: begin with policy none and read the reports.")
        return Beginning({"domain": domain.ascii}, (note % {"domain": domain.ascii},))
    record = dmarc.parse(text)
    settings = settings_of(record)
    if found.inherited:
        said = _("%(domain)s has no record of its own: the form holds that of %(name)s.")
    else:
        said = _("The form holds the record of %(name)s.")
    notes = [said % {"domain": domain.ascii, "name": name}]
    if found.own.state == "multiple":
        notes.append(_("There are several records, so receivers use none. Publish one only."))
    notes += dmarc_words.changes(record, settings)
    data = {"domain": name, **_typed(settings)}
    views = anatomy_views(text, "dmarc", get_language() or "en")
    return Beginning(data, tuple(notes), views[0] if views else None)


def _present(found: Discovery) -> tuple[str, str]:
    """The text to begin with, and the domain that it stands at."""
    if found.record:
        return found.record.text, found.record_domain
    texts = found.own.texts
    written = [text for text in texts if dmarc.is_record(text)]
    meant = [text for text in texts if dmarc.looks_meant(text)]
    return next(iter((*written, *meant)), ""), found.domain


def _typed(settings: Settings) -> dict[str, str]:
    """Settings as somebody would fill them into the form."""
    fo = ":".join(word for word in ("1", "d", "s") if word in settings.fo.split(":"))
    typed = {
        "p": settings.policy,
        "sp": settings.subdomains,
        "np": settings.nonexistent,
        "t": "on" if settings.testing else "",
        "rua": " ".join(_plain(address) for address in settings.rua),
        "ruf": " ".join(_plain(address) for address in settings.ruf),
        "adkim": settings.adkim.replace("r", ""),
        "aspf": settings.aspf.replace("r", ""),
        "fo": fo if settings.ruf else "",
        "psd": settings.psd.replace("u", ""),
    }
    return {name: value for name, value in typed.items() if value}


def _plain(address: str) -> str:
    """The mail address alone, unless the URI says more."""
    bare = address.removeprefix("mailto:")
    return address if set(bare) & set("?%") else bare


def _examples() -> tuple[tuple[str, str], ...]:
    return (
        (_("the old way, mended"), "from=dmarc-legacy.classroom.test"),
        (_("typos, mended"), "from=dmarc-typos.classroom.test"),
        (_("reports that go to others"), "from=dmarc-reports.classroom.test"),
    )


TOOL = Tool(
    slug="dmarc-generator",
    group="generate",
    article="dmarc",
    title=gettext_lazy("DMARC record"),
    summary=gettext_lazy(
        "Say what receivers shall do with mail that fails, and take the next step when it is time."
    ),
    button=gettext_lazy("Make the record"),
    form=Form,
    run=run,
    begin=begin,
    template="tools/generate/dmarc.html",
    command="generate dmarc",
    live=True,
    eager=True,
    examples=_examples,
)
