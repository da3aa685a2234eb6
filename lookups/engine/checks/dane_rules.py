"""The rules of topic dane: from TLSA records and certificates to findings. Asks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..dnssec import Security
from ..finding import Evidence, Finding
from ..records import tlsa
from ..resolver import name_text
from .answers import evidence

if TYPE_CHECKING:
    from .dane import Case, Host

MAX_SHOWN = 40  # characters of a record that findings name


def findings(case: Case) -> Iterator[Finding]:
    hosts = [host for host in case.hosts if host.state != "no-address"]
    for host in hosts:
        if host.state == "failed":
            yield Finding("dane-lookup-fails", {"host": host.name}, _proof(host))
    if any(host.records for host in hosts):
        yield from _whole(case, hosts)
        for host in hosts:
            yield from _host(host)
    elif hosts and all(host.state == "none" for host in hosts):
        yield Finding("dane-none", {"hosts": [host.name for host in hosts]}, _proof(*hosts))


def _proof(*hosts: Host) -> tuple[Evidence, ...]:
    return evidence(*(host.answer for host in hosts if host.answer))


def _names(hosts: list[Host]) -> dict[str, list[str]]:
    return {"hosts": [host.name for host in hosts]}


def _whole(case: Case, hosts: list[Host]) -> Iterator[Finding]:
    """What the hosts say together."""
    usable = [host for host in hosts if host.usable]
    missing = [host for host in hosts if host.state == "none"]
    if missing:
        yield Finding("dane-some-missing", _names(missing), _proof(*missing))
    if usable and case.mx is Security.INSECURE:
        yield Finding("dane-mx-insecure", _names(usable), evidence(case.mail.answer))
    elif len(usable) == len(hosts) and case.mx is Security.SECURE and not _is_failing(hosts):
        yield Finding("dane-valid", _names(usable), _proof(*usable))
    ahead = [host for host in usable if len(host.usable) > 1]
    if ahead:
        yield Finding("dane-rollover", _names(ahead), _proof(*ahead))
    matched = [host for host in usable if host.certificate == "match"]
    if matched:
        yield Finding("dane-match", _names(matched), _proof(*matched))


def _is_failing(hosts: list[Host]) -> bool:
    return any(host.certificate in ("mismatch", "no-starttls") for host in hosts)


def _host(host: Host) -> Iterator[Finding]:
    named = {"host": host.name}
    if host.state == "insecure":
        yield Finding("dane-unsigned", named, _proof(host))
        return
    for record in host.records:
        about = named | {"record": _shown(record)}
        if record.problem == "usage":  # RFC 7672 §3.1.3
            yield Finding("dane-usage-pkix", about, _proof(host))
        elif record.problem:
            yield Finding("dane-record-invalid", about, _proof(host))
        elif record.matching == tlsa.FULL:
            yield Finding("dane-full-data", about, _proof(host))
        elif record.usage == tlsa.DANE_EE and record.selector == tlsa.CERT:
            yield Finding("dane-certificate-bound", about, _proof(host))
    if host.base != host.name and host.records:
        yield Finding("dane-alias", named | {"target": host.base}, _proof(host))
    if host.certificate == "mismatch":
        yield Finding("dane-mismatch", named, _proof(host))
    elif host.certificate == "no-starttls" and host.records:
        yield Finding("dane-no-starttls", named, _proof(host))


def _shown(record: tlsa.Tlsa) -> str:
    text = record.text
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def ready(case: Case) -> list[dict[str, str]]:
    """ "3 1 1" (RFC 7672 §3.1.1) of the domain's own hosts, from the certificates they show, where
    there is no record or none that fits."""
    domain = name_text(case.context.name)
    found = []
    for host in case.hosts:
        own = host.base == domain or host.base.endswith("." + domain)
        wanted = host.state == "none" or host.certificate == "mismatch"
        if not own or not wanted or not host.chain or host.addresses is not Security.SECURE:
            continue
        if record := tlsa.for_certificate(host.chain[0]):
            found.append({"name": tlsa.owner(host.base), "type": "TLSA", "value": record.text})
    return found
