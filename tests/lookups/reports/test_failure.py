"""Failure reports (RFC 5965, RFC 6591, RFC 9991)."""

from __future__ import annotations

import pytest

from lookups.engine.reports import ReportError, read_files
from lookups.engine.reports.failure import MAX_ORIGINAL, FailureReport, parse

from .made import sample

FIELDS = b"""Feedback-Type: auth-failure
Version: 1
User-Agent: Reporter/1.0
Auth-Failure: dmarc
Identity-Alignment: dkim, spf
Delivery-Result: reject
Source-IP: 192.0.2.7
Reported-Domain: Example.com.
DKIM-Domain: example.com
DKIM-Selector: s1
Original-Mail-From: <someone@example.com>
Arrival-Date: Tue, 30 Apr 2019 02:09:00 +0000
Reporting-MTA: dns; mx.reporter.example
Incidents: 3
"""
ORIGINAL = b"""From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\r
Subject: =?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=\r
Message-ID: <1@example.com>\r
\r
Hello\r
"""


def test_the_sample():
    [report] = read_files([("x.eml", sample("failure-linkedin.eml"))]).failures
    assert (report.type, report.auth_failure) == ("auth-failure", "dmarc")
    assert (report.source_ip, report.domain) == ("10.10.10.10", "example.com")
    assert report.delivery == "delivered"
    assert report.recipient == "recipient@linkedin.com"
    assert report.header_from == "Sender <sender@example.com>"
    assert report.subject == "Subject line, could be UTF8 encoded"
    assert report.results == "dmarc=fail (p=none; dis=none) header.from=example.com"
    assert report.date == 1556590140
    assert report.original.startswith("Return-Path: <>\nAuthentication-Results: mail516")
    assert "HTML Text" not in report.original


def test_fields_and_original():
    report = parse(FIELDS, ORIGINAL)
    assert (report.domain, report.alignment, report.incidents) == ("example.com", "dkim, spf", 3)
    assert (report.dkim_domain, report.dkim_selector) == ("example.com", "s1")
    assert (report.mail_from, report.reporter) == ("someone@example.com", "mx.reporter.example")
    assert (report.header_from, report.subject) == ("J\xfcrgen <j@example.com>", "テスト")
    assert report.original.endswith("Message-ID: <1@example.com>")
    assert FailureReport.from_json(report.as_json()) == report


def test_the_original_is_bounded_and_harmless():
    hostile = b"From: a@example.com\nX: \x1b[31m\n" + b"Y: " + b"y" * 100_000
    report = parse(FIELDS, hostile)
    assert len(report.original) <= MAX_ORIGINAL
    assert "\x1b" not in report.original
    broken = parse(FIELDS, b"Subject: =?no-such?q?x?= =?utf-8?b?!!!?=\nDate: 99 Foo\n\n")
    assert broken.subject


def test_without_its_type_it_is_none():
    with pytest.raises(ReportError) as caught:
        parse(b"Version: 1\n")
    assert caught.value.code == "not-a-report"
