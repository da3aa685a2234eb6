"""The SPF generator's form, filled from the record that a domain publishes."""

from __future__ import annotations

from urllib.parse import urlencode

from lookups.engine.checks import spf_ready, spf_rules
from lookups.engine.names import DomainError, parse_domain
from lookups.engine.records import spf
from lookups.engine.records.spf import Mechanism, Record, Term
from lookups.engine.records.txt import text_of
from lookups.tools import providers
from lookups.tools.dns import Dns

Fields = list[tuple[str, str]]


async def prefill(given: str, dns: Dns) -> str:
    """The query string: mistakes of the record are mended, terms without a field of their own stand
    among the further ones. Without a record only the domain is filled in."""
    try:
        domain = parse_domain(given)
    except DomainError:
        return urlencode({"domain": given})  # the form tells what is wrong
    answer = await dns.context(domain).query(domain.ascii, "TXT")
    found = [(record.strings, text_of(record.strings)) for record in answer.records]
    texts = [_whole(strings, text) for strings, text in found if spf.is_spf(text)]
    texts = texts or [meant for _, text in found if (meant := spf.meant_version(text))]
    fields: Fields = [("domain", domain.ascii)]
    if texts:
        fields += fields_of(spf.audit(spf_ready.better(texts) or texts[0]))
    return urlencode(fields)


def fields_of(record: Record) -> Fields:
    """The fields of the form that say what `record` says."""
    fields: Fields = []
    lines: dict[str, list[str]] = {"networks": [], "hosts": [], "includes": [], "other": []}
    for term in record.terms:
        if isinstance(term, Mechanism) and term.name == "all":
            # +all has no field: nobody should have it
            result = "softfail" if term.result == "pass" else term.result
            if not any(name == "policy" for name, _ in fields):
                fields.append(("policy", result))
            continue
        name, value = _field(term)
        if name in lines:
            lines[name].append(value)
        elif name and (name, value) not in fields:
            fields.append((name, value))
    if not any(name in ("policy", "redirect") for name, _ in fields):
        fields.append(("policy", "neutral"))  # §4.7: what a record without an end means
    return fields + [(name, "\n".join(found)) for name, found in lines.items() if found]


def _field(term: Term) -> tuple[str, str]:
    """The field that a term goes to, and its value there; no name for what is dropped."""
    text = spf.term_text(term)
    if not isinstance(term, Mechanism):
        if term.name == "redirect":
            return "redirect", term.value.text
        return ("other", text) if term.name == "exp" else ("", "")
    plain = term.qualifier == "+" and (term.cidr4, term.cidr6) == (32, 128)
    if plain and term.network is not None:
        network = term.network
        whole = network.prefixlen == network.max_prefixlen
        return "networks", str(network.network_address if whole else network)
    if plain and term.name in ("a", "mx") and term.domain is None:
        return term.name, "on"
    if plain and term.domain is not None and term.domain.literal is not None:
        name = term.domain.literal
        if term.name == "include":
            service = providers.sender_of(name)
            return ("services", service.id) if service else ("includes", name)
        if term.name == "a" and "_" not in name:
            return "hosts", name
    return "other", text


def _whole(strings: tuple[bytes, ...], text: str) -> str:
    """The record with the space that is missing where two of its strings meet."""
    return spf_rules.torn(strings)[1] or text
