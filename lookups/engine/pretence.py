"""Records taken for published before they are: answers as their zone would give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from .message import parse
from .rdata import NameKey, name_key
from .transport import Reply

TTL = 3600  # seconds, of records whose zone has not said one


def replies(as_if: Mapping[tuple[str, str], Sequence[str]]) -> dict[tuple[NameKey, str], Reply]:
    """A reply for each name and type. Raises ValueError for records that cannot be written."""
    made = {}
    for (text, rdtype), records in as_if.items():
        name = dns.name.from_text(text)
        made[name_key(name), rdtype] = _reply(name, rdtype, records)
    return made


def absence(name: dns.name.Name, rdtype: str) -> Reply:
    """A reply that says that there is no such name."""
    return _reply(name, rdtype, (), dns.rcode.NXDOMAIN)


def _reply(
    name: dns.name.Name,
    rdtype: str,
    records: Sequence[str],
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
) -> Reply:
    question = dns.message.make_query(name, rdtype)
    message = dns.message.make_response(question, recursion_available=True)
    message.flags |= dns.flags.AA
    message.set_rcode(rcode)
    if records:
        try:
            message.answer.append(dns.rrset.from_text(name, TTL, "IN", rdtype, *records))
        except dns.exception.DNSException as error:
            raise ValueError(str(error)) from error
    wire = message.to_wire()
    return Reply(parse(wire, name), len(wire))
