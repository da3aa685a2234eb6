"""SMTP TLS reports (RFC 8460 §4.4), and hostile JSON."""

from __future__ import annotations

import json

import pytest

from lookups.engine.reports import ReportError
from lookups.engine.reports.tls import TlsReport, parse

from .made import sample, tls


def code_of(data: bytes) -> str:
    with pytest.raises(ReportError) as caught:
        parse(data)
    return caught.value.code


def test_the_example_of_the_rfc():
    report = parse(sample("tls-rfc8460.json"))
    assert report.organization == "Company-X"
    assert report.report_id == "5065427c-23d3-47ca-b6e0-946ea0e8c4be"
    assert (report.successful, report.failed) == (5326, 303)
    assert report.head()["begin"] == "2016-04-01T00:00:00Z"
    [policy] = report.policies
    assert (policy.type, policy.domain) == ("sts", "company-y.example")
    assert policy.mx_hosts == ("*.mail.company-y.example",)
    assert policy.strings[1] == "mode: testing"
    assert [(one.type, one.sessions) for one in policy.failures] == [
        ("certificate-expired", 100),
        ("starttls-not-supported", 200),
        ("validation-failure", 3),
    ]
    assert policy.failures[0].sending_ip == "2001:db8:abcd:12::1"
    assert policy.failures[2].reason == "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"


def test_a_plain_report():
    report = parse(sample("tls-plain.json"))
    assert (report.organization, report.successful, report.failed) == ("Example Inc.", 0, 3)
    assert [one.sessions for one in report.policies[0].failures] == [2, 1]
    assert report.policies[0].failures[0].receiving_ip == "173.212.201.41"


def test_what_is_kept_is_read_back():
    report = parse(tls([{"result-type": "certificate-expired", "failed-session-count": 2}]))
    assert TlsReport.from_json(report.as_json()) == report


@pytest.mark.parametrize(
    ("value", "count"),
    [(3, 3), ("3", 3), (3.9, 3), (-3, 0), (True, 0), (None, 0), ([], 0), (10**30, 10**12)],
)
def test_numbers_of_any_kind(value, count):
    assert parse(tls(good=value)).successful == count


def test_names_that_stand_twice():
    data = tls().replace(b'"report-id": "t1"', b'"report-id": "t0", "report-id": "t2"')
    assert parse(data).report_id == "t2"


def test_encodings():
    text = tls().decode()
    for encoding in ("utf-8-sig", "utf-16", "utf-16-be", "utf-32"):
        assert parse(text.encode(encoding)).report_id == "t1"
    latin = json.dumps(json.loads(text) | {"organization-name": "Caf\xe9"}, ensure_ascii=False)
    assert parse(latin.encode("latin-1")).organization == "Caf\xe9"


def test_hostile_json():
    assert code_of(b"[" * 100_000) == "depth"
    assert code_of(b'{"a":' * 100_000) == "depth"
    assert code_of(b"[" + b"0," * 300_000 + b"0]") == "records"
    assert code_of(b'["' + b'\\"' * 1_100_000 + b'"]') == "records"
    assert code_of(b'{"policies":[' + b"9" * 5_000 + b"]}") == "json"
    assert code_of(b'{"policies":') == "json"
    assert code_of(b"[1, 2]") == "not-a-report"
    assert code_of(b'{"policies": 3}') == "not-a-report"
    failures = [{"result-type": "x"}] * 5_001
    assert code_of(tls(failures)) == "records"
    assert (
        parse(b'{"policies": [3, {"policy": 3, "summary": [], "failure-details": 3}]}').failed == 0
    )
    assert parse(tls(**{"organization-name": "\ud800x"})).organization == "x"
