"""A and AAAA records: the address of a host (RFC 1035 §3.4.1, RFC 3596 §2.2)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ..addresses import Address as Parsed
from ..addresses import Scope, scope_of
from . import rows
from .rows import Problem
from .txt import Part

_ZERO = re.compile(r"(?:\A|\.)0[0-9]")
_PORT = re.compile(r"[0-9.]+:[0-9]+\Z")


@dataclass(frozen=True, slots=True)
class Address:
    """`address` is None where the text is none of this family."""

    text: str
    address: Parsed | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def scope(self) -> Scope | None:
        """Where it can be reached; None without an address."""
        return scope_of(self.address) if self.address else None


def parse(text: str, family: int) -> Address:
    """The record in presentation form, of IPv4 or IPv6 (4, 6). Never raises."""
    problems: list[Problem] = []
    found = rows.fields(text)
    rows.count(found, 1, text, problems)
    if not found:
        return Address(text, problems=tuple(problems))
    field = found[0]
    try:
        made: Parsed
        if family == 4:
            made = ipaddress.IPv4Address(field.text)
        else:
            made = ipaddress.IPv6Address(field.text if "%" not in field.text else "")
    except ValueError:
        code = _code(field.text, family)
        problems.append(Problem(code, field.column, field.text[: rows.MAX_SHOWN]))
        return Address(text, problems=tuple(problems))
    return Address(text, made, tuple(problems))


def parts(text: str, family: int) -> list[Part]:
    """The address, of a kind that tells its scope: "address.ipv4", "address.ipv6-private"."""
    record = parse(text, family)
    kind = f"address.ipv{family}"
    if record.scope and record.scope is not Scope.PUBLIC:
        kind += f"-{record.scope.value}"
    return rows.marked(rows.parts(text, (kind,)), record.problems)


def _code(text: str, family: int) -> str:
    """What was written instead."""
    plain = text.strip("[]")
    if "/" in text:
        return "address-network"
    if "%" in text:  # a zone, which has a meaning on one machine only (RFC 4007 §11)
        return f"ipv{family}"
    try:
        other = ipaddress.ip_address(plain)
        return "address-brackets" if other.version == family else f"address-ipv{other.version}"
    except ValueError:
        pass
    if family == 4 and _PORT.match(text):
        return "address-port"
    if family == 4 and _ZERO.search(text):
        return "address-zero"
    return f"ipv{family}"
