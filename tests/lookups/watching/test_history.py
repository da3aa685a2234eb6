"""The history of a domain: timeline, chart, differences, what saving does, and what is thinned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from lookups.drawings.scores import MAX_POINTS, Point, chart, spark, thinned
from lookups.models import Report, Watch
from lookups.tasks import expire_reports
from lookups.watching.making import check_now
from lookups.watching.marks import marked
from lookups.watching.tasks import thin_histories
from tests.lookups.watching.conftest import checked, person, section, team_of, watched

pytestmark = pytest.mark.django_db

SPF = {"spf": section("spf-found", raw=[("example.com", "TXT", "v=spf1 -all")])}
SPF_MX = {"spf": section("spf-found", raw=[("example.com", "TXT", "v=spf1 mx -all")])}
SPF_LOOP = {"spf": section("spf-loop", raw=[("example.com", "TXT", "v=spf1 mx -all")])}


# --- the page ----------------------------------------------------------------------------------
def test_without_reports(client, member):
    watch = watched(member)
    page = client.get(f"/domains/{watch.token}/").text
    assert "No report yet" in page and "Check now" in page
    compare = client.get(f"/domains/{watch.token}/compare/")
    assert compare.status_code == 200 and "Nothing to compare yet" in compare.text


def test_timeline_counts_changes(client, member):
    watch = watched(member)
    first = checked(watch, 4, sections=SPF)
    second = checked(watch, 3, sections=SPF_MX)
    checked(watch, 2, state="failed", status="", score=None)
    third = checked(watch, 1, sections=SPF_MX)
    checked(watch, 0, state="running", status="", score=None, finished=None)
    page = client.get(f"/domains/{watch.token}/")
    rows = page.text.split('class="timeline-row"')[1:]
    assert "Checking" in rows[0] and "No change" in rows[1] and "Check failed" in rows[2]
    assert f"?a={first.token}&amp;b={second.token}" in rows[3] and "1 change<" in rows[3]
    assert "The first one" in rows[4]
    assert [entry.before for entry in page.context["entries"]][1] == second.token
    assert page.context["last"] == third


def test_timeline_turns_its_pages(client, member, django_assert_max_num_queries):
    watch = watched(member)
    for hours in range(45):
        checked(watch, hours, sections=SPF if hours == 20 else SPF_MX)
    with django_assert_max_num_queries(10):
        page = client.get(f"/domains/{watch.token}/")
    entries = page.context["entries"]
    assert len(entries) == 20 and entries[-1].changes == 1  # against the first of the next page
    assert len(client.get(f"/domains/{watch.token}/?page=3").context["entries"]) == 5


def test_deleted_and_unsaved_reports_are_no_history(client, member):
    watch = watched(member)
    checked(watch, 2, deleted_at=timezone.now())
    checked(watch, 1, saved_at=None)
    assert "No report yet" in client.get(f"/domains/{watch.token}/").text


def test_chart_has_a_table(client, member):
    watch = watched(member)
    checked(watch, 2, score=40, status="error")
    assert "<figure" not in client.get(f"/domains/{watch.token}/").text
    checked(watch, 1, score=91)
    page = client.get(f"/domains/{watch.token}/").text
    assert 'role="img"' in page and "From 40 on" in page and "<td>91</td>" in page


# --- what changed ------------------------------------------------------------------------------
def test_the_last_two_by_default(client, member):
    watch = watched(member)
    checked(watch, 3, sections={})
    checked(watch, 2, sections=SPF)
    checked(watch, 1, sections=SPF_LOOP, status="error", score=50)
    page = client.get(f"/domains/{watch.token}/compare/").text
    assert "v=spf1 <ins>mx </ins>-all" in page
    assert "New findings" in page and "/findings/spf-loop/" in page
    assert "Findings that are gone" in page and "/findings/spf-found/" in page
    assert page.index("In order", page.index("topic-spf")) < page.rindex("Broken")


def test_any_two_in_whichever_order(client, member):
    watch = watched(member)
    one = checked(watch, 3, sections=SPF)
    two = checked(watch, 2, sections=SPF_MX)
    checked(watch, 1, sections=SPF_MX)
    there = client.get(f"/domains/{watch.token}/compare/?a={one.token}&b={two.token}")
    back = client.get(f"/domains/{watch.token}/compare/?a={two.token}&b={one.token}")
    assert there.context["before"] == back.context["before"] == one
    alone = client.get(f"/domains/{watch.token}/compare/?b={two.token}")
    assert alone.context["before"] == one
    same = client.get(f"/domains/{watch.token}/compare/?a={two.token}&b={two.token}").text
    assert "one and the same" in same
    assert "Nothing changed" in client.get(f"/domains/{watch.token}/compare/").text


def test_only_reports_of_this_history(client, member):
    watch = watched(member)
    mine = checked(watch)
    other = checked(watched(person("o")))
    running = checked(watch, state="running", finished=None)
    for token in (other.token, running.token, "x", "%00"):
        path = f"/domains/{watch.token}/compare/?a={token}&b={mine.token}"
        assert client.get(path).status_code == 404


def test_hostile_records_are_text(client, member):
    watch = watched(member)
    bad = [("<i>.test", "TXT", "v=spf1 <script>alert(1)</script>")]
    checked(watch, 2, sections={"spf": section(raw=[("<i>.test", "TXT", "v=spf1 <b>")])})
    checked(watch, 1, sections={"spf": section("not-known", raw=bad), "odd": 7, "mx": []})
    page = client.get(f"/domains/{watch.token}/compare/").text.split("<main")[1]
    assert "<script>alert" not in page and "<i>" not in page and "script" in page


def test_checks_that_broke_off_are_named(client, member):
    watch = watched(member)
    checked(watch, 2, sections=SPF)
    checked(watch, 1, sections={"spf": section(failed="deadline")})
    page = client.get(f"/domains/{watch.token}/compare/").text
    assert "broke off there" in page and "Nothing changed" in page


def test_an_older_report_than_the_choices(client, member, monkeypatch):
    monkeypatch.setattr("lookups.watching.history_views.CHOICES", 2)
    watch = watched(member)
    old = checked(watch, 9, sections=SPF)
    for hours in (3, 2, 1):
        checked(watch, hours, sections=SPF_MX)
    page = client.get(f"/domains/{watch.token}/compare/?a={old.token}").text
    assert page.count(f'value="{old.token}"') == 2


TEXT = st.text(alphabet="ab; =v", max_size=30) | st.text(max_size=2000)


@given(TEXT, TEXT)
def test_marks_lose_nothing(before, after):
    old, new = marked(before, after)
    assert "".join(text for text, _ in old) == before
    assert "".join(text for text, _ in new) == after
    same = "".join(text for text, changed in old if not changed)
    assert same == "".join(text for text, changed in new if not changed)
    assert before != after or not any(changed for _, changed in old + new)


# --- charts ------------------------------------------------------------------------------------
def series(*scores) -> list[Point]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [Point(start + timedelta(hours=n), s, "good") for n, s in enumerate(scores)]


@given(st.lists(st.integers(0, 100), max_size=400))
def test_charts_keep_their_ends_and_their_depth(scores):
    points = series(*scores)
    kept = thinned(points)
    assert len(kept) <= MAX_POINTS and kept == sorted(kept, key=lambda point: point.at)
    drawn, line = chart(points), spark(points)
    if len(points) < 2:
        assert drawn is None and line is None
        return
    assert (drawn.first, drawn.last) == (points[0], points[-1])
    assert drawn.lowest.score == min(scores) and len(drawn.points) + drawn.left_out == len(points)
    assert all(0 <= mark.x <= drawn.width and 0 <= mark.y <= drawn.height for mark in drawn.marks)


def test_points_of_one_moment():
    one = Point(datetime(2026, 1, 1, tzinfo=UTC), 50, "good")
    assert chart([one, one]).line.startswith("M")


# --- saving ------------------------------------------------------------------------------------
def made(**fields) -> Report:
    values = {"domain": "example.com", "state": "done", "status": "good"}
    return Report.objects.create(**values | fields)


def test_saving_joins_the_history(client, member):
    report = made(owner=member)
    client.post(f"/r/{report.token}/save/")
    report.refresh_from_db()
    assert report.watch == Watch.objects.get(owner=member) and report.saved_at
    others = made(asked=3, selectors="s1", score=70)
    client.post(f"/r/{others.token}/save/")
    assert Report.objects.filter(watch=report.watch, score=70).exclude(pk=others.pk).exists()
    others.refresh_from_db()
    assert others.watch is None and Watch.objects.count() == 1


def test_saving_what_the_clock_made(client, member):
    watch = watched(member)
    report = checked(watch, owner=None)
    client.post(f"/r/{report.token}/save/")
    report.refresh_from_db()
    assert report.owner == member and Report.objects.count() == 1
    of_team = checked(watched(team_of(editor=member)), owner=None)
    client.post(f"/r/{of_team.token}/save/")
    of_team.refresh_from_db()
    assert of_team.owner is None and Report.objects.filter(watch=watch, owner=member).count() == 2


def test_restored_reports_are_back_in_the_history(client, member):
    watch = watched(member)
    report = checked(watch)
    client.post(f"/saved/{report.token}/unsave/")
    assert "No report yet" in client.get(f"/domains/{watch.token}/").text
    Report.objects.update(watch=None)
    client.post(f"/saved/{report.token}/restore/")
    assert report.token in client.get(f"/domains/{watch.token}/").text


def test_report_leads_to_its_history_for_those_who_watch(client, member):
    watch = watched(member)
    first, second = checked(watch, 2), checked(watch, 1)
    page = client.get(f"/r/{second.token}/").text
    assert f'href="/domains/{watch.token}/"' in page
    assert f"/domains/{watch.token}/compare/?a={first.token}&amp;b={second.token}" in page
    assert "Changes since" not in client.get(f"/r/{first.token}/").text
    Report.objects.update(visibility="link")
    assert watch.token not in Client().get(f"/r/{second.token}/").text


def test_score_stands_on_the_row(client, member, at_once):
    report = check_now(watched(member, "perfect.classroom.test"), None)
    report.refresh_from_db()
    assert report.owner is None and report.score >= 90
    shown = client.get(f"/r/{report.token}/").context["view"].overview.score.total
    assert report.score == shown


# --- what goes ---------------------------------------------------------------------------------
def test_histories_do_not_expire_but_what_was_unsaved_does(member):
    watch = watched(member)
    kept = checked(watch, 24 * 500)
    checked(watch, 24 * 500, saved_at=None)
    expire_reports()
    assert list(Report.objects.all()) == [kept]


def test_thinning(member):
    watch, other = watched(member), watched(person("o"))
    now = timezone.now()

    def hourly(days_ago: int, hours: int = 24, **fields):
        start = (now - timedelta(days=days_ago)).replace(hour=0, minute=5)
        for hour in range(hours):
            at = start + timedelta(hours=hour)
            checked(watch, owner=None, **{"created": at, "saved_at": at, **fields})

    hourly(5)  # all of the last month
    hourly(40)
    hourly(41)
    monday = 400 + (now - timedelta(days=400)).weekday()
    hourly(monday, 3)
    hourly(monday - 3, 3)
    saved = checked(watch, 24 * 40, owner=member)
    elsewhere = checked(other, 24 * 40, owner=None)
    unwatched = made(owner=None, created=now - timedelta(days=40))
    assert thin_histories() == 23 + 23 + 5
    assert thin_histories() == 0
    left = Report.objects.made_by_themselves().filter(watch=watch).order_by("created")
    ages = [(now - report.created).days for report in left]
    assert len([age for age in ages if age < 30]) == 24
    assert [report.created.hour for report in left.filter(created__lt=now - timedelta(30))] == [
        0,
        0,
        0,
    ]
    assert {saved, elsewhere, unwatched} <= set(Report.objects.all())
