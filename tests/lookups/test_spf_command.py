"""`manage.py spf`: its exit codes and its JSON, as a program meets them."""

from __future__ import annotations

import json
from functools import partial

import pytest

from .commands import manage

spf = partial(manage, "spf")


def test_json_of_a_lesson_with_no_server_running():
    done = spf("--ip", "198.18.1.1", "--sender", "a@perfect.classroom.test", "--helo", "x",
               "--format", "json")  # fmt: skip
    assert done.returncode == 0 and done.stderr == ""
    made = json.loads(done.stdout)
    assert made == {
        "result": "pass",
        "explanation": "",
        "mechanism": "mx",
        "lookups": 1,
        "void_lookups": 0,
        "trace": [
            {"domain": "perfect.classroom.test", "term": "mx", "matched": True,
             "why": "address", "detail": "198.18.1.1"}
        ],
    }  # fmt: skip


def test_a_bounce_is_checked_by_its_helo_and_a_fail_is_exit_0():
    done = spf("--ip", "2001:2::99:1", "--helo", "perfect.classroom.test", "--format", "json")
    assert done.returncode == 0 and json.loads(done.stdout)["result"] == "fail"


def test_text_in_both_languages():
    arguments = ("--ip", "198.18.9.9", "--sender", "<a@perfect.classroom.test>")
    english = spf(*arguments).stdout
    assert "Result: fail (the sender is not permitted)" in english and "Decided by: -all" in english
    japanese = spf(*arguments, "--language", "ja").stdout
    assert "結果: fail (送信元は許可されていません)" in japanese


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--ip", "192.0.2.1"),
        ("--sender", "a@example.com", "--helo", "mail.example.com"),
        ("--ip", "192.0.2.256", "--sender", "a@example.com"),
        ("--ip", "192.0.2.1", "--sender", "a\n@example.com"),
        ("--ip", "192.0.2.1", "--sender", "a" * 2000),
        ("--ip", "192.0.2.1", "--helo", "x", "--format", "xml"),
        ("--ip", "192.0.2.1", "--helo", "x", "--resolver", "127.0.0.1:0"),
    ],
)
def test_bad_input_is_exit_2(arguments):
    done = spf(*arguments)
    assert done.returncode == 2 and done.stderr and "Traceback" not in done.stderr


def test_bad_input_is_told_in_the_language():
    assert "IPアドレス" in spf("--ip", "x", "--helo", "y", "--language", "ja").stderr


def test_no_dns_is_exit_3():
    done = spf("--ip", "192.0.2.1", "--sender", "a@example.com", "--resolver", "127.0.0.1:9",
               "--format", "json")  # fmt: skip
    assert done.returncode == 3 and "No DNS server answered" in done.stderr
    assert json.loads(done.stdout)["result"] == "temperror"


def test_a_resolver_of_ones_own_is_asked(classroom):
    host, port = classroom
    done = spf("--ip", "198.18.1.1", "--sender", "a@perfect.classroom.test",
               "--resolver", f"{host}:{port}", "--format", "json")  # fmt: skip
    assert json.loads(done.stdout)["result"] == "pass"
