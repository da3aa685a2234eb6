"""Which senders to mend: what a source's outcome means, and whether there is anything to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .totals import BOTH, DKIM, NEITHER, SPF, Source, aligned, organization

MAX_ADDRESSES = 20  # that are named for one sender
_OVERRIDDEN = frozenset({"forwarded", "mailing_list", "trusted_forwarder"})
# Told by whoever vouched for the mail, whatever address it came from.
_VOUCHED = frozenset({"service-as-itself", "signs-as-itself"})
_ERRORS = frozenset({"permerror", "temperror"})

# What there is to do, the most urgent first, and how urgent it is.
SEVERITIES = {
    "own-server": "error",  # a server of the domain's own, neither in SPF nor signing
    "spf-error": "error",  # the domain's SPF record could not be evaluated
    "service-as-itself": "error",  # a service that authenticates, but as itself
    "dkim-broken": "warning",  # SPF passes, the domain's own signature does not
    "unsigned": "warning",  # SPF passes, nothing is signed
    "signs-as-itself": "warning",  # SPF passes, signed by the service's own domain
    "own-not-in-spf": "warning",  # a server of the domain's own signs, but SPF does not know it
    "unknown": "warning",  # nothing passes for anybody: forged or forgotten
    "altered": "info",  # the domain's signature, broken, from elsewhere: lists and forwarders
    "list": "info",  # the receiver itself calls it a list or a forwarder
    "return-path": "info",  # DKIM passes; bounces go to the service's own domain
    "forwarded": "info",  # DKIM passes, SPF does not: forwarded
}


@dataclass(slots=True)
class Sender:
    """Sources that have the same thing to mend.

    `name` is the domain that vouched for them, or the organization that their names in reverse DNS
    belong to, or the address. `foreign` and `selector` say what was seen.
    """

    code: str
    name: str
    messages: int = 0
    addresses: list[str] = field(default_factory=list)
    header_from: str = ""
    spf_domain: str = ""
    foreign: str = ""
    selector: str = ""

    @property
    def severity(self) -> str:
        return SEVERITIES[self.code]


def senders(sources: Sequence[tuple[Source, int]], names: Mapping[str, str]) -> list[Sender]:
    """What to mend, by messages; at the end those with nothing to do. `names` are the confirmed
    names of addresses."""
    found: dict[tuple[str, str, str], Sender] = {}
    for source, messages in sources:
        name = names.get(source.ip, "")
        code = judge(source, name)
        if not code:
            continue
        label = _label(code, source, name)
        key = (code, label, source.header_from)
        sender = found.setdefault(key, Sender(code, label, header_from=source.header_from))
        sender.messages += messages
        if source.ip not in sender.addresses and len(sender.addresses) < MAX_ADDRESSES:
            sender.addresses.append(source.ip)
        _remember(sender, source)
    return sorted(found.values(), key=lambda one: (one.severity == "info", -one.messages))


def _label(code: str, source: Source, name: str) -> str:
    """Who that is: whoever vouched for the mail, the organization of the name, or the address."""
    if code in _VOUCHED:
        return organization(source.foreign_pass())
    return organization(name) if name else source.ip


def judge(source: Source, name: str) -> str:
    """One of SEVERITIES; "" where both pass. `name` is the confirmed name of the address."""
    if source.group == BOTH:
        return ""
    if source.group == SPF:
        if source.own_signatures():
            return "dkim-broken"
        return "signs-as-itself" if source.foreign_pass() else "unsigned"
    if _has_spf_error(source):
        return "spf-error"
    own = bool(name) and aligned(name, source.header_from)
    if source.group == DKIM:
        if own:
            return "own-not-in-spf"
        spf = source.spf_result
        return "return-path" if spf and spf.result == "pass" else "forwarded"
    return _neither(source, own)


def _neither(source: Source, own: bool) -> str:
    assert source.group == NEITHER
    if any(reason.type in _OVERRIDDEN for reason in source.reasons):
        return "list"
    if own:
        return "own-server"
    if source.own_signatures():
        return "altered"
    return "service-as-itself" if source.foreign_pass() else "unknown"


def _has_spf_error(source: Source) -> bool:
    """Whether the author's own SPF record was to blame."""
    spf = source.spf_result
    return spf is not None and spf.result in _ERRORS and source.aligns(spf.domain, False)


def _remember(sender: Sender, source: Source) -> None:
    sender.foreign = sender.foreign or source.foreign_pass()
    spf = source.spf_result
    sender.spf_domain = sender.spf_domain or (spf.domain if spf else "")
    if not sender.selector:
        own = source.own_signatures()
        sender.selector = next((one.selector for one in own if one.selector), "")
