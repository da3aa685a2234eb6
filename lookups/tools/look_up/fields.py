"""What the tools that ask DNS have their visitors fill in: a name, a type, whom to ask."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.blocked.refusal import allows_all, refusal
from lookups.engine.addresses import Address, is_classroom, may_be_reached
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

    @property
    def to(self) -> Address | Server:
        """As Resolver.exchange takes it: the operator may name one inside as well."""
        address = ipaddress.ip_address(self.address)
        return address if may_be_reached(address, lesson=False) else Server(self.address)


def _public_resolvers() -> tuple[PublicResolver, ...]:
    """Those that the operator of the site names. Raises ValueError."""
    named = (text.rpartition("=") for text in settings.PUBLIC_RESOLVERS)
    return tuple(PublicResolver(name.strip(), parse_server(at).host) for name, _, at in named)


PUBLIC_RESOLVERS = _public_resolvers()
RESOLVER_AT = {each.address: each for each in PUBLIC_RESOLVERS}


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
        server = parse_server(text)
    except ValueError:
        raise forms.ValidationError(
            _("“%(server)s” is no IP address. Type one such as 1.1.1.1 or 2606:4700:4700::1111.")
            % {"server": text[:60]}
        ) from None
    if not allows_all() and (refused := _refused(server, bool(settings.CLASSROOM))):
        raise forms.ValidationError(refused)
    return server


def whom(server: Server, dns: Dns) -> Address | Server:
    """`server` as Resolver.exchange takes it. Whoever runs the site may name any server, visitors
    public ones only. Raises ToolError."""
    refused = _refused(server, dns.settings.classroom is not None)
    if not refused:
        return ipaddress.ip_address(server.host)
    if dns.trusted:
        return server
    raise ToolError(refused)


def _refused(server: Server, lesson: bool) -> str:
    """Why visitors may not have `server` asked; empty where they may. `lesson`: machines that the
    classroom plays are asked as well."""
    if server.port != DNS_PORT:
        return _("Only port 53 is asked here. Leave the port out.")
    address = ipaddress.ip_address(server.host)
    if lesson and is_classroom(address):
        return ""
    if not may_be_reached(address, lesson=False, never=settings.FORBIDDEN_NETWORKS):
        return _(
            "%(address)s is not a public address: only servers that the whole world reaches are "
            "asked."
        ) % {"address": server.host}
    if not settings.ANY_RESOLVER and server.host not in RESOLVER_AT:
        known = ", ".join(f"{r.address} ({r.operator})" for r in PUBLIC_RESOLVERS)
        return _("Only these resolvers are asked here: %(resolvers)s.") % {"resolvers": known}
    return ""
