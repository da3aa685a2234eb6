"""Learners' own zones: served over real sockets, edited on their pages, and gone in the end."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.reversename
import pytest
import redis
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.utils import timezone

from learn.classroom import own, own_store
from learn.classroom.answers import Authority
from learn.classroom.own import OwnZones, Published, Unreachable
from learn.classroom.zone_files import load
from learn.own_zones import judge, shelf
from learn.own_zones.models import KEEP_DAYS, OwnZone, SolvedExercise
from learn.tasks import forget_own_zones, mend_own_zones
from lookups import stream
from lookups.models import Report

from .own import ask, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/classroom/zone/"


def begin(client, prefix: str = "") -> OwnZone:
    answer = client.post(prefix + LIST)
    assert answer.status_code == 302, answer.text
    return OwnZone.objects.get(label=answer.url.split("/")[-2])


def put(client, zone: OwnZone, text: str, do: str = "save", prefix: str = "", **fields):
    """Saves a text over what there is now."""
    zone.refresh_from_db()
    typed = {"view": "text", "text": text, "version": zone.version, "do": do, **fields}
    return client.post(f"{prefix}{LIST}{zone.label}/", typed)


def texts(message: dns.message.Message) -> list[str]:
    return [rdata.to_text() for rrset in message.answer for rdata in rrset]


def check(zone: OwnZone, *topics: str) -> dict[str, set[str]]:
    """Topic -> the findings of a check by the engine."""
    wanted = SimpleNamespace(topics=topics, selectors=())
    sections = async_to_sync(judge._check)(zone.domain, wanted)
    return {topic: {f["id"] for f in s["findings"]} for topic, s in sections.items()}


# --- the DNS server -----------------------------------------------------------------------------
def test_a_saved_change_is_answered_at_once(client, own_classroom):
    zone = begin(client)
    assert texts(ask(own_classroom, zone.domain, "MX")) == [f"10 mx1.{zone.domain}."]
    for preference in range(20, 25):
        put(client, zone, f"@ MX {preference} mx1\nmx1 A 198.18.1.1\n")
        response = ask(own_classroom, zone.domain, "MX")
        assert texts(response) == [f"{preference} mx1.{zone.domain}."]
        assert response.flags & dns.flags.AA
    assert texts(ask(own_classroom, zone.domain, "SOA"))[0].split()[2] == "6"
    client.post(f"{LIST}{zone.label}/undo/")
    assert texts(ask(own_classroom, zone.domain, "MX")) == [f"23 mx1.{zone.domain}."]


def test_names_that_are_no_zones_do_not_exist(client, own_classroom):
    begin(client)
    for name in ("nosuchzz.zone.classroom.test", "a.b.zone.classroom.test"):
        response = ask(own_classroom, name, "A", want_dnssec=True)
        assert response.rcode() == dns.rcode.NXDOMAIN
        assert response.authority[0].name.to_text() == "zone.classroom.test."
    assert ask(own_classroom, "zone.classroom.test", "SOA").answer
    assert ask(own_classroom, "perfect.classroom.test", "MX").answer


def test_large_answers_come_over_tcp(client, own_classroom):
    zone = begin(client)
    put(client, zone, "".join(f'@ TXT "{n} {"a" * 100}"\n' for n in range(30)))
    query = dns.message.make_query(zone.domain, "TXT", use_edns=0, payload=4096)
    host, port = own_classroom
    assert dns.query.udp(query, host, timeout=5, port=port).flags & dns.flags.TC
    assert len(dns.query.tcp(query, host, timeout=5, port=port).answer[0]) == 30


def test_a_whole_zone_is_in_order_for_the_engine(client, own_classroom):
    """Signed, with reverse DNS, mail servers, a policy and TLSA records: nothing is amiss."""
    zone = begin(client)
    keys = client.get(f"{LIST}{zone.label}/").context["keys"]
    assert [key["name"] for key in keys] == ["_25._tcp.mx1"]
    records = zone.text + f"{keys[0]['name']} TLSA {keys[0]['data']}\n"
    records += f"mta-sts A {zone.addresses['four2']}\n" + '_mta-sts TXT "v=STSv1; id=1"\n'
    answer = put(client, zone, records, signed="on")
    assert answer.status_code == 302
    topics = ("mx", "spf", "mta-sts", "dnssec", "dane", "smtp", "delegation", "reverse")
    found = check(zone, *topics)
    assert {"mx-found", "mx-forward-confirmed"} <= found["mx"]
    assert "mta-sts-enforced" in found["mta-sts"]
    assert {"dnssec-secure", "dnssec-hosts-secure"} <= found["dnssec"]
    assert {"dane-match", "dane-valid"} & found["dane"]
    assert found["smtp"] == {"smtp-good"}
    assert {"delegation-servers-answer", "delegation-soa-sound"} <= found["delegation"]
    assert {"reverse-confirmed"} <= found["reverse"]


def test_an_unsigned_zone_is_proven_to_be_so(client, own_classroom):
    zone = begin(client)
    assert "dnssec-unsigned" in check(zone, "dnssec")["dnssec"]
    put(client, zone, zone.text, signed="on")
    assert "dnssec-secure" in check(zone, "dnssec")["dnssec"]
    put(client, zone, zone.text)
    assert "dnssec-unsigned" in check(zone, "dnssec")["dnssec"]


def test_own_name_servers_are_played(client, own_classroom):
    zone = begin(client)
    places = zone.addresses
    servers = f"@ NS ns1\n@ NS ns2\nns1 A {places['four1']}\nns2 A 198.18.128.77\n"
    put(client, zone, zone.text + servers.replace("ns1 A", "ns1 A", 1))
    found = check(zone, "delegation")["delegation"]
    assert {"delegation-consistent", "delegation-glue-agrees"} <= found
    assert "delegation-servers-answer" in found


def test_reverse_names_follow_the_zone(client, own_classroom):
    zone = begin(client)
    for address in (zone.addresses["four1"], zone.addresses["six1"]):
        name = dns.reversename.from_address(address)
        assert texts(ask(own_classroom, name, "PTR")) == [f"mx1.{zone.domain}."]
    put(client, zone, "@ MX 0 .\n")
    assert ask(own_classroom, name, "PTR").rcode() == dns.rcode.NXDOMAIN


def test_a_zone_below_is_delegated(client, own_classroom):
    zone = begin(client)
    put(client, zone, zone.text + "sub NS ns.sub\nns.sub A 198.18.1.2\nx.sub A 198.18.1.3\n")
    response = ask(own_classroom, f"x.sub.{zone.domain}", "A")
    assert not response.answer and not response.flags & dns.flags.AA
    assert response.authority[0].rdtype == dns.rdatatype.NS and response.additional


def test_aliases_lead_from_zone_to_zone_but_not_for_ever(client, own_classroom):
    one, other = begin(client), begin(client)
    put(client, one, f"www CNAME www.{other.domain}.\n")
    put(client, other, f"www A 198.18.1.1\nloop CNAME loop.{one.domain}.\n")
    answer = texts(ask(own_classroom, f"www.{one.domain}", "A"))
    assert answer == [f"www.{other.domain}.", "198.18.1.1"]
    put(client, one, f"loop CNAME loop.{other.domain}.\n")
    assert len(ask(own_classroom, f"loop.{one.domain}", "A").answer) == 2


def test_lessons_have_no_addresses_of_own_zones():
    for zone in load().data.zones.values():
        for types in zone.rrsets.values():
            for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
                for rdata in types.get(rdtype, ()):
                    address = own.ipaddress.ip_address(rdata.address)
                    assert own.block_of(address) is None


def test_every_block_has_addresses_of_its_own():
    seen = set()
    for block in range(own.BLOCKS):
        four, six = own.networks(block)
        assert own.block_of(four[0]) == own.block_of(four[-1]) == block
        assert own.block_of(six[0]) == own.block_of(six[-1]) == block
        seen |= {four, six}
    assert len(seen) == 2 * own.BLOCKS


class Away:
    """A source that is out of reach."""

    noted: list[str] = []

    def version(self, label):
        raise Unreachable

    zone = label_of = version

    def note(self, label, query):
        self.noted.append(label)


def test_while_the_zones_are_out_of_reach_the_server_says_so_and_lessons_go_on():
    zones = OwnZones(Away())
    packet = dns.message.make_query("abcdefgh.zone.classroom.test", "MX").to_wire()
    reply = zones.reply(packet, False, "127.0.0.1")
    assert dns.message.from_wire(reply.wire).rcode() == dns.rcode.SERVFAIL
    assert zones.host_at("198.19.0.1") == "" and not Away.noted
    packet = dns.message.make_query("perfect.classroom.test", "MX").to_wire()
    assert zones.reply(packet, False, "127.0.0.1") is None
    assert Authority(load()).reply(packet, False).wire


def test_redis_away_is_no_delay(settings):
    source = own_store.RedisSource("unix:///nonexistent/redis.sock")
    for _ in range(3):
        with pytest.raises(Unreachable):
            source.version("abcdefgh")


def test_hostile_packets_stop_nothing(client, own_classroom):
    zone = begin(client)
    zones = OwnZones(own_store.RedisSource(settings_url()))
    good = dns.message.make_query(zone.domain, "MX").to_wire()
    for end in range(len(good)):
        zones.reply(good[:end], False, "127.0.0.1")
    for place in range(len(good)):
        for octet in (0, 0x3F, 0xC0, 0xFF):
            zones.reply(good[:place] + bytes([octet]) + good[place + 1 :], False, "127.0.0.1")


def settings_url() -> str:
    from django.conf import settings

    return settings.REDIS_URL


def test_a_broken_zone_stops_nothing():
    class Broken(Away):
        def version(self, label):
            return 1

        def zone(self, label):
            return Published(label, 1, "no zone at all", True, 0)

    packet = dns.message.make_query("abcdefgh.zone.classroom.test", "MX").to_wire()
    reply = OwnZones(Broken()).reply(packet, False, "127.0.0.1")
    assert dns.message.from_wire(reply.wire).rcode() == dns.rcode.NXDOMAIN


# --- the pages ----------------------------------------------------------------------------------
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_the_pages(client, own_classroom, prefix):
    page = client.get(prefix + LIST)
    assert page.status_code == 200 and f'action="{prefix}{LIST}"' in page.text
    zone = begin(client, prefix)
    assert f"{prefix}{LIST}{zone.label}/" in client.get(prefix + LIST).text
    shown = client.get(f"{prefix}{LIST}{zone.label}/")
    assert shown.status_code == 200 and "noindex" in shown.text
    assert f'value="{zone.addresses["four1"]}"' in shown.text
    assert "{four1}" not in client.get(f"{prefix}{LIST}{zone.label}/?view=text").text
    for path in (prefix + LIST, f"{prefix}/classroom/exercises/", f"{prefix}/classroom/"):
        assert "/classroom/exercises/" in client.get(path).text


def test_rows_are_saved_and_their_faults_stand_beside_them(client, own_classroom):
    zone = begin(client)
    address = f"{LIST}{zone.label}/"
    rows = {
        "view": "rows",
        "version": 1,
        "do": "save",
        "name": ["@", "mx", ""],
        "ttl": ["300", "", "3600"],
        "type": ["MX", "A", "A"],
        "data": ["10 mx", "198.18.1.300", ""],
    }
    for prefix, words in (("", "is no IPv4 address"), ("/ja", "IPv4アドレスではありません")):
        page = client.post(prefix + address, rows)
        assert page.status_code == 400 and words in page.text
        assert 'href="#data-2"' in page.text and 'id="wrong-2"' in page.text
    rows["data"][1] = "198.18.1.30"
    assert client.post(address, rows).status_code == 302
    assert texts(ask(own_classroom, f"mx.{zone.domain}", "A")) == ["198.18.1.30"]
    assert ask(own_classroom, zone.domain, "MX").answer[0].ttl == 300


def test_the_text_is_refused_with_line_and_column(client, own_classroom):
    zone = begin(client)
    page = put(client, zone, "@ MX 10 mx1\nmx1 A <b>bold</b>\n")
    assert page.status_code == 400 and "Line 2, column 7" in page.text
    assert "<b>bold" not in page.text
    page = put(client, zone, "@ MX\n", prefix="/ja")
    assert page.status_code == 400 and "1行3桁" in page.text
    zone.refresh_from_db()
    assert zone.version == 1


def test_switching_views_keeps_what_was_typed_and_saves_nothing(client, own_classroom):
    zone = begin(client)
    address = f"{LIST}{zone.label}/"
    typed = {"view": "rows", "name": ["a"], "ttl": ["60"], "type": ["A"], "data": ["198.18.1.9"]}
    page = client.post(address, typed | {"do": "text"})
    assert "a  60     A      198.18.1.9" in page.text and 'name="text"' in page.text
    page = client.post(address, {"view": "text", "text": "b A 198.18.1.8\n", "do": "rows"})
    assert 'value="198.18.1.8"' in page.text and 'name="text"' not in page.text
    page = client.post(address, {"view": "text", "text": "b A x\n", "do": "rows"})
    assert page.status_code == 400 and 'name="text"' in page.text
    page = client.post(address, typed | {"do": "add"})
    assert page.text.count('name="data"') == 4
    page = client.post(address, typed | {"do": "remove-1"})
    assert "198.18.1.9" not in page.text
    for do in ("remove-99", "remove-x", "remove-", "nonsense", "remove-²"):
        assert client.post(address, typed | {"do": do}).status_code == 200
    zone.refresh_from_db()
    assert zone.version == 1


def test_comments_stay_where_nothing_else_changed(client, own_classroom):
    zone = begin(client)
    put(client, zone, "; mine\n@ MX 10 mx1\n")
    zone.refresh_from_db()
    rows = {"view": "rows", "version": 2, "do": "save"}
    rows |= {"name": ["@"], "ttl": ["3600"], "type": ["MX"], "data": ["10 mx1"]}
    client.post(f"{LIST}{zone.label}/", rows)
    zone.refresh_from_db()
    assert zone.text == "; mine\n@ MX 10 mx1\n" and zone.version == 2


def test_undo_can_be_undone(client, own_classroom):
    zone = begin(client)
    first = zone.text
    client.post(f"{LIST}{zone.label}/undo/")  # there is nothing to undo
    put(client, zone, "@ MX 0 .\n", signed="on")
    client.post(f"{LIST}{zone.label}/undo/")
    zone.refresh_from_db()
    assert zone.text == first and not zone.signed
    client.post(f"{LIST}{zone.label}/undo/")
    zone.refresh_from_db()
    assert zone.text == "@ MX 0 .\n" and zone.signed


def test_a_save_does_not_silently_replace_another_one(client, own_classroom):
    zone = begin(client)
    typed = {"view": "text", "text": "@ MX 0 .\n", "version": 1, "do": "save"}
    put(client, zone, "@ MX 10 mx1\n")
    page = client.post(f"{LIST}{zone.label}/", typed)
    assert page.status_code == 409 and 'name="version" value="2"' in page.text
    assert client.post(f"{LIST}{zone.label}/", typed | {"version": 2}).status_code == 302
    for version in ("", "x", "9" * 50, "-1"):
        page = client.post(f"{LIST}{zone.label}/", typed | {"version": version, "text": ";\n"})
        assert page.status_code == 409


def test_nothing_is_saved_while_redis_is_away(client, own_classroom, monkeypatch):
    zone = begin(client)

    def away(*arguments):
        raise redis.ConnectionError("away")

    monkeypatch.setattr(own_store, "publish", away)
    page = put(client, zone, "@ MX 0 .\n")
    assert page.status_code == 503 and "@ MX 0 ." in page.text
    zone.refresh_from_db()
    assert zone.version == 1
    assert client.post(LIST).status_code == 503
    assert OwnZone.objects.count() == 1


def test_a_check_is_always_made_anew_and_knows_the_selectors(
    client,
    own_classroom,
    monkeypatch,
):
    monkeypatch.setattr("lookups.tasks.enqueue", lambda report: None)
    zone = begin(client)
    text = zone.text + 'mail2026._domainkey TXT "v=DKIM1; p="\n*._domainkey TXT "x"\n'
    tokens = {put(client, zone, text, do="check").url for _ in range(2)}
    assert len(tokens) == 2 and all("/r/" in token for token in tokens)
    assert {report.selectors for report in Report.objects.all()} == {"mail2026"}
    for _ in range(2):
        tokens.add(client.post("/check/", {"domain": zone.domain}).url)
    assert len(tokens) == 4


# --- whose it is --------------------------------------------------------------------------------
def test_nobody_else_sees_or_changes_a_zone(client, own_classroom):
    from django.test import Client

    zone = begin(client)
    user = User.objects.create_user("reader", "reader@example.com")
    stranger, account = Client(), Client()
    account.force_login(user)
    for other in (stranger, account):
        assert zone.label not in other.get(LIST).text
        for prefix in ("", "/ja"):
            address = f"{prefix}{LIST}{zone.label}/"
            assert other.get(address).status_code == 404
            assert other.post(address, {"do": "save", "text": ""}).status_code == 404
            assert other.post(address + "undo/").status_code == 404
            assert other.get(address + "delete/").status_code == 404
            assert other.post(address + "delete/").status_code == 404
            assert other.get(address + "queries/").status_code == 404
    assert OwnZone.objects.get().version == 1


def test_what_a_session_made_goes_to_the_account(client, own_classroom):
    zone = begin(client)
    session = client.session
    session[shelf.SOLVED] = ["mx-alias"]
    session.save()
    user = User.objects.create_user("reader", "reader@example.com")
    client.force_login(user)
    assert client.get(f"{LIST}{zone.label}/").status_code == 200
    assert "solved" in client.get("/classroom/exercises/").text
    zone.refresh_from_db()
    assert zone.owner == user and zone.holder == ""
    assert SolvedExercise.objects.get().owner == user
    exported = json.loads(client.get("/account/export.json").content)
    assert exported["own_zones"][0]["domain"] == zone.domain
    assert exported["solved_exercises"][0]["exercise"] == "mx-alias"
    client.logout()
    assert client.get(f"{LIST}{zone.label}/").status_code == 404
    user.delete()
    assert not stream.client().exists(own_store.zone_key(zone.label))


# --- limits and the end -------------------------------------------------------------------------
def test_three_zones_a_person_and_one_for_exercises(client, own_classroom):
    for _ in range(shelf.MAX_ZONES):
        begin(client)
    page = client.post("/ja" + LIST)
    assert page.status_code == 400 and "3個" in page.text
    assert "<button" not in client.get(LIST).text.split("<h1>")[1].split("<h2>")[0]
    assert client.post("/classroom/exercises/mx-alias/").status_code == 302
    assert OwnZone.objects.count() == shelf.MAX_ZONES + 1


def test_limits_in_all_and_of_one_network(client, own_classroom, monkeypatch):
    monkeypatch.setattr(shelf, "MAX_TOTAL", 1)
    zone = begin(client)
    page = client.post(LIST)
    assert page.status_code == 400 and "tomorrow" in page.text
    client.post(f"{LIST}{zone.label}/delete/")
    monkeypatch.setattr(shelf, "MAX_NEW", 3)
    begin(client)
    page = client.post("/classroom/exercises/mx-alias/")
    assert page.status_code == 400 and "an hour" in page.text


def test_deleting_asks_first_and_takes_all(client, own_classroom):
    zone = begin(client)
    assert zone.domain in client.get(f"{LIST}{zone.label}/delete/").text
    assert ask(own_classroom, zone.domain, "MX").answer
    assert client.post(f"{LIST}{zone.label}/delete/").status_code == 302
    assert not OwnZone.objects.exists()
    assert ask(own_classroom, zone.domain, "MX").rcode() == dns.rcode.NXDOMAIN
    assert not stream.client().keys("zone:*")


def test_zones_expire_and_lost_ones_come_back(client, own_classroom):
    old, young = begin(client), begin(client)
    OwnZone.objects.filter(id=old.id).update(used=timezone.now() - timedelta(days=KEEP_DAYS + 1))
    stream.client().delete(own_store.zone_key(young.label))
    assert ask(own_classroom, young.domain, "MX").rcode() == dns.rcode.NXDOMAIN
    assert (forget_own_zones(), mend_own_zones()) == (1, 1)
    assert list(OwnZone.objects.all()) == [young]
    assert ask(own_classroom, old.domain, "MX").rcode() == dns.rcode.NXDOMAIN
    assert ask(own_classroom, young.domain, "MX").answer
    assert 0 < stream.client().ttl(own_store.zone_key(young.label)) <= shelf.PUBLISHED_SECONDS


def test_looking_at_a_zone_keeps_it(client, own_classroom):
    zone = begin(client)
    OwnZone.objects.update(used=timezone.now() - timedelta(days=KEEP_DAYS - 1))
    stream.client().delete(own_store.zone_key(zone.label))
    client.get(f"{LIST}{zone.label}/")
    zone.refresh_from_db()
    assert zone.used > timezone.now() - timedelta(minutes=5)
    assert ask(own_classroom, zone.domain, "MX").answer


# --- the queries --------------------------------------------------------------------------------
def wait_for_queries(zone: OwnZone, count: int) -> None:
    """The DNS server notes them after it has answered."""
    wait_until(lambda: stream.client().xlen(own_store.queries_key(zone.label)) >= count)


def test_queries_are_listed_with_their_answers(client, own_classroom):
    zone = begin(client)
    put(client, zone, '@ MX 10 mx1\nx TXT "<script>alert(1)</script>"\n')
    ask(own_classroom, zone.domain.upper(), "MX")
    ask(own_classroom, f"x.{zone.domain}", "TXT")
    ask(own_classroom, f"y.{zone.domain}", "A")
    ask(own_classroom, "nosuchzz.zone.classroom.test", "A")
    wait_for_queries(zone, 3)
    page = client.get(f"{LIST}{zone.label}/").text
    assert f"MX 10 mx1.{zone.domain}." in page and "NXDOMAIN" in page
    assert zone.domain.upper() not in page and "nosuchzz" not in page
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_the_list_is_bounded_and_forgotten(client, own_classroom):
    zone = begin(client)
    key = own_store.queries_key(zone.label)
    for _ in range(own_store.MAX_QUERIES + 20):
        ask(own_classroom, zone.domain, "MX")
    ask(own_classroom, f"last.{zone.domain}", "A")

    def newest() -> str:
        [(_, fields)] = stream.client().xrevrange(key, count=1)
        return fields["name"]

    wait_until(lambda: newest().startswith("last."))
    assert stream.client().xlen(key) == own_store.MAX_QUERIES
    assert 0 < stream.client().ttl(key) <= own_store.QUERIES_SECONDS


async def first_event(client, path: str) -> str:
    answer = await client.get(path)
    assert answer.headers["Content-Type"] == "text/event-stream"
    async for chunk in answer.streaming_content:
        if b"event: queries" in chunk:
            return chunk.decode()
    return ""


@pytest.mark.parametrize(("prefix", "words"), [("", "No such record"), ("/ja", "その型の")])
def test_events_bring_the_list_in_the_readers_language(
    client,
    async_client,
    own_classroom,
    prefix,
    words,
):
    zone = begin(client)
    async_client.cookies = client.cookies
    ask(own_classroom, zone.domain, "AAAA")
    wait_for_queries(zone, 1)
    said = async_to_sync(first_event)(async_client, f"{prefix}{LIST}{zone.label}/queries/")
    assert words in said and zone.domain in said
