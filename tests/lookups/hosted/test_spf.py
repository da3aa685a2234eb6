"""Flat SPF records that are hosted: written out, kept right, and asked for over real DNS."""

from __future__ import annotations

import asyncio
import ipaddress
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from lookups import stream
from lookups.engine.spf import check_host
from lookups.hosted import spf
from lookups.hosted.dns import store
from lookups.hosted.tasks import refresh_spf
from lookups.models import HostedSpf, SpfChange, Watch
from lookups.tools.dns import Dns
from tests.learn.test_own_zones import begin, put

from .conftest import proven
from .test_spf_dns import dns_server  # noqa: F401 fixture

pytestmark = pytest.mark.django_db(transaction=True)


def page(watch) -> str:
    return f"/domains/{watch.token}/spf/"


@pytest.fixture
def spf_dns(dns_server, settings):  # noqa: F811
    """The DNS server of hosted records, on Redis, known to the resolver."""
    server = dns_server(store.RedisSource(settings.REDIS_URL))
    settings.SPF_DNS = f"127.0.0.1:{server.port}"
    return server


@pytest.fixture
def zone(client, member, own_classroom):
    return begin(client)


def verdict(ip: str, domain: str) -> str:
    async def ask():
        async with Dns() as dns:
            resolver = dns.resolver(share_seconds=0)
            sender = f"a@{domain}"
            return await check_host(resolver, ipaddress.ip_address(ip), sender, f"mail.{domain}")

    return async_to_sync(ask)().result.value


def test_an_include_of_it_is_really_resolved(client, member, zone, spf_dns):
    watch = proven(member, zone.domain)
    source = "v=spf1 ip4:192.0.2.0/24 include:perfect.classroom.test ~all"
    answer = client.post(page(watch), {"do": "save", "source": source})
    assert answer.status_code == 302, answer.text
    row = HostedSpf.objects.get()
    assert "192.0.2.0/24" in row.networks and row.lookups_before > row.lookups_after == 1
    assert f"include:{row.name}" in client.get(page(watch)).text
    put(client, zone, f'@ TXT "v=spf1 include:{row.name} -all"\n')
    assert verdict("192.0.2.9", zone.domain) == "pass"
    assert verdict("203.0.113.9", zone.domain) == "fail"
    looked = client.get(page(watch) + "?look=1").text
    assert "DNS has the record under this name" in looked and "record includes it" in looked
    # Away for good: receivers see an error, as the page says.
    client.post(page(watch), {"do": "off"})
    assert HostedSpf.objects.exists()
    client.post(page(watch), {"do": "off", "sure": "on"})
    assert not HostedSpf.objects.exists() and not store.labels(stream.client())


def test_a_and_mx_mean_the_domain(client, member, zone, spf_dns):
    put(client, zone, "@ A 198.18.7.7\n@ MX 10 mx1\nmx1 A 198.18.7.8\n")
    row = spf.host(proven(member, zone.domain), "v=spf1 a mx -all")
    assert row.networks == ["198.18.7.7/32", "198.18.7.8/32"]


def test_a_source_by_name_that_changes(client, member, zone, spf_dns):
    watch = proven(member, zone.domain)
    put(client, zone, '_src 60 TXT "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ?all"\n')
    client.post(page(watch), {"do": "save", "source": f"_src.{zone.domain}"})
    row = HostedSpf.objects.get()
    assert row.interval == spf.SHORTEST
    put(client, zone, '_src 60 TXT "v=spf1 ip4:192.0.2.2 ip4:192.0.2.3 ?all"\n')
    assert spf.refresh_due() == 0
    assert spf.refresh_due(timezone.now() + timedelta(seconds=301)) == 1
    change = SpfChange.objects.get()
    assert change.added == ["192.0.2.2/31"] and change.removed == ["192.0.2.1/32", "192.0.2.2/32"]
    text = client.get(page(watch)).text
    assert "192.0.2.2/31" in text and "192.0.2.1/32" in text
    put(client, zone, f'@ TXT "v=spf1 include:{row.name} -all"\n')
    assert verdict("192.0.2.3", zone.domain) == "pass"


def test_the_old_record_stays_while_sources_fail(client, member, zone, spf_dns):
    watch = proven(member, zone.domain)
    put(client, zone, '_src TXT "v=spf1 ip4:192.0.2.1 -all"\n')
    row = spf.host(watch, f"_src.{zone.domain}")
    served = dict(row.records)
    put(client, zone, '_src TXT "v=spf1 ip4:192.0.2.9 include:servfail.classroom.test -all"\n')
    client.post(page(watch), {"do": "refresh"})
    row.refresh_from_db()
    assert row.records == served and row.trouble == "failed" and not row.is_alarming
    put(client, zone, "@ MX 0 .\n")
    spf.refresh_due(timezone.now() + timedelta(days=2))
    row.refresh_from_db()
    assert row.records == served and row.trouble == "missing"
    HostedSpf.objects.update(trouble_since=timezone.now() - timedelta(hours=25))
    assert "more than a day" in client.get(page(watch)).text
    assert "sources fail" in client.get(watch.get_absolute_url()).text
    put(client, zone, '_src TXT "v=spf1 ip4:192.0.2.9 -all"\n')
    client.post(page(watch), {"do": "refresh"})
    row.refresh_from_db()
    assert row.trouble == "" and row.networks == ["192.0.2.9/32"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "required"),
        ("nonsense", "neither an SPF record nor a name"),
        ("v=spf1 ip4:nonsense -all", "is wrong"),
        ("v=spf1 +all", "permits everybody"),
        ("v=spf1 include:nothing.classroom.test -all", "leads to no SPF record"),
        ("v=spf1 include:servfail.classroom.test -all", "DNS gave no usable answer"),
        ("no-mail-here.classroom.test", "no SPF record that can be used at"),
        ("v=spf1 exists:%{i}.%{d} -all", "depends on the message"),
        ("v=spf1 exists:%{i}.lists.example ip4:192.0.2.1 -all", ""),
        ("v=spf1 " + "include:a.example " * 300, "at most"),
    ],
)
def test_what_cannot_be_written_out_is_refused(client, member, classroom, source, said):
    watch = proven(member, "perfect.classroom.test")
    answer = client.post(page(watch), {"do": "save", "source": source})
    if said:
        assert answer.status_code == 400 and "form-error" in answer.text
        assert said in ("required", "at most") or said in answer.text
        assert not HostedSpf.objects.exists()
    else:  # kept as a term
        row = HostedSpf.objects.get()
        assert "exists:%{i}.lists.example" in row.records[""] and row.lookups_after == 2


def test_the_domain_itself_is_no_source(client, member, classroom):
    watch = proven(member, "perfect.classroom.test")
    answer = client.post(page(watch), {"do": "save", "source": "perfect.classroom.test"})
    assert answer.status_code == 400 and "cannot be the source" in answer.text


def test_many_networks_are_spread_over_records(client, member, classroom, spf_dns):
    watch = proven(member, "perfect.classroom.test")
    source = "v=spf1 " + " ".join(f"ip4:10.{n}.0.0/32" for n in range(150)) + " -all"
    row = spf.host(watch, source)
    assert set(row.records) > {"", "_s1"} and row.lookups_after == len(row.records)
    answer = asyncio.run(_ask_tcp(spf_dns, f"_s1.{row.name}"))
    assert "ip4:10.0.0.0" in answer


async def _ask_tcp(server, name):
    import dns.asyncquery
    import dns.message

    query = dns.message.make_query(name, "TXT")
    return (await dns.asyncquery.tcp(query, server.host, port=server.port, timeout=5)).to_text()


def test_redis_is_mended(member, classroom):
    row = spf.host(proven(member, "perfect.classroom.test"), "v=spf1 ip4:192.0.2.1 -all")
    client = stream.client()
    client.flushall()
    store.put(client, "abcdefghijkl", store.Entry(60, {"": "v=spf1 -all"}))
    refresh_spf()
    assert store.labels(client) == {row.label}
    Watch.objects.update(verified_at=None)
    spf.mend_store()
    assert store.labels(client) == {row.label}
    HostedSpf.objects.update(refreshed=timezone.now() - timedelta(days=31))
    spf.mend_store()
    assert store.labels(client) == set()


def test_the_log_has_fifty_changes_at_most(member, classroom):
    row = spf.host(proven(member, "perfect.classroom.test"), "v=spf1 ip4:192.0.2.1 -all")
    for number in range(60):
        SpfChange.objects.create(spf=row, added=[str(number)])
    spf.host(row.watch, "v=spf1 ip4:192.0.2.2 -all")
    assert row.changes.count() == spf.MAX_CHANGES


def test_without_proof_it_is_not_refreshed(client, member, classroom):
    watch = proven(member, "perfect.classroom.test")
    spf.host(watch, "v=spf1 ip4:192.0.2.1 -all")
    assert "Take the include out first" in client.get(f"/domains/{watch.token}/delete/").text
    Watch.objects.update(verified_at=None)
    assert spf.refresh_due(timezone.now() + timedelta(days=9)) == 0
    assert client.post(page(watch), {"do": "save", "source": "v=spf1 -all"}).status_code == 404
    assert "proof of ownership is lost" in client.get(page(watch)).text
