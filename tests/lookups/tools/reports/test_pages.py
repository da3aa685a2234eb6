"""The report reader's page: upload, what it shows, what it refuses."""

from __future__ import annotations

import base64
import csv
import io
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from lookups.engine.reports import CODES
from lookups.engine.reports.mend import SEVERITIES, Sender
from lookups.engine.reports.tls import RESULT_TYPES
from lookups.tools.reports import result, words
from lookups.tools.reports.advice import advice, title
from lookups.tools.reports.export import _cell
from lookups.tools.reports.names import SourceName
from tests.lookups.reports.made import aggregate, dkim, gzipped, mail, record, sample, spf, tls

pytestmark = pytest.mark.django_db


def upload(*files: bytes, **fields: str) -> dict:
    named = [SimpleUploadedFile(f"file-{n}.bin", data) for n, data in enumerate(files)]
    return {"files": named, "nameless": "on"} | fields


REPORT = aggregate(
    record("192.0.2.1", 900, results=dkim("example.com") + spf("example.com")),
    record("192.0.2.2", 60, "fail", "fail", results=spf("forger.example", "fail")),
    record("192.0.2.3", 40, "pass", "fail", results=dkim("example.com")),
    policy="<p>quarantine</p><sp>reject</sp>",
)


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_the_page_before_anything_is_read(client, prefix):
    page = client.get(f"{prefix}/tools/reports/")
    assert page.status_code == 200
    text = page.content.decode()
    assert 'enctype="multipart/form-data"' in text and 'name="files"' in text
    assert 'name="keep"' not in text  # that takes an account


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_what_a_report_says(client, prefix):
    answer = client.post(f"{prefix}/tools/reports/", upload(gzipped(REPORT)))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    page = answer.content.decode()
    assert "p=quarantine; sp=reject" in page
    assert "94.0 %" in page
    assert 'role="img"' in page and "192.0.2.2" in page
    assert "2023-11-14" in page
    with translation.override("ja" if prefix else "en"):
        assert title("unknown") in page and title("forwarded") in page


def test_the_command_beside_the_result(client):
    page = client.post("/tools/reports/", upload(REPORT)).content.decode()
    assert "python manage.py explain-report file-0.bin" in page


def test_sources_stand_in_groups(client):
    page = client.post("/tools/reports/", upload(REPORT)).content.decode()
    assert re.findall(r'id="group-(\w+)"( open)?', page) == [
        ("neither", " open"),
        ("dkim", " open"),
        ("both", ""),
    ]


def test_files_to_take_away_stand_in_links(client):
    page = client.post("/tools/reports/", upload(REPORT)).content.decode()
    links = dict(
        (name, base64.b64decode(data).decode())
        for data, name in re.findall(r'href="data:[^"]*;base64,([^"]*)" download="([^"]*)"', page)
    )
    found = json.loads(links["reports.json"])
    assert found["kind"] == "dmarc-aggregate"
    assert found["totals"]["groups"] == {"both": 900, "dkim": 40, "spf": 0, "neither": 60}
    rows = list(csv.DictReader(io.StringIO(links["dmarc-sources.csv"].removeprefix("\ufeff"))))
    assert [(row["ip"], row["messages"], row["dmarc"]) for row in rows] == [
        ("192.0.2.1", "900", "pass"),
        ("192.0.2.2", "60", "fail"),
        ("192.0.2.3", "40", "pass"),
    ]


def test_too_much_for_a_link(client, monkeypatch):
    monkeypatch.setattr(result, "MAX_LINKED_ROWS", 2)
    page = client.post("/tools/reports/", upload(REPORT)).content.decode()
    assert 'href="data:' not in page and "The command line gives it whole" in page


def test_a_large_report_is_shown_in_part(client):
    rows = (record(f"10.0.{n >> 8}.{n & 255}", 1, "fail", "fail") for n in range(5_000))
    page = client.post("/tools/reports/", upload(aggregate(*rows)))
    assert page.status_code == 200 and len(page.content) < 400_000
    assert "4900 more sources" in page.content.decode()


def test_formulas_do_not_reach_spreadsheets():
    assert _cell("=1+1") == "'=1+1" and _cell("@x") == "'@x" and _cell(3) == "3"


def test_several_files_with_a_bad_one_and_one_twice(client):
    files = upload(REPORT, gzipped(REPORT), b"nonsense", tls(bad=3), sample("failure-linkedin.eml"))
    answer = client.post("/tools/reports/", files)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "count once" in page and "file-1.bin" in page
    assert "neither XML, JSON, gzip, zip nor a mail" in page
    assert "TLS:" in page and "Subject line, could be UTF8 encoded" in page


def test_failures_of_tls_are_explained(client):
    failures = [
        {"result-type": kind, "receiving-mx-hostname": f"mx{n}.example.com",
         "sending-mta-ip": "192.0.2.9", "failed-session-count": n}
        for n, kind in enumerate((*RESULT_TYPES, "of-their-own"))
    ]  # fmt: skip
    page = client.post("/tools/reports/", upload(mail(gzipped(tls(failures, 5, 9))))).content
    for kind in RESULT_TYPES:
        assert words.tls_result(kind) != kind and words.tls_remedy(kind)
        assert kind in page.decode()
    assert "Renew the certificate" in page.decode() and "of-their-own" in page.decode()


@pytest.mark.parametrize("prefix", ["", "/ja"])
@pytest.mark.parametrize("data", [b"", b"nonsense", gzipped(b"<" * 3_000_000), b"<!DOCTYPE a>"])
def test_what_cannot_be_read_is_refused(client, prefix, data):
    answer = client.post(f"{prefix}/tools/reports/", upload(data))
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()


def test_too_much_is_refused(client):
    assert client.post("/tools/reports/", {}).status_code == 400
    many = [SimpleUploadedFile(f"{n}", b"x") for n in range(21)]
    answer = client.post("/tools/reports/", {"files": many})
    assert answer.status_code == 400 and b"At most 20 files" in answer.content
    large = SimpleUploadedFile("l.xml", b"x" * 10_000_001)
    answer = client.post("/tools/reports/", {"files": [large]})
    assert answer.status_code == 400 and b"at most 10 MB a file" in answer.content
    answer = client.post(
        "/tools/reports/", {"files": [SimpleUploadedFile("l.xml", b"x" * 31_000_000)]}
    )
    assert answer.status_code == 413 and b"at most 30 MB" in answer.content


def test_nothing_hostile_reaches_the_page(client):
    script = "&lt;script&gt;alert(1)&lt;/script&gt;"
    row = record(
        author=script, results=dkim(script), reason=f"<reason><type>{script}</type></reason>"
    )
    page = client.post(
        "/tools/reports/", upload(aggregate(row, org=script, id=script, domain=script))
    )
    assert page.status_code == 200 and b"<script>alert" not in page.content


def test_names_come_from_reverse_dns(client, classroom):
    """Those of the classroom's addresses, confirmed; a private address is not asked for."""
    row = record("198.18.0.1", 5, "fail", "fail") + record("10.0.0.1", 2)
    answer = client.post("/tools/reports/", {"files": [SimpleUploadedFile("r", aggregate(row))]})
    shown = answer.context["result"]
    asked = {query["name"] for query in answer.context["queries"]}
    assert "1.0.18.198.in-addr.arpa" in asked
    assert "1.0.0.10.in-addr.arpa" not in asked
    assert shown.names == {"198.18.0.1": SourceName("ns.classroom.test", True)}
    assert b"ns.<wbr>classroom.<wbr>test" in answer.content


def test_every_code_has_its_words():
    for code in CODES:
        assert words.refusal(code)
    for code in SEVERITIES:
        sender = Sender(code, "esp.example", 3, ["192.0.2.1"], "example.com", selector="s1")
        told = advice(sender)
        assert told.title and "%(" not in told.text


@pytest.mark.parametrize("code", SEVERITIES)
def test_tools_that_help_are_linked_with_what_is_known(client, classroom, code):
    told = Sender(code, "192.0.2.1", 3, ["192.0.2.1"], "perfect.classroom.test", selector="s1")
    for _title, link in advice(told).links:
        assert "perfect.classroom.test" in link
        assert client.get(link).status_code == 200
