"""Record types as they may be asked for: by name or number (RFC 3597 §5), but no meta types."""

from __future__ import annotations

import re

import dns.rdatatype

ANY = 255
OPT = 41
# Meta types and types of questions (RFC 6895 §3.1): none of them is a record's. AXFR, IXFR, TSIG
# and TKEY are among them.
META = range(128, 255)
_TYPE = re.compile(r"[A-Z][A-Z0-9-]{0,15}")


class TypeRefused(ValueError):
    """`code`: "unknown", or "meta" for what no single answer can be given to."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse_type(text: str) -> str:
    """The type in `text` as DNS calls it: "MX", "TYPE65280". Raises TypeRefused."""
    name = text.strip().upper()
    if name.isascii() and name.isdigit():
        name = f"TYPE{name}"
    if not _TYPE.fullmatch(name):
        raise TypeRefused("unknown")
    try:
        number = int(dns.rdatatype.from_text(name))
    except (ValueError, dns.rdatatype.UnknownRdatatype) as error:
        raise TypeRefused("unknown") from error
    if number in (0, OPT) or number in META:
        raise TypeRefused("meta")
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number))
