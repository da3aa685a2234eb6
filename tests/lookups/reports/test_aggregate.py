"""DMARC aggregate reports: the samples of others, the forms of both RFCs, and hostile XML."""

from __future__ import annotations

import pytest

from lookups.engine.reports import ReportError
from lookups.engine.reports.aggregate import NAMESPACE, Aggregate, Reason, Signature, parse
from lookups.engine.reports.containers import unpack

from .made import aggregate, dkim, record, sample, spf


def code_of(data: bytes) -> str:
    with pytest.raises(ReportError) as caught:
        parse(data)
    return caught.value.code


# --- samples by others ----------------------------------------------------------------------------
def test_the_newer_form():
    report = parse(sample("aggregate-rfc9990.xml"))
    assert report.form == "RFC 9990"
    assert report.org_name == "Sample Reporter"
    assert report.report_id == "3v98abbp8ya9n3va8yr8oa3ya"
    assert (report.begin, report.end) == (302832000, 302918399)
    assert report.generator == "Example DMARC Aggregate Reporter v1.2"
    assert report.domain == "example.com"
    assert report.policy == {
        "p": "quarantine",
        "sp": "none",
        "np": "none",
        "testing": "n",
        "discovery_method": "treewalk",
    }
    [row] = report.rows
    assert (row.ip, row.messages, row.disposition) == ("192.0.2.123", 123, "pass")
    assert (row.dkim_aligned, row.spf_aligned) == ("pass", "fail")
    assert row.dkim == (Signature("example.com", "abc123", "pass"),)
    assert (row.spf[0].domain, row.spf[0].result) == ("example.com", "fail")
    assert report.head()["begin"] == "1979-08-07T00:00:00Z"


@pytest.mark.parametrize(
    ("name", "organisation", "id", "domain", "ip"),
    [
        ("aggregate-small.xml", "addisonfoods.com", "3ceb5548498640beaeb47327e202b0b9",
         "example.com", "109.203.100.17"),
        ("aggregate-outlook.xml", "Outlook.com", "cfeafefe4129445e8c81018bd9177197",
         "example.com", "100.24.188.149"),
        ("aggregate-fastmail.xml.gz", "FastMail Pty Ltd", "102675056",
         "indemed.com", "104.195.80.20"),
        ("aggregate-infonacot.xml.zip", "XYZ Corporation", "2940",
         "example.com", "148.243.137.254"),
    ],
)  # fmt: skip
def test_older_reports(name, organisation, id, domain, ip):
    [packed] = unpack(sample(name))
    report = parse(packed.data)
    assert report.form == "RFC 7489"
    assert (report.org_name, report.report_id, report.domain) == (organisation, id, domain)
    assert [(row.ip, row.messages) for row in report.rows] == [(ip, 1)]
    assert (report.rows[0].dkim_aligned, report.rows[0].spf_aligned) == ("fail", "fail")


def test_a_signature_of_somebody_else():
    [row] = parse(sample("aggregate-small.xml")).rows
    assert row.dkim == (Signature("toptierhighticket.club", "default", "pass"),)
    assert row.spf == ()


def test_results_in_upper_case():
    report = parse(sample("aggregate-upper-case.xml"))
    assert report.org_name == "example.com" and report.version == ""
    [row] = report.rows
    assert (row.disposition, row.dkim_aligned, row.spf_aligned) == ("none", "pass", "pass")
    assert row.dkim[0].note == "verify result: all signatures verified"


# --- what reporters do ----------------------------------------------------------------------------
def test_several_signatures_reasons_and_extensions():
    reason = "<reason><type>Mailing_List</type><comment> a\n list </comment></reason>"
    results = dkim("example.com") + dkim("esp.example", "FAIL", "k2") + spf("b.example.com")
    data = aggregate(
        record(results=results, reason=reason) + "<extension><x>1</x></extension>",
        namespace=NAMESPACE,
        policy="<p>reject</p><np>reject</np><psd>y</psd><testing>y</testing><fo>1:d</fo>",
    )
    report = parse(data)
    assert report.form == "RFC 9990"
    assert report.policy["np"] == "reject" and report.policy["psd"] == "y"
    [row] = report.rows
    assert row.reasons == (Reason("mailing_list", "a list"),)
    assert [one.result for one in row.dkim] == ["pass", "fail"]
    assert row.spf[0].scope == "mfrom"


def test_prefixes_of_namespaces_do_not_matter():
    data = aggregate().replace(b"<feedback", f'<d:feedback xmlns:d="{NAMESPACE}"'.encode())
    assert parse(data.replace(b"</feedback", b"</d:feedback")).form == "RFC 9990"


@pytest.mark.parametrize(
    ("text", "count"),
    [(" 12 ", 12), ("12.0", 12), ("+12", 12), ("12 messages", 12), ("-3", 0), ("", 0), ("x", 0),
     ("9" * 40, 10**12)],
)  # fmt: skip
def test_numbers_with_something_around_them(text, count):
    assert parse(aggregate(record(count=text))).messages == count


def test_missing_elements():
    report = parse(b"<feedback><policy_published/><record><row/></record></feedback>")
    assert report.rows[0].ip == "" and report.messages == 0
    assert parse(b"<feedback><report_metadata/></feedback>").rows == ()
    assert report.head()["begin"] is None


def test_the_same_outcome_twice_is_added_up():
    report = parse(aggregate(record(count=2), record(count=3), record("192.0.2.9")))
    assert [(row.ip, row.messages) for row in report.rows] == [("192.0.2.1", 5), ("192.0.2.9", 1)]


def test_what_is_kept_is_read_back():
    report = parse(aggregate(record(results=dkim("example.com") + spf("example.com"))))
    assert Aggregate.from_json(report.as_json()) == report


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf\r\n" + aggregate(head='<?xml version="1.0" encoding="UTF-8"?>'),
        aggregate(head='<?xml version="1.0"?>').decode().encode("utf-16"),
        aggregate(org="Caf\xe9", head='<?xml version="1.0" encoding="iso-8859-1"?>')
        .decode().encode("latin-1"),
        aggregate(head='<?xml version="1.0" encoding="utf-16"?>'),  # declared wrongly
        aggregate(head='<?xml version="1.0" encoding="no-such-thing"?>'),
        aggregate(org="Caf\xe9", head='<?xml version="1.0" encoding="utf-8"?>')
        .decode().encode("latin-1"),
        aggregate(head='<?xml version="1.0" encoding="windows-1252"?>'),
    ],
)  # fmt: skip
def test_encodings(data):
    assert parse(data).org_name in ("Reporter", "Caf\xe9")
    assert parse(data).messages == 1


# --- what strangers do ----------------------------------------------------------------------------
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<feedback><report_metadata><org_name>&b;</org_name></report_metadata></feedback>"""
EXTERNAL = b"""<!DOCTYPE feedback SYSTEM "file:///etc/passwd"><feedback/>"""


@pytest.mark.parametrize("data", [LAUGHS, EXTERNAL, b"<!DOCTYPE feedback><feedback/>"])
def test_document_types_are_refused(data):
    assert code_of(data) == "doctype"


def test_depth_text_and_number_are_bounded():
    assert code_of(b"<feedback>" + b"<a>" * 60) == "depth"
    assert code_of(aggregate(org="x" * 70_000)) == "text"
    assert code_of(b"<feedback a='" + b"x" * 2_000_000 + b"'/>") == "text"
    assert code_of(b"<feedback><!--" + b"x" * 2_000_000 + b"--></feedback>") == "text"
    assert code_of(b"<feedback>" + b"<a/>" * 3_000 + b"</feedback>") == "records"
    assert code_of(b"<feedback><record>" + b"<a/>" * 3_000 + b"</record></feedback>") == "records"
    many = "".join(f"<record><row><count>{n}</count></row></record>" for n in range(20_001))
    assert code_of(b"<feedback>" + many.encode() + b"</feedback>") == "records"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html><body/></html>", "not-a-report"),
        (b"<feedback/>", "not-a-report"),
        (b"<feedback>", "truncated"),
        (aggregate()[:300], "truncated"),
        (b"<feedback></x>", "xml"),
        (b"<feedback>&nbsp;</feedback>", "xml"),
        (b"<", "truncated"),
        (b"", "truncated"),
        (b"<feedback>\0</feedback>", "xml"),
    ],
)
def test_what_is_no_report_is_said(data, code):
    assert code_of(data) == code


def test_control_characters_are_dropped():
    report = parse(aggregate(org="Re\u202eporter\u200b", id="a\tb\nc"))
    assert report.org_name == "Reporter" and report.report_id == "a b c"
