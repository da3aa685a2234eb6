"""The rules of topic mx: from looked-up hosts to findings. Nothing here asks DNS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ..addresses import Scope
from ..finding import Finding
from ..resolver import Answer, Outcome, Resolver
from .answers import evidence, failure_finding
from .mx_hosts import Host, HostAddress

TTL_LOW = 300  # seconds; below this every message costs senders a fresh lookup
TTL_HIGH = 86_400  # a day: longer than anybody wants to wait for a change (RFC 1912 §2.2)
MAX_OF_A_KIND = 20  # findings with one id in one section


def bounded(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Without repetitions, and at most MAX_OF_A_KIND with the same id."""
    seen: list[Finding] = []
    count: Counter[str] = Counter()
    for finding in findings:
        if finding in seen or count[finding.id] >= MAX_OF_A_KIND:
            continue
        seen.append(finding)
        count[finding.id] += 1
        yield finding


def null_findings(answer: Answer, preference: int) -> list[Finding]:
    """RFC 7505 §3: one record, preference 0, the root as host."""
    found = [Finding("mx-null", {}, evidence(answer))]
    if preference != 0:
        found.append(Finding("mx-null-preference", {"preference": preference}, evidence(answer)))
    return found


def null_with_others(answer: Answer, count: int) -> Finding:
    """RFC 7505 §3: a domain with a null MX must have no other MX record."""
    return Finding("mx-null-with-others", {"count": count}, evidence(answer))


def too_many(answer: Answer, count: int, looked_at: int) -> Finding:
    return Finding("mx-too-many", {"count": count, "looked_at": looked_at}, evidence(answer))


def none_finding(answer: Answer, addresses: Sequence[Answer]) -> Finding:
    """Neither MX nor address: senders have nowhere to go (RFC 5321 §5.1)."""
    return Finding("mx-none", {}, evidence(answer, *addresses))


def findings(kind: str, answer: Answer, hosts: list[Host], resolver: Resolver) -> list[Finding]:
    """Everything that follows from the hosts once all of them are looked up."""
    found: list[Finding] = []
    if kind == "implicit":
        found.append(_implicit(answer, hosts[0]))
    else:
        found += _redundancy(answer, hosts)
        found += _preferences(answer, hosts)
        found += ttl_findings(answer)
    for host in {host.exchange: host for host in hosts}.values():
        found += _host(host, resolver)
        found += _addresses(host)
    found += _families(hosts)
    found += _reverse(hosts, resolver)
    return found


def _implicit(answer: Answer, host: Host) -> Finding:
    addresses = [str(address.address) for address in host.addresses]
    return Finding("mx-implicit", {"addresses": addresses}, evidence(answer, *host.answers))


def ttl_findings(answer: Answer) -> list[Finding]:
    """A low TTL is judged only by the zone's own word: a cache counts it down (RFC 1035 §3.2.1)."""
    if answer.ttl is None:
        return []
    if answer.ttl > TTL_HIGH:
        return [Finding("mx-ttl-high", {"ttl": answer.ttl}, evidence(answer))]
    if answer.ttl < TTL_LOW and answer.authoritative:
        return [Finding("mx-ttl-low", {"ttl": answer.ttl}, evidence(answer))]
    return []


def _redundancy(answer: Answer, hosts: list[Host]) -> Iterator[Finding]:
    """Whether mail still finds a way when one machine is down (RFC 2182 §3.3 on secondary MX)."""
    working = {host.exchange: host for host in hosts if host.usable}
    addresses = {a.address for host in working.values() for a in host.usable}
    if any(host.state == "ok" and host.usable for host in hosts):
        yield Finding("mx-found", {"count": len(hosts)}, evidence(answer))
    exchanges = {host.exchange for host in hosts}
    if len(exchanges) == 1:
        yield Finding("mx-single-host", {"host": hosts[0].name}, evidence(answer))
    elif len(working) > 1 and len(addresses) > 1:
        parameters = {"hosts": len(working), "addresses": len(addresses)}
        yield Finding("mx-redundant", parameters, evidence(answer))
    yield from _same_addresses(list(working.values()))


def _same_addresses(hosts: list[Host]) -> Iterator[Finding]:
    """Several names for one machine are no redundancy."""
    by_address: dict[str, list[Host]] = {}
    for host in hosts:
        for address in host.usable:
            by_address.setdefault(str(address.address), []).append(host)
    for shared, same in by_address.items():
        if len(same) > 1:
            proofs = evidence(*(answer for host in same for answer in host.answers))
            names = [host.name for host in same]
            yield Finding("mx-same-address", {"address": shared, "hosts": names}, proofs)


def _preferences(answer: Answer, hosts: list[Host]) -> Iterator[Finding]:
    """Hosts named twice, and hosts that share the load at one preference (RFC 5321 §5.1)."""
    by_name: dict[str, list[int]] = {}
    for host in hosts:
        by_name.setdefault(host.name, []).append(host.preference)
    for name, preferences in by_name.items():
        if len(preferences) > 1:
            parameters = {"host": name, "preferences": preferences}
            yield Finding("mx-duplicate-host", parameters, evidence(answer))
    for preference, group in groupby(hosts, key=lambda host: host.preference):
        names = [host.name for host in group]
        if len(names) > 1:
            parameters = {"preference": preference, "hosts": names}
            yield Finding("mx-equal-preference", parameters, evidence(answer))


def _host(host: Host, resolver: Resolver) -> Iterator[Finding]:
    """What is wrong with the name that an MX record gives."""
    proofs = evidence(*host.answers)
    if host.state == "literal":
        yield Finding("mx-host-is-address", {"host": host.name})
        return
    if host.state == "invalid":
        yield Finding("mx-host-name-invalid", {"host": host.name}, proofs)
    if host.alias:
        yield Finding("mx-host-is-alias", {"host": host.name, "target": host.alias}, proofs)
    for answer in host.answers:
        if answer.outcome.is_failure:
            yield failure_finding(answer, resolver)
    if host.addresses or host.failure:
        return
    missing = all(answer.outcome is Outcome.NXDOMAIN for answer in host.answers)
    id = "mx-host-missing" if missing else "mx-host-no-address"
    yield Finding(id, {"host": host.name}, proofs)


def _addresses(host: Host) -> Iterator[Finding]:
    for address in host.addresses:
        if address.scope is not Scope.PUBLIC:
            parameters = {"host": host.name, "address": str(address.address)}
            id = f"mx-address-{address.scope.value}"
            yield Finding(id, parameters, evidence(*host.answers))


def _families(hosts: list[Host]) -> Iterator[Finding]:
    """IPv4 and IPv6: whether senders that have only one of them get through."""
    families = {address.address.version for host in hosts for address in host.usable}
    failed = any(host.failure for host in hosts)
    if len(families) != 1 or failed:
        return
    proofs = evidence(*(answer for host in hosts for answer in host.answers))
    yield Finding("mx-ipv4-only" if families == {4} else "mx-ipv6-only", {}, proofs)


def _reverse(hosts: list[Host], resolver: Resolver) -> Iterator[Finding]:
    """The way back from each address that the world can reach."""
    pairs: dict[str, tuple[Host, HostAddress]] = {}
    for host in hosts:
        for address in host.usable:
            pairs.setdefault(str(address.address), (host, address))
    for host, address in pairs.values():
        yield from _way_back(host, address, resolver)
    confirmed = [address for _, address in pairs.values() if address.reverse == "confirmed"]
    if pairs and len(confirmed) == len(pairs):
        proofs = evidence(*(address.back.answer for address in confirmed if address.back))
        yield Finding("mx-forward-confirmed", {"count": len(confirmed)}, proofs)


def _way_back(host: Host, address: HostAddress, resolver: Resolver) -> Iterator[Finding]:
    back = address.back
    if back is None:
        return
    parameters = {"host": host.name, "address": str(address.address)}
    if back.failure:
        yield failure_finding(back.failure, resolver)
    elif back.state == "none":
        yield Finding("mx-no-ptr", parameters, evidence(back.answer))
    elif back.state == "unconfirmed":
        names = [name.name for name in back.names]
        yield Finding("mx-ptr-unconfirmed", parameters | {"names": names}, evidence(back.answer))
