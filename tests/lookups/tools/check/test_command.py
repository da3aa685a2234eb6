"""`manage.py lookup --record`: the same rehearsal on the command line."""

from __future__ import annotations

import json

from tests.lookups.commands import manage

MONITORING = "dmarc-monitoring.classroom.test"


def test_json_tells_what_was_taken_for_published():
    done = manage(
        *("lookup", MONITORING, "--only", "dmarc", "--format", "json"),
        *("--record", "v=DMARC1; p=reject"),
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    [change] = made["as_if"]["changes"]
    assert (change["before"], change["after"]) == ("warning", made["sections"][0]["status"])
    assert "dmarc-monitoring" in change["gone"] and "dmarc-reject" in change["new"]
    [record] = made["as_if"]["records"]
    assert record["name"] == f"_dmarc.{MONITORING}" and record["values"] == ["v=DMARC1; p=reject"]


def test_one_record_for_the_whole_report():
    done = manage("lookup", MONITORING, "--record", "v=DMARC1; p=reject", "--format", "json")
    topics = [change["topic"] for change in json.loads(done.stdout)["as_if"]["changes"]]
    assert "dmarc" in topics and "mx" not in topics


def test_fail_on_judges_the_rehearsal():
    record = "v=spf1 +all"
    only = ("lookup", "perfect.classroom.test", "--only", "spf", "--fail-on", "error")
    assert manage(*only).returncode == 0
    assert manage(*only, "--record", record).returncode == 1


def test_several_records_and_a_policy_file(tmp_path):
    domain = "mta-sts-uncovered.classroom.test"
    policy = tmp_path / "mta-sts.txt"
    policy.write_text(f"version: STSv1\nmode: enforce\nmx: *.{domain}\nmax_age: 1209600\n")
    done = manage(
        *("lookup", domain, "--only", "mta-sts", "--policy", str(policy)),
        *("--record", "v=STSv1; id=20261124;"),
    )
    assert done.returncode == 0 and "A rehearsal" in done.stdout
    hosts = manage(
        *("lookup", "perfect.classroom.test", "--only", "mx"),
        *("--record", "10 mx1.perfect.classroom.test", "--record", "10 192.0.2.25"),
        *("--language", "ja"),
    )
    assert hosts.returncode == 0 and "192.0.2.25" in hosts.stdout


def test_bad_input_is_exit_2(tmp_path):
    domain = "perfect.classroom.test"
    for arguments in (
        ("--only", "spf", "--record", "v=DMARC1; p=none"),
        ("--record", "hello"),
        ("--record", "v=spf1 " + "a" * 9000),
        ("--record", "70000 mx1.example.com", "--only", "mx"),
        ("--policy", str(tmp_path / "missing")),
        ("--policy", str(tmp_path)),
        ("--policy", "/dev/null"),
    ):
        done = manage("lookup", domain, *arguments)
        assert done.returncode == 2 and done.stderr.startswith("lookup: "), arguments
        assert "Traceback" not in done.stderr and "<a " not in done.stderr
