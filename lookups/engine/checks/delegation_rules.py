"""The rules of topic delegation: from what the servers said to findings. Nothing here asks DNS."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..finding import Evidence, Finding
from ..records import soa as soa_records
from ..resolver import name_text
from .answers import absence_finding, evidence, failure_finding
from .delegation_servers import UNKNOWN, NameServer, ServerAddress

if TYPE_CHECKING:
    from .delegation import Case

TTL_LOW = 300  # seconds
NETWORK = {4: 24, 6: 48}  # bits of what is likely to fail together (RFC 2182 §3.1)
_LAME = ("refused", "servfail", "lame", "malformed", "other")
_FAMILIES = {4: "IPv4", 6: "IPv6"}


def findings(case: Case) -> list[Finding]:
    """All that follows once every server has been asked."""
    if case.kind == "nothing" and case.soa:
        return [absence_finding(case.soa)]
    if case.kind == "unknown" or case.own is None:
        return _failures(case)
    found = list(_place(case))
    if case.kind == "top":
        return found
    found += _failures(case)
    found += _hosts(case)
    if not _anybody_replied(case):
        if any(host.public for host in case.hosts):
            found.append(Finding("delegation-not-reachable", {}, _proof(case)))
    else:
        found += _set_untested_aside(case)
        found += _parent_and_child(case)
        found += _glue(case)
        found += _servers(case)
        found += _serials(case)
    found += _redundancy(case)
    found += _soa(case)
    return found


def _proof(case: Case, type: str = "NS") -> tuple[Evidence, ...]:
    return (Evidence(name_text(case.zone), type),)


def _failures(case: Case) -> list[Finding]:
    """What the resolver could not say of the zone itself."""
    answers = [answer for answer in (case.own, case.soa) if answer and answer.outcome.is_failure]
    return [failure_finding(answer, case.context.resolver) for answer in answers[:1]]


def _place(case: Case) -> Iterator[Finding]:
    """Where the domain lies, and an alias where none may be (RFC 1034 §3.6.2)."""
    if case.kind != "apex":
        parameters = {"name": case.context.domain.ascii, "zone": name_text(case.zone)}
        yield Finding("delegation-inside-zone", parameters, _proof(case))
    if case.alias is not None:
        parameters = {"zone": name_text(case.zone), "target": name_text(case.alias)}
        yield Finding("delegation-apex-alias", parameters, (*_proof(case), *_proof(case, "MX")))


def _hosts(case: Case) -> Iterator[Finding]:
    """What is wrong with the names and addresses in NS records."""
    for host in case.hosts:
        proofs = evidence(*host.answers)
        if host.alias:
            parameters = {"host": host.text, "target": host.alias}
            yield Finding("delegation-host-alias", parameters, proofs)
        elif host.state == "no-address":
            yield Finding("delegation-host-no-address", {"host": host.text}, proofs)
        for address in host.addresses:
            if address.state == "not-public":
                parameters = {"host": host.text, "address": str(address.address)}
                yield Finding("delegation-address-not-public", parameters, proofs)


# --- what this machine can see at all ---------------------------------------------------------


def _asked(case: Case) -> Iterator[tuple[int, bool, bool]]:
    """Of each question that was sent to a server: address family, TCP, whether it replied."""
    for address in _addresses(case):
        for way in (address.udp, address.tcp):
            if way.answer and way.state not in UNKNOWN:
                yield address.address.version, way is address.tcp, way.replied
    for each in case.parents:
        if each.answer.outcome.is_unasked:
            continue
        yield each.address.version, each.tcp, each.replied


def _anybody_replied(case: Case) -> bool:
    return any(replied for _, _, replied in _asked(case))


def _silent_ways(case: Case) -> list[str]:
    """Ways over which nobody at all replied, neither here nor at the zone above: perhaps the
    network that this site runs in has none of them."""
    asked = list(_asked(case))
    found = []
    for version, name in _FAMILIES.items():
        of_family = [replied for family, _, replied in asked if family == version]
        if of_family and not any(of_family):
            found.append(name)
    over_tcp = [replied for _, tcp, replied in asked if tcp]
    if over_tcp and not any(over_tcp):
        found.append("TCP")
    return found


def _set_untested_aside(case: Case) -> Iterator[Finding]:
    """Servers are not blamed for ways that may be closed at this end."""
    ways, found = _silent_ways(case), set()
    for address in _addresses(case):
        family = _FAMILIES[address.address.version]
        if family in ways:
            address.udp.state = address.tcp.state = "untested"
            found.add(family)
        elif "TCP" in ways and address.tcp.state == "silent":
            address.tcp.state = "untested"
            found.add("TCP")
    if found:
        yield Finding("delegation-untested", {"ways": sorted(found)}, _proof(case))


# --- parent and child ---------------------------------------------------------------------------


def _parent_and_child(case: Case) -> Iterator[Finding]:
    """RFC 1034 §4.2.2: both lists of name servers should be the same and stay it."""
    listed = [host for host in case.hosts if host.at_parent is not None]
    proofs = _proof(case)
    only_child = [host.text for host in listed if host.at_child and not host.at_parent]
    only_parent = [host.text for host in listed if host.at_parent and host.at_child is False]
    if only_child:
        yield Finding("delegation-missing-at-parent", {"hosts": only_child}, proofs)
    if only_parent:
        yield Finding("delegation-missing-at-child", {"hosts": only_parent}, proofs)
    differing = list(_differing(case))
    if differing:
        yield Finding("delegation-lists-differ", {"hosts": differing}, proofs)
    agree = all(host.at_child and host.at_parent for host in listed)
    if listed and agree and not differing and not case.skipped:
        yield Finding("delegation-consistent", {"count": len(listed)}, proofs)


def _differing(case: Case) -> Iterator[str]:
    """Servers whose own NS records are others than those that the resolver found."""
    own = case.own_names
    for host in case.hosts:
        names = next((a.names for a in host.addresses if a.names is not None), None)
        if own and names is not None and names != own:
            yield host.text


def _glue(case: Case) -> Iterator[Finding]:
    """RFC 9471 §2.1: addresses in the zone above for hosts that lie in the zone itself."""
    matching, faulty = 0, 0
    for host in case.hosts:
        if not host.at_parent or host.state in ("alias", "no-address"):
            continue
        if not host.glue:
            if host.name.is_subdomain(case.zone):
                faulty += 1
                yield Finding("delegation-glue-missing", {"host": host.text}, _proof(case))
        elif not host.failed and set(host.glue) != host.known:
            faulty += 1
            parameters = {
                "host": host.text,
                "parent": [str(address) for address in host.glue],
                "child": sorted(str(address) for address in host.known),
            }
            yield Finding("delegation-glue-differs", parameters, evidence(*host.answers))
        elif host.known:
            matching += 1
    if matching and not faulty:
        yield Finding("delegation-glue-agrees", {"count": matching}, _proof(case))


# --- each server ----------------------------------------------------------------------------------


def _addresses(case: Case) -> Iterator[ServerAddress]:
    for host in case.hosts:
        yield from host.public


def _servers(case: Case) -> Iterator[Finding]:
    """RFC 1912 §2.8 (lame servers), RFC 7766 §5 (TCP), RFC 5358 §4 (recursion)."""
    states = [address.state for address in _addresses(case)]
    for host in case.hosts:
        for address in host.public:
            yield from _server(case, host, address)
    if states and all(state == "ok" for state in states):
        yield Finding("delegation-servers-answer", {"count": len(states)}, _proof(case, "SOA"))
    tested = [state for state in states if state not in (*UNKNOWN, "pending")]
    if tested and _is_dead(case) and "crowded" not in states:
        zone = name_text(case.zone)
        yield Finding("delegation-none-answers", {"zone": zone}, _proof(case, "SOA"))


def _is_dead(case: Case) -> bool:
    """Whether no server has the zone, though some can be asked."""
    return _anybody_replied(case) and not any(address.soa for address in _addresses(case))


def _server(case: Case, host: NameServer, address: ServerAddress) -> Iterator[Finding]:
    parameters: dict[str, Any] = {"host": host.text, "address": str(address.address)}
    proofs = _proof(case, "SOA")
    if address.state in _LAME:
        answer = address.udp.answer
        said = answer.rcode if answer and answer.rcode != "NOERROR" else ""
        yield Finding("delegation-lame", parameters | {"answer": said or "-"}, proofs)
    elif address.state == "not-authoritative":
        yield Finding("delegation-not-authoritative", parameters, proofs)
    elif address.state == "silent":
        yield Finding("delegation-server-silent", parameters, proofs)
    elif address.state == "no-udp":
        yield Finding("delegation-no-udp", parameters, proofs)
    elif address.state == "no-tcp":
        yield Finding("delegation-no-tcp", parameters, proofs)
    if address.recursion:
        yield Finding("delegation-open-recursion", parameters, (Evidence(".", "NS"),))


def _serials(case: Case) -> Iterator[Finding]:
    """RFC 1034 §4.3.5: the copies of a zone have the serial of the primary, or soon will."""
    found: dict[int, list[str]] = {}
    for host in case.hosts:
        for serial in {address.soa.serial for address in host.addresses if address.soa}:
            found.setdefault(serial, []).append(host.text)
    proofs = _proof(case, "SOA")
    hosts = {host for names in found.values() for host in names}
    if len(found) > 1:
        shown = [f"{serial} ({', '.join(names)})" for serial, names in sorted(found.items())]
        yield Finding("delegation-serials-differ", {"serials": shown}, proofs)
    elif found and len(hosts) > 1:
        parameters = {"serial": next(iter(found)), "count": len(hosts)}
        yield Finding("delegation-serials-agree", parameters, proofs)


# --- several servers, several networks ------------------------------------------------------------


def _redundancy(case: Case) -> Iterator[Finding]:
    """RFC 1034 §4.1 and RFC 2182 §5 (at least two servers), RFC 2182 §3.1 (apart from another)."""
    proofs = _proof(case)
    if len(case.hosts) == 1:
        yield Finding("delegation-single-server", {"host": case.hosts[0].text}, proofs)
    public = list(_addresses(case))
    networks = {version: _networks(public, version) for version in NETWORK}
    apart = any(len(found) > 1 for found in networks.values())
    serving = [host for host in case.hosts if host.public]
    if _is_dead(case):
        return
    if len(serving) > 1 and apart:
        count = max(len(found) for found in networks.values())
        parameters = {"hosts": len(serving), "networks": count}
        yield Finding("delegation-redundant", parameters, proofs)
    elif len(serving) > 1:
        shown = [network for found in networks.values() for network in sorted(found)]
        yield Finding("delegation-single-network", {"networks": shown}, proofs)
    if public and not any(host.failed for host in case.hosts):
        yield from _families(networks, evidence(*(a for host in case.hosts for a in host.answers)))
    yield from _ttl(case)


def _networks(addresses: list[ServerAddress], version: int) -> set[str]:
    return {
        str(ipaddress.ip_network(f"{each.address}/{NETWORK[version]}", strict=False))
        for each in addresses
        if each.address.version == version
    }


def _families(networks: dict[int, set[str]], proofs: tuple[Evidence, ...]) -> Iterator[Finding]:
    """RFC 3901 §4: every zone should be served over IPv4; more and more resolvers have IPv6."""
    if not networks[4]:
        yield Finding("delegation-no-ipv4", {}, proofs)
    elif not networks[6]:
        yield Finding("delegation-no-ipv6", {}, proofs)
    else:
        yield Finding("delegation-dual-stack", {}, proofs)


def _ttl(case: Case) -> Iterator[Finding]:
    ttls = [address.ttl for address in _addresses(case) if address.ttl is not None]
    if ttls and min(ttls) < TTL_LOW:
        yield Finding("delegation-ttl-low", {"ttl": min(ttls)}, _proof(case))


# --- SOA ----------------------------------------------------------------------------------------


def _soa(case: Case) -> Iterator[Finding]:
    """RFC 1912 §2.2 and RFC 2308 §5 on the values of the SOA record."""
    record = case.soa_record
    if record is None:
        return
    ttl = case.soa.ttl if case.soa and case.soa.authoritative else None
    for id, parameters in soa_findings(record, case.soa_faults, ttl):
        yield Finding(id, parameters, _proof(case, "SOA"))


def soa_findings(
    record: Any, faults: soa_records.Faults, ttl: int | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What explains each fault of a SOA record (dnspython's rdata): ids and parameters."""
    timers = {"refresh": record.refresh, "retry": record.retry, "expire": record.expire}
    negative = soa_records.negative_ttl(record, ttl)
    rname = name_text(record.rname)
    if faults.mname:
        yield "delegation-soa-mname", {"mname": name_text(record.mname)}
    if faults.at_sign:
        yield "delegation-soa-at-sign", {"rname": rname}
    if faults.rname:
        yield "delegation-soa-rname", {"rname": rname}
    if faults.refresh:
        yield "delegation-soa-refresh", {"refresh": record.refresh}
    if faults.retry:
        yield "delegation-soa-retry", {"retry": record.retry, "refresh": record.refresh}
    if faults.expire:
        yield "delegation-soa-expire", {"expire": record.expire}
    if faults.expire_below:
        yield "delegation-soa-expire-below-refresh", timers
    if faults.minimum:
        yield "delegation-soa-negative", {"seconds": negative}
    if not faults.is_any:
        yield "delegation-soa-sound", timers | {"negative": negative}
