"""Whatever comes: nothing is raised, and what comes out is bounded."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.engine.reports import CODES, ReportError, aggregate, read_files, tls
from lookups.engine.reports import failure as failures
from lookups.engine.reports.aggregate import Aggregate
from lookups.engine.reports.mend import senders
from lookups.engine.reports.tls import TlsReport
from lookups.engine.reports.totals import GROUPS, add_up

from . import made
from .made import SAMPLES
from .made import aggregate as report
from .made import tls as tls_report

quick = settings(suppress_health_check=list(HealthCheck), deadline=None)
_SEEDS = [path.read_bytes() for path in sorted(SAMPLES.glob("*"))] or [
    report(made.record(results=made.dkim("example.com") + made.spf("example.com"))),
    tls_report([{"result-type": "certificate-expired"}]),
    made.gzipped(report()),
    made.zipped(("x.xml", report())),
    made.mail(made.gzipped(report())),
]


def check(data: bytes) -> None:
    reading = read_files([("x", data)])
    assert reading.reports or reading.failed
    assert all(failed.code in CODES for failed in reading.failed)
    for found in reading.reports:
        assert type(found).from_json(found.as_json()) == found
        json.dumps(found.head())
    totals = add_up(reading.aggregates)
    assert totals.all.messages == sum(totals.groups.values())
    assert set(totals.groups) <= set(GROUPS)
    names = {source.ip: "mail.example.com" for source, _ in totals.sources[::2]}
    for sender in senders(totals.sources, names):
        assert len(sender.name) <= 300


@quick
@given(st.binary(max_size=3000))
def test_any_octets(data):
    check(data)


@quick
@given(
    st.sampled_from(_SEEDS),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255), st.booleans()), max_size=12),
)
def test_samples_with_changes(seed, changes):
    data = bytearray(seed)
    for place, value, insert in changes:
        at = place % len(data)
        if insert:
            data.insert(at, value)
        else:
            data[at] = value
    check(bytes(data))


@quick
@given(st.sampled_from(_SEEDS), st.integers(0, 10_000))
def test_samples_cut_short(seed, end):
    check(seed[: end % len(seed)])


NAMES = [
    "feedback",
    "report_metadata",
    "org_name",
    "report_id",
    "date_range",
    "begin",
    "end",
    "policy_published",
    "domain",
    "p",
    "sp",
    "record",
    "row",
    "source_ip",
    "count",
    "policy_evaluated",
    "disposition",
    "dkim",
    "spf",
    "reason",
    "type",
    "comment",
    "identifiers",
    "header_from",
    "envelope_from",
    "auth_results",
    "selector",
    "result",
    "scope",
    "human_result",
]
text = st.text(string.printable.replace("\x0b", "").replace("\x0c", "") + "é日\u202e", max_size=30)
leaves = st.sampled_from(["pass", "fail", "Pass", "1", "example.com", "192.0.2.1", "::1"]) | text


@st.composite
def trees(draw, depth: int = 6) -> str:
    name = draw(st.sampled_from(NAMES))
    if depth == 0 or draw(st.booleans()):
        inner = draw(leaves).replace("&", "&amp;").replace("<", "&lt;")
    else:
        inner = "".join(draw(st.lists(trees(depth - 1), max_size=4)))
    return f"<{name}>{inner}</{name}>"


@quick
@given(st.lists(trees(), max_size=5))
def test_any_tree_of_elements(children):
    data = f"<feedback>{''.join(children)}</feedback>".encode()
    check(data)
    try:
        found = aggregate.parse(data)
    except ReportError:
        return
    assert isinstance(found, Aggregate)
    assert all(len(row.ip) <= 60 and row.messages >= 0 for row in found.rows)


TLS_NAMES = [
    "organization-name",
    "date-range",
    "start-datetime",
    "end-datetime",
    "report-id",
    "policies",
    "policy",
    "summary",
    "policy-type",
    "policy-domain",
    "policy-string",
    "mx-host",
    "failure-details",
    "result-type",
    "failed-session-count",
    "total-successful-session-count",
    "total-failure-session-count",
]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(TLS_NAMES), inner, max_size=6)
    ),
    max_leaves=40,
)


@quick
@given(st.dictionaries(st.sampled_from(TLS_NAMES), values, max_size=8), st.lists(values))
def test_any_tree_of_json(tree, policies):
    for whole in (tree, tree | {"policies": policies}):
        data = json.dumps(whole).encode()
        check(data)
        try:
            assert isinstance(tls.parse(data), TlsReport)
        except ReportError:
            pass


@quick
@given(st.binary(max_size=400), st.binary(max_size=400))
def test_any_failure_report(fields, original):
    try:
        found = failures.parse(b"Feedback-Type: auth-failure\n" + fields, original)
    except ReportError:
        return
    assert len(found.original) <= failures.MAX_ORIGINAL


@pytest.mark.parametrize("domain", ["", ".", "..", "a", "com", "xn--", "例え.テスト", "a" * 300])
def test_any_author_domain(domain):
    check(report(made.record(author=domain, results=made.dkim(domain) + made.spf(domain))))
