"""The records of a domain that sends no mail (RFC 7505, RFC 7208 §10.1.2, RFC 9989)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.dmarc.suffixes import organizational_domain
from lookups.engine.records import dkim, dmarc, dmarc_write
from lookups.engine.records.dmarc_uris import mail_host
from lookups.engine.records.publish import Publication
from lookups.engine.records.txt import text_of
from lookups.tools import providers
from lookups.tools.base import Result, Tool, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import DomainField, plain
from lookups.tools.publish import publication

from .expected import Present, present
from .made import Made

NULL_MX = "0 ."  # RFC 7505 §3
NO_SENDER = "v=spf1 -all"  # RFC 7208 §10.1.2
REVOKED = "v=DKIM1; p="  # RFC 6376 §3.6.1: an empty p= is a revoked key
MAX_RUA = 2  # report addresses that receivers must serve (RFC 9989 §4.8)
MAX_DOMAIN = 240  # characters, so that *._domainkey fits in front of it

_BETWEEN = re.compile(r"[\s,;、]+")


class Form(ToolForm):
    positional = ("domain",)
    folded = ("below", "without_dkim", "rua")

    domain = DomainField(label=gettext_lazy("Domain"))
    mail = forms.ChoiceField(
        label=gettext_lazy("What it does with mail"),
        help_text=gettext_lazy(
            "A domain that sends has to take bounces, so it needs a real MX and no null MX "
            "(RFC 7505 §4.2), and SPF, DKIM and DMARC like any other."
        ),
        choices=[
            ("none", gettext_lazy("nothing: neither sends nor takes any")),
            ("takes", gettext_lazy("takes mail, but sends none")),
        ],
        initial="none",
        widget=forms.RadioSelect,
    )
    below = forms.BooleanField(
        label=gettext_lazy("For names below that do not exist, too"),
        help_text=gettext_lazy(
            "By wildcard records. Those do not cover a name that exists, such as www (RFC 4592 "
            "§2.2.1)."
        ),
        required=False,
    )
    without_dkim = forms.BooleanField(
        label=gettext_lazy("Leave out the DKIM wildcard"),
        help_text=gettext_lazy("Where there is no key, no signature is valid anyway."),
        required=False,
    )
    rua = forms.CharField(
        label=gettext_lazy("Where DMARC reports go"),
        help_text=gettext_lazy(
            "Mail addresses at another domain: they tell you who tries. Leave it empty for none."
        ),
        required=False,
        widget=forms.TextInput(plain(placeholder="dmarc@example.org")),
    )

    def clean_domain(self) -> Any:
        domain = self.cleaned_data["domain"]
        if len(domain.ascii) > MAX_DOMAIN:
            raise forms.ValidationError(
                _("That is too long: at most %(count)d characters.") % {"count": MAX_DOMAIN}
            )
        return domain

    def clean_rua(self) -> tuple[str, ...]:
        given = tuple(piece for piece in _BETWEEN.split(self.cleaned_data["rua"]) if piece)
        for piece in given:
            if not mail_host(piece.removeprefix("mailto:")):
                raise forms.ValidationError(_("“%s” is no mail address.") % piece[:100])
        if len(given) > MAX_RUA:
            raise forms.ValidationError(
                _("At most %(count)d addresses are read.") % {"count": MAX_RUA}
            )
        return given

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        hosts = [mail_host(address.removeprefix("mailto:")) for address in data["rua"]]
        if data["mail"] == "none" and data["domain"].ascii in hosts:
            self.add_error("rua", _("The domain takes no mail, so reports to it are lost."))
        return data


@dataclass(frozen=True, slots=True)
class NoMailMade(Made):
    """The records, what stands at their names now, and keys that still hold."""

    present: tuple[Present, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def contradicts(self) -> tuple[Present, ...]:
        return tuple(found for found in self.present if found.state in ("different", "alias"))

    @property
    def done(self) -> bool:
        """Whether all of it is published already."""
        return bool(self.present) and all(found.state == "same" for found in self.present)

    def lines(self) -> Iterator[str]:
        # not super(): a dataclass with slots is another class than the one that was written
        yield from Made.lines(self)
        for found in self.contradicts:
            for text in found.texts or (f"CNAME {found.alias}",):
                yield "; " + _("now: %(name)s %(type)s %(text)s") % {
                    "name": found.name,
                    "type": found.type,
                    "text": text,
                }
        for name in self.keys:
            yield "; " + _("%s still holds a valid key: remove it.") % name


async def run(data: dict[str, Any], dns: Dns) -> Result:
    domain = data["domain"].ascii
    made = [
        (await publication(name, type, value, domain), kind)
        for name, type, value, kind in _records(data, domain)
    ]
    records = [record for record, _kind in made]
    now = tuple(_judged(found) for found in await present(dns, records))
    keys = await _keys(dns, domain)
    more: dict[str, Any] = {
        "published": [
            {"name": p.name, "type": p.type, "state": p.state, "texts": list(p.texts)} for p in now
        ],
        "keys": list(keys),
    }
    notes = [note async for note in _notes(data, domain, records)]
    return NoMailMade(tuple(made), tuple(notes), tuple(more.items()), now, keys)


def _records(data: dict[str, Any], domain: str) -> Iterator[tuple[str, str, str, str]]:
    """Name, type, value and kind of anatomy."""
    policy = dmarc_write.write(dmarc_write.Settings(policy="reject", rua=data["rua"]))
    none = data["mail"] == "none"
    if none:
        yield domain, "MX", NULL_MX, "mx"
    yield domain, "TXT", NO_SENDER, "spf"
    yield f"_dmarc.{domain}", "TXT", policy, "dmarc"
    if not data["without_dkim"]:
        yield f"*._domainkey.{domain}", "TXT", REVOKED, "dkim"
    if data["below"]:
        if none:
            yield f"*.{domain}", "MX", NULL_MX, "mx"
        yield f"*.{domain}", "TXT", NO_SENDER, "spf"


def _judged(found: Present) -> Present:
    """A DMARC record that rejects for all names is right, whatever else it says."""
    if not found.name.startswith("_dmarc.") or len(found.texts) != 1:
        return found
    record = dmarc.parse(found.texts[0])
    policies = {record.get(tag) or "reject" for tag in ("sp", "np")} | {record.get("p")}
    strict = policies == {"reject"} and record.get("t") != "y"
    return replace(found, state="same") if strict else found


async def _keys(dns: Dns, domain: str) -> tuple[str, ...]:
    """Names of DKIM keys that services use and that still hold: no wildcard covers them."""
    selectors = dict.fromkeys(s for p in providers.providers().values() for s in p.selectors)
    names = [f"{selector}._domainkey.{domain}" for selector in selectors]
    answers = await dns.resolver().queries(*((name, "TXT") for name in names))
    return tuple(
        name
        for name, answer in zip(names, answers, strict=True)
        if any(dkim.parse(text_of(record.strings)).key for record in answer.records)
    )


async def _notes(data: dict[str, Any], domain: str, records: Sequence[Publication]) -> Any:
    if data["mail"] == "none":
        yield _("The null MX has to be the only MX record of the name.")
    else:
        yield _("The MX records stay as they are. Answers have to come from another domain.")
    if data["below"]:
        yield _(
            "A wildcard answers for each name that does not exist, and for no name that does: give "
            "www and its like the same two records of their own."
        )
        yield _(
            "With the wildcard every name below exists, so that DMARC applies sp and not np to it; "
            "both follow p here."
        )
    own = await organizational_domain(domain)
    for address in data["rua"]:
        host = mail_host(address.removeprefix("mailto:"))
        if await organizational_domain(host) != own:
            yield _('%(host)s has to agree to the reports: %(name)s TXT "v=DMARC1"') % {
                "host": host,
                "name": f"{domain}._report._dmarc.{host}",
            }


def _examples() -> tuple[tuple[str, str], ...]:
    return (
        (_("A parked domain"), "domain=parked.example.com"),
        (_("One that still has mail servers"), "domain=perfect.classroom.test"),
        (_("One that lacks a record"), "domain=dkim-wildcard-revoked.classroom.test"),
    )


TOOL = Tool(
    slug="no-mail",
    group="generate",
    article="no-mail-domains",
    title=gettext_lazy("Records of a domain without mail"),
    summary=gettext_lazy(
        "Null MX, SPF, DMARC and DKIM that say: all mail from this domain is forged."
    ),
    button=gettext_lazy("Make the records"),
    form=Form,
    run=run,
    template="tools/generate/no_mail.html",
    command="generate no-mail",
    live=True,
    examples=_examples,
)
