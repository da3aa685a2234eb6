"""`manage.py dmarc`: its exit codes and its JSON, as a program meets them."""

from __future__ import annotations

import json
from functools import partial

import pytest

from .commands import manage

run = partial(manage, "dmarc")


def test_json_of_a_subdomain():
    done = run("news.dmarc-parent.classroom.test", "--format", "json")
    assert done.returncode == 0 and done.stderr == ""
    made = json.loads(done.stdout)
    assert set(made) == {
        "record_domain",
        "organizational_domain",
        "policy",
        "record",
        "findings",
    }
    assert made["record_domain"] == made["organizational_domain"] == "dmarc-parent.classroom.test"
    assert made["policy"] == "quarantine" and made["record"].startswith("v=DMARC1; p=reject")
    assert "dmarc-inherited" in {finding["id"] for finding in made["findings"]}


def test_json_without_a_record():
    made = json.loads(run("dmarc-twice.classroom.test", "--format", "json").stdout)
    assert made["record_domain"] is made["record"] is made["policy"] is None


def test_text_in_both_languages():
    done = run("perfect.classroom.test")
    assert "Policy in force: reject" in done.stdout and "dmarc-reject" in done.stdout
    assert "適用されるポリシー:reject" in run("perfect.classroom.test", "--language", "ja").stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["example..com"], 2),
        (["example.com", "--resolver", "nonsense"], 2),
        (["example.com", "--resolver", "127.0.0.1:9"], 3),
    ],
)
def test_exit_codes(arguments, code):
    done = run(*arguments)
    assert done.returncode == code and done.stderr
