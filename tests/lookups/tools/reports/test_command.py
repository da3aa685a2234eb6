"""`manage.py explain-report`: a stable face."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lookups.commands import manage
from tests.lookups.reports.made import SAMPLES, aggregate, gzipped, record, tls


@pytest.fixture
def report(tmp_path) -> Path:
    path = tmp_path / "report.xml.gz"
    row = record("192.0.2.1", 7, "fail", "fail", "reject")
    path.write_bytes(gzipped(aggregate(record(count=3), row)))
    return path


def test_json(report):
    done = manage("explain-report", str(report), "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["kind"] == "dmarc-aggregate"
    assert told["totals"]["messages"] == 10
    assert told["reports"][0]["org_name"] == "Reporter"
    assert told["reports"][0]["begin"] == "2023-11-14T22:13:20Z"
    assert told["sources"][0] == {
        "ip": "192.0.2.1",
        "name": None,
        "confirmed": None,
        "messages": 7,
        "header_from": "example.com",
        "envelope_from": "",
        "spf": None,
        "dkim": [],
        "disposition": "reject",
        "dmarc": "fail",
        "group": "neither",
        "reasons": [],
    }
    assert told["mend"][0]["code"] == "unknown"
    assert told["failed"] == [] and told["duplicates"] == []


def test_text_in_both_languages(report):
    done = manage("explain-report", str(report))
    assert done.returncode == 0 and "10 messages, 3 passed DMARC (30.0 %)" in done.stdout
    done = manage("explain-report", str(report), "--language", "ja")
    assert done.returncode == 0 and "30.0" in done.stdout and "messages" not in done.stdout


def test_unreadable_files_are_named_and_the_others_still_explained(report, tmp_path):
    bad = tmp_path / "bad.xml"
    bad.write_bytes(b"<feedback>")
    done = manage(
        "explain-report", str(report), str(bad), str(tmp_path / "none"), "--format", "json"
    )
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["totals"]["messages"] == 10
    assert [(one["file"], one["code"]) for one in told["failed"]] == [("bad.xml", "truncated")]
    assert "bad.xml: It ends too early" in done.stderr
    assert "none: No such file or directory" in done.stderr
    done = manage("explain-report", str(bad))
    assert done.returncode == 2 and done.stdout == "" and "ends too early" in done.stderr
    assert manage("explain-report").returncode == 2


def test_tls_and_several_kinds(report, tmp_path):
    other = tmp_path / "tls.json"
    other.write_bytes(tls([{"result-type": "certificate-expired", "failed-session-count": 2}]))
    told = json.loads(manage("explain-report", str(other), "--format", "json").stdout)
    assert told["kind"] == "tls"
    assert told["failures"][0]["type"] == "certificate-expired"
    both = manage("explain-report", str(other), str(report), "--format", "json")
    assert [part["kind"] for part in json.loads(both.stdout)["parts"]] == ["dmarc-aggregate", "tls"]


def test_samples_by_others():
    files = sorted(str(path.resolve()) for path in SAMPLES.glob("*"))
    if not files:
        pytest.skip(f"no {SAMPLES}")
    done = manage("explain-report", *files, "--format", "json")
    assert done.returncode == 0, done.stderr
    parts = json.loads(done.stdout)["parts"]
    assert [(part["kind"], len(part["reports"])) for part in parts] == [
        ("dmarc-aggregate", 6),
        ("tls", 2),
        ("failure", 1),
    ]
    assert parts[0]["totals"]["messages"] == 128
    assert parts[1]["totals"] == {"successful": 5326, "failed": 306}


def test_a_terminal_is_not_obeyed_to(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(aggregate(record(author="a&#x9b;31mb"), org="R&#x202e;x"))
    done = manage("explain-report", str(path))
    assert done.returncode == 0 and "\x9b" not in done.stdout and "\u202e" not in done.stdout


def test_names_are_asked_for_when_wanted(tmp_path):
    path = tmp_path / "x.xml"
    path.write_bytes(aggregate(record("8.8.8.8")))
    done = manage("explain-report", str(path), "--names", "--resolver", "127.0.0.1:9")
    assert done.returncode == 3 and "8.8.8.8" in done.stdout
    assert "No DNS server answered" in done.stderr
