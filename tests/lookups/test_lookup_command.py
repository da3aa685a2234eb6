"""`manage.py lookup`: its exit codes and its JSON, as a program meets them."""

from __future__ import annotations

import ipaddress
import json
from functools import partial

import pytest

from lookups.engine.addresses import is_classroom
from lookups.engine.report import TOPICS

from .commands import manage, manage_alone


def is_elsewhere(server: str) -> bool:
    """Whether it is neither this machine nor one that the classroom plays."""
    address = ipaddress.ip_address(server.strip("[]"))
    return not address.is_loopback and not is_classroom(address)


lookup = partial(manage, "lookup")


def test_json_of_a_lesson_with_no_server_running():
    done = manage_alone("lookup", "perfect.classroom.test", "--format", "json")
    assert done.returncode == 0 and done.stderr == ""
    made = json.loads(done.stdout)
    assert made["schema"] == 1 and made["domain"] == "perfect.classroom.test"
    assert [section["topic"] for section in made["sections"]] == list(TOPICS)
    assert {section["status"] for section in made["sections"]} == {"good"} and made["score"] == 100
    assert {finding["article"] for finding in made["sections"][0]["findings"]} >= {"mx-record"}
    asked = {query["server"].rpartition(":")[0] for query in made["queries"]}
    assert "127.0.0.1" in asked and not any(is_elsewhere(server) for server in asked)


def test_text_in_both_languages():
    assert "No mail" not in lookup("null-mx.classroom.test").stdout
    assert "The domain says that it takes no mail" in lookup("null-mx.classroom.test").stdout
    japanese = lookup("null-mx.classroom.test", "--language", "ja").stdout
    assert "メールを受け取らない" in japanese


@pytest.mark.parametrize(
    ("lesson", "fail_on", "code"),
    [
        ("perfect", "warning", 0),
        ("single-mx", "warning", 1),
        ("single-mx", "error", 0),
        ("dangling-mx", "error", 1),
        ("dangling-mx", "warning", 1),
    ],
)
def test_fail_on(lesson, fail_on, code):
    done = lookup(f"{lesson}.classroom.test", "--only", "mx", "--fail-on", fail_on)
    assert done.returncode == code


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("",),
        ("com",),
        ("a_b.test",),
        ("example.com", "--only", "nonsense"),
        ("example.com", "--format", "xml"),
        ("example.com", "--language", "xx"),
        ("example.com", "--fail-on", "info"),
        ("example.com", "--resolver", "not-an-address"),
        ("example.com", "--resolver", "127.0.0.1:0"),
        ("example.com", "--resolver", "127.0.0.1:99999"),
    ],
)
def test_bad_input_is_exit_2(arguments):
    done = lookup(*arguments)
    assert done.returncode == 2 and done.stderr and "Traceback" not in done.stderr


def test_no_dns_is_exit_3():
    done = lookup("example.com", "--resolver", "127.0.0.1:9", "--format", "json")
    assert done.returncode == 3 and "No DNS server answered" in done.stderr
    assert json.loads(done.stdout)["queries"][0]["outcome"] == "timeout"


def test_a_resolver_of_ones_own_is_asked(classroom):
    host, port = classroom
    done = lookup("perfect.classroom.test", "--resolver", f"{host}:{port}", "--format", "json")
    servers = {query["server"] for query in json.loads(done.stdout)["queries"]}
    assert servers == {f"{host}:{port}"}


def test_terminals_are_not_attacked():
    assert "\x1b" not in lookup("strange-names.classroom.test").stdout
