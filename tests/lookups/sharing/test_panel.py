"""The panel on a report: what it offers, what it sets, what can be undone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from lookups.sharing import changes
from tests.lookups.watching.conftest import checked

pytestmark = pytest.mark.django_db


def test_panel_is_for_those_who_may_share(room):
    room.change(visibility="link")
    for role, browser in room.browsers.items():
        page = browser.get(room.path()).text
        assert ('id="sharing"' in page) == (role in ("owner", "editor")), role


def test_team_offers_no_privacy_and_oneself_no_team(room, own):
    page = room.browsers["owner"].get(room.path()).text
    assert "The people of the team Post office" in page and "Only me" not in page
    page = own.browsers["owner"].get(own.path()).text
    assert "Only me" in page and "The people of" not in page
    assert "Only you can read this report." in page  # made for the history of one person
    refused = room.browsers["owner"].post(
        room.path("share/"), {"visibility": "me", "ends": "never"}
    )
    assert refused.status_code == 400 and room.now().visibility == "team"


@pytest.mark.parametrize(("ends", "after"), [("day", 1), ("week", 7), ("month", 30)])
def test_periods(own, ends, after):
    form = {"visibility": "link", "ends": ends}
    page = own.browsers["owner"].post(own.path("share/"), form, follow=True)
    assert abs(own.now().link_ends - timezone.now() - timedelta(days=after)) < timedelta(minutes=1)
    assert "Whoever has the link can read this report until" in page.text
    assert "Link until" in page.text
    assert own.browsers["stranger"].get(own.path()).status_code == 200


def test_a_date_is_its_whole_day(own):
    form = {"visibility": "link", "ends": "date", "date": "2031-05-06"}
    own.browsers["owner"].post(own.path("share/"), form)
    assert own.now().link_ends == datetime(2031, 5, 7, tzinfo=UTC)
    kept = {"visibility": "link", "ends": "keep"}
    own.browsers["owner"].post(own.path("share/"), kept)
    assert own.now().link_ends == datetime(2031, 5, 7, tzinfo=UTC)
    own.browsers["owner"].post(own.path("share/"), {"visibility": "link", "ends": "never"})
    assert own.now().link_ends is None


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"visibility": "everybody", "ends": "never"},
        {"visibility": "link"},
        {"visibility": "link", "ends": "soon"},
        {"visibility": "link", "ends": "keep"},  # there is nothing to keep
        {"visibility": "link", "ends": "date"},
        {"visibility": "link", "ends": "date", "date": "tomorrow"},
        {"visibility": "link", "ends": "date", "date": "2001-01-01"},
        {"visibility": "link", "ends": "date", "date": "9999-12-31"},
        {"visibility": "li\0nk", "ends": "date", "date": "\0"},
    ],
)
def test_refused_words_come_back_with_the_open_panel(own, form):
    page = own.browsers["owner"].post(own.path("share/"), form)
    assert page.status_code == 400
    assert "field-error" in page.text and 'id="sharing" open' in page.text
    assert own.now().visibility == "team" and own.now().link_ends is None


def undo_address(page: str) -> str:
    """Of the newest message."""
    found = re.findall(r'class="undo" method="post" action="([^"]+)"', page)
    return found[-1].replace("&amp;", "&")


def test_undo_of_sharing_and_of_revoking(own):
    owner = own.browsers["owner"]
    form = {"visibility": "link", "ends": "day"}
    page = owner.post(own.path("share/"), form, follow=True).text
    owner.post(undo_address(page))
    assert (own.now().visibility, own.now().link_ends) == ("team", None)

    owner.post(own.path("share/"), form)
    ends = own.now().link_ends
    page = owner.post(own.path("revoke/"), follow=True).text
    assert "only you can open it" in page
    assert own.browsers["stranger"].get(own.path()).status_code == 410
    owner.post(undo_address(page))
    assert (own.now().link_ends, own.now().revoked_at) == (ends, None)
    assert own.browsers["stranger"].get(own.path()).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "",
        "visibility=all",
        "visibility=link&ends=never",
        "visibility=link&ends=2030-01-01",
        "visibility=link&ends=0001-01-01T00:00:00Z",
        "visibility=link&revoked=%00",
    ],
)
def test_undo_with_a_made_up_address(own, query):
    assert own.browsers["owner"].post(own.path(f"share/undo/?{query}")).status_code == 404
    assert own.now().visibility == "team"


def test_new_link_has_no_end_and_the_old_one_is_dead(own):
    own.change(visibility="link", link_ends=timezone.now(), revoked_at=timezone.now())
    old = own.path()
    page = own.browsers["owner"].post(own.path("renew/"), follow=True)
    assert page.redirect_chain[0][0] == own.path()
    assert own.browsers["stranger"].get(own.path()).status_code == 200
    assert own.browsers["owner"].get(old).status_code == 404


def test_tags_in_the_lists(room, own, django_assert_max_num_queries):
    now = timezone.now()
    later = datetime(2035, 1, 1, tzinfo=UTC)
    states = {
        "Link": {"visibility": "link"},
        "Link until 2035-01-01": {"visibility": "link", "link_ends": later},
        "Link has ended": {"visibility": "link", "link_ends": now},
        "Link revoked": {"visibility": "link", "revoked_at": now},
        "Only you": {"visibility": "me"},
    }  # fmt: skip
    for number, fields in enumerate(states.values()):
        checked(own.watch, number + 1, **fields)
    with django_assert_max_num_queries(8):
        saved = own.browsers["owner"].get("/saved/").text
    with django_assert_max_num_queries(14):
        history = own.browsers["owner"].get(f"/domains/{own.watch.token}/").text
    for tag in states:
        assert f">{tag}</span>" in saved, tag
        assert f">{tag}</span>" in history, tag
    for _ in range(12):
        checked(room.watch, 3)
    with django_assert_max_num_queries(14):
        history = room.browsers["viewer"].get(f"/domains/{room.watch.token}/").text
    assert history.count(">Team only</span>") == 13


@given(query=st.dictionaries(st.sampled_from(["visibility", "ends", "revoked"]), st.text()))
def test_any_undo_address_is_taken_or_refused(query):
    class Row:
        visibility = "team"
        link_ends = revoked_at = None
        saved = False

        def save(self, update_fields):
            self.saved = True

    row = Row()
    assert changes.restore(row, query, ["link"]) == row.saved
