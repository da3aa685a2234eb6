"""The rules of topic smtp: from conversations to findings. Nothing here opens a connection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..finding import Evidence, Finding
from ..resolver import Answer
from ..smtp.certificates import Facts
from ..smtp.probe import Probe
from .answers import evidence

MAX_NAMES = 5  # of a certificate that a sentence names
OLD_TLS = ("SSLv3", "TLSv1", "TLSv1.1")  # RFC 7568, RFC 8996
# A host name of several labels, or an address literal (RFC 5321 §4.1.2, §4.1.3)
_GREETER = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+\.?|\[[0-9a-f.:]+\]|\[ipv6:[0-9a-f.:]+\]")


@dataclass(slots=True)
class Spoken:
    """A mail server that is spoken to; filled in place. `old_tls`: it takes TLS 1.0 or 1.1."""

    name: str
    preference: int
    answers: list[Answer] = field(default_factory=list)
    probes: tuple[Probe, ...] = ()
    old_tls: bool | None = None
    done: bool = False

    @property
    def proofs(self) -> tuple[Evidence, ...]:
        return evidence(*self.answers)


def is_old(version: str) -> bool:
    return version in OLD_TLS


def tls_name(version: str) -> str:
    """A version as people write it: OpenSSL says "TLSv1.3", and "TLSv1" for 1.0."""
    return "TLS 1.0" if version == "TLSv1" else version.replace("v", " ", 1)


def findings(answer: Answer, hosts: list[Spoken], now: datetime) -> list[Finding]:
    """Everything that follows once all servers were spoken to."""
    tried = [probe for host in hosts for probe in host.probes if probe.address]
    if tried and all(_unanswered(probe) for probe in tried):
        count = len({probe.address for probe in tried})
        return [Finding("smtp-blocked-here", {"count": count}, evidence(answer))]
    found: list[Finding] = []
    for host in hosts:
        for probe in host.probes:
            found += _of_connection(host, probe)
            found += _of_greeting(host, probe)
            found += _of_tls(host, probe)
            if probe.problems == ("unreadable",):
                parameters = {"host": host.name, "issuer": "?"}
                found.append(Finding("smtp-certificate-untrusted", parameters, host.proofs))
            if probe.facts:
                found += _of_certificate(host, probe, probe.facts, now)
    found += _old_tls(answer, hosts)
    good = _praise(answer, hosts)
    return [good, *found] if good else found


def _unanswered(probe: Probe) -> bool:
    """Nothing came back: from here it cannot be told who is to blame."""
    silent = probe.error == "silent" and not probe.greeting_code
    return silent or probe.error in ("timeout", "network")


def _praise(answer: Answer, hosts: list[Spoken]) -> Finding | None:
    """Every server that was spoken to protects the way to it, for those who insist as well."""
    spoken = [probe for host in hosts for probe in host.probes if probe.connected]
    reached = {probe.host for probe in spoken}
    if (
        not spoken
        or len(reached) < len(hosts)
        or not all(p.verified and not p.error for p in spoken)
    ):
        return None
    if any(is_old(probe.tls_version) for probe in spoken):
        return None
    versions = sorted({tls_name(probe.tls_version) for probe in spoken})
    parameters = {"count": len(reached), "versions": versions}
    return Finding("smtp-good", parameters, evidence(answer))


def _of_connection(host: Spoken, probe: Probe) -> Iterator[Finding]:
    """What came of connecting and talking at all (RFC 5321 §3.1, §4.2)."""
    parameters: dict[str, Any] = {"host": host.name, "address": probe.address}
    if probe.error == "refused":
        yield Finding("smtp-connection-refused", parameters, host.proofs)
    elif probe.error == "timeout" or (probe.error == "silent" and not probe.greeting_code):
        yield Finding("smtp-timeout", parameters, host.proofs)
    elif probe.error == "protocol":
        yield Finding("smtp-protocol", parameters | {"text": probe.detail}, host.proofs)
    elif probe.error in ("closed", "silent"):
        yield Finding("smtp-broken-off", parameters, host.proofs)


def _of_greeting(host: Spoken, probe: Probe) -> Iterator[Finding]:
    """RFC 5321 §3.1: 220, or 554 for no service; §3.8: 421 for not now."""
    code = probe.greeting_code
    if not code:
        return
    parameters = {"host": host.name, "code": code, "text": probe.banner}
    if 400 <= code < 500:
        yield Finding("smtp-greeting-later", parameters, host.proofs)
    elif code != 220:
        yield Finding("smtp-greeting-refused", parameters, host.proofs)
    elif probe.error == "turned-away":
        parameters = {"host": host.name, "code": probe.ehlo_code, "text": probe.detail}
        yield Finding("smtp-ehlo-refused", parameters, host.proofs)
    elif (name := _greeter(host.name, probe.banner)) is not None:
        yield Finding("smtp-banner-name", {"host": host.name, "name": name}, host.proofs)


def _greeter(host: str, banner: str) -> str | None:
    """The name in the greeting where it is none, or that of somebody else (RFC 5321 §4.3.1).

    Big providers greet with the machine's name, not the pool's: one domain will do.
    """
    name = (banner.split() or [""])[0].lower()
    same = name.rstrip(".").split(".")[-2:] == host.split(".")[-2:]
    return None if _GREETER.fullmatch(name) and (same or name.startswith("[")) else name


def _of_tls(host: Spoken, probe: Probe) -> Iterator[Finding]:
    """RFC 3207 §4; RFC 8996 §4 and §5 forbid TLS 1.0 and 1.1."""
    if probe.error == "starttls-failed":
        parameters = {"host": host.name, "reason": probe.detail}
        yield Finding("smtp-starttls-failed", parameters, host.proofs)
    elif probe.ehlo_code == 250 and not probe.starttls:
        yield Finding("smtp-no-starttls", {"host": host.name}, host.proofs)
    elif is_old(probe.tls_version):
        parameters = {"host": host.name, "version": tls_name(probe.tls_version)}
        yield Finding("smtp-tls-old-only", parameters, host.proofs)


def _old_tls(answer: Answer, hosts: list[Spoken]) -> Iterator[Finding]:
    """Beside newer ones, which is another matter than `smtp-tls-old-only`."""
    names = [host.name for host in hosts if host.old_tls]
    if names:
        yield Finding("smtp-tls-old-accepted", {"hosts": names}, evidence(answer))


def _of_certificate(host: Spoken, probe: Probe, facts: Facts, now: datetime) -> Iterator[Finding]:
    """What a sender that insists on a valid certificate would stumble over (RFC 8461 §4.2)."""
    begins, ends = f"{facts.not_before:%Y-%m-%d}", f"{facts.not_after:%Y-%m-%d}"
    days = (facts.not_after - now).days
    by_problem: dict[str, tuple[str, dict[str, Any]]] = {
        "name": ("smtp-certificate-name", {"names": list(facts.names[:MAX_NAMES])}),
        "expired": ("smtp-certificate-expired", {"date": ends}),
        "not-yet-valid": ("smtp-certificate-not-yet-valid", {"date": begins}),
        "self-signed": ("smtp-certificate-self-signed", {}),
        "untrusted": ("smtp-certificate-untrusted", {"issuer": facts.issuer}),
        "weak-key": ("smtp-certificate-weak-key", {"key": facts.key}),
    }
    for problem in probe.problems:
        id, parameters = by_problem[problem]
        yield Finding(id, {"host": host.name} | parameters, host.proofs)
    if facts.expiring(now):
        parameters = {"host": host.name, "date": ends, "days": days}
        yield Finding("smtp-certificate-expiring", parameters, host.proofs)
