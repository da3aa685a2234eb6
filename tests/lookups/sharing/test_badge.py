"""The badge: what it shows, who may switch it, and how other sites may use it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.report import TOPICS
from lookups.models import Watch
from lookups.sharing.badge import STYLES, Badge, svg, text_width
from tests.lookups.sharing.conftest import ROLES, SECTIONS
from tests.lookups.watching.conftest import checked, section, watched

pytestmark = pytest.mark.django_db
SVG = "{http://www.w3.org/2000/svg}"


def switched_on(room) -> str:
    """The address of the badge."""
    room.browsers["owner" if room.watch.owner else "editor"].post(
        f"/domains/{room.watch.token}/badge/", {"do": "on"}
    )
    return f"/badge/{Watch.objects.get(pk=room.watch.pk).badge_token}.svg"


def words(response) -> list[str]:
    root = ElementTree.fromstring(response.content)
    return [text.text for text in root.iter(f"{SVG}text")]


def test_off_until_it_is_switched_on(own):
    assert own.watch.badge_token is None
    assert own.browsers["stranger"].get(f"/badge/{own.watch.token}.svg").status_code == 404
    for token in ("None", "", "a%00b", "x" * 300):
        assert own.browsers["stranger"].get(f"/badge/{token}.svg").status_code == 404
    page = own.browsers["owner"].get(f"/domains/{own.watch.token}/").text
    assert "Switch the badge on" in page and "/badge/" in page and "<img" not in page


def test_shown_to_every_site(own):
    path = switched_on(own)
    response = own.browsers["stranger"].get(path, headers={"Origin": "https://elsewhere.example"})
    assert response.status_code == 200
    assert response["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=300"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert not response.cookies and "Cookie" not in response.get("Vary", "")
    assert words(response) == ["Mail DNS", "In order"]
    again = own.browsers["stranger"].get(path, headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304 and again["Cache-Control"] == "public, max-age=300"
    assert again["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_says_the_newest_verdict_of_the_topic(own):
    path = switched_on(own)
    browser = own.browsers["stranger"]
    before = browser.get(path)["ETag"]
    broken = SECTIONS | {"dmarc": section("dmarc-none")}
    checked(own.watch, -1, status="error", sections=broken)
    checked(own.watch, -2, state="failed", status="")
    after = browser.get(path, headers={"If-None-Match": before})
    assert after.status_code == 200 and words(after) == ["Mail DNS", "Broken"]
    assert words(browser.get(path + "?topic=dmarc"))[1] == "Broken"
    assert words(browser.get(path + "?topic=spf"))[1] == "In order"
    assert words(browser.get(path + "?topic=bimi"))[1] == "not known yet"
    assert words(browser.get(path + "?lang=ja")) == ["メールDNS", "障害"]
    assert browser.get(path + "?lang=ja")["Content-Language"] == "ja"
    for nonsense in ("?lang=xx", "?style=%00", "?topic=nothing", "?topic=../../etc"):
        assert words(browser.get(path + nonsense)) == ["Mail DNS", "Broken"]


def test_without_a_report(own):
    own.change(deleted_at=timezone.now())
    assert words(own.browsers["stranger"].get(switched_on(own))) == ["Mail DNS", "not known yet"]


def test_switching_off_and_on_again_and_a_new_address(own):
    path, owner = switched_on(own), own.browsers["owner"]
    switch = f"/domains/{own.watch.token}/badge/"
    page = owner.post(switch, {"do": "off"}, follow=True).text
    assert owner.get(path).status_code == 404
    undo = re.search(r'class="undo" method="post" action="([^"]+)"', page)
    owner.post(undo[1])
    assert owner.get(path).status_code == 200
    owner.post(switch, {"do": "new"})
    assert owner.get(path).status_code == 404
    assert owner.get(switched_on(own)).status_code == 200
    assert owner.post(switch, {"do": "paint"}).status_code == 404
    assert owner.get(switch).status_code == 405


def test_no_longer_watched(own):
    path = switched_on(own)
    Watch.objects.filter(pk=own.watch.pk).update(ended_at=timezone.now())
    assert own.browsers["owner"].get(path).status_code == 404


@pytest.mark.parametrize("role", ROLES)
def test_who_may_switch_it(room, role):
    response = room.browsers[role].post(f"/domains/{room.watch.token}/badge/", {"do": "on"})
    watch = Watch.objects.get(pk=room.watch.pk)
    assert watch.badge_on == (role == "editor")
    assert response.status_code == {"stranger": 302, "editor": 302}.get(role, 404)
    page = room.browsers[role].get(f"/domains/{room.watch.token}/")
    assert ('id="badge"' in page.text) == (role == "editor")


def test_snippets(own):
    path = switched_on(own)
    query = "?badge-style=postmark&badge-topic=dmarc&badge-lang=ja"
    page = own.browsers["owner"].get(f"/domains/{own.watch.token}/{query}")
    url = f"http://localhost:8000{path}?style=postmark&topic=dmarc&lang=ja"
    assert page.context["badge"]["markdown"] == f"![Mail DNS of example.com]({url})"
    html = page.context["badge"]["html"]
    image = ElementTree.fromstring(html.removesuffix(">") + "/>")
    assert image.attrib == {"src": url, "alt": "Mail DNS of example.com"}
    assert '<img src="/badge/' in page.text
    nonsense = own.browsers["owner"].get(
        f"/domains/{own.watch.token}/?badge-style=<b>&badge-lang=x"
    )
    assert nonsense.status_code == 200 and nonsense.context["badge"]["look"].query == ""


@given(
    label=st.text(max_size=40),
    word=st.text(max_size=40),
    severity=st.sampled_from(["good", "info", "warning", "error", "running"]),
    style=st.sampled_from(STYLES),
)
def test_any_words_make_sound_xml(label, word, severity, style):
    root = ElementTree.fromstring(svg(Badge(label, word, f"{label}: {word}", severity), style))
    width = float(root.attrib["width"])
    for text in root.iter(f"{SVG}text"):
        assert float(text.attrib["x"]) + float(text.attrib["textLength"]) <= width
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "g", "rect", "path", "circle", "text", "clipPath"}


def test_widths():
    assert text_width("", 11) <= 1
    assert text_width("iii", 11) < text_width("MMM", 11)
    assert text_width("異常なし", 11) >= 44


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_topic_in_every_style(own, language):
    path = switched_on(own)
    for topic in ("", *TOPICS):
        for style in STYLES:
            query = f"?topic={topic}&style={style}&lang={language}"
            assert len(words(own.browsers["stranger"].get(path + query))) == 2


def test_an_internationalized_domain(own):
    watch = watched(own.people["owner"], "xn--wgv71a119e.test", badge_on=True, badge_token="t" * 22)
    response = own.browsers["stranger"].get(f"/badge/{watch.badge_token}.svg")
    assert "日本語.test" in response.text
