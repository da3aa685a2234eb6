"""Whatever was read can be shown, printed and taken away."""

from __future__ import annotations

import json

from django.template.loader import render_to_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.engine.reports import read_files
from lookups.tools.reports.names import SourceName
from lookups.tools.reports.result import ReportsResult
from tests.lookups.reports.made import aggregate, dkim, record, spf, tls
from tests.lookups.reports.test_failure import FIELDS, ORIGINAL

MAIL = (
    b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/feedback-report\n\n"
    + FIELDS
    + b"\n--x\nContent-Type: message/rfc822\n\n"
    + ORIGINAL
    + b"\n--x--\n"
)
SEEDS = (
    aggregate(record(results=dkim("esp.example") + spf("example.com", "fail"), dkim="fail")),
    tls([{"result-type": "certificate-expired", "failed-session-count": 2}]),
    MAIL,
)
changes = st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 255)), max_size=8)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SEEDS), changes), min_size=1, max_size=4))
def test_whatever_was_read(files):
    data = []
    for number, (seed, changed) in enumerate(files):
        octets = bytearray(seed)
        for place, value in changed:
            octets[place % len(octets)] = value
        data.append((str(number), bytes(octets)))
    names = {"192.0.2.1": SourceName("mail.example.com", True)}
    result = ReportsResult(read_files(data), names)
    json.dumps(result.as_json())
    assert all(isinstance(line, str) for line in result.lines())
    page = render_to_string(
        "tools/reports/_result.html", {"result": result, "downloads": result.downloads}
    )
    assert "{{" not in page and "<script" not in page
