"""The index of findings: by topic and severity, with counts that say what a choice would show."""

from __future__ import annotations

import re

import pytest

from lookups import catalog
from lookups.engine.finding import Severity


def shown(page: str) -> set[str]:
    return set(re.findall(r'<code class="quiet">([a-z0-9-]+)</code>', page))


def wanted(topic: str = "", severity: str = "") -> set[str]:
    entries = [catalog.entry(id) for id in catalog.ids()]
    return {e.id for e in entries if topic in ("", e.topic) and severity in ("", e.severity.value)}


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_everything_is_there_by_topic(client, prefix):
    page = client.get(f"{prefix}/findings/").text
    assert shown(page) == wanted()
    assert re.findall(r'<section class="finding-topic" id="([a-z-]+)"', page) == catalog.topics()
    assert "<details open>" not in page, "the page begins as a table of contents"
    for topic in catalog.topics():
        assert f'href="{prefix}/findings/?topic={topic}"' in page


@pytest.mark.parametrize("topic", catalog.topics())
def test_by_topic(client, topic):
    page = client.get(f"/findings/?topic={topic}").text
    assert shown(page) == wanted(topic)
    assert page.count("<details open>") == 1


@pytest.mark.parametrize("severity", [severity.value for severity in Severity])
def test_by_both(client, severity):
    page = client.get(f"/findings/?topic=spf&severity={severity}").text
    assert shown(page) == wanted("spf", severity)


def test_chips_count_what_they_lead_to(client):
    page = client.get("/findings/?severity=error").text
    chips = re.findall(r'<a class="chip" href="([^"]+)"[^>]*>.*? <span>(\d+)</span></a>', page)
    assert len(chips) > 10
    for link, count in chips:
        assert len(shown(client.get(link.replace("&amp;", "&")).text)) == int(count), link


def test_a_choice_with_nothing_in_it(client):
    empty = next(
        (topic, severity.value)
        for topic in catalog.topics()
        for severity in Severity
        if not wanted(topic, severity.value)
    )
    page = client.get("/findings/?topic={}&severity={}".format(*empty))
    assert page.status_code == 200 and 'class="empty"' in page.text and not shown(page.text)


@pytest.mark.parametrize("query", ["topic=nope", "topic=<script>", "severity=x&topic=%00"])
def test_what_does_not_exist_shows_all(client, query):
    page = client.get(f"/findings/?{query}").text
    assert shown(page) == wanted() and "<script>" not in page.split("<main")[1]
