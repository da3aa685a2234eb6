"""What the tools that ask DNS have their visitors fill in: a name, a type, whom to ask."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.blocked.refusal import refusal
from lookups.engine.addresses import Address, Scope, scope_of
from lookups.engine.names import DomainError, parse_domain
from lookups.engine.query_name import QueryName, parse_name
from lookups.engine.query_type import TypeRefused, parse_type
from lookups.engine.transport import Server
from lookups.forms import explain
from lookups.runtime import parse_server
from lookups.tools.base import ToolError
from lookups.tools.dns import Dns
from lookups.tools.fields import plain

# What a list offers; any other type can be typed.
COMMON_TYPES = (
    "MX", "TXT", "A", "AAAA", "NS", "SOA", "CNAME", "PTR", "SRV", "CAA", "TLSA", "DS", "DNSKEY",
    "HTTPS", "SVCB", "NAPTR", "SSHFP", "OPENPGPKEY", "SMIMEA", "SPF", "RRSIG", "NSEC",
    "NSEC3PARAM", "CDS", "CDNSKEY", "ANY",
)  # fmt: skip
DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class PublicResolver:
    """A resolver that answers everybody."""

    operator: str
    address: str


PUBLIC_RESOLVERS = (
    PublicResolver("Cloudflare", "1.1.1.1"),
    PublicResolver("Google", "8.8.8.8"),
    PublicResolver("Quad9", "9.9.9.9"),
    PublicResolver("OpenDNS", "208.67.222.222"),
)


class NameField(forms.CharField):
    """Any name that DNS allows, as a QueryName; an address means its reverse name."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(plain(inputmode="url", placeholder="example.com"))
        usual = {"widget": widget, "strip": True, "label": gettext_lazy("Name")}
        super().__init__(**usual | kwargs)

    def clean(self, value: Any) -> QueryName:
        try:
            name = parse_name(str(value or ""))
        except DomainError as error:
            raise forms.ValidationError(_explain_name(error)) from None
        if refused := refusal(name.text):
            raise forms.ValidationError(refused)
        return name


def _explain_name(error: DomainError) -> str:
    """Names have rules of their own beside those of domains."""
    if error.code == "empty":
        return _("Type a name, such as example.com or _dmarc.example.com, or an IP address.")
    if error.code == "characters":
        return _("It has characters or escapes that no name can have.")
    return explain(error)


def domain_of(name: str) -> str:
    """The domain that a name is, or that a record's name (_dmarc and the like) belongs to; empty
    where there is none, as for an address."""
    try:
        return parse_domain(name).ascii if not name.endswith(".arpa") else ""
    except DomainError as error:
        return error.suggestion


class TypeField(forms.CharField):
    """A record type by name or number; empty where the name decides."""

    common = COMMON_TYPES

    def __init__(self, **kwargs: Any) -> None:
        attributes = plain(placeholder="MX", list="record-types", autocapitalize="characters")
        widget = forms.TextInput(attributes)
        usual = {
            "widget": widget,
            "required": False,
            "label": gettext_lazy("Type"),
            "help_text": gettext_lazy(
                "MX, TXT, A and so on, or TYPE with a number. If empty: MX, and PTR for an address."
            ),
        }
        super().__init__(**usual | kwargs)

    def clean(self, value: Any) -> str:
        text = str(value or "").strip()
        if not text:
            return ""
        try:
            return parse_type(text)
        except TypeRefused as error:
            shown = {"type": text[:30]}
            if error.code == "meta":
                raise forms.ValidationError(
                    _(
                        "%(type)s is no type of record. It asks for something else, such as a "
                        "transfer of the whole zone, which this page does not do."
                    )
                    % shown
                ) from None
            raise forms.ValidationError(
                _("“%(type)s” is no record type. Try MX or TXT, or TYPE with a number.") % shown
            ) from None


def type_for(name: QueryName | None, given: str) -> str:
    """The type that is asked for: the one given, else what the name is mostly asked for."""
    return given or ("PTR" if name and name.address else "MX")


class ServerField(forms.CharField):
    """A DNS server by its address, and port where one is given: a Server, or None."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(plain(placeholder="1.1.1.1"))
        super().__init__(**{"widget": widget, "required": False} | kwargs)

    def clean(self, value: Any) -> Server | None:
        text = str(value or "").strip()
        return read_server(text) if text else None


def read_server(text: str) -> Server:
    """Raises ValidationError in the visitor's language."""
    try:
        return parse_server(text)
    except ValueError:
        raise forms.ValidationError(
            _("“%(server)s” is no IP address. Type one such as 1.1.1.1 or 2606:4700:4700::1111.")
            % {"server": text[:60]}
        ) from None


def whom(server: Server, dns: Dns) -> Address | Server:
    """`server` as Resolver.exchange takes it. Whoever runs the site may name any server, visitors
    public ones only. Raises ToolError."""
    address = ipaddress.ip_address(server.host)
    lesson = dns.settings.classroom is not None
    if scope_of(address, lesson) is Scope.PUBLIC and server.port == DNS_PORT:
        return address
    if dns.trusted:
        return server
    if server.port != DNS_PORT:
        raise ToolError(_("Only port 53 is asked here. Leave the port out."))
    raise ToolError(
        _(
            "%(address)s is not a public address: only servers that the whole world reaches are "
            "asked."
        )
        % {"address": server.host}
    )
