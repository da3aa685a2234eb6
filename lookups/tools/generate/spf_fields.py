"""What a visitor types into the SPF generator, read as terms of a record (RFC 7208 §5, §12)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _

from lookups.engine.addresses import Network, Scope, scope_of
from lookups.engine.checks.spf_tree_rules import WIDE_PREFIX
from lookups.engine.names import DomainError, parse_domain
from lookups.engine.records import spf
from lookups.engine.records.spf import Mechanism, Modifier, Term
from lookups.engine.records.spf_macros import MacroString
from lookups.forms import InputError, explain, read_domain

MAX_PIECES = 60  # of one field
MAX_QUOTED = 60

_BETWEEN = re.compile(r"[\s,;、]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Written:
    """A network, and what was typed where that has bits behind the prefix."""

    network: Network
    mended_from: str = ""


def pieces(text: str) -> list[str]:
    """What stands between spaces, commas or line ends. Raises ValidationError for too many."""
    found = [piece for piece in _BETWEEN.split(text) if piece]
    if len(found) > MAX_PIECES:
        raise forms.ValidationError(
            _("At most %(count)d entries are taken here.") % {"count": MAX_PIECES}
        )
    return list(dict.fromkeys(found))


def quoted(text: str, reason: str) -> forms.ValidationError:
    """What is wrong with one of several pieces."""
    shown = {"text": text[:MAX_QUOTED], "reason": reason}
    return forms.ValidationError(_("“%(text)s”: %(reason)s") % shown)


def read_networks(text: str, lesson: bool) -> tuple[Written, ...]:
    """IPv4 and IPv6 networks that may be permitted to send."""
    return tuple(_network(piece, lesson) for piece in pieces(text))


def read_hosts(text: str) -> tuple[MacroString, ...]:
    """Names of hosts for `a:`."""
    found = []
    for piece in pieces(text):
        domain = read_domain(piece)
        if isinstance(domain, InputError):
            raise quoted(piece, domain.message)
        found.append(_spec(domain.ascii))
    return tuple(found)


def read_names(text: str) -> tuple[MacroString, ...]:
    """Domains for `include:`; those of records, such as _spf.example.com, are domains too."""
    return tuple(read_name(piece) for piece in pieces(text))


def read_name(text: str) -> MacroString:
    try:
        return _spec(parse_domain(text.removeprefix("include:")).ascii)
    except DomainError as error:
        name = text.lower().removeprefix("include:").removesuffix(".")
        labels = name.split(".")
        fits = len(name) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
        if error.code != "underscore" or not fits:
            raise quoted(text, explain(error)) from None
        return _spec(name)


def read_terms(text: str) -> tuple[Term, ...]:
    """Further terms as a record has them."""
    return tuple(_term(piece) for piece in pieces(text))


def wide(networks: Sequence[Network]) -> list[Network]:
    """Networks larger than any mail service needs."""
    return [n for n in networks if n.prefixlen <= WIDE_PREFIX[n.version]]


def _network(text: str, lesson: bool) -> Written:
    given = re.sub(r"^[+]?ip[46]:", "", text, flags=re.IGNORECASE).strip("[]")
    shown = {"text": text[:MAX_QUOTED]}
    try:
        if "%" in given:
            raise ValueError(given)
        network = ipaddress.ip_network(given, strict=False)
    except ValueError:
        raise forms.ValidationError(
            _("“%(text)s” is no address and no network, such as 192.0.2.25 or 2001:db8:7::/48.")
            % shown
        ) from None
    refuse_network(network, text, lesson)
    address = given.partition("/")[0]
    mended = "" if ipaddress.ip_address(address) == network.network_address else given
    return Written(network, mended)


def refuse_network(network: Network, text: str, lesson: bool) -> None:
    """Raises ValidationError for what must not or cannot send mail on the Internet."""
    shown = {"text": text[:MAX_QUOTED]}
    if not network.prefixlen:
        raise forms.ValidationError(
            _("“%(text)s” is everybody: then anyone could send as your domain.") % shown
        )
    first = scope_of(network.network_address, lesson)
    last = scope_of(network.broadcast_address, lesson)
    if first is last and first is not Scope.PUBLIC:
        reasons = {
            Scope.PRIVATE: _("“%(text)s” is a private network: receivers never see it."),
            Scope.LOOPBACK: _("“%(text)s” is the machine itself: receivers never see it."),
            Scope.DOCUMENTATION: _("“%(text)s” is kept for examples: nobody sends from there."),
            Scope.RESERVED: _("“%(text)s” is reserved: nobody on the Internet sends from there."),
        }
        raise forms.ValidationError(reasons[first] % shown)


def _term(text: str) -> Term:
    shown = {"text": text[:MAX_QUOTED]}
    try:
        term = spf.parse_term(text)
    except spf.TermError:
        raise forms.ValidationError(_("“%(text)s” is no term of an SPF record.") % shown) from None
    if isinstance(term, Modifier):
        if term.name != "exp":
            raise forms.ValidationError(
                _("Of modifiers only exp= belongs here; “%(text)s” does not.") % shown
            )
    elif term.name == "all":
        raise forms.ValidationError(
            _("What becomes of everybody else has a field of its own: leave out “%(text)s”.")
            % shown
        )
    elif term.network is not None and not term.network.prefixlen:
        raise forms.ValidationError(
            _("“%(text)s” is everybody: then anyone could send as your domain.") % shown
        )
    _refuse_letters(term, shown)
    return term


def _refuse_letters(term: Term, shown: dict[str, str]) -> None:
    spec = term.domain if isinstance(term, Mechanism) else term.value
    letters = spec.letters if spec else frozenset()
    if "p" in letters or (isinstance(term, Mechanism) and term.name == "ptr"):
        raise forms.ValidationError(
            _(
                "“%(text)s” asks for the name of each address. RFC 7208 §5.5 says not to use it: "
                "name the addresses or the hosts."
            )
            % shown
        )
    if letters & {"l", "s"}:
        raise forms.ValidationError(
            _(
                "“%(text)s” asks DNS for each sender’s mailbox, which no cache can help with and "
                "which tells who writes. Leave it out."
            )
            % shown
        )


def _spec(name: str) -> MacroString:
    try:
        return spf.domain_spec(name)
    except ValueError:
        raise forms.ValidationError(
            _("“%(text)s” is no domain that a record can name.") % {"text": name[:MAX_QUOTED]}
        ) from None
