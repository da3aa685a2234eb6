"""check_host() against the open test suite for RFC 7208, its zones served over a socket.

The suite is data by others and not part of this project; where it is not at hand, this is skipped.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset
import pytest
import yaml
from dns.rdataclass import IN

from lookups.engine.spf import check_host

from .scripted import resolving

ROOT = Path(__file__).parents[3]
SUITE = ROOT.parent / "shared" / "data" / "rfc7208-tests.yml"
QUERY_SECONDS = 0.5  # some names never answer


@cache
def scenarios() -> list[dict[str, Any]]:
    if not SUITE.exists():
        return []
    return list(yaml.safe_load_all(SUITE.read_text("utf-8")))


def cases() -> list[Any]:
    found = [
        pytest.param(index, name, id=f"{scenario['description']}: {name}")
        for index, scenario in enumerate(scenarios())
        for name in scenario["tests"]
    ]
    missing = pytest.mark.skip(reason=f"the suite is not at {SUITE}")
    return found or [pytest.param(0, "", marks=missing)]


def name_of(text: str) -> dns.name.Name:
    """A name of the suite, its characters taken as they are."""
    labels = text.lower().removesuffix(".").split(".") if text else []
    return dns.name.Name([*(label.encode("latin-1") for label in labels), b""])


def rdata_of(type: str, value: Any) -> dns.rdata.Rdata:
    rdtype = dns.rdatatype.from_text(type)
    if type in ("TXT", "SPF"):
        strings = value if isinstance(value, list) else [value]
        # A TXT record has at least one string: none stands for an empty one.
        octets = [string.encode("latin-1") for string in strings] or [b""]
        return dns.rdtypes.ANY.TXT.TXT(IN, rdtype, octets)
    if type == "MX":
        exchange = name_of(value[1]).to_text()
        return dns.rdata.from_text(IN, rdtype, f"{value[0]} {exchange}")
    if type in ("PTR", "CNAME"):
        return dns.rdata.from_text(IN, rdtype, name_of(value).to_text())
    return dns.rdata.from_text(IN, rdtype, str(value))


class Zones:
    """The zone data of one scenario as a server's decisions."""

    def __init__(self, data: dict[str, list[Any]]) -> None:
        self.silent: set[dns.name.Name] = set()
        self.records: dict[dns.name.Name, dict[str, list[dns.rdata.Rdata]]] = {}
        for text, entries in data.items():
            self._add(name_of(text), entries)

    def _add(self, name: dns.name.Name, entries: list[Any]) -> None:
        types: dict[str, list[dns.rdata.Rdata]] = {}
        says_txt = False
        for entry in entries:
            if entry == "TIMEOUT":
                self.silent.add(name)
                continue
            [(type, value)] = entry.items()
            says_txt = says_txt or type == "TXT"
            if value != "NONE":
                types.setdefault(type, []).append(rdata_of(type, value))
        if "SPF" in types and not says_txt:
            types["TXT"] = [
                dns.rdtypes.ANY.TXT.TXT(IN, dns.rdatatype.TXT, record.strings)
                for record in types["SPF"]
            ]
        self.records[name] = types

    def decide(self, query: dns.message.Message, transport: str) -> dns.message.Message | None:
        name, rdtype = query.question[0].name, query.question[0].rdtype
        type = dns.rdatatype.to_text(rdtype)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA | dns.flags.RA
        seen = set()
        while name not in seen:
            seen.add(name)
            types = self.records.get(name, {})
            found = type if type in types else "CNAME" if "CNAME" in types else ""
            if not found and name in self.silent:
                return None
            if not found:
                if not any(known.is_subdomain(name) for known in self.records):
                    reply.set_rcode(dns.rcode.NXDOMAIN)
                break
            reply.answer.append(dns.rrset.from_rdata_list(name, 60, types[found]))
            if found == type:
                break
            name = types["CNAME"][0].target
        return reply


@pytest.mark.parametrize(("scenario", "name"), cases())
async def test_the_suite(scenario, name):
    data = scenarios()[scenario]
    test = data["tests"][name]
    zones = Zones(data["zonedata"])
    settings = {"query_timeout": QUERY_SECONDS, "private_names": True}  # as the command line asks
    async with resolving(zones.decide, **settings) as (resolver, _):
        verdict = await check_host(
            resolver, ipaddress.ip_address(test["host"]), test["mailfrom"], test["helo"]
        )
    wanted = test["result"] if isinstance(test["result"], list) else [test["result"]]
    assert verdict.result.value in wanted, verdict
    if "explanation" in test:
        said = "" if test["explanation"] == "DEFAULT" else test["explanation"]
        assert verdict.explanation == said
