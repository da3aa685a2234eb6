"""The log: its two forms, what must never stand in it, and that nobody can forge a line."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from lookups.models import Report
from lookups.observing import context
from portal.operating import logs, parts, redaction
from portal.operating.redaction import ADDRESS, MAIL, SECRET, redacted

HOSTILE = (
    "evil\n2026-01-01T00:00:00.000Z ERROR   web access: forged\x1b[2J\r\x9b31m\u202e\u2028\ud800"
)


def record(message="hello", *arguments, exception=None, **facts):
    made = logging.LogRecord("lookups.x", logging.INFO, "f.py", 1, message, arguments, None)
    if exception:
        try:
            raise exception
        except type(exception):
            made.exc_info = sys.exc_info()
    if facts:
        made.facts = facts
    return made


@pytest.fixture(params=["text", "json"])
def form(request):
    return logs.TextLines() if request.param == "text" else logs.JsonLines()


def test_a_line_for_people():
    with context.doing(request="abc"):
        line = logs.TextLines().format(record("made %s", "it", ms=12))
    time, level, part, rest = line.split(None, 3)
    assert time.endswith("Z") and time[10] == "T" and level == "INFO" and part == "command"
    assert rest == "lookups.x: made it [request=abc ms=12]"


def test_the_supervisor_names_the_part(monkeypatch):
    monkeypatch.setenv(parts.NAMED_BY_SUPERVISOR, "worker")
    assert " INFO    lookups.x: hello" in logs.TextLines().format(record())
    assert json.loads(logs.JsonLines().format(record()))["part"] == "worker"


def test_a_line_for_programs():
    with context.doing(request="abc", time="not this one"):
        line = logs.JsonLines().format(record("made %s", "it", ms=12, exception=ValueError("no")))
    found = json.loads(line)
    assert list(found)[:5] == ["time", "level", "part", "logger", "message"]
    assert found["message"] == "made it" and found["ms"] == 12 and found["request"] == "abc"
    assert found["time"].endswith("Z") and found["time"][:2] == "20"
    assert found["exception"].endswith("ValueError: no") and "Traceback" in found["exception"]


def test_no_line_can_be_forged(form):
    """By a message, an argument, a fact, or what an exception says."""
    with context.doing(domain=HOSTILE):
        made = record("said %s", HOSTILE, exception=ValueError(HOSTILE), more=HOSTILE)
        out = form.format(made)
    first, *others = out.split("\n")
    assert all(line.startswith("    ") for line in others)
    assert all(c.isprintable() or c == "\n" for c in out)
    assert "\x1b" not in out and "\u202e" not in out
    out.encode()  # also half a pair of surrogates


def test_long_messages_are_cut(form):
    assert len(form.format(record("x" * 100_000, fact="y" * 100_000))) < 4000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail to anna@example.com failed", f"mail to {MAIL} failed"),
        ("<Anna.B+x@mail.example.co.jp>", f"<{MAIL}>"),
        ("from 192.0.2.7:4711 and 2001:db8::7", f"from {ADDRESS}:4711 and {ADDRESS}"),
        ("[2001:db8::1]:53", f"[{ADDRESS}]:53"),
        ("connecting to 127.0.0.1:6379, ::1", "connecting to 127.0.0.1:6379, ::1"),
        ("resolver 9.9.9.9", "resolver 9.9.9.9"),  # known
        ("at 12:30:45, version 1.2.3", "at 12:30:45, version 1.2.3"),
        ("redis://user:hunter2@redis:6379/0", f"redis://{SECRET}@redis:6379/0"),
        ("password=hunter2 user=x", f"password={SECRET} user=x"),
        ("Authorization: Bearer abc.def", f"Authorization: {SECRET}"),
        ("{'token': 'short'}", f"{{'token': {SECRET}'}}"),
        ("Not Found: /r/LaQKnFJR_2-c7SqVZuJ4kA/", f"Not Found: /r/{SECRET}/"),
        ("mxp_0123456789abcdefghijABCDEFGHIJ", SECRET),
        ("sessionkey x1y2z3x1y2z3x1y2z3x1y2z3x1y2z3x1", f"sessionkey {SECRET}"),
        ("ConnectionRefusedError", "ConnectionRefusedError"),
        ("0004_keeping_of_more_things", "0004_keeping_of_more_things"),
        ("task 25a1ed4f-88c9-4d1a-b2a8-ea14b8979957", "task 25a1ed4f-88c9-4d1a-b2a8-ea14b8979957"),
        ("xn--fiqs8sirgfmh1231abc.example", "xn--fiqs8sirgfmh1231abc.example"),
    ],
)  # fmt: skip
def test_redaction(text, shown):
    assert redacted(text, known=frozenset({"9.9.9.9"})) == shown


def test_every_token_is_taken_out(form):
    for _ in range(500):
        token = Report.new_token()
        assert token not in form.format(record(f"Not Found: /ja/r/{token}/"))


def test_the_sites_own_secrets(settings, form):
    settings.EMAIL_HOST_PASSWORD = "correct horse"
    redaction.site_secrets.cache_clear()
    try:
        out = form.format(
            record("535 %s", "rejected: correct horse", exception=OSError("correct horse"))
        )
        out += form.format(record(settings.SECRET_KEY))
    finally:
        redaction.site_secrets.cache_clear()
    assert "correct horse" not in out and settings.SECRET_KEY not in out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["/x/celery/__main__.py", "--quiet", "-A", "portal", "worker", "-Q", "bulk"], "worker"),
        (["/x/bin/celery", "-A", "portal", "beat"], "beat"),
        (["/x/uvicorn/__main__.py", "portal.asgi:application"], "web"),
        (["manage.py", "spf-dns", "--port", "1"], "spf-dns"),
        (["manage.py", "classroom"], "classroom"),
        (["manage.py", "migrate"], "command"),
        ([], "command"),
    ],
)
def test_which_part(arguments, part):
    assert parts.this_part(arguments, {}) == part
    assert parts.this_part(arguments, {"MXPLAIN_PART": "beat"}) == "beat"


def test_settings_that_cannot_be():
    with pytest.raises(ValueError, match="MXPLAIN_LOG_LEVEL"):
        logs.configuration("LOUD", "text")
    with pytest.raises(ValueError, match="MXPLAIN_LOG_FORMAT"):
        logs.configuration("INFO", "xml")


def test_libraries_speak_in_the_same_form():
    """Whatever handlers uvicorn and Celery brought, they are taken away."""
    made = logs.configuration("info", "JSON")
    for name in ("uvicorn", "uvicorn.error", "celery", "kombu"):
        assert made["loggers"][name] == {"handlers": [], "propagate": True, "level": "WARNING"}
    assert made["loggers"]["uvicorn.access"] == {"handlers": [], "propagate": False}
    assert made["handlers"]["console"]["formatter"] == "json" and made["root"]["level"] == "INFO"
