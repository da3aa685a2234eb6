"""Whole reports on signed zones of a real name server, asked directly and through a validator."""

from __future__ import annotations

import asyncio

import pytest

from bench.zones import DOMAINS, LONGEST_CHAIN, SELECTORS, zones
from lookups.engine.context import Context, Options
from lookups.engine.names import parse_domain
from lookups.engine.report import TOPICS, finished
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.transport import Server, Transport
from tests.lookups.engine.rounds import rounds
from tests.nameservers import Nameserver, serving, validating


@pytest.fixture(scope="module")
def nameserver():
    with serving(zones()) as running:
        yield running


@pytest.fixture(scope="module", params=["authority", "validator"])
def asked(request, nameserver) -> Server:
    """Whom reports ask: the name server itself, or unbound in front of it."""
    if request.param == "authority":
        yield nameserver.server
    else:
        with validating(nameserver) as resolver:
            yield resolver


async def reported(asked: Server, nameserver: Nameserver, domain: str, transport: Transport):
    """The last sections by topic, and the context with its resolver's log."""
    settings = ResolverSettings((asked,), classroom=nameserver.server)
    options = Options(lesson=True, selectors=SELECTORS, trust_anchors=nameserver.anchors)
    context = Context(Resolver(settings, transport), parse_domain(domain), options)
    sections = await finished(context)
    return sections, context


def questions(log):
    return [(e["name"], e["type"], e["server"], e["transport"]) for e in log]


async def test_a_domain_in_good_order(asked, nameserver):
    transport = Transport()
    sections, context = await reported(asked, nameserver, DOMAINS[0], transport)
    transport.close()
    assert set(sections) == set(TOPICS)
    assert not [s.topic for s in sections.values() if s.failed or not s.complete]
    found = {finding.id for section in sections.values() for finding in section.findings}
    assert not [id for id in found if id.startswith("dns-")]
    assert {"mx-found", "spf-found", "dmarc-reject", "dnssec-secure", "dane-valid"} <= found
    assert len(sections["spf"].records["raw"]) == 1


async def test_no_question_is_asked_twice(asked, nameserver):
    transport = Transport()
    _, context = await reported(asked, nameserver, DOMAINS[0], transport)
    transport.close()
    log = questions(context.resolver.log)
    assert len(log) == len(set(log)) and 40 <= len(log) <= 100


async def test_ten_reports_at_once_share_what_they_have_in_common(asked, nameserver):
    transport = Transport()
    done = await asyncio.gather(*(reported(asked, nameserver, d, transport) for d in DOMAINS))
    transport.close()
    log = [entry for _, context in done for entry in context.resolver.log]
    sent = questions(entry for entry in log if not entry["shared"])
    assert len(sent) == len(set(sent)) < len(log) * 0.6


async def test_a_report_takes_as_many_rounds_as_its_longest_chain(nameserver):
    async with rounds() as transport:
        _, context = await reported(nameserver.server, nameserver, DOMAINS[0], transport)
    assert max(transport.levels.values()) + 1 == LONGEST_CHAIN
    assert transport.levels["out.spf.example", "A"] == LONGEST_CHAIN - 1
