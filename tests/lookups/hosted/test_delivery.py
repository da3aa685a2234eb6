"""Reports that are delivered: by POST, by mail, and what is refused."""

from __future__ import annotations

import gzip
import io
import json
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.hosted import intake
from lookups.hosted.tasks import forget_delivered
from lookups.models import ReceivedReport, ReportBox, Watch
from tests.lookups.reports.made import aggregate, mail, tls, zipped

from .conftest import person, proven

pytestmark = pytest.mark.django_db


def post(box, data, type="application/gzip", **headers):
    strict = Client(enforce_csrf_checks=True)
    return strict.post(f"/hosted/reports/{box.token}/", data, content_type=type, headers=headers)


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("application/tlsrpt+json", tls()),
        ("application/tlsrpt+gzip", gzip.compress(tls())),
        ("application/gzip", gzip.compress(aggregate())),
        ("application/zip", zipped(("r.xml", aggregate()))),
        ("text/xml", aggregate()),
        ("message/rfc822", mail(gzip.compress(aggregate()))),
        ("application/json; charset=utf-8", tls()),
    ],
)
def test_reports_are_taken_once(box, type, data):
    first = post(box, data, type)
    assert (first.status_code, first.text) == (201, "Taken: 1. Known already: 0.\n")
    assert first["Content-Type"] == "text/plain; charset=utf-8" and not first.cookies
    again = post(box, data, type)
    assert (again.status_code, again.text) == (201, "Taken: 0. Known already: 1.\n")
    row = ReceivedReport.objects.get()
    assert row.watch == box.watch and row.owner is None and row.domain == "example.com"
    box.refresh_from_db()
    assert box.received_at


def test_below_the_domain_and_no_other(box):
    assert post(box, aggregate(domain="news.example.com")).status_code == 201
    for domain in ("example.org", "com", "badexample.com", "example.com.example.org"):
        answer = post(box, aggregate(domain=domain, id=domain))
        assert answer.status_code == 400
        assert f"The report is about {domain}, which is not watched here." in answer.text
    mixed = json.loads(tls())
    mixed["policies"].append(
        json.loads(tls().replace(b"example.com", b"example.org"))["policies"][0]
    )
    assert post(box, json.dumps(mixed), "application/json").status_code == 400
    nobody = tls(policies=[])
    assert post(box, nobody, "application/json").status_code == 400
    assert ReceivedReport.objects.count() == 1
    box.refresh_from_db()
    assert box.refusal == "foreign"


def test_what_is_no_report(box, client, member):
    answer = post(box, b"nonsense")
    assert answer.status_code == 400 and answer["Content-Type"].startswith("text/plain")
    problem = post(box, b"nonsense", Accept="application/problem+json")
    assert problem["Content-Type"] == "application/problem+json"
    assert problem.json()["status"] == 400 and problem.json()["title"]
    assert post(box, b" ").status_code == 400
    assert post(box, aggregate(), "text/html").status_code == 415
    assert post(box, aggregate(), "multipart/form-data; boundary=x").status_code == 415
    failure = b"From: a@b.example\nContent-Type: message/feedback-report\n\nFeedback-Type: x\n"
    assert post(box, failure, "message/rfc822").status_code == 400
    assert "Refused last" in client.get(f"/domains/{box.watch.token}/reports/").text


def test_size_is_looked_at_before_the_body(box):
    class Unread(io.BytesIO):
        def read(self, *args):
            raise AssertionError("the body was read")

    client = Client()
    answer = client.generic(
        "POST", f"/hosted/reports/{box.token}/", b"x", "application/gzip",
        **{"CONTENT_LENGTH": str(intake.MAX_FILE + 1), "wsgi.input": Unread()},
    )  # fmt: skip
    assert answer.status_code == 413
    assert post(box, b"x" * (intake.MAX_FILE + 1)).status_code == 413


def test_only_mailboxes_of_proven_domains(box):
    address = f"/hosted/reports/{box.token}/"
    refused = Client().get(address)
    assert refused.status_code == 405 and refused["Allow"] == "POST"
    assert post(SimpleNamespace(token="0" * 32), aggregate()).status_code == 404
    assert post(SimpleNamespace(token="%00"), aggregate()).status_code == 404
    Watch.objects.update(verified_at=None)
    assert post(box, aggregate()).status_code == 404
    Watch.objects.update(verified_at=timezone.now(), ended_at=timezone.now())
    assert post(box, aggregate()).status_code == 404


def test_a_full_mailbox_says_so(box, monkeypatch):
    monkeypatch.setattr("lookups.tools.reports.kept.MAX_DELIVERED", 1)
    assert post(box, aggregate()).status_code == 201
    assert post(box, aggregate(id="r2")).status_code == 507


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.binary(min_size=1, max_size=400),
    st.sampled_from(["application/json", "message/rfc822", "text/xml"]),
)
def test_whatever_comes_is_answered(box, data, type):
    assert post(box, data, type).status_code in (201, 400)


# --- by mail -------------------------------------------------------------------------------------
def pipe(monkeypatch, data, *arguments) -> int:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    with pytest.raises(SystemExit) as ended:
        call_command("ingest-reports", *arguments)
    return ended.value.code


def letter(header: str, data: bytes = b"") -> bytes:
    return header.encode() + mail(gzip.compress(data or aggregate()))


@pytest.mark.parametrize(
    "header",
    [
        "Delivered-To: reports+{token}@mx.example.net\r\nTo: somebody@example.net\r\n",
        "X-Original-To: REPORTS+{upper}@mx.example.net\r\n",
        "To: Reports <reports+{token}@mx.example.net>, x@example.net\r\n",
    ],
)
def test_a_mail_finds_its_mailbox(box, monkeypatch, header):
    text = header.format(token=box.token, upper=box.token.upper())
    assert pipe(monkeypatch, letter(text)) == 0
    assert pipe(monkeypatch, letter(text)) == 0
    assert ReceivedReport.objects.filter(watch=box.watch).count() == 1


def test_the_argument_counts_before_the_header(box, monkeypatch):
    other = ReportBox.objects.create(watch=proven(person("other")))
    header = f"To: reports+{other.token}@mx.example.net\r\n"
    to = f"reports+{box.token}@mx.example.net"
    assert pipe(monkeypatch, letter(header), "--to", to) == 0
    assert ReceivedReport.objects.get().watch == box.watch


def test_exit_codes(box, monkeypatch, capsys):
    to = f"reports+{box.token}@mx.example.net"
    assert pipe(monkeypatch, letter(""), "--to", "postmaster@example.net") == 67
    assert pipe(monkeypatch, letter("To: reports+" + "0" * 32 + "@example.net\r\n")) == 67
    assert pipe(monkeypatch, b"", "--to", to) == 65
    assert pipe(monkeypatch, letter("", aggregate(domain="example.org")), "--to", to) == 65
    assert "example.org" in capsys.readouterr().err
    assert pipe(monkeypatch, b"x" * (intake.MAX_FILE + 1), "--to", to) == 65
    for error in (OperationalError("gone"), RuntimeError("broken")):
        monkeypatch.setattr(intake, "take", lambda *_, error=error: (_ for _ in ()).throw(error))
        assert pipe(monkeypatch, letter(""), "--to", to) == 75


@given(st.text(max_size=200))
def test_tokens_are_found_in_any_text(text):
    assert all(len(token) == 32 for token in intake.tokens_in(text))
    assert list(intake.tokens_in(f"{text} <reports+{'a' * 32}@x>"))[-1:] == ["a" * 32]


# --- the pages -----------------------------------------------------------------------------------
def test_the_merged_view(box, client, member, classroom, django_assert_max_num_queries):
    now = int(timezone.now().timestamp())
    for number in range(30):
        post(box, aggregate(id=str(number), begin=now - 86_400 * number, org=f"Org {number}"))
    post(box, tls(**{"date-range": {"start-datetime": f"{timezone.now():%Y-%m-%dT00:00:00Z}",
                                    "end-datetime": f"{timezone.now():%Y-%m-%dT23:59:59Z}"}}),
         "application/json")  # fmt: skip
    address = f"/domains/{box.watch.token}/reports/"
    with django_assert_max_num_queries(20):
        page = client.get(address)
    assert "Org 29" in page.text and "TLS" in page.text
    week = client.get(address + "?days=7").text
    assert "Org 3" in week and "Org 20" not in week
    assert client.get(address + "?days=nonsense&as=json").json()["kind"] == "several"
    assert client.get(address + "?as=csv")["Content-Type"].startswith("text/csv")
    assert client.get(address + "?as=exe").status_code == 404


def test_empty_states(client, member, classroom):
    watch = proven(member)
    assert "Set up the mailbox" in client.get(f"/domains/{watch.token}/reports/").text
    ReportBox.objects.create(watch=watch)
    assert "a day or two after" in client.get(f"/domains/{watch.token}/reports/").text
    assert client.get(f"/domains/{watch.token}/reports/?as=json").status_code == 404


def test_on_renew_forget_off(client, member, classroom):
    watch = proven(member)
    address = f"/domains/{watch.token}/reports/setup/"
    assert "Open the mailbox" in client.get(address).text
    assert client.post(address, {"do": "nonsense"}).status_code == 404
    assert client.post(address, {"do": "on"}).url == address
    box = ReportBox.objects.get(watch=watch)
    assert box.token in client.get(address).text
    post(box, aggregate())
    client.post(address, {"do": "renew"})
    assert post(box, aggregate(id="r2")).status_code == 404
    client.post(address, {"do": "off"})
    assert not ReportBox.objects.exists() and ReceivedReport.objects.count() == 1
    client.post(address, {"do": "forget"})
    assert not ReceivedReport.objects.exists()


def test_without_proof_nothing_is_switched_on(client, member, classroom):
    watch = proven(member)
    Watch.objects.update(verified_at=None)
    address = f"/domains/{watch.token}/reports/setup/"
    assert "First prove" in client.get(address).text
    assert client.post(address, {"do": "on"}).status_code == 404
    assert not ReportBox.objects.exists()


def test_records_with_the_addresses(client, member, classroom, settings):
    settings.PUBLIC_URL = "https://mx.example.net"
    settings.REPORT_MAIL_DOMAIN = "reports.example.net"
    watch = proven(member, "perfect.classroom.test")
    box = ReportBox.objects.create(watch=watch)
    page = client.get(f"/domains/{watch.token}/reports/setup/").text
    assert f"mailto:reports+{box.token}@reports.example.net" in page
    assert f"https://mx.example.net/hosted/reports/{box.token}/" in page
    # What is published stays: its policy, and where reports go already.
    assert "p=reject" in page
    assert "perfect.classroom.test._report._dmarc.reports.example.net" in page
    settings.REPORT_MAIL_DOMAIN = ""
    assert "curl --fail" in client.get(f"/domains/{watch.token}/reports/setup/").text
    settings.PUBLIC_URL = "http://localhost"
    assert "https addresses only" in client.get(f"/domains/{watch.token}/reports/setup/").text


def test_renewed_addresses_replace_the_old_ones(settings):
    from lookups.hosted.setup import _with

    settings.PUBLIC_URL, settings.REPORT_MAIL_DOMAIN = "https://mx.example", "in.example"
    old = [
        "mailto:reports+0@in.example",
        "mailto:a@b.example",
        "https://mx.example/hosted/reports/0/",
    ]
    assert _with(old, ["new"], "in.example") == "mailto:a@b.example new"


def test_after_thirteen_months_they_go(box):
    post(box, aggregate())
    post(box, aggregate(id="new", begin=int(timezone.now().timestamp())))
    person_kept = person("keeper")
    ReceivedReport.objects.create(
        owner=person_kept, kind="tls", report_id="1", created=timezone.now() - timedelta(days=900)
    )
    assert forget_delivered() == 1
    assert set(ReceivedReport.objects.values_list("report_id", flat=True)) == {"new", "1"}


def test_the_account_takes_them_along(client, box):
    post(box, aggregate())
    taken = client.get("/account/export.json").json()
    assert len(taken["received_reports"]) == 1
    assert taken["hosted"]["report_mailboxes"][0]["domain"] == "example.com"
    assert taken["hosted"]["policies"] == [] and taken["hosted"]["spf"] == []
