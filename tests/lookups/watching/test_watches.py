"""Watched domains: the list, adding, settings, handing over, stopping; nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta

import kombu.exceptions
import pytest
from django.test import Client
from django.utils import timezone

from lookups import tasks
from lookups.models import Report, Watch
from lookups.watching.models import watch_for
from lookups.watching.tasks import forget_watches
from tests.lookups.watching.conftest import checked, person, team_of, watched

pytestmark = pytest.mark.django_db


def shown(client, query="") -> list[str]:
    return [watch.domain for watch in client.get(f"/domains/{query}").context["watches"]]


# --- the list ----------------------------------------------------------------------------------
def test_empty_says_what_to_do(client, member):
    page = client.get("/domains/").text
    assert "No domain is watched yet" in page and 'name="domain"' in page
    assert "/saved/" in page and "/domains/" in client.get("/saved/").text


def test_own_domains_and_nobody_elses(client, member):
    watched(member, "mine.test")
    watched(person("o"), "theirs.test")
    watched(team_of(owner=person("p")), "of-a-team.test")
    assert shown(client) == ["mine.test"]
    assert 'aria-current="true">Domains' in client.get("/domains/").text


def test_row_shows_verdict_score_and_when(client, member):
    watch = watched(member, "a.test", name="Shop", interval="daily")
    watch.schedule()
    watch.save()
    checked(watch, 2, status="good", score=80)
    checked(watch, 1, status="error", score=55)
    checked(watch, 0, state="running", status="", score=None, finished=None)
    watched(member, "new.test")
    page = client.get("/domains/").text
    rows = page.split('class="watch-row"')
    assert "Broken" in rows[1] and ">55<" in rows[1] and "Shop" in rows[1]
    assert "Every day" in rows[1] and f"{watch.next_run:%Y-%m-%d %H:%M}" in rows[1]
    assert "The last 2 scores, from 80 to 55" in rows[1]
    assert "Not checked yet" in rows[2] and "<svg" not in rows[2].split("</li>")[0]


def test_teams_stand_in_groups(client, member):
    watched(member, "z.test")
    watched(team_of(viewer=member), "a.test")
    page = client.get("/domains/").text
    assert page.index("z.test") < page.index("Post office") < page.index("a.test")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ALPHA", ["alpha.test"]),
        ("office", ["alpha.test"]),
        ("日本", ["xn--wgv71a119e.test"]),
        ("alpha 日本", []),
        ("%", []),
        ("<b>", []),
    ],
)
def test_search(client, member, query, found):
    watched(member, "alpha.test", name="Head office")
    watched(member, "xn--wgv71a119e.test")
    answer = client.get("/domains/", {"q": query})
    assert [watch.domain for watch in answer.context["watches"]] == found
    if not found:
        assert "Nothing found" in answer.text and "<b>" not in answer.text.split("<main")[1]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("domain", ["a.test", "b.test", "c.test"]),
        ("-domain", ["c.test", "b.test", "a.test"]),
        ("-verdict", ["b.test", "a.test", "c.test"]),
        ("score", ["b.test", "a.test", "c.test"]),
        ("-score", ["a.test", "b.test", "c.test"]),
        ("-checked", ["b.test", "a.test", "c.test"]),
        ("checked", ["c.test", "a.test", "b.test"]),
        ("-added", ["c.test", "b.test", "a.test"]),
        ("nonsense", ["a.test", "b.test", "c.test"]),
    ],
)
def test_order(client, member, sort, order):
    checked(watched(member, "a.test"), 2, status="warning", score=80)
    checked(watched(member, "b.test"), 1, status="error", score=40)
    watched(member, "c.test")
    assert shown(client, f"?sort={sort}") == order


def test_pages_and_a_constant_number_of_queries(client, member, django_assert_num_queries):
    checked(watched(member, "first.test"))
    with django_assert_num_queries(7):
        client.get("/domains/")
    for number in range(40):
        watch = watched(member, f"n{number}.test")
        checked(watch, 1)
        checked(watch)
    with django_assert_num_queries(7):
        assert len(client.get("/domains/").context["watches"]) == 25
    assert len(shown(client, "?page=2")) == 16
    assert len(shown(client, "?page=nonsense")) == 25


def test_htmx_gets_the_list_alone(client, member):
    watched(member)
    page = client.get("/domains/", headers={"HX-Request": "true"}).text
    assert "watch-list" in page and "<html" not in page


# --- adding ------------------------------------------------------------------------------------
def test_add_checks_at_once(client, member, at_once):
    typed = "Someone@Perfect.Classroom.test"
    answer = client.post("/domains/", {"domain": typed, "interval": "daily"})
    watch = Watch.objects.get()
    report = Report.objects.get()
    assert answer.url == f"/r/{report.token}/"
    assert (watch.domain, watch.owner, watch.interval) == (
        "perfect.classroom.test",
        member,
        "daily",
    )
    assert watch.next_run > timezone.now()
    assert (report.watch, report.owner, report.visibility) == (watch, member, "team")
    assert report.state == "done" and report.score >= 90 and report.saved_at


def test_add_what_is_there_already(client, member, monkeypatch):
    watch = watched(member, interval="off")
    answer = client.post("/domains/", {"domain": "example.com", "interval": "hourly"}, follow=True)
    assert answer.redirect_chain == [(f"/domains/{watch.token}/", 302)]
    assert "already" in answer.text and not Report.objects.exists()
    watch.refresh_from_db()
    assert watch.interval == "off"


@pytest.mark.parametrize(
    "form",
    [
        {"domain": "", "interval": "daily"},
        {"domain": "nonsense", "interval": "daily"},
        {"domain": "a\x00b.test", "interval": "daily"},
        {"domain": "x" * 5000, "interval": "daily"},
        {"domain": "example.com", "interval": "yearly"},
        {"domain": "example.com"},
    ],
)
def test_add_refuses(client, member, form):
    answer = client.post("/domains/", form)
    assert answer.status_code == 400 and "form-error" in answer.text
    assert not Watch.objects.exists()


def test_add_to_a_team(client, member, at_once):
    team = team_of(editor=member)
    theirs = team_of(viewer=member)
    form = {"domain": "perfect.classroom.test", "interval": "off"}
    assert client.post("/domains/", form | {"holder": theirs.token}).status_code == 400
    assert client.post("/domains/", form | {"holder": "x\x00"}).status_code == 400
    assert client.post("/domains/", form | {"holder": team.token}).status_code == 302
    watch = Watch.objects.get()
    assert (watch.team, watch.owner, watch.next_run) == (team, None, None)


def lost_queue(*_):
    raise kombu.exceptions.OperationalError


def test_without_a_queue_nothing_is_half_made(client, member, monkeypatch):
    monkeypatch.setattr(tasks, "enqueue", lost_queue)
    form = {"domain": "example.com", "interval": "off"}
    page = client.post("/domains/", form, follow=True)
    assert "out of reach" in page.text and not Report.objects.exists()
    watch = Watch.objects.get()
    assert client.post(f"/domains/{watch.token}/check/").status_code == 503
    assert not Report.objects.exists()


# --- one domain --------------------------------------------------------------------------------
def test_check_now(client, member, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks, "enqueue", lambda report, queue: asked.append(queue))
    watch = watched(member, selectors="s1 s2")
    path = client.post(f"/domains/{watch.token}/check/").url
    report = Report.objects.get()
    assert path == f"/r/{report.token}/" and report.selectors == "s1 s2"
    assert client.post(f"/domains/{watch.token}/check/").url == path  # pressed twice
    assert asked == ["interactive"]


def test_settings(client, member):
    watch = watched(member)
    path = f"/domains/{watch.token}/settings/"
    assert "Every week" in client.get(path).text
    form = {"name": " Shop <b>", "selectors": "s1, S2", "interval": "weekly"}
    assert client.post(path, form).url == f"/domains/{watch.token}/"
    watch.refresh_from_db()
    assert (watch.name, watch.interval) == ("Shop <b>", "weekly")
    assert watch.selectors.lower() == "s1 s2"
    assert watch.next_run > timezone.now()
    assert "Shop &lt;b&gt;" in client.get(f"/domains/{watch.token}/").text
    client.post(path, form | {"interval": "off"})
    watch.refresh_from_db()
    assert watch.next_run is None


@pytest.mark.parametrize(
    "form",
    [
        {"name": "x" * 101},
        {"name": "a\x07b"},
        {"name": "a\x00b"},
        {"selectors": "not a selector!"},
        {"selectors": " ".join(f"s{number}" for number in range(40))},
        {"interval": "yearly"},
        {"interval": ""},
    ],
)
def test_settings_refused(client, member, form):
    watch = watched(member, name="before")
    answer = client.post(
        f"/domains/{watch.token}/settings/",
        {"name": "", "selectors": "", "interval": "off"} | form,
    )
    assert answer.status_code == 400 and "form-error" in answer.text
    watch.refresh_from_db()
    assert watch.name == "before"


def test_hand_over_to_a_team(client, member, signed_in):
    colleague = person("c")
    team = team_of(editor=member, viewer=colleague)
    watch = watched(member)
    report = checked(watch)
    assert "Post office" in client.get(f"/domains/{watch.token}/settings/").text
    page = client.post(f"/domains/{watch.token}/move/", {"team": team.token}, follow=True)
    assert "now belongs to the team Post office" in page.text
    watch.refresh_from_db()
    assert (watch.owner, watch.team) == (None, team)
    assert report.token in signed_in(colleague).get(f"/domains/{watch.token}/").text


def test_hand_over_where_the_team_has_it_already(client, member):
    team = team_of(owner=member)
    watched(team)
    watch = watched(member)
    page = client.post(f"/domains/{watch.token}/move/", {"team": team.token}, follow=True)
    assert "watches example.com already" in page.text
    watch.refresh_from_db()
    assert watch.owner == member


def test_hand_over_only_where_one_may_change_things(client, member):
    watch = watched(member)
    for team in (team_of(viewer=member), team_of(owner=person("o"))):
        path = f"/domains/{watch.token}/move/"
        assert client.post(path, {"team": team.token}).status_code == 404
    assert client.post(f"/domains/{watch.token}/move/", {"team": "\x00"}).status_code == 404
    assert client.post(f"/domains/{watch.token}/move/").status_code == 404


def test_stop_watching_keeps_what_people_saved(client, member):
    watch = watched(member)
    mine = checked(watch, 2)
    checked(watch, 1, owner=None)
    path = f"/domains/{watch.token}/delete/"
    page = client.get(path).text
    assert "1 report that was made by itself" in page and "1 report that a person" in page
    assert Watch.objects.exists()
    assert "no longer watched" in client.post(path, follow=True).text
    assert not Watch.objects.exists() and client.get(path).status_code == 404
    assert client.get("/domains/").context["watches"] == []
    assert "In the history" not in client.get(f"/r/{mine.token}/").text
    assert forget_watches() == 0
    Watch.everything.update(ended_at=timezone.now() - timedelta(days=1, minutes=1))
    assert forget_watches() == 1
    assert not Watch.everything.exists() and list(Report.objects.all()) == [mine]
    assert [report.token for report in client.get("/saved/").context["reports"]] == [mine.token]


def test_undo_of_stopping(member, signed_in):
    watch = watched(member, interval="daily")
    checked(watch, owner=None)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member)
    csrf = r'name="csrfmiddlewaretoken" value="([^"]+)"'
    path = f"/domains/{watch.token}/"
    form = {"csrfmiddlewaretoken": re.search(csrf, strict.get(path + "delete/").text)[1]}
    undo = strict.post(path + "delete/", form, follow=True).text.split('class="undo"')[1]
    assert signed_in(person("o")).post(path + "restore/").status_code == 404
    back = strict.post(re.search('action="([^"]+)"', undo)[1], form)
    assert back.url == path and "1 change" not in strict.get(path).text
    watch.refresh_from_db()
    assert watch.ended_at is None and watch.next_run > timezone.now()
    assert strict.post(path + "restore/", form).status_code == 404


def test_undo_where_it_was_added_anew(client, member):
    watch = watched(member)
    client.post(f"/domains/{watch.token}/delete/")
    anew = watch_for(member, watch.domain)
    assert anew != watch
    page = client.post(f"/domains/{watch.token}/restore/", follow=True).text
    assert "on the list already" in page and list(Watch.objects.all()) == [anew]


# --- who may what ------------------------------------------------------------------------------
READING = ["", "compare/"]
CHANGING = ["settings/", "delete/"]
POSTING = ["check/", "move/", "restore/"]


def statuses(browser, watch) -> dict[str, int]:
    base = f"/domains/{watch.token}/"
    reading = {page: browser.get(base + page).status_code for page in READING + CHANGING}
    return reading | {page: browser.post(base + page).status_code for page in POSTING + CHANGING}


def test_the_rights_of_each(signed_in, monkeypatch):
    monkeypatch.setattr(tasks, "enqueue", lambda report, queue: None)
    people = {role: person(role) for role in ("viewer", "editor", "owner", "stranger")}
    watch = watched(team_of(**{role: people[role] for role in ("viewer", "editor", "owner")}))
    base = f"/domains/{watch.token}/"
    stranger = statuses(signed_in(people["stranger"]), watch)
    assert set(stranger.values()) == {404}
    viewer = signed_in(people["viewer"])
    assert [viewer.get(base + page).status_code for page in READING] == [200, 200]
    assert [viewer.get(base + page).status_code for page in CHANGING] == [404, 404]
    changed = [viewer.post(base + page).status_code for page in POSTING + CHANGING]
    assert changed == [404] * 5
    assert "Check now" not in viewer.get(base).text
    for role in ("editor", "owner"):
        browser = signed_in(people[role])
        assert [browser.get(base + page).status_code for page in CHANGING] == [200, 200]
        assert browser.post(base + "check/").status_code == 302
        assert "Check now" in browser.get(base).text
    assert Watch.objects.filter(pk=watch.pk).exists()


def test_signed_out_nothing_is_said(client):
    watch = watched(person("o"))
    for token in (watch.token, "x" * 22):
        for page in READING + CHANGING:
            assert "/accounts/login/?next=" in client.get(f"/domains/{token}/{page}").url
        for page in POSTING:
            answer = client.post(f"/domains/{token}/{page}").url
            assert answer == "/accounts/login/?next=%2Fdomains%2F"
    assert "/accounts/login/" in client.get("/domains/").url


@pytest.mark.parametrize("page", POSTING)
def test_only_by_post_with_its_token(client, member, page):
    watch = watched(member)
    assert client.get(f"/domains/{watch.token}/{page}").status_code == 405
    assert client.post(f"/domains/%00/{page}").status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member)
    assert strict.post(f"/domains/{watch.token}/{page}").status_code == 403


def test_japanese(client, member):
    watch = watched(member, "xn--wgv71a119e.test")
    checked(watch, 1)
    checked(watch)
    for page in ("", f"{watch.token}/", f"{watch.token}/compare/", f"{watch.token}/settings/"):
        answer = client.get(f"/ja/domains/{page}")
        assert answer.status_code == 200 and 'lang="ja"' in answer.text
