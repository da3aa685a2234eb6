"""The page of a letter's journey, with real questions to the classroom."""

from __future__ import annotations

import ipaddress
import re
from html import unescape

import dns.name
import pytest
from django.utils import translation

from learn.journey import asking
from learn.journey.asking import Facts
from learn.journey.scenes import Ending, Round, Talk, ending, postmans_round
from learn.journey.story import tell
from learn.journey.tale import FORGED, GENUINE
from lookups.engine.names import Domain
from lookups.engine.resolver import Answer, Outcome
from lookups.engine.spf.result import Result, Verdict
from lookups.engine.trace import ROOT, State, Step, Trace, Zone
from lookups.engine.transport import Server

PAGE = "/learn/journey/"


@pytest.fixture
def told(client, classroom):
    """told(domain, sender) is the text of the page, without tags."""

    def fetch(domain, sender="", language=""):
        page = client.get(f"{language}{PAGE}", {"domain": domain, "sender": sender})
        assert page.status_code == 200, page.text[:300]
        text = page.text[page.text.index("data-journey") : page.text.index('class="examples"')]
        return unescape(re.sub(r"<[^>]*>", "", text))

    return fetch


def titles(client, domain, sender="", language=""):
    page = client.get(f"{language}{PAGE}", {"domain": domain, "sender": sender})
    found = re.findall(r'<h3 tabindex="-1">.*?</span> (.*?)</h3>', page.text)
    return [unescape(title) for title in found]


def test_the_page_alone_asks_nothing(client, monkeypatch):
    monkeypatch.setattr("learn.journey.views.ask", None)
    for path, says in ((PAGE, "Send it off"), (f"/ja{PAGE}", "送り出す")):
        page = client.get(path)
        assert page.status_code == 200 and says in page.text
        assert "dangling-mx.classroom.test" in page.text and 'content="noindex"' not in page.text


def test_from_the_writer_to_the_mailbox(client, told, classroom):
    assert titles(client, "perfect.classroom.test") == [
        "A letter is written",
        "The mail server asks its resolver",
        "A server of classroom.test is asked",
        "A server of perfect.classroom.test is asked",
        "The mail servers in their order",
        "From names to addresses",
        "Knocking at the door",
        "At the door: SPF",
        "At the door: DKIM",
        "At the door: DMARC",
        "Where the letter ends up",
    ]
    text = told("perfect.classroom.test")
    for said in (
        "Lessons begin here.",
        ";; SERVER: 198.18.0.1 (ns.classroom.test)",
        "perfect.classroom.test. 3600 NS ns1.perfect.classroom.test.",
        "perfect.classroom.test. 3600 MX 10 mx1.perfect.classroom.test.",
        "mx1.perfect.classroom.test. 3600 A 198.18.1.1",
        "mx1.perfect.classroom.test does not answer, so the next in order",
        "198.18.1.1 is among the addresses that may send",
        "192.0.2.25 may not send",
        "v=DKIM1; k=rsa;",
        "p=reject",
    ):
        assert said in text, said


def test_in_japanese_as_well(client, told, classroom):
    found = titles(client, "perfect.classroom.test", language="/ja")
    assert len(found) == 11 and found[0] == "メールを書く"
    text = told("perfect.classroom.test", language="/ja")
    assert "教室のドメインはここから始まります" in text and "次の順番のmx2" in text


@pytest.mark.parametrize(
    ("domain", "last", "says"),
    [
        ("null-mx", "Back to the sender", "a null MX"),
        ("nothing", "Back to the sender", "there is no nothing.classroom.test"),
        ("addressless-mx", "Where the letter ends up", "has no address"),
        ("servfail", "The letter waits", "could not find out"),
        ("implicit-mx", "Where the letter ends up", "counts as its only mail server"),
        ("dangling-mx", "Where the letter ends up", "There is no old.dangling-mx.classroom.test"),
        ("load-sharing", "Where the letter ends up", "share the mail"),
        ("mx-is-cname", "Where the letter ends up", "takes the letter"),
        ("alias", "Where the letter ends up", "only another name for perfect.classroom.test"),
        ("lame", "The letter waits", "is not in charge"),
        ("delegation-dead", "The letter waits", "No server in charge was found"),
        ("many-mx", "Where the letter ends up", "The lowest number comes first"),
        ("strange-names", "Where the letter ends up", "no valid name of a host"),
    ],
)
def test_other_ends(client, told, classroom, domain, last, says):
    name = f"{domain}.classroom.test"
    assert says in told(name)
    assert titles(client, name)[-1] == last
    assert titles(client, name, language="/ja")[-1] not in ("", last)
    assert "<script>alert" not in client.get(PAGE, {"domain": name}).text


def test_another_sender(told):
    text = told("perfect.classroom.test", "dmarc-quarantine.classroom.test")
    assert "From alice@dmarc-quarantine.classroom.test to bob@perfect.classroom.test" in text
    assert "put such letters aside" in text and "goes to the junk folder" in text
    # its own mail server is left out of the record, but other addresses are in it
    text = told("perfect.classroom.test", "spf-softfail.classroom.test")
    assert "198.18.141.7 is among" in text and "192.0.2.25 probably may not send" in text
    assert "has no DMARC policy in force" in text


@pytest.mark.parametrize("language", ["", "/ja"])
@pytest.mark.parametrize(
    "query",
    [
        {"domain": ""},
        {"domain": "word"},
        {"domain": "192.0.2.1"},
        {"domain": "_dmarc.example.com"},
        {"domain": "a" * 3000},
        {"domain": "<script>alert(1)</script>.com"},
        {"domain": "perfect.classroom.test", "sender": "no domain"},
        {"sender": "example.com"},
        {"domain": "ex\0ample.com"},
    ],
)
def test_bad_input_is_refused_in_words(client, query, language):
    page = client.get(f"{language}{PAGE}", query)
    assert page.status_code == 400 and 'role="alert"' in page.text
    assert "<script>alert" not in page.text and 'content="noindex"' in page.text


def test_an_address_and_a_slip_lead_on(client):
    assert "/tools/reverse/?address=192.0.2.1" in client.get(PAGE, {"domain": "192.0.2.1"}).text
    page = client.get(PAGE, {"domain": "_dmarc.example.com"})
    assert "?domain=example.com" in page.text


def test_silence_everywhere_is_told_in_time(client, settings, monkeypatch):
    """Nothing answers: neither the resolver nor anybody on the way."""
    settings.RESOLVERS = ["127.0.0.1:9"]
    monkeypatch.setattr(asking, "SECONDS", 0.8)
    monkeypatch.setattr(asking, "SPF_SECONDS", 0.2)
    monkeypatch.setattr(asking, "ROOT", asking.replace(ROOT, hosts=()))
    page = client.get(PAGE, {"domain": "example.com"})
    assert page.status_code == 200
    assert "questions to other servers do not get out" in page.text.replace("&#x27;", "'")
    assert "The letter waits" in page.text


def test_a_journey_that_takes_too_long_is_given_up(client, monkeypatch):
    async def never(domain, sender):
        raise TimeoutError

    monkeypatch.setattr("learn.journey.views.ask", never)
    for language, says in (("", "took too long"), ("/ja", "時間がかかりすぎました")):
        page = client.get(f"{language}{PAGE}", {"domain": "example.com"})
        assert page.status_code == 503 and says in page.text


def test_it_is_one_of_the_pages_to_learn_from(client):
    assert f'href="{PAGE}"' in client.get("/learn/").text
    assert f'href="/ja{PAGE}"' in client.get("/ja/learn/").text
    assert f"http://localhost:8000{PAGE}" in client.get("/sitemap.xml").text


# --- facts made up: what the classroom does not have ---

HOST = {
    "preference": 10,
    "exchange": "mx.example.com",
    "unicode": "mx.example.com",
    "state": "ok",
    "alias": None,
    "addresses": [{"address": "9.9.9.9", "family": 4, "scope": "public", "ttl": 60}],
}


def asked(number, zone, kind, why=""):
    answer = Answer(dns.name.from_text("example.com"), "MX", Outcome.TIMEOUT)
    host = dns.name.from_text("ns.example")
    address = ipaddress.ip_address("9.9.9.10")
    return Step(number, dns.name.from_text(zone), host, address, "glue", kind, answer, why)


def facts(**changes) -> Facts:
    domain = Domain("example.com", "example.com")
    name = dns.name.from_text("example.com")
    usual = {
        "domain": domain,
        "sender": domain,
        "trace": Trace(name, "MX", ROOT, State.UNREACHABLE, (asked(1, ".", "failed", "timeout"),)),
        "zones": (),
        "mx": {"kind": "mx", "ttl": 60, "hosts": [HOST]},
        "spf": {},
        "dkim": {"kind": "not-found", "selectors": []},
        "dmarc": {"kind": "own", "effective": "reject", "policy": "reject"},
        "own_address": "9.9.9.9",
        "own": Verdict(Result.FAIL),
        "stranger": Verdict(Result.FAIL),
        "asked": {},
    }
    return Facts(**usual | changes)


def lines(journey, when):
    step = journey.steps[-1]
    return [line.text for line in step.lines if when in line.when]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_whatever_spf_dkim_and_dmarc_say_there_are_words(language):
    key = {"selector": "s1", "name": "s1._domainkey.example.com", "state": "sound"}
    keys = [
        {"kind": "keys", "selectors": [key | {"algorithm": "rsa", "bits": 2048}]},
        {"kind": "keys", "selectors": [key | {"algorithm": "rsa", "bits": 512}]},
        {"kind": "none", "selectors": []},
        {},
    ]
    with translation.override(language):
        for result in Result:
            for dkim in keys:
                for policy in ("reject", "quarantine", "none", ""):
                    for kind in ("own", "inherited", "none", "unknown"):
                        dmarc = {"kind": kind, "effective": policy, "policy": policy}
                        verdict = Verdict(result)
                        known = facts(own=verdict, stranger=verdict, dkim=dkim, dmarc=dmarc)
                        journey = tell(known, language)
                        for when in (GENUINE, FORGED):
                            assert lines(journey, when)
                        for step in journey.steps:
                            assert step.title and step.pictures
                            assert not [line for line in step.lines if "%(" in line.text]


def test_a_signature_that_is_not_known_leaves_the_end_open():
    journey = tell(facts(), "en")
    assert "No rule" in lines(journey, GENUINE)[0] and "refuses" in lines(journey, FORGED)[0]
    journey = tell(facts(stranger=Verdict(Result.PASS)), "en")
    assert "although the letter is forged" in lines(journey, FORGED)[0]
    journey = tell(facts(own=None, own_address=""), "en")
    assert journey.arrives


def test_one_host_can_be_up_or_down_and_no_host_leaves_no_choice():
    assert tell(facts(), "en").choices == ("up", "all")
    two = {"kind": "mx", "ttl": 60, "hosts": [HOST, HOST | {"preference": 20}]}
    assert tell(facts(mx=two), "en").choices == ("up", "first", "all")
    gone = {"kind": "mx", "ttl": 60, "hosts": [HOST | {"state": "failed", "addresses": []}]}
    journey = tell(facts(mx=gone), "en")
    assert journey.choices == () and not journey.arrives
    assert journey.steps[-1].title == "The letter waits"


def test_where_nobody_replies_the_resolver_tells_the_way():
    com = Zone(dns.name.from_text("com"), (dns.name.from_text("a.gtld-servers.net"),), 60)
    top = Zone(dns.name.root, (dns.name.from_text("a.root-servers.net"),), 60)
    journey = tell(facts(zones=(top, com)), "en")
    names = [step.title for step in journey.steps[2:5]]
    assert names == [
        "The way is told, not walked",
        "Who looks after the root",
        "Who looks after com",
    ]


@pytest.mark.parametrize("why", ["timeout", "refused", "servfail", "lame", "malformed"])
@pytest.mark.parametrize("state", [State.STUCK, State.DEADLINE, State.LIMIT])
def test_a_way_that_ends_half_way(why, state):
    steps = (asked(1, ".", "nodata"), asked(2, "com", "failed", why), asked(3, "com", "failed"))
    way = Trace(dns.name.from_text("example.com"), "MX", ROOT, state, steps)
    zone = tell(facts(trace=way), "en").steps[3]
    assert zone.title == "A server of com is asked" and len(zone.lines) == 3
    assert "What follows is what the resolver says." in zone.lines[-1].text


def test_pictures_stay_within_their_bounds():
    long = ("65535", "a" * 60 + ".example.com", "takes the letter", "good")
    round = postmans_round([long] * 9)
    assert len(round.rows) == 5 and round.more == 4
    assert all(len(row.name) <= 32 for row in round.rows)
    assert round.height > round.rows[-1].y + 44 and round.letter_y == round.rows[0].middle
    assert [place.here for place in ending("junk").places] == [False, True, False, False]
    assert not any(place.here for place in ending("open").places)
    journey = tell(facts(domain=Domain("a" * 60 + ".com", "a" * 60 + ".com")), "en")
    for step in journey.steps:
        for scene in step.pictures:
            assert isinstance(scene, Talk | Round | Ending)
            if isinstance(scene, Talk):
                assert len(scene.question) <= 37 and len(scene.reply) <= 37


async def test_only_so_much_is_asked(classroom, settings):
    limits = asking._settings(5.0, 1.0)
    assert limits.max_queries == 200 and limits.query_timeout == 1.0
    assert limits.report_timeout == 5.0 and isinstance(limits.classroom, Server)
