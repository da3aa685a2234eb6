"""Reports in an account: kept once, shown to nobody else, gone when asked."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from lookups.models import ReceivedReport
from lookups.tools.reports import kept
from tests.lookups.reports.made import aggregate, record, sample, tls

pytestmark = pytest.mark.django_db
KEPT = "/tools/reports/kept/"


def person(name: str) -> tuple[Client, User]:
    user = User.objects.create_user(name, f"{name}@example.com", "x")
    client = Client()
    client.force_login(user)
    return client, user


def post(client: Client, *files: bytes, **fields: str):
    named = [SimpleUploadedFile(f"{n}.xml", data) for n, data in enumerate(files)]
    return client.post("/tools/reports/", {"files": named, "nameless": "on"} | fields)


def test_nothing_is_kept_unless_asked():
    client, _ = person("anna")
    assert "Keep what these reports say" in client.get("/tools/reports/").content.decode()
    assert post(client, aggregate()).status_code == 200
    assert post(Client(), aggregate(), keep="on").status_code == 200  # nobody's account
    assert ReceivedReport.objects.count() == 0


def test_reports_are_kept_once():
    client, user = person("anna")
    page = post(client, aggregate(), tls(), keep="on").content.decode()
    assert "Kept: 2. Kept before: 0." in page
    page = post(client, aggregate(), aggregate(id="r2"), keep="on").content.decode()
    assert "Kept: 1. Kept before: 1." in page
    rows = ReceivedReport.objects.filter(owner=user)
    assert sorted((row.kind, row.report_id) for row in rows) == [
        ("dmarc-aggregate", "r1"),
        ("dmarc-aggregate", "r2"),
        ("tls", "t1"),
    ]
    row = rows.get(report_id="r1")
    assert (row.organisation, row.domain, row.total, row.passed) == (
        "Reporter",
        "example.com",
        1,
        1,
    )
    assert "<feedback" not in json.dumps(row.content)


def test_the_list_and_the_sum_over_a_period():
    client, _ = person("anna")
    day = 86_400
    post(
        client,
        aggregate(record(count=3)),
        aggregate(record("192.0.2.77", 4, "fail", "fail"), id="r2", begin=1_700_000_000 + 9 * day),
        aggregate(record(count=5), id="r3", domain="other.example"),
        keep="on",
    )
    for prefix in ("", "/ja"):
        page = client.get(prefix + KEPT)
        assert page.status_code == 200
        assert "192.0.2.77" in page.content.decode()
    assert page.context["result"].aggregate.totals.all.messages == 7
    page = client.get(KEPT, {"domain": "example.com", "since": "2023-11-20"})
    assert page.context["result"].aggregate.totals.all.messages == 4
    page = client.get(KEPT, {"domain": "example.com", "until": "2023-11-20"})
    assert page.context["result"].aggregate.totals.all.messages == 3
    page = client.get(KEPT, {"domain": "other.example"})
    assert page.context["result"].aggregate.totals.all.messages == 5
    page = client.get(KEPT, {"domain": "example.com", "since": "2030-01-01"})
    assert page.status_code == 200 and page.context["count"] == 0
    for query in ({"domain": "\0"}, {"since": "nonsense"}, {"until": "9999-12-31"}, {"since": "1"}):
        assert client.get(KEPT, query).status_code == 200
    assert client.get(KEPT, {"as": "json"}).json()["totals"]["messages"] == 7
    assert client.get(KEPT, {"as": "csv"}).content.decode().count("\n") == 3
    assert client.get(KEPT, {"as": "nonsense"}).status_code == 404


def test_all_kinds_come_back():
    client, _ = person("anna")
    mail = sample("failure-linkedin.eml")
    post(client, aggregate(), tls([{"result-type": "tlsa-invalid"}]), mail, keep="on")
    page = client.get(KEPT, {"domain": "example.com"}).content.decode()
    assert "tlsa-invalid" in page and "Subject line, could be UTF8 encoded" in page


def test_nobody_else_sees_or_deletes_them():
    client, user = person("anna")
    other, _ = person("boris")
    post(client, aggregate(record("192.0.2.77")), keep="on")
    row = ReceivedReport.objects.get(owner=user)
    assert "192.0.2.77" not in other.get(KEPT, {"domain": "example.com"}).content.decode()
    assert other.post(f"{KEPT}{row.id}/delete/").status_code == 404
    assert other.post(f"{KEPT}delete/").status_code == 302
    assert ReceivedReport.objects.count() == 1
    stranger = Client()
    for response in (
        stranger.get(KEPT),
        stranger.post(f"{KEPT}{row.id}/delete/"),
        stranger.post(f"{KEPT}delete/"),
    ):
        assert response.status_code == 302 and "/accounts/login/" in response["Location"]
    assert ReceivedReport.objects.count() == 1
    assert client.get(f"{KEPT}{row.id}/delete/").status_code == 405


def test_deleting_one_some_and_all():
    client, user = person("anna")
    post(
        client, aggregate(), aggregate(id="r2"), aggregate(id="r3", domain="other.example"),
        keep="on",
    )  # fmt: skip
    row = ReceivedReport.objects.get(report_id="r1")
    answer = client.post(f"{KEPT}{row.id}/delete/?domain=example.com")
    assert answer["Location"] == f"{KEPT}?domain=example.com"
    client.post(f"{KEPT}delete/", {"domain": "other.example"})
    assert [row.report_id for row in ReceivedReport.objects.all()] == ["r2"]
    client.post(f"{KEPT}delete/")
    assert ReceivedReport.objects.count() == 0
    assert "None yet" in client.get(KEPT).content.decode()


def test_they_leave_with_the_account_and_its_export():
    client, user = person("anna")
    post(client, aggregate(), keep="on")
    [told] = client.get("/account/export.json").json()["received_reports"]
    assert told["report_id"] == "r1" and told["content"]["rows"][0]["ip"] == "192.0.2.1"
    assert 'href="/tools/reports/kept/"' in client.get("/account/").content.decode()
    user.delete()
    assert ReceivedReport.objects.count() == 0


def test_there_is_room_for_so_many(monkeypatch):
    client, _ = person("anna")
    monkeypatch.setattr(kept, "MAX_REPORTS", 2)
    page = post(client, *(aggregate(id=f"r{n}") for n in range(3)), keep="on").content.decode()
    assert "Kept: 2." in page and "Not kept: 1." in page
    assert ReceivedReport.objects.count() == 2


def test_reports_without_a_number_are_told_apart_by_what_they_say():
    client, _ = person("anna")
    for count in (1, 1, 2):
        post(client, aggregate(record(count=count), id=""), keep="on")
    assert ReceivedReport.objects.count() == 2


def test_sums_are_bounded(monkeypatch):
    client, _ = person("anna")
    post(client, aggregate(), aggregate(id="r2"), keep="on")
    size = ReceivedReport.objects.first().octets
    monkeypatch.setattr(kept, "MAX_MERGED", size + 10)
    assert "1 older report is left out" in client.get(KEPT).content.decode()
