"""Sums over reports, and what each sender needs."""

from __future__ import annotations

from datetime import date

import pytest

from lookups.engine.reports import read_files
from lookups.engine.reports.mend import SEVERITIES, senders
from lookups.engine.reports.totals import add_up, aligned

from .made import aggregate, dkim, record, spf

OWN = {"192.0.2.1": "mail.example.com"}
ESP = {"192.0.2.1": "o1.esp.example"}


def totals_of(*files: bytes):
    reading = read_files([(str(n), data) for n, data in enumerate(files)])
    assert reading.failed == []
    return add_up(reading.aggregates)


def only(names: dict, *results: str, reason: str = "", policy: str = "<p>none</p>", **outcome):
    row = record(count=7, results="".join(results), reason=reason, **outcome)
    [sender] = senders(totals_of(aggregate(row, policy=policy)).sources, names)
    assert sender.messages == 7
    return sender


LIST = "<reason><type>mailing_list</type></reason>"


@pytest.mark.parametrize(
    ("names", "outcome", "results", "code"),
    [
        (OWN, ("fail", "fail"), "", "own-server"),
        (ESP, ("fail", "fail"), "", "unknown"),
        ({}, ("fail", "fail"), spf("example.com", "fail"), "unknown"),
        ({}, ("fail", "fail"), spf("example.com", "permerror"), "spf-error"),
        ({}, ("fail", "fail"), spf("forger.example", "permerror"), "unknown"),
        ({}, ("fail", "fail"), dkim("esp.example"), "service-as-itself"),
        ({}, ("fail", "fail"), spf("bounces.esp.example"), "service-as-itself"),
        ({}, ("fail", "fail"), dkim("example.com", "fail"), "altered"),
        ({}, ("fail", "pass"), dkim("example.com", "fail"), "dkim-broken"),
        ({}, ("fail", "pass"), dkim("esp.example") + spf("example.com"), "signs-as-itself"),
        ({}, ("fail", "pass"), spf("example.com"), "unsigned"),
        (OWN, ("pass", "fail"), dkim("example.com"), "own-not-in-spf"),
        (ESP, ("pass", "fail"), dkim("example.com") + spf("esp.example"), "return-path"),
        (ESP, ("pass", "fail"), dkim("example.com") + spf("example.com", "fail"), "forwarded"),
        ({}, ("pass", "fail"), dkim("example.com") + spf("example.com", "temperror"), "spf-error"),
    ],
)
def test_each_outcome_has_its_advice(names, outcome, results, code):
    sender = only(names, results, dkim=outcome[0], spf=outcome[1])
    assert sender.code == code


def test_lists_are_named_by_the_receiver():
    assert only({}, reason=LIST, dkim="fail", spf="fail").code == "list"


def test_nothing_to_mend_where_both_pass():
    assert senders(totals_of(aggregate(record())).sources, {}) == []


def test_senders_are_grouped_by_organization_and_sorted():
    rows = [
        record("192.0.2.1", 5, "fail", "fail"),
        record("192.0.2.2", 6, "fail", "fail"),
        record("192.0.2.3", 9, "fail", "fail"),
        record("192.0.2.4", 90, "pass", "fail", results=dkim("example.com")),
    ]
    names = {"192.0.2.1": "a.esp.example", "192.0.2.2": "b.esp.example"}
    found = senders(totals_of(aggregate(*rows)).sources, names)
    assert [(one.name, one.messages, one.code) for one in found] == [
        ("esp.example", 11, "unknown"),
        ("192.0.2.3", 9, "unknown"),
        ("192.0.2.4", 90, "forwarded"),
    ]
    assert found[0].addresses == ["192.0.2.2", "192.0.2.1"]
    assert [SEVERITIES[one.code] for one in found] == ["warning", "warning", "info"]


def test_a_service_is_known_by_what_it_vouches_for():
    rows = [
        record(f"192.0.2.{n}", 1, "fail", "fail", results=dkim("a.esp.example")) for n in (1, 2)
    ]
    [sender] = senders(totals_of(aggregate(*rows)).sources, {"192.0.2.1": "host.other.example"})
    assert (sender.name, sender.messages) == ("esp.example", 2)


def test_sums():
    day = 86_400
    first = aggregate(record(count=3), record("192.0.2.2", 2, "fail", "fail", "reject"))
    later = aggregate(record(count=4), id="r2", begin=1_700_000_000 + day, org="Other")
    totals = totals_of(first, later)
    assert (totals.all.passed, totals.all.failed) == (7, 2)
    assert totals.groups == {"both": 7, "neither": 2}
    assert totals.dispositions == {"none": 7, "reject": 2}
    assert {name: tally.messages for name, tally in totals.reporters.items()} == {
        "Reporter": 5,
        "Other": 4,
    }
    assert list(totals.days) == [date(2023, 11, 15), date(2023, 11, 16)]
    assert (totals.begin, totals.end) == (1_700_000_000, 1_700_000_000 + 2 * day - 1)
    assert totals.addresses == ["192.0.2.1", "192.0.2.2"]
    assert totals.domains == ["example.com"]


def test_results_that_the_reporter_left_out_follow_from_alignment():
    row = record(dkim="", spf="", results=dkim("mail.example.com") + spf("other.example"))
    assert totals_of(aggregate(row)).groups == {"dkim": 1}
    strict = totals_of(aggregate(row, policy="<p>none</p><adkim>s</adkim>"))
    assert strict.groups == {"neither": 1}


def test_alignment():
    assert aligned("example.com", "example.com")
    assert aligned("a.example.co.uk", "b.example.co.uk")
    assert not aligned("a.example.com", "example.com", strict=True)
    assert not aligned("one.co.uk", "two.co.uk")
    assert not aligned("", "")
