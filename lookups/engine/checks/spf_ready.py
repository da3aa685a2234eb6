"""Records to publish: a first one, or the one that is there without its mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from ..records import spf
from ..records.spf import Mechanism, Modifier, Record, Term
from .mail_hosts import MailHosts

SOFTFAIL = Mechanism("all", "~")
FAIL = Mechanism("all", "-")

# Whose hosts take the mail usually sends it too: the include= that these services ask for.
SERVICES = {
    "google.com": "_spf.google.com",
    "googlemail.com": "_spf.google.com",
    "outlook.com": "spf.protection.outlook.com",
    "mx.microsoft": "spf.protection.outlook.com",
    "messagingengine.com": "spf.messagingengine.com",
    "protonmail.ch": "_spf.protonmail.ch",
    "icloud.com": "icloud.com",
    "migadu.com": "spf.migadu.com",
    "yandex.net": "_spf.yandex.net",
    "zoho.com": "zohomail.com",
    "zoho.eu": "zohomail.eu",
    "infomaniak.ch": "spf.infomaniak.ch",
    "mailbox.org": "mailbox.org",
}


def first(mail: MailHosts) -> str:
    """A record to begin with: what is known of the domain's mail, and ~all until that is whole.

    A domain that takes no mail should not send any either (RFC 7505 §4.2).
    """
    if mail.null or not mail.hosts:
        return spf.build([FAIL])
    if mail.hosts[0].implicit:
        return spf.build([Mechanism("a"), SOFTFAIL])
    includes = dict.fromkeys(service(host.text) for host in mail.hosts)
    terms: list[Term] = [
        Mechanism("include", domain=spf.domain_spec(name)) for name in includes if name
    ]
    own: list[Term] = [Mechanism("mx")] if "" in includes else []
    return spf.build([*own, *terms, SOFTFAIL])


def better(texts: Sequence[str]) -> str:
    """The records of a domain as one, with every mistake mended; empty where that cannot be done
    or nothing is left to mend."""
    terms: list[Term] = []
    for text in texts:
        mended = spf.mended(spf.audit(text))
        if mended is None:
            return ""
        terms += mended
    made = _put_in_order(terms, merged=len(texts) > 1)
    if len(texts) == 1 and made == _normal(texts[0]):
        return ""
    return made if not spf.audit(made).problems else ""


def service(host: str) -> str:
    """The include= of the service that runs a mail host; empty for a host of one's own."""
    suffix = ".".join(host.split(".")[-2:])
    return SERVICES.get(suffix, "")


def _put_in_order(terms: Sequence[Term], merged: bool) -> str:
    ends = [term for term in terms if isinstance(term, Mechanism) and term.name == "all"]
    redirects = [term for term in terms if isinstance(term, Modifier) and term.name == "redirect"]
    others = [
        term
        for term in terms
        if term not in ends and term not in redirects and not _is_everyone(term)
    ]
    if merged and redirects:
        # Beside other terms a redirect is never reached as soon as one record has an `all`.
        others += [Mechanism("include", domain=redirect.value) for redirect in redirects]
        redirects = []
    kept = [term for term in others if not isinstance(term, Modifier) or term.name == "exp"]
    if ends:
        return spf.build([*kept, _end(ends, merged)])
    return spf.build([*kept, *redirects] if redirects else [*kept, SOFTFAIL])


def _is_everyone(term: Term) -> bool:
    return isinstance(term, Mechanism) and bool(term.network and term.network.prefixlen == 0)


def _end(ends: Sequence[Mechanism], merged: bool) -> Mechanism:
    """The `all` to keep: the first, the milder of merged records, and none that lets all pass."""
    qualifiers = {end.qualifier for end in (ends if merged else ends[:1])}
    return FAIL if qualifiers == {"-"} else SOFTFAIL


def _normal(text: str) -> str:
    """The record as `build` would write it, to see whether anything but its form has changed."""
    record: Record = spf.audit(text)
    words = [spf.term_text(term) for term in record.terms]
    return " ".join([spf.VERSION, *words]) if not record.problems else ""
