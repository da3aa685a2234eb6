"""Names that a topic's records have below the domain: "_mta-sts.example.com"."""

from __future__ import annotations

import dns.exception
import dns.name

from ..context import Context


def name_below(context: Context, labels: str) -> dns.name.Name | None:
    """`labels` before the domain; None where that is too long for a name (RFC 1035 §2.3.4)."""
    try:
        return dns.name.from_text(labels, context.name)
    except dns.exception.DNSException:
        return None
