"""An SPF record: who may send for a domain (RFC 7208), with its lookups counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from lookups.engine.checks import spf as check
from lookups.engine.checks.spf_tree import asking_terms
from lookups.engine.records import spf
from lookups.engine.records.spf import Mechanism, Modifier, Term
from lookups.engine.spf.flatten import LIMIT
from lookups.engine.spf.lookups import MAX_LOOKUPS
from lookups.runtime import is_lesson
from lookups.tools import providers
from lookups.tools.base import Result, Tool, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import DomainField, plain
from lookups.tools.publish import publication

from . import spf_fields
from .expected import Expected, Present, expected, present
from .made import Made
from .spf_begin import begin

MAX_OCTETS = 2048  # more can be published, but hardly any form takes it
ANSWER_OCTETS = 512  # of an answer over UDP without EDNS (§3.4)

POLICIES = (
    ("softfail", "~all", gettext_lazy("~all: probably not ours")),
    ("fail", "-all", gettext_lazy("-all: not ours")),
    ("neutral", "?all", gettext_lazy("?all: nothing is said")),
)


def _lines(placeholder: str, rows: int = 3) -> forms.Textarea:
    return forms.Textarea(plain(rows=rows, placeholder=placeholder))


class Form(ToolForm):
    positional = ("domain",)
    folded = ("redirect", "other")

    domain = DomainField(label=gettext_lazy("Domain"))
    mx = forms.BooleanField(label=gettext_lazy("Its mail servers (MX) send too"), required=False)
    a = forms.BooleanField(label=gettext_lazy("Its own address (A, AAAA) sends"), required=False)
    networks = forms.CharField(
        label=gettext_lazy("Addresses and networks that send"),
        help_text=gettext_lazy("IPv4 or IPv6, as many as there are. They cost no lookup."),
        required=False,
        widget=_lines("192.0.2.25\n198.51.100.0/28\n2001:db8:7::/48"),
    )
    hosts = forms.CharField(
        label=gettext_lazy("Hosts that send"),
        help_text=gettext_lazy("Names of single machines. Each costs a lookup."),
        required=False,
        widget=_lines("out.example.com", 2),
    )
    services = forms.MultipleChoiceField(
        label=gettext_lazy("Services that send for you"),
        choices=lambda: [(p.id, p.title) for p in providers.senders()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages=providers.unknown(p.id for p in providers.senders()),
    )
    includes = forms.CharField(
        label=gettext_lazy("Other services"),
        help_text=gettext_lazy("The domains behind “include:” in what they tell you."),
        required=False,
        widget=_lines("_spf.example.net", 2),
    )
    policy = forms.ChoiceField(
        label=gettext_lazy("Everybody else"),
        help_text=gettext_lazy(
            "~all leaves the verdict to DMARC and lets forwarded mail through that DKIM vouches "
            "for. With -all some receivers refuse at once, before they look at DKIM: right for "
            "domains that send nothing. ?all protects nobody; use it only while you are trying."
        ),
        choices=[(id, label) for id, _text, label in POLICIES],
        initial="softfail",
        widget=forms.RadioSelect,
    )
    redirect = forms.CharField(
        label=gettext_lazy("The record of another domain decides instead (redirect=)"),
        help_text=gettext_lazy(
            "Takes the place of “everybody else”: for many domains with one record."
        ),
        required=False,
        widget=forms.TextInput(plain(placeholder="_spf.example.com")),
    )
    other = forms.CharField(
        label=gettext_lazy("Further terms"),
        help_text=gettext_lazy("As they stand in a record, such as exists:%{i}._spf.example.com"),
        required=False,
        widget=_lines("", 2),
    )

    def clean_hosts(self) -> tuple[Any, ...]:
        return spf_fields.read_hosts(self.cleaned_data["hosts"])

    def clean_includes(self) -> tuple[Any, ...]:
        return spf_fields.read_names(self.cleaned_data["includes"])

    def clean_redirect(self) -> Any:
        text = self.cleaned_data["redirect"]
        return spf_fields.read_name(text.removeprefix("redirect=")) if text else None

    def clean_other(self) -> tuple[Term, ...]:
        return spf_fields.read_terms(self.cleaned_data["other"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "domain" in data and "networks" in data:
            try:
                lesson = is_lesson(data["domain"].ascii)
                data["networks"] = spf_fields.read_networks(data["networks"], lesson)
                for term in data.get("other", ()):
                    if isinstance(term, Mechanism) and term.network is not None:
                        spf_fields.refuse_network(term.network, term.text, lesson)
            except forms.ValidationError as error:
                self.add_error("networks", error)
        if not self.errors:
            data["terms"] = terms(data)
            self._check_whole(data)
        return data

    def _check_whole(self, data: dict[str, Any]) -> None:
        domain, text = data["domain"].ascii, spf.build(data["terms"])
        specs = [
            t.domain for t in data["terms"] if isinstance(t, Mechanism) and t.name == "include"
        ]
        if any(spec and spec.text.lower() == domain for spec in specs):
            self.add_error("includes", _("A record that includes itself is an error."))
        if data["redirect"] and data["redirect"].text.lower() == domain:
            self.add_error("redirect", _("A record that leads to itself is an error."))
        if len(text.encode()) > MAX_OCTETS:
            message = _("The record has %(octets)d octets; at most %(limit)d are sensible.")
            self.add_error(None, message % {"octets": len(text.encode()), "limit": MAX_OCTETS})
        found = spf.audit(text)
        if len(asking_terms(found)) > MAX_LOOKUPS:
            message = _("%(count)d terms ask DNS, %(limit)d are allowed. Name addresses instead.")
            self.add_error(
                None, message % {"count": len(asking_terms(found)), "limit": MAX_LOOKUPS}
            )
        for problem in found.problems:
            if problem.code in ("repeated", "label") or problem.is_fatal:
                self.add_error("other", _("“%s” does not fit into the record.") % problem.text[:60])


def terms(data: dict[str, Any]) -> list[Term]:
    """The terms in the order in which they are best read: what excludes, then what is free, then
    what asks DNS, the services last."""
    before = [t for t in data["other"] if isinstance(t, Mechanism) and t.qualifier != "+"]
    behind = [t for t in data["other"] if t not in before]
    chosen = [providers.providers()[id].spf for id in data["services"]]
    included = [spf.domain_spec(name) for name in chosen] + list(data["includes"])
    made: list[Term] = [*before]
    for written in data["networks"]:
        network = written.network
        made.append(Mechanism(f"ip{network.version}", network=network))
    made += [Mechanism(name) for name in ("a", "mx") if data[name]]
    made += [Mechanism("a", domain=spec) for spec in data["hosts"]]
    made += [Mechanism("include", domain=spec) for spec in included]
    made += behind
    if data["redirect"]:
        return [*made, Modifier("redirect", data["redirect"])]
    qualifier = next(text[0] for id, text, _label in POLICIES if id == data["policy"])
    return [*made, Mechanism("all", qualifier)]


@dataclass(frozen=True, slots=True)
class SpfMade(Made):
    """The record, what a report will say of it, and what is published now."""

    expected: Expected | None = None
    present: Present | None = None
    octets: int = 0

    @property
    def over_limit(self) -> bool:
        return bool(self.expected and self.expected.records.get("lookups", 0) > MAX_LOOKUPS)

    def lines(self) -> Iterator[str]:
        # not super(): a dataclass with slots is another class than the one that was written
        yield from Made.lines(self)
        records = self.expected.records if self.expected else {}
        if "lookups" in records:
            yield "; " + _("%(used)s of %(limit)s lookups") % {
                "used": records["lookups"],
                "limit": records["limit"],
            }
        for trouble in self.expected.troubles if self.expected else ():
            yield f"; {trouble.title}"


async def run(data: dict[str, Any], dns: Dns) -> Result:
    domain, text = data["domain"], spf.build(data["terms"])
    record = await publication(domain.ascii, "TXT", text, domain.ascii)
    will = await expected(check.check, dns, domain, [record])
    (now,) = await present(dns, [record])
    keys = ("lookups", "limit", "void", "void_limit", "ipv4_addresses", "ipv6_networks")
    more: dict[str, Any] = {key: will.records.get(key) for key in keys}
    more |= {"octets": len(text.encode()), "reached": will.reached}
    more["findings"] = [finding.id for finding in will.troubles]
    more["published"] = {"state": now.state, "texts": list(now.texts)}
    notes = tuple(_notes(data, text, will.reached))
    return SpfMade(
        ((record, "spf"),), notes, tuple(more.items()), will, now, octets=len(text.encode())
    )


def _notes(data: dict[str, Any], text: str, reached: bool) -> Iterator[str]:
    octets = len(text.encode())
    if not reached:
        yield _("DNS cannot be reached from here: only the record’s own terms are counted.")
    for written in data["networks"]:
        if written.mended_from:
            yield _("%(given)s was taken as the network it lies in, %(network)s.") % {
                "given": written.mended_from,
                "network": written.network,
            }
    for network in spf_fields.wide([written.network for written in data["networks"]]):
        yield _("%s is larger than any mail service needs: is the prefix right?") % network
    yield from _service_notes(data)
    if octets > LIMIT:
        yield _(
            "The record has %(octets)d octets. With all else that stands at this name, its answer "
            "should stay below %(limit)d (RFC 7208 §3.4): some firewalls lose larger ones."
        ) % {"octets": octets, "limit": ANSWER_OCTETS}
    asks = [term for term in data["terms"] if isinstance(term, Mechanism) and term.name != "all"]
    if not asks and data["policy"] == "fail" and not data["redirect"]:
        yield _("This record says that the domain sends no mail at all.")
    elif not asks and not data["redirect"]:
        yield _("Nobody is named yet who may send.")


def _service_notes(data: dict[str, Any]) -> Iterator[str]:
    included = [t.domain.text for t in data["terms"] if isinstance(t, Mechanism)
                and t.name == "include" and t.domain]  # fmt: skip
    found = [service for name in included if (service := providers.sender_of(name))]
    foreign = [service.title for service in found if service.foreign]
    below = [service.title for service in found if service.subdomain]
    if foreign:
        yield ngettext(
            "%(names)s uses its own domain as MAIL FROM unless you change that. Your record is "
            "then not even asked, and the include only costs lookups.",
            "%(names)s use their own domains as MAIL FROM unless you change that. Your record is "
            "then not even asked, and the includes only cost lookups.",
            len(foreign),
        ) % {"names": ", ".join(foreign)}
    if below:
        yield _(
            "%s: usually set up with a subdomain as MAIL FROM. Then the include belongs into the "
            "record of that subdomain, and not here."
        ) % ", ".join(below)


def _examples() -> tuple[tuple[str, str], ...]:
    return (
        (_("One server of your own"), "domain=perfect.classroom.test&mx=on"),
        ("Google Workspace", "domain=example.com&services=google"),
        (
            _("A server and a service"),
            "domain=spf-softfail.classroom.test&mx=on&networks=198.18.1.0/28",
        ),
        (_("Start from a record with mistakes"), "from=spf-punctuation.classroom.test"),
    )


TOOL = Tool(
    slug="spf-generator",
    group="generate",
    article="spf",
    title=gettext_lazy("SPF record"),
    summary=gettext_lazy(
        "Say who may send mail for your domain. The lookups are counted while you choose."
    ),
    button=gettext_lazy("Make the record"),
    form=Form,
    run=run,
    template="tools/generate/spf.html",
    command="generate spf",
    live=True,
    begin=begin,
    examples=_examples,
)
