"""What a visitor is shown who asks too much, on every kind of page, and what is not counted."""

import asyncio

import pytest
import redis
from django.contrib.auth.models import User
from django.test import AsyncClient, Client

from learn.own_zones.models import OwnZone
from lookups import stream
from lookups.limits import counting
from lookups.limits.rules import RULES
from lookups.models import Report
from portal.urls import urlpatterns

pytestmark = pytest.mark.django_db
DOMAIN = "perfect.classroom.test"
ONE = {"lookups": "1/minute", "work": "1/minute"}


@pytest.fixture(autouse=True)
def _narrow(settings, classroom):
    settings.LIMITS = {"anonymous": ONE, "account": {"lookups": "2/minute", "work": "2/minute"}}


def check(browser, prefix="", **more):
    return browser.post(f"{prefix}/check/", {"domain": DOMAIN, "selectors": "s1", **more})


def text(response):
    return response.content.decode()


def test_a_check_too_many_keeps_what_was_typed(client):
    assert check(client).status_code == 302
    refused = check(client)
    assert refused.status_code == 429 and 55 <= int(refused["Retry-After"]) <= 60
    page = text(refused)
    assert f'value="{DOMAIN}"' in page and 'value="s1"' in page
    assert "From your network, more was asked" in page and "/accounts/login/" in page
    assert "1 minute" in page or "seconds" in page
    assert "ネットワーク" in text(check(client, "/ja"))
    assert Report.objects.count() == 1


def test_accounts_have_their_own_and_others_theirs(client):
    user = User.objects.create_user("u", "u@example.com", "p")
    client.force_login(user)
    assert [check(client).status_code for _ in range(3)] == [302, 302, 429]
    assert "From your account" in text(check(client)) and "/bulk/" in text(check(client))
    assert check(Client()).status_code == 302
    assert check(Client(REMOTE_ADDR="192.0.2.9")).status_code == 302
    assert check(Client(REMOTE_ADDR="192.0.2.9")).status_code == 429


def test_a_forged_header_makes_no_new_visitor(client):
    check(client)
    forged = client.post("/check/", {"domain": DOMAIN}, HTTP_X_FORWARDED_FOR="192.0.2.200")
    assert forged.status_code == 429


def test_the_lookup_in_an_article_says_so_in_its_place(client):
    given = {"domain": DOMAIN, "uid": "a1", "topic": "mx"}
    client.post("/check/live/", given)
    refused = client.post("/check/live/", given, HTTP_HX_REQUEST="true")
    assert refused.status_code == 429 and "<html" not in text(refused)
    assert 'id="live-a1"' in text(refused) and "From your network" in text(refused)


def test_tools_keep_their_form():
    client = Client()
    check(client)
    page = client.get("/tools/lookup/", {"name": DOMAIN, "type": "MX"})
    assert page.status_code == 429 and page["Retry-After"]
    assert f'value="{DOMAIN}"' in text(page) and "From your network" in text(page)
    assert client.get("/tools/lookup/").status_code == 200
    headers = "From: a@example.com\nReceived: from x"
    posted = client.post("/tools/headers/", {"headers": headers})
    assert posted.status_code == 429 and "Received: from x" in text(posted)


def test_a_generator_is_cheap_but_not_free(client):
    first = client.get("/tools/dmarc-generator/", {"domain": "example.com"})
    assert first.status_code in (200, 400, 404)
    journey = client.get("/learn/journey/", {"domain": DOMAIN})
    assert journey.status_code == 200
    again = client.get("/ja/learn/journey/", {"domain": DOMAIN})
    assert again.status_code == 429 and f'value="{DOMAIN}"' in text(again)
    assert client.get("/learn/journey/").status_code == 200


def test_search_pictures_and_files_are_counted_together(client):
    assert client.get("/search/", {"q": "mx"}).status_code == 200
    refused = client.get("/search/", {"q": "mx"})
    assert refused.status_code == 429 and "Too many at once" in text(refused)
    part = client.get("/search/", {"q": "mx"}, HTTP_HX_REQUEST="true")
    assert part.status_code == 429 and "<html" not in text(part) and "your network" in text(part)
    assert client.get("/learn/mx-record/card.png").status_code == 429
    assert client.get("/search/").status_code == 200


def test_plain_pages_cost_nothing(client):
    for _ in range(3):
        assert client.get("/").status_code == client.get("/check/").status_code == 200
    assert [key for key in stream.client().keys("limit:*") if "salt" not in key] == []


def test_an_own_zone_is_saved_though_it_is_not_checked(client):
    client.post("/classroom/zone/")
    zone = OwnZone.objects.get()
    check(client)
    typed = {"view": "text", "text": "@ MX 10 mail", "version": zone.version, "do": "check"}
    answer = client.post(zone.get_absolute_url(), typed, follow=True)
    assert answer.status_code == 200 and "From your network" in text(answer)
    assert Report.objects.count() == 1


def test_without_redis_nobody_is_refused(client, monkeypatch):
    def away(**arguments):
        raise redis.ConnectionError

    monkeypatch.setattr(counting, "_script", lambda: away)
    assert [client.get("/search/", {"q": "mx"}).status_code for _ in range(3)] == [200] * 3


def test_every_rule_is_of_an_address():
    assert set(RULES) - set(names_of(urlpatterns)) == set()


def names_of(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names_of(pattern.url_patterns)
        else:
            yield pattern.name


@pytest.mark.django_db(transaction=True)
def test_event_streams_at_once(settings):
    settings.LIMIT_STREAMS = 2
    report = Report.objects.create(domain=DOMAIN)

    async def walk():
        browser = AsyncClient()
        path = f"/r/{report.token}/events/"
        opened = [await browser.get(path) for _ in range(3)]
        assert [each.status_code for each in opened] == [200, 200, 429]
        assert opened[2]["Retry-After"]
        api = await browser.get(f"/api/v1/reports/{report.token}/events")
        assert api.status_code == 429 and api["Content-Type"] == "application/problem+json"
        left = opened[0]._iterator  # a page that is closed
        await anext(left)
        await left.aclose()
        assert (await browser.get(path)).status_code == 200

    asyncio.run(walk())


def test_deliveries(client, settings):
    settings.LIMIT_DELIVERIES = "1/minute"
    path = "/hosted/reports/" + "0" * 32 + "/"
    answers = [client.post(path, b"{}", content_type="application/json") for _ in range(2)]
    assert [each.status_code for each in answers] == [404, 429] and answers[1]["Retry-After"]


def test_attempts_are_counted_without_addresses_in_redis(client):
    for _ in range(6):
        answer = client.post("/accounts/login/", {"login": "a@example.com", "password": "x"})
    assert "Too many attempts" in text(answer)
    keys = stream.client().keys("*")
    assert keys and not any("127.0.0.1" in key or "allauth" in key for key in keys)
