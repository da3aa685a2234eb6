"""The checkers' pages: a domain, a record, both, and what is refused."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlencode

import pytest

from lookups.templatetags.tools_tags import ready_url
from lookups.tools import registry
from lookups.tools.check.topics import TOPICS
from tests.lookups.tools.tooling import result_of

pytestmark = pytest.mark.django_db

WITH_RECORDS = [topic for topic in TOPICS if topic.kinds]


def text_of(answer):
    return unescape(answer.content.decode())


def ask(client, slug, prefix="", **data):
    return client.get(f"{prefix}/tools/{slug}/", data)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.slug)
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_a_domain_gives_its_section(topic, prefix, client, classroom):
    page = text_of(ask(client, topic.slug, prefix, domain="perfect.classroom.test"))
    assert f'id="section-{topic.topic}"' in page and 'id="questions"' in page
    assert "postmark-small is-good" in page
    assert f"manage.py lookup perfect.classroom.test --only {topic.topic}" in page
    assert f'action="{prefix}/check/"' in page
    assert 'id="staged"' not in page


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.slug)
def test_every_example_is_answered(topic, client, classroom):
    start = text_of(client.get(f"/tools/{topic.slug}/"))
    assert len(topic.examples) >= 4
    for name, query in topic.examples:
        assert f'href="?{query}"' in start
        answer = client.get(f"/tools/{topic.slug}/", dict(parse_qsl(query)))
        assert answer.status_code == 200, name
        page = text_of(answer)
        assert f'id="section-{topic.topic}"' in page
        assert ('id="staged"' in page) == ("record" in dict(parse_qsl(query)) or "policy=" in query)


@pytest.mark.parametrize("topic", WITH_RECORDS, ids=lambda topic: topic.slug)
async def test_the_first_record_to_try_is_good_and_the_last_is_broken(topic, classroom):
    tool = registry.tool(topic.slug)
    good, broken = topic.records
    assert (await result_of(tool, good.query)).section.status in ("good", "info")
    assert (await result_of(tool, broken.query)).section.status in ("warning", "error")


@pytest.mark.parametrize("topic", WITH_RECORDS, ids=lambda topic: topic.slug)
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_a_record_alone_is_taken_apart(topic, prefix, client):
    page = text_of(ask(client, topic.slug, prefix, record=topic.sample))
    assert 'class="anatomy-view"' in page and "manage.py" not in page
    assert 'id="section-' not in page


def test_a_record_with_a_name_offers_its_domain(client, classroom):
    text = '_dmarc.perfect.classroom.test. 300 IN TXT "v=DMARC1; p=none"'
    page = text_of(ask(client, "dmarc", record=text))
    query = urlencode({"domain": "perfect.classroom.test", "record": text})
    assert f'href="?{query}"' in page
    page = text_of(client.get(f"/tools/dmarc/?{query}"))
    assert "With your record" in page and "p=reject" in page and "Findings that would go" in page


def test_before_and_after(client, classroom):
    domain = "dmarc-monitoring.classroom.test"
    page = text_of(
        ask(client, "dmarc", domain=domain, record=f"v=DMARC1; p=reject; rua=mailto:a@{domain}")
    )
    staged = page[page.index('id="staged"') : page.index('id="section-dmarc"')]
    assert "is-warning" in staged and "is-good" in staged
    assert staged.index("dmarc-monitoring") < staged.index("dmarc-reject")


def test_what_is_published_already(client, classroom):
    page = text_of(ask(client, "spf", domain="perfect.classroom.test", record="v=spf1 mx -all"))
    assert "published already" in page and "What would change" not in page


def test_several_records_where_one_is_meant(client, classroom):
    twice = "v=spf1 mx -all\nv=spf1 a -all"
    with_domain = text_of(ask(client, "spf", domain="perfect.classroom.test", record=twice))
    assert "/findings/spf-multiple/" in with_domain
    alone = text_of(ask(client, "spf", record=twice))
    assert "/findings/spf-multiple/" in alone and alone.count('class="anatomy-view"') == 2


def test_a_record_of_another_kind_leads_to_its_tool(client):
    text = "v=DMARC1; p=none"
    answer = ask(client, "spf", record=text, domain="example.com")
    assert answer.status_code == 400
    page = text_of(answer)
    query = urlencode({"record": text, "domain": "example.com"})
    assert f'href="/tools/dmarc/?{query}"' in page
    assert 'aria-invalid="true"' in page


@pytest.mark.parametrize(
    ("slug", "record"),
    [
        ("spf", "; a comment"),
        ("spf", "hello"),
        ("dmarc", "192.0.2.1"),
        ("spf", "v=spf1 " + "a" * 9000),
        ("dane", "example.com. IN A 192.0.2.1"),
    ],
)
def test_what_is_no_record_is_refused(slug, record, client):
    answer = ask(client, slug, record=record)
    assert answer.status_code == 400
    assert "form-error" in answer.content.decode()


def test_a_row_that_is_incomplete_is_taken_apart(client):
    page = text_of(ask(client, "mx", record="mx1.example.com", domain="perfect.classroom.test"))
    assert "DNS cannot hold this record" in page and 'class="anatomy-view"' in page


def test_nothing_at_all_is_asked_for(client):
    answer = ask(client, "spf", domain="", record="")
    assert answer.status_code == 400 and "paste a record" in text_of(answer)


def test_tlsa_without_mail_servers(client, classroom):
    record = "3 1 1 " + "ab" * 32
    answer = ask(client, "dane", domain="null-mx.classroom.test", record=record)
    assert answer.status_code == 400 and "no mail servers" in text_of(answer)


def test_an_address_is_shown_the_way_to_its_names(client):
    for slug in ("fcrdns", "spf"):
        answer = ask(client, slug, domain="192.0.2.25")
        assert answer.status_code == 400
        assert 'href="/tools/reverse/?address=192.0.2.25"' in text_of(answer)


def test_markup_in_a_record_stays_text(client, classroom):
    for domain in ("", "perfect.classroom.test"):
        answer = ask(client, "spf", domain=domain, record='v=spf1 "><script>alert(1)</script> -all')
        assert b"<script>alert" not in answer.content
        answer = ask(client, "dmarc", domain=domain, record="v=spf1 <script>alert(1)</script>")
        assert answer.status_code == 400 and b"<script>alert" not in answer.content


def test_selectors_go_to_the_whole_check(client, classroom):
    page = text_of(ask(client, "dkim", domain="perfect.classroom.test", selectors="default"))
    assert '<input type="hidden" name="selectors" value="default">' in page
    assert "--selector default" in page


def test_a_policy_before_it_is_served(client, classroom):
    domain = "mta-sts-uncovered.classroom.test"
    policy = f"version: STSv1\nmode: enforce\nmx: *.{domain}\nmax_age: 1209600"
    for field in ("policy", "record"):
        page = text_of(ask(client, "mta-sts", **{"domain": domain, field: policy}))
        assert "Nothing was fetched" in page and "/findings/mta-sts-enforced/" in page
    alone = text_of(ask(client, "mta-sts", policy=policy))
    assert 'class="anatomy-view"' in alone


def test_ways_in_from_findings_and_anatomy(client):
    assert 'href="/tools/spf/"' in text_of(client.get("/findings/spf-multiple/"))
    assert 'href="/tools/fcrdns/"' in text_of(client.get("/findings/reverse-generic/"))
    page = text_of(client.get("/learn/anatomy/", {"record": "v=spf1 -all"}))
    assert f'href="/tools/spf/?{urlencode({"record": "v=spf1 -all"})}"' in page


@pytest.mark.parametrize(
    ("slug", "lesson"),
    [
        ("spf", "spf-none"),
        ("dmarc", "dmarc-typos"),
        ("mta-sts", "mta-sts-uncovered"),
        ("mta-sts", "mta-sts-none"),
        ("tls-rpt", "tls-rpt-typo"),
        ("dnssec", "dnssec-island"),
        ("dane", "dane-mismatch"),
    ],
)
def test_records_that_are_ready_can_be_rehearsed(slug, lesson, client, classroom):
    page = text_of(ask(client, slug, domain=f"{lesson}.classroom.test"))
    [url] = re.findall(r'href="([^"]+)" rel="nofollow">See what it would change', page)
    assert url.startswith(f"/tools/{slug}/?domain={lesson}.classroom.test&")
    page = text_of(client.get(url))
    staged = page[page.index('id="staged"') : page.index('id="section-')]
    assert "Findings that would go" in staged
    assert "It is taken for published at" not in staged  # each stands at its own name


def test_what_is_ready_for_other_names_is_not_rehearsed():
    for name in ("example.org", "_dmarc.example.org", "example.org._report._dmarc.example.com"):
        ready = [{"name": name, "type": "TXT", "value": "v=DMARC1; p=none"}]
        assert ready_url("dmarc", ready, "example.com") == ""
    ready = [{"name": "_dmarc.example.com", "type": "TXT", "value": "v=DMARC1; p=none"}]
    assert ready_url("dmarc", ready, "example.com").startswith("/tools/dmarc/?domain=example.com&")
    assert ready_url("reverse", ready, "example.com") == ""
    assert ready_url("dmarc", ready, "") == ""
