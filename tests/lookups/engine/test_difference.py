"""The difference between two reports: what counts as a change, and what does not."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.difference import FindingRef, RecordChange, difference


def section(findings=(), raw=(), **more):
    """A stored section; findings are (id, parameters), raw records (name, type, value)."""
    return {
        "complete": True,
        "failed": "",
        "findings": [{"id": id, "parameters": p, "evidence": []} for id, p in findings],
        "records": {"raw": [{"name": n, "type": t, "value": v} for n, t, v in raw]},
    } | more


def spf(value, *findings):
    return {"spf": section(findings, [("example.com", "TXT", value)])}


def mx(*hosts, kind="mx", findings=()):
    """Hosts are (preference, name, *addresses)."""
    evidence = [{"name": "example.com.", "type": "MX"}]
    return {
        "mx": {
            "complete": True,
            "findings": [
                {"id": "mx-found", "parameters": {"count": len(hosts)}, "evidence": evidence},
                *({"id": id, "parameters": p, "evidence": []} for id, p in findings),
            ],
            "records": {
                "kind": kind,
                "hosts": [
                    {
                        "preference": preference,
                        "exchange": name,
                        "addresses": [{"address": a, "ttl": 300} for a in addresses],
                    }
                    for preference, name, *addresses in hosts
                ],
            },
        }
    }


def changes(before, after):
    return [(c.kind, c.name, c.type, c.before, c.after) for c in difference(before, after).records]


def test_a_record_that_changed():
    found = difference(spf("v=spf1 -all"), spf("v=spf1 mx -all"))
    assert found.records == (
        RecordChange("changed", "spf", "example.com", "TXT", "v=spf1 -all", "v=spf1 mx -all"),
    )
    assert found.as_json()["records"][0]["after"] == "v=spf1 mx -all" and not found.is_empty


def test_records_added_and_removed():
    one = {"delegation": section(raw=[("example.com", "NS", "a.test."), ("X", "NS", "B.test.")])}
    two = {"delegation": section(raw=[("example.com", "NS", "A.test."), ("x", "NS", "b.test.")])}
    assert difference(one, two).is_empty  # letters capitalised by chance
    more = copy.deepcopy(two)
    more["delegation"]["records"]["raw"].append(
        {"name": "example.com", "type": "NS", "value": "c.test."}
    )
    assert changes(two, more) == [("added", "example.com", "NS", "", "c.test.")]
    assert changes(more, two) == [("removed", "example.com", "NS", "c.test.", "")]


def test_mail_servers():
    before = mx((10, "mx1.test", "192.0.2.1"), (20, "mx2.test", "192.0.2.2"), (30, "mx3.test"))
    after = mx((10, "mx1.test", "192.0.2.9"), (5, "mx2.test", "192.0.2.2"), (40, "mx4.test"))
    assert changes(before, after) == [
        ("changed", "example.com", "MX", "20 mx2.test", "5 mx2.test"),
        ("removed", "example.com", "MX", "30 mx3.test", ""),
        ("added", "example.com", "MX", "", "40 mx4.test"),
        ("changed", "mx1.test", "A", "192.0.2.1", "192.0.2.9"),
    ]
    null = mx(kind="null")
    assert ("changed", "example.com", "MX", "10 mx1.test", "0 .") in changes(
        mx((10, "mx1.test")), null
    )


def test_what_is_no_change():
    soa = "ns.test. host.test. {} 7200 900 1209600 300"
    one = {"delegation": section(raw=[("a.test", "SOA", soa.format(1))])}
    two = {"delegation": section(raw=[("a.test", "SOA", soa.format(2))])}
    assert difference(one, two).is_empty
    one = {"smtp": section([("smtp-certificate-expiring", {"host": "a", "date": "x", "days": 9})])}
    two = {"smtp": section([("smtp-certificate-expiring", {"host": "a", "date": "x", "days": 8})])}
    assert difference(one, two).is_empty
    one = {"dane": section([("dane-valid", {"hosts": ["a", "b"]})])}
    two = {"dane": section([("dane-valid", {"hosts": ["b", "a"]})])}
    assert difference(one, two).is_empty
    before, after = mx((10, "a", "192.0.2.1")), mx((10, "a", "192.0.2.1"))
    after["mx"]["records"]["hosts"][0]["addresses"][0]["ttl"] = 12
    assert difference(before, after).is_empty


def test_findings_and_verdict():
    before = spf("v=spf1 -all", ("spf-found", {"lookups": 1}))
    after = spf("v=spf1 -all", ("spf-found", {"lookups": 2}), ("spf-loop", {"domains": ["a"]}))
    found = difference(before, after)
    assert found.new == (FindingRef("spf", "spf-loop", {"domains": ["a"]}),) and not found.gone
    assert found.verdicts == (("spf", "good", "error"),)
    assert difference(after, before).gone == found.new
    other = spf("v=spf1 -all", ("spf-found", {"lookups": 2}), ("spf-loop", {"domains": ["b"]}))
    again = difference(after, other)
    assert [ref.parameters for ref in again.new] == [{"domains": ["b"]}] and again.count == 2


@pytest.mark.parametrize(
    "broken",
    [
        {"failed": "deadline"},
        {"failed": "crash"},
        {"complete": False},
        {"records": {"off": True}},
    ],
)
def test_a_check_that_broke_off_says_nothing(broken):
    whole = spf("v=spf1 -all", ("spf-found", {}))
    half = {"spf": section() | broken}
    assert difference(whole, half).is_empty and difference(half, whole).is_empty
    assert difference(whole, {}).is_empty and difference({}, whole).is_empty


def test_what_dns_left_open_has_not_been_removed():
    whole = spf("v=spf1 -all", ("spf-found", {}))
    silent = {"spf": section([("dns-timeout", {"name": "example.com", "type": "TXT"})])}
    found = difference(whole, silent)
    assert found.records == () and [ref.id for ref in found.new] == ["dns-timeout"]
    assert difference(silent, whole).records == ()
    none = {"spf": section([("dns-nodata", {"name": "example.com", "type": "TXT"})])}
    assert [change.kind for change in difference(whole, none).records] == ["removed"]


def test_findings_of_other_versions():
    odd = {"spf": section([("spf-of-the-future", {}), (None, {}), (7, [])])}
    assert difference(spf(""), odd).new == (FindingRef("spf", "spf-of-the-future", {}),)


# --- anything that JSON can hold ---------------------------------------------------------------
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["a.test", "b.test", "A.test", ""])
RAW = st.fixed_dictionaries(
    {
        "name": NAMES | JSON,
        "type": st.sampled_from(["TXT", "MX", "SOA", "NS"]) | JSON,
        "value": st.sampled_from(["10 a", "20 a", "10 b", "1 2 3 4 5 6 7", "x"]) | JSON,
    }
)
FINDING = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["spf-found", "spf-loop", "dns-timeout", "mx-found", "dns-nodata"])
        | JSON,
        "parameters": st.dictionaries(st.sampled_from(["host", "days", "x"]), JSON) | JSON,
        "evidence": st.just([{"name": "a.test.", "type": "MX"}]) | JSON,
    }
)
HOST = st.fixed_dictionaries(
    {
        "exchange": NAMES | JSON,
        "preference": st.integers(0, 3) | JSON,
        "addresses": st.just([{"address": "192.0.2.1"}, {"address": "::1"}]) | JSON,
    }
)
SECTION = st.fixed_dictionaries(
    {
        "complete": st.just(True) | JSON,
        "failed": st.sampled_from(["", "crash"]) | JSON,
        "records": st.fixed_dictionaries(
            {"raw": st.lists(RAW, max_size=4) | JSON, "hosts": st.lists(HOST, max_size=3) | JSON},
            optional={"kind": st.sampled_from(["mx", "null", "unknown"]) | JSON, "off": JSON},
        )
        | JSON,
        "findings": st.lists(FINDING | JSON, max_size=4) | JSON,
    }
)
SECTIONS = st.dictionaries(st.sampled_from(["mx", "spf", "smtp", "new"]), SECTION | JSON)


@given(SECTIONS)
def test_nothing_changed_in_itself(sections):
    assert difference(sections, copy.deepcopy(sections)).is_empty


@given(SECTIONS, SECTIONS)
def test_there_and_back(before, after):
    there, back = difference(before, after), difference(after, before)
    swap = {"added": "removed", "removed": "added", "changed": "changed"}
    turned = {(swap[c.kind], c.topic, c.name, c.type, c.after, c.before) for c in back.records}
    assert {(c.kind, c.topic, c.name, c.type, c.before, c.after) for c in there.records} == turned
    assert sorted(map(repr, there.new)) == sorted(map(repr, back.gone))
    assert sorted(map(repr, there.gone)) == sorted(map(repr, back.new))
    assert set(there.verdicts) == {(topic, b, a) for topic, a, b in back.verdicts}
    json.dumps(there.as_json())


@given(JSON, JSON)
def test_never_raises(before, after):
    difference(before, after)
