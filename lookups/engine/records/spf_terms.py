"""One term of an SPF record: a mechanism or a modifier (RFC 7208 §4.6.1, §5, §6, §12)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ..addresses import Network
from .spf_macros import MacroError, MacroString, parse_domain_spec, parse_macro_string

MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
QUALIFIERS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}  # §4.6.2
# The terms that cost one of the ten lookups (§4.6.4), beside redirect=
ASKING = frozenset({"include", "a", "mx", "ptr", "exists"})

_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)=")
_NAME = re.compile(r"[^:/]*")
_CIDR = re.compile(r"(/[0-9]+)?(//[0-9]+)?\Z")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,2}")
_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_VISIBLE = re.compile(r"[\x21-\x7e]*")


class TermError(ValueError):
    """A term that the grammar does not allow. `offset` is where in it (0: its first character).

    `code`: "unknown" mechanism, "address", "prefix" length, "domain", "macro", "character",
    "argument" that the mechanism does not take, or "missing" argument.
    """

    def __init__(self, code: str, offset: int = 0) -> None:
        super().__init__(f"{code} at {offset}")
        self.code, self.offset = code, offset


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A directive: a mechanism with its qualifier. `column` counts from 1 within the record.

    `domain` is None where the mechanism takes none or means the current domain.
    """

    name: str
    qualifier: str = "+"
    domain: MacroString | None = None
    network: Network | None = None
    cidr4: int = 32
    cidr6: int = 128
    text: str = ""
    column: int = 0

    @property
    def result(self) -> str:
        """What a match gives: "pass", "fail", "softfail" or "neutral"."""
        return QUALIFIERS[self.qualifier]


@dataclass(frozen=True, slots=True)
class Modifier:
    """name=value. Only redirect and exp mean something; every other is ignored (§6)."""

    name: str
    value: MacroString
    text: str = ""
    column: int = 0

    @property
    def is_known(self) -> bool:
        return self.name in ("redirect", "exp")


Term = Mechanism | Modifier


def parse_term(text: str, column: int = 0) -> Term:
    """The term that `text`, without spaces, holds. Raises TermError."""
    if not _VISIBLE.fullmatch(text):
        raise TermError("character", next(i for i, c in enumerate(text) if not "!" <= c <= "~"))
    if match := _MODIFIER.match(text):
        return _modifier(match[1].lower(), text, match.end(), column)
    qualifier = text[0] if text[:1] in QUALIFIERS else ""
    start = len(qualifier)
    found = _NAME.match(text, start)
    name = found[0].lower() if found else ""
    if name not in MECHANISMS:
        raise TermError("unknown", start)
    return _mechanism(name, qualifier or "+", text, start + len(name), column)


def term_text(term: Term) -> str:
    """The term as a record writes it, from its fields: "+" and full prefixes are left out."""
    if isinstance(term, Modifier):
        return f"{term.name}={term.value.text}"
    text = term.name if term.qualifier == "+" else term.qualifier + term.name
    if term.network is not None:
        whole = term.network.prefixlen == term.network.max_prefixlen
        return f"{text}:{term.network.network_address if whole else term.network}"
    if term.domain is not None:
        text += f":{term.domain.text}"
    text += f"/{term.cidr4}" if term.cidr4 != 32 else ""
    return text + (f"//{term.cidr6}" if term.cidr6 != 128 else "")


def _modifier(name: str, text: str, start: int, column: int) -> Modifier:
    value = text[start:]
    try:
        if name not in ("redirect", "exp"):
            return Modifier(name, parse_macro_string(value), text, column)
        if not value:
            raise TermError("missing", start)
        return Modifier(name, parse_domain_spec(value), text, column)
    except MacroError as error:
        raise TermError(error.code, start + error.offset) from None


def _mechanism(name: str, qualifier: str, text: str, at: int, column: int) -> Mechanism:
    argument = text[at:]
    if name == "all":
        if argument:
            raise TermError("argument", at)
        return Mechanism(name, qualifier, text=text, column=column)
    if name in ("ip4", "ip6"):
        network = _network(name, argument, at)
        return Mechanism(name, qualifier, network=network, text=text, column=column)
    cidr4, cidr6 = 32, 128
    if name in ("a", "mx"):
        argument, cidr4, cidr6 = _dual_cidr(argument, at)
    domain = _domain(name, argument, at)
    return Mechanism(name, qualifier, domain, None, cidr4, cidr6, text, column)


def _domain(name: str, argument: str, at: int) -> MacroString | None:
    """`":" domain-spec`, which include and exists need and the others may have."""
    if not argument:
        if name in ("include", "exists"):
            raise TermError("missing", at)
        return None
    if argument[0] != ":":
        raise TermError("argument", at)
    if len(argument) == 1:
        raise TermError("missing", at + 1)
    try:
        return parse_domain_spec(argument[1:])
    except MacroError as error:
        raise TermError(error.code, at + 1 + error.offset) from None


def _dual_cidr(argument: str, at: int) -> tuple[str, int, int]:
    """`dual-cidr-length` cut off the end of the argument (§5.3)."""
    match = _CIDR.search(argument)
    if not match or not match[0]:
        return argument, 32, 128
    start = at + match.start()
    cidr4 = _prefix(match[1][1:], 32, start) if match[1] else 32
    cidr6 = _prefix(match[2][2:], 128, start) if match[2] else 128
    return argument[: match.start()], cidr4, cidr6


def _prefix(digits: str, longest: int, at: int) -> int:
    if not _NUMBER.fullmatch(digits) or int(digits) > longest:
        raise TermError("prefix", at)
    return int(digits)


def _network(name: str, argument: str, at: int) -> Network:
    """`ip4-network [ ip4-cidr-length ]` and the same of IPv6 (§5.6)."""
    if argument[:1] == "/":
        raise TermError("argument", at)
    if len(argument) < 2:
        raise TermError("missing", at + len(argument))
    address, slash, digits = argument[1:].partition("/")
    try:
        if name == "ip4":
            if not _DOTTED.fullmatch(address):
                raise TermError("address", at + 1)
            prefix = _prefix(digits, 32, at + 1 + len(address)) if slash else 32
            return ipaddress.IPv4Network((address, prefix), strict=False)
        if "%" in address:
            raise TermError("address", at + 1)
        prefix = _prefix(digits, 128, at + 1 + len(address)) if slash else 128
        return ipaddress.IPv6Network((address, prefix), strict=False)
    except TermError:
        raise
    except ValueError:
        raise TermError("address", at + 1) from None
