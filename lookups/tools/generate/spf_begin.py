"""The SPF generator's form, filled from the record that a domain publishes."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lookups.anatomy import anatomy_views
from lookups.engine.checks import spf_ready, spf_rules
from lookups.engine.names import Domain
from lookups.engine.records import spf
from lookups.engine.records.spf import Mechanism, Record, Term
from lookups.engine.records.txt import text_of
from lookups.tools import providers
from lookups.tools.base import Beginning, ToolError
from lookups.tools.dns import Dns

Fields = dict[str, str | list[str]]


async def begin(domain: Domain, dns: Dns) -> Beginning:
    """Mistakes of the record are mended; terms without a field of their own stand among the
    further ones. Without a record only the domain is filled in."""
    answer = await dns.context(domain).query(domain.ascii, "TXT")
    if answer.outcome.is_failure:
        raise ToolError(_("DNS did not say which SPF record %s has.") % domain.unicode)
    found = [(record.strings, text_of(record.strings)) for record in answer.records]
    texts = [_whole(strings, text) for strings, text in found if spf.is_spf(text)]
    texts = texts or [meant for _strings, text in found if (meant := spf.meant_version(text))]
    if not texts:
        note = _("%s has no SPF record yet.") % domain.unicode
        return Beginning({"domain": domain.ascii, "policy": "softfail"}, (note,))
    mended = spf_ready.better(texts)
    record = spf.audit(mended or texts[0])
    notes = [_("The form holds the record of %(name)s.") % {"name": domain.unicode}]
    if len(texts) > 1:
        notes.append(_("There are several records, so receivers use none. Publish one only."))
    if mended:
        notes.append(_("Its mistakes were mended: compare both before you publish it."))
    views = anatomy_views(texts[0], "spf", get_language() or "en")
    data = {"domain": domain.ascii, **fields_of(record)}
    return Beginning(data, tuple(notes), views[0] if views else None)


def fields_of(record: Record) -> Fields:
    """The fields of the form that say what `record` says."""
    fields: Fields = {}
    lines: dict[str, list[str]] = {"networks": [], "hosts": [], "includes": [], "other": []}
    services: list[str] = []
    for term in record.terms:
        if isinstance(term, Mechanism) and term.name == "all":
            # +all has no choice: nobody should have it
            result = "softfail" if term.result == "pass" else term.result
            fields.setdefault("policy", result)
            continue
        name, value = _field(term)
        if name == "services":
            services.append(value)
        elif name in lines:
            lines[name].append(value)
        elif name:
            fields.setdefault(name, value)
    if not {"policy", "redirect"} & set(fields):
        fields["policy"] = "neutral"  # §4.7: what a record without an end means
    if services:
        fields["services"] = list(dict.fromkeys(services))
    return fields | {name: "\n".join(found) for name, found in lines.items() if found}


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
