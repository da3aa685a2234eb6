"""The tables of topics smtp and blocklist, whatever was recorded."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from lookups.presentation import section_view
from tests.lookups.engine.lessons import section_of

EVIL = "<script>alert(1)</script>"


def shown(topic, records, language="en", complete=True, **more):
    section = {"topic": topic, "complete": complete, "records": records, "findings": []}
    with translation.override(language):
        view = section_view(section, language)
        return render_to_string("lookups/_section.html", {"section": view, "view": None} | more)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("topic", ["smtp", "blocklist"])
def test_off_unknown_and_broken_records(topic, language):
    assert shown(topic, {}, language)
    assert shown(topic, {}, language, complete=False)
    assert "quiet" in shown(topic, {"off": True}, language)
    for key in ("hosts", "addresses", "lists"):
        assert shown(topic, {key: [{}]}, language)


@pytest.mark.parametrize(
    ("lesson", "topic", "words"),
    [
        ("perfect", "smtp", ["valid for this name", "TLS 1.3", "STARTTLS"]),
        ("smtp-strange", "smtp", ["does not speak SMTP", "hangs up", "TLS fails", "localhost"]),
        ("smtp-certificates", "smtp", ["for another name", "self-signed", "not trusted"]),
        ("blocklist-listed", "blocklist", ["127.0.0.10", "&lt;b&gt;now", "the domain itself"]),
    ],
)
async def test_lessons(lesson, topic, words):
    records = (await section_of(lesson, topic)).as_json()["records"]
    page = shown(topic, records)
    assert all(word in page for word in words) and "<b>now" not in page
    japanese = shown(topic, records, "ja")
    assert not any(word in japanese for word in ("valid for", "does not", "What the lists"))
    assert "<details" not in shown(topic, records, compact=True) or topic == "blocklist"


def test_strangers_words_stay_text():
    probe = {key: EVIL for key in ("address", "error", "banner", "detail")}
    probe |= {"code": 220, "lines": [{"sender": "server", "text": EVIL}], "tls": None}
    probe["certificate"] = {"names": [EVIL] * 9, "issuer": EVIL, "key": EVIL, "problems": [EVIL]}
    page = shown("smtp", {"hosts": [{"host": EVIL, "probes": [probe]}]})
    result = {"list": EVIL, "state": EVIL, "codes": [EVIL], "reason": EVIL}
    entry = {"address": EVIL, "hosts": [EVIL], "results": [result]}
    page += shown("blocklist", {"lists": [{"zone": EVIL}], "addresses": [entry]})
    assert "<script>" not in page and "&lt;script&gt;" in page
