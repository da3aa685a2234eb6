"""Figures: what an engine counted is taken once, files of the dead are folded, workers answer."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from lookups.engine.counts import Counts
from lookups.engine.names import parse_domain
from lookups.engine.report import finished
from lookups.engine.transport import Transport
from lookups.observing import exposition, metrics
from lookups.runtime import context_for

ROOT = Path(__file__).parents[3]


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_counters_are_taken_once():
    counts = Counts()
    before = value("mxplain_dns_asked_total")
    counts.asked, counts.shared, counts.seconds = 5, 2, 0.5
    counts.outcomes["answer", "udp"] = 3
    counts.fetches["ok"] = 1
    counts.fetches["a code that nobody knows"] = 1
    answers = value("mxplain_dns_questions_total", outcome="answer", transport="udp")
    others = value("mxplain_fetches_total", outcome="other")
    metrics.take(counts)
    metrics.take(counts)
    counts.asked = 6
    metrics.take(counts, last=True)
    assert value("mxplain_dns_asked_total") - before == 6
    assert value("mxplain_dns_questions_total", outcome="answer", transport="udp") - answers == 3
    assert value("mxplain_fetches_total", outcome="other") - others == 1
    assert id(counts) not in metrics._taken


async def test_what_the_engine_counts(classroom):
    transport = Transport()
    found = [context_for(parse_domain("perfect.classroom.test"), transport) for _ in range(1)]
    await finished(found[0], ("mx", "mta-sts", "smtp"))
    log, counts = found[0].resolver.log, transport.counts
    transport.close()
    assert counts.asked == len(log) and counts.shared == 0
    assert counts.outcomes.total() == len(log) and counts.tries >= len(log)
    by_log = sum(entry["outcome"] == "answer" for entry in log)
    assert sum(n for (outcome, _), n in counts.outcomes.items() if outcome == "answer") == by_log
    assert counts.seconds > 0 and counts.fetches == {"ok": 1} and counts.probes["ok"] >= 1


def test_files_of_the_dead_are_folded(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    key = mmap_key("x", "x_total", [], [], "help")
    dead = [2**22 + n for n in range(exposition.MAX_FILES_OF_THE_DEAD)]  # above any process id
    for pid in dead:
        file = MmapedDict(str(tmp_path / f"counter_{pid}.db"))
        file.write_value(key, 2.0, 0.0)
        file.close()
        (tmp_path / f"gauge_livesum_{pid}.db").touch()
    for _ in range(2):
        body, kind = exposition.exposed()
        assert f"x_total {2.0 * len(dead)}" in body.decode() and kind.startswith("text/plain")
    assert [path.name for path in tmp_path.glob("*.db")] == ["counter_folded.db"]
    exposition.empty(tmp_path)
    assert not list(tmp_path.glob("*.db"))


def test_processes_add_up(tmp_path, monkeypatch):
    code = "from lookups.observing import metrics as m; m.REPORTS.labels('done').inc(3)"
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert 'mxplain_reports_total{outcome="done"} 6.0' in exposition.exposed()[0].decode()


@pytest.mark.parametrize(
    ("header", "bears"),
    [
        ("Bearer s3cret", True),
        ("bearer s3cret", True),
        ("Bearer s3cret2", False),
        ("Bearer", False),
        ("Basic s3cret", False),
        ("", False),
        ("Bearer \udcff", False),
    ],
)
def test_the_token(header, bears):
    assert exposition.bears(header, "s3cret") is bears


def test_a_workers_own_port(settings):
    settings.METRICS_TOKEN = "s3cret"
    assert exposition.serve("") is None and exposition.serve("127.0.0.1:no") is None
    server = exposition.serve("127.0.0.1:0")
    url = f"http://127.0.0.1:{server.server_port}/metrics"
    try:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(url, timeout=10)
        asked = urllib.request.Request(url, headers={"Authorization": "Bearer s3cret"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert b"mxplain_reports" in answer.read()
        assert exposition.serve(f"127.0.0.1:{server.server_port}") is None  # taken
    finally:
        server.shutdown()
        server.server_close()
