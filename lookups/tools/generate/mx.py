"""MX records: which hosts take a domain's mail, and in which order (RFC 5321 §5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.checks import mx as check
from lookups.engine.records.targets import is_address
from lookups.forms import InputError, read_domain
from lookups.tools import providers
from lookups.tools.base import Result, Tool, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import DomainField, plain
from lookups.tools.providers import Provider
from lookups.tools.publish import publication

from .expected import Expected, Present, expected, present
from .made import Made
from .spf_fields import quoted

MAX_HOSTS = 10  # more than that, and SPF's mx mechanism is an error (RFC 7208 §4.6.4)
MAX_PREFERENCE = 65535
STEP = 10  # between preferences that are not given

_LINE = re.compile(r"(?:([0-9]{1,6})\s+)?(\S+?)\.?")

Host = tuple[int, str]


class Form(ToolForm):
    positional = ("domain",)

    domain = DomainField(label=gettext_lazy("Domain"))
    provider = forms.ChoiceField(
        label=gettext_lazy("Who takes the mail"),
        choices=lambda: [
            ("", _("Hosts of your own")),
            *((provider.id, provider.title) for provider in providers.mailboxes()),
        ],
        required=False,
        error_messages=providers.unknown(p.id for p in providers.mailboxes()),
    )
    hosts = forms.CharField(
        label=gettext_lazy("Hosts of your own"),
        help_text=gettext_lazy(
            "One on each line, the preference in front. The lowest number is tried first. Without "
            "numbers, the order counts."
        ),
        required=False,
        widget=forms.Textarea(plain(rows=4, placeholder="10 mx1.example.com\n20 mx2.example.com")),
    )

    def clean_hosts(self) -> tuple[Host, ...]:
        lines = [line.strip() for line in self.cleaned_data["hosts"].splitlines()]
        lines = [line for line in lines if line]
        if len(lines) > MAX_HOSTS:
            raise forms.ValidationError(
                _("At most %(count)d hosts: with more, the SPF mechanism mx is an error.")
                % {"count": MAX_HOSTS}
            )
        hosts = tuple(read_host(line, number * STEP) for number, line in enumerate(lines, 1))
        names = [name for _preference, name in hosts]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise forms.ValidationError(_("%s stands there twice.") % twice)
        return hosts

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        chosen = providers.providers().get(data["provider"])
        if chosen and data["hosts"]:
            self.add_error(
                "hosts",
                _("Either a service or hosts of your own: mixed, mail ends up in two places."),
            )
        elif not chosen and not data["hosts"]:
            self.add_error("hosts", _("Name at least one host, or choose a service."))
        if chosen:
            data["hosts"] = chosen.hosts(data["domain"].ascii)
            first = data["hosts"][0][1].partition(".")[0]
            if len(first) > 63:
                message = _("%s names its host after the domain, which is too long for that.")
                self.add_error("domain", message % chosen.title)
        return data


def read_host(line: str, preference: int) -> Host:
    """Preference and host of a line; `preference` where it gives none."""
    match = _LINE.fullmatch(line)
    shown = {"line": line[:60]}
    if not match:
        raise forms.ValidationError(
            _("“%(line)s” is no host with a preference, such as 10 mx1.example.com.") % shown
        )
    number, name = match.groups()
    if number and int(number) > MAX_PREFERENCE:
        raise forms.ValidationError(
            _("“%(line)s”: a preference is a number from 0 to 65535.") % shown
        )
    if name == "" or match[0].endswith((" .", "\t.")) or line == ".":
        raise forms.ValidationError(
            _("A single dot says that the domain takes no mail: there is a tool of its own for it.")
        )
    if is_address(name):
        raise forms.ValidationError(
            _(
                "“%(line)s” is an address. An MX record names a host: give the address a name with "
                "an A or AAAA record, and name that."
            )
            % shown
        )
    domain = read_domain(name)
    if isinstance(domain, InputError):
        raise quoted(line, domain.message)
    return int(number) if number else preference, domain.ascii


@dataclass(frozen=True, slots=True)
class MxMade(Made):
    """The set, what a report will say of it, what stands there now, and what goes with it."""

    expected: Expected | None = None
    present: Present | None = None
    provider: Provider | None = None
    hosts: tuple[Host, ...] = ()
    spf_query: str = ""

    @property
    def as_set(self) -> str:
        """All as lines of a zone file."""
        return "\n".join(record.zone_line for record, _kind in self.records)

    @property
    def selectors(self) -> str:
        chosen = self.provider.selectors if self.provider else ()
        return ", ".join(f"{selector}._domainkey" for selector in chosen)

    @property
    def service(self) -> str:
        """What the service is called, whichever of its sets was chosen."""
        sender = providers.sender_of(self.provider.spf) if self.provider else None
        return sender.title if sender else ""

    def lines(self) -> Iterator[str]:
        # not super(): a dataclass with slots is another class than the one that was written
        yield from Made.lines(self)
        for trouble in self.expected.troubles if self.expected else ():
            yield f"; {trouble.title}"


async def run(data: dict[str, Any], dns: Dns) -> Result:
    domain, name = data["domain"], data["domain"].ascii
    provider = providers.providers().get(data["provider"])
    hosts = tuple(sorted(data["hosts"]))
    values = [f"{preference} {host}." for preference, host in hosts]
    records = [await publication(name, "MX", value, name) for value in values]
    will = await expected(check.check, dns, domain, records)
    if provider:  # one name of a service stands for many machines
        will = replace(will, ignored=frozenset({"mx-single-host"}))
    (now,) = await present(dns, records)
    more = {
        "reached": will.reached,
        "findings": [finding.id for finding in will.troubles],
        "published": {"state": now.state, "texts": list(now.texts)},
        "spf": provider.spf if provider else None,
    }
    chosen = ("services", _sender_id(provider)) if provider else ("mx", "on")
    return MxMade(
        tuple((record, "mx") for record in records),
        tuple(_notes(hosts, provider, will.reached)),
        tuple(more.items()),
        will,
        now,
        provider,
        hosts,
        urlencode([("domain", name), chosen]),
    )


def _sender_id(provider: Provider) -> str:
    service = providers.sender_of(provider.spf)
    return service.id if service else provider.id


def _notes(hosts: tuple[Host, ...], provider: Provider | None, reached: bool) -> Iterator[str]:
    groups = [
        [name for _preference, name in group]
        for _preference, group in groupby(hosts, key=lambda host: host[0])
    ]
    if len(hosts) == 1 and not provider:
        yield _("One host alone: while it is out of order, senders keep the mail for some days.")
    if len(groups) > 1:
        yield _("Senders try %(first)s first, and %(second)s only if that does not answer.") % {
            "first": ", ".join(groups[0]),
            "second": ", ".join(groups[1]),
        }
    shared = next((group for group in groups if len(group) > 1), None)
    if shared:
        yield _("With equal preference, senders spread the mail: %s.") % ", ".join(shared)
    if provider and provider.confirm:
        yield (
            _(
                "The name of the host was worked out from the domain. Compare it with what the "
                "console of %s shows for your domain: newer domains get another one."
            )
            % provider.title
        )
    if provider:
        yield _("Remove all other MX records of the domain, or part of its mail goes astray.")
    if not reached:
        yield _("DNS cannot be reached from here: the hosts were not looked at.")


def _examples() -> tuple[tuple[str, str], ...]:
    own = urlencode(
        {
            "domain": "perfect.classroom.test",
            "hosts": "10 mx1.perfect.classroom.test\n20 mx2.perfect.classroom.test",
        }
    )
    alias = urlencode(
        {"domain": "mx-is-cname.classroom.test", "hosts": "10 mail.mx-is-cname.classroom.test"}
    )
    return (
        (_("Two hosts of your own"), own),
        ("Google Workspace", "domain=example.com&provider=google"),
        ("Microsoft 365", "domain=example.com&provider=microsoft-365"),
        (_("A host that is an alias"), alias),
    )


TOOL = Tool(
    slug="mx-generator",
    group="generate",
    article="mx-record",
    title=gettext_lazy("MX records"),
    summary=gettext_lazy(
        "Say which hosts take the mail of your domain: your own, or those of a service."
    ),
    button=gettext_lazy("Make the records"),
    form=Form,
    run=run,
    template="tools/generate/mx.html",
    command="generate mx",
    live=True,
    examples=_examples,
)
