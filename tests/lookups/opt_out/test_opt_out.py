"""Domains that ask not to be checked: the record, who is refused and how, and who is not."""

import asyncio

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
from django.utils import timezone

from lookups import stream, tasks
from lookups.bulk import running
from lookups.engine import opt_out
from lookups.engine.opt_out import checks_in, names_of
from lookups.engine.transport import Transport
from lookups.models import Report, Watch
from lookups.opt_out import remembering

pytestmark = pytest.mark.django_db
OUT = "opt-out.classroom.test"
BELOW = "shop." + OUT
BACK_IN = "open." + OUT


@pytest.mark.parametrize(
    "text, checks",
    [
        ("v=MXPLAIN1; checks=none", "none"),
        (" V=mxplain1 ;Checks = NONE; more=words", "none"),
        ("v=MXPLAIN1; checks=all", "all"),
        ("v=MXPLAIN1; checks=none; checks=all", "none"),
        ("v=MXPLAIN1; checks=some", ""),
        ("v=MXPLAIN1", ""),
        ("checks=none; v=MXPLAIN1", ""),
        ("v=MXPLAIN10; checks=none", ""),
        ("mxplain-verification=abc", ""),
        ("", ""),
        (";;=;", ""),
    ],
)
def test_the_record(text, checks):
    assert checks_in(text) == checks


def test_whose_word_counts():
    assert names_of("example.com", "example.com") == ["example.com"]
    assert names_of("a.b.example.co.uk", "example.co.uk") == [
        "a.b.example.co.uk", "b.example.co.uk", "example.co.uk",
    ]  # fmt: skip
    deep = names_of("a.b.c.d.e.f.g.example.com", "example.com")
    assert deep[0] == "a.b.c.d.e.f.g.example.com" and deep[-1] == "example.com" and len(deep) == 5
    assert names_of("com", "com") == ["com"]


async def heard(path):
    answer = await AsyncClient().get(path)
    return "".join([chunk.decode() async for chunk in answer.streaming_content])


def check(client, domain=OUT, **more):
    return client.post("/check/", {"domain": domain, **more})


@pytest.mark.django_db(transaction=True)
def test_the_first_report_ends_and_the_next_request_is_refused_at_once(client, at_once):
    report = client.get(check(client).url)
    assert report.status_code == 403
    page = report.content.decode()
    assert "asks not to be checked" in page and "/opt-out/?domain=" in page
    row = Report.objects.get()
    part = client.get(row.get_absolute_url(), HTTP_HX_REQUEST="true")
    assert part.status_code == 400 and 'id="content"' in part.content.decode()
    for query in ("", "?compact=mx"):
        told = asyncio.run(heard(row.get_absolute_url() + "events/" + query))
        assert "asks not to be checked" in told and "event: done" in told
        assert ("event: section-mx" in told) == bool(query)
    assert (row.state, row.failure, row.sections) == ("failed", "opted-out", {})
    assert [query["name"] for query in row.queries] == ["_mxplain." + OUT]
    again = check(client)
    assert again.status_code == 403 and "_mxplain." + OUT in again.content.decode()
    assert "検査しないよう" in Client().post("/ja/check/", {"domain": OUT}).content.decode()
    live = client.post("/check/live/", {"domain": OUT, "uid": "a", "topic": "mx"})
    assert live.status_code == 403 and "<html" not in live.content.decode()
    shown = client.get(f"/tools/lookup/?name={OUT}&type=MX", HTTP_HX_REQUEST="true")
    assert shown.status_code == 400 and "asks not to be checked" in shown.content.decode()
    assert Report.objects.count() == 1 and remembering.refused_today() == 5


def test_names_below_and_the_nearest_word(client, at_once):
    assert client.get(check(client, BELOW).url).status_code == 403
    assert client.get(check(client, BACK_IN).url).status_code == 200
    assert Report.objects.get(domain=BACK_IN).state == "done"
    assert remembering.known(BELOW) == OUT and remembering.known(BACK_IN) == ""


def test_it_is_remembered_for_the_ttl_within_bounds(at_once):
    for ttl, least, most in ((5, 59, 60), (600, 599, 600), (10**6, 3599, 3600)):
        remembering.remember(opt_out.OptedOut("x.example", "example", ttl))
        assert least <= stream.client().ttl("opt-out:of:x.example") <= most


def test_tools_and_the_journey_refuse_too(client, classroom):
    for path in (f"/tools/lookup/?name=_dmarc.{OUT}&type=TXT", f"/tools/trace/?name={BELOW}",
                 f"/tools/spf/?domain={OUT}", f"/learn/journey/?domain={OUT}",
                 f"/learn/journey/?domain=perfect.classroom.test&sender={OUT}",
                 f"/tools/dmarc-generator/?from={OUT}"):  # fmt: skip
        answer = client.get(path)
        if answer.status_code == 404:
            continue
        assert answer.status_code == 403, path
        page = answer.content.decode()
        assert "asks not to be checked" in page and OUT in page
    fine = client.get("/tools/lookup/?name=perfect.classroom.test&type=MX")
    assert fine.status_code == 200


def test_the_api_says_so(client, at_once):
    path, json = "/api/v1/reports/", "application/json"
    first = client.post(path, {"domain": OUT}, content_type=json)
    shown = client.get(first.json()["report"]).json()
    assert (shown["state"], shown["failure"]) == ("failed", "opted-out")
    refused = client.post(path, {"domain": OUT}, content_type=json)
    problem = refused.json()
    assert refused.status_code == 403 and problem["type"].endswith("/problems/opted-out")
    assert (problem["domain"], problem["record"]) == (OUT, "_mxplain." + OUT)
    tool = client.get("/api/v1/tools/lookup", {"name": OUT, "type": "MX"})
    assert tool.status_code == 403 and tool.json()["type"].endswith("opted-out")


def test_lists_leave_it_out(classroom):
    async def walk():
        transport = Transport()
        found = [await running.examine(domain, transport) for domain in (OUT, BACK_IN)]
        transport.close()
        return found

    out, back_in = asyncio.run(walk())
    assert out == "opted-out" and back_in.summary["mx"]


def test_the_proven_holder_may_check_their_own(client, at_once):
    user = User.objects.create_user("u", "u@example.com", "p")
    watch = Watch.objects.create(owner=user, domain=OUT)
    client.force_login(user)
    remembering.remember(opt_out.OptedOut(OUT, OUT, 300))
    refused = client.post(f"/domains/{watch.token}/check/", follow=True)
    assert "asks not to be checked" in refused.content.decode()
    watch.verified_at = timezone.now()
    watch.save()
    assert client.post(f"/domains/{watch.token}/check/").status_code == 302
    assert Report.objects.get().state == "done"


def test_the_page(client, classroom, settings):
    page = client.get("/opt-out/").content.decode()
    assert "_mxplain.example.com" in page and opt_out.RECORD in page and "no address" in page
    settings.CONTACT = "mail@example.net"
    seen = client.get("/opt-out/", {"domain": OUT}).content.decode()
    assert "is seen" in seen and 'href="mailto:mail@example.net"' in seen
    assert remembering.known(OUT) == OUT
    missing = client.get("/ja/opt-out/", {"domain": "perfect.classroom.test"})
    assert "_mxplain.perfect.classroom.test" in missing.content.decode()
    assert "checks=all" in client.get("/opt-out/", {"domain": BACK_IN}).content.decode()
    wrong = client.get("/opt-out/", {"domain": "<b>"})
    assert wrong.status_code == 400 and "<b>" not in wrong.content.decode()
    assert "/opt-out/" in client.get("/").content.decode()


def test_a_record_that_went_is_forgotten_when_it_is_looked_for(client, classroom):
    remembering.remember(opt_out.OptedOut("perfect.classroom.test", "classroom.test", 3600))
    client.get("/opt-out/", {"domain": "perfect.classroom.test"})
    assert remembering.known("perfect.classroom.test") == ""


def test_it_costs_no_round_trip(classroom):
    """Asked with the first questions, answered before the first section."""
    from lookups.engine.names import parse_domain
    from lookups.engine.report import report
    from lookups.runtime import context_for

    async def walk():
        transport = Transport()
        context = context_for(parse_domain("perfect.classroom.test"), transport)
        context.options = tasks.replace(context.options, heeds_opt_out=True)
        async for _section in report(context, ("mx",)):
            pass
        transport.close()
        return context.resolver.log

    log = asyncio.run(walk())
    (asked,) = (entry for entry in log if entry["name"].startswith("_mxplain."))
    assert asked["number"] <= 2
