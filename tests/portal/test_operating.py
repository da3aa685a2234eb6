"""The admin: for staff alone, and what an operator sees and does there."""

from __future__ import annotations

import logging
import socket
from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone, translation

from lookups import stream, tasks
from lookups.models import BlockedDomain, Membership, Report, Team, Watch
from lookups.observing import heart, lately, live, resolvers
from portal.operating import status
from tests.lookups.teams.conftest import browser, person
from tests.lookups.watching.conftest import checked, watched

pytestmark = pytest.mark.django_db

PAGES = (
    "",
    "status/",
    "activity/",
    "auth/user/",
    "portal/accountevent/",
    "admin/logentry/",
    "lookups/report/",
    "lookups/watch/",
    "lookups/team/",
    "lookups/blockeddomain/",
    "lookups/blockeddomain/add/",
    "learn/ownzone/",
)


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def operator(db) -> Client:
    user = person("operator")
    user.is_staff = user.is_superuser = True
    user.save()
    return browser(user)


@pytest.fixture
def holdings(db):
    """Some of everything, with hostile words in it."""
    user, hostile = person("holder"), "<script>alert(1)</script>"
    team = Team.objects.create(name=hostile)
    Membership.objects.create(team=team, user=user, role="owner")
    watch = watched(team)
    report = checked(watch, owner=user, name="Private name", note="Private note")
    report.sections = {"mx": {"records": {"raw": [hostile]}}}
    report.queries = [{"name": hostile}]
    report.save()
    return user, team, watch, report


# --- who comes in --------------------------------------------------------------------------------
@pytest.mark.parametrize("page", [*PAGES, "login/", "nothing/here/"])
def test_only_staff(page):
    path = "/admin/" + page
    response = Client().get(path)
    assert response.status_code == 302 and response.url.startswith("/accounts/login/?next=/admin/")
    assert browser(person("a")).get(path).status_code == 404
    assert browser(person("b")).post(path).status_code == 404
    assert Client().get("/ja" + path).status_code == 404


def test_a_superuser_signs_in_by_the_usual_page(client):
    call_command(
        "createsuperuser", "--noinput", "--username", "root", "--email", "root@example.com",
        stdout=StringIO(),
    )  # fmt: skip
    user = User.objects.get()
    user.set_password("three quiet herons")
    user.save()
    page = client.get("/admin/", follow=True)
    assert 'value="/admin/"' in page.text
    data = {"login": "root@example.com", "password": "three quiet herons", "next": "/admin/"}
    response = client.post("/accounts/login/", data)
    assert response.url == "/accounts/confirm-email/"
    code = next(line for line in mail.outbox[-1].body.splitlines() if line.isdigit())
    assert client.post(response.url, {"code": code}).url == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("page", PAGES)
def test_pages(operator, holdings, page, language):
    response = operator.get("/admin/" + page, headers={"accept-language": language})
    assert response.status_code == 200
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert f'lang="{language}"' in response.text
    assert "<script>alert" not in response.text
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy and "<style" not in response.text


def test_out_again(operator):
    assert operator.post("/admin/logout/").url == "/"
    assert operator.get("/admin/").status_code == 302
    assert Client().get("/admin/password_change/").status_code == 302


def test_staff_see_only_what_they_may():
    user = person("helper")
    user.is_staff = True
    user.save()
    client = browser(user)
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/lookups/report/").status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    root = User.objects.create_superuser("root", "root@example.com", "x")
    page = f"/admin/auth/user/{user.pk}/change/"
    client.post(page, {"is_superuser": "on", "is_active": "on"})
    user.refresh_from_db()
    assert not user.is_superuser
    client.post("/admin/auth/user/", {"action": "deactivate", "_selected_action": [root.pk]})
    root.refresh_from_db()
    assert root.is_active
    assert client.post(f"/admin/auth/user/{root.pk}/change/", {}).status_code == 403


# --- reports -------------------------------------------------------------------------------------
def test_a_report_is_read_not_written(operator, holdings):
    report = holdings[3]
    path = f"/admin/lookups/report/{report.pk}/change/"
    page = operator.get(path).text
    assert "&lt;script&gt;alert" in page and "<script>alert" not in page
    assert "Private" not in page and "_save" not in page
    assert operator.post(path, {"domain": "x.test"}).status_code == 403
    report.refresh_from_db()
    assert report.domain == "example.com"


def test_the_list_of_reports(operator, holdings, django_assert_max_num_queries):
    watch = holdings[2]
    for n in range(20):
        checked(watch, owner=person(f"p{n}"), domain=f"d{n}.test")
    with django_assert_max_num_queries(20):
        page = operator.get("/admin/lookups/report/?q=d7").text
    assert "d7.test" in page and "p7@example.com" in page and "d8.test" not in page
    assert operator.get("/admin/lookups/report/?state__exact=failed").status_code == 200


def act(client, model, action, *rows, **more):
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(f"/admin/lookups/{model}/", data, follow=True)


def test_make_again(operator, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks, "enqueue", sent.append)
    old = timezone.now() - timedelta(hours=1)
    lost = Report.objects.create(domain="a.test", state="failed", failure="lost", attempts=4)
    hangs = Report.objects.create(domain="b.test", state="running", created=old)
    busy = Report.objects.create(domain="c.test", state="running")
    done = Report.objects.create(domain="d.test", state="done", sections={"mx": {}})
    stream.hold_lease(busy.pk, "somebody")
    stream.publish(lost.pk, "done", {})
    page = act(operator, "report", "make_again", lost, hangs, busy, done).text
    assert "2 reports are made again" in page and "2 are finished or in the making" in page
    assert {report.pk for report in sent} == {lost.pk, hangs.pk}
    lost.refresh_from_db(), done.refresh_from_db()
    assert (lost.state, lost.failure, lost.attempts) == ("waiting", "", 0)
    assert done.sections == {"mx": {}}
    assert not stream.client().exists(f"report:{lost.pk}")


def test_delete_reports(operator, holdings):
    act(operator, "report", "delete_selected", holdings[3], post="yes")
    assert not Report.objects.exists()


# --- watches and teams ---------------------------------------------------------------------------
def test_stop_the_clock(operator):
    watch = watched(person("w"), interval="hourly", next_run=timezone.now())
    act(operator, "watch", "switch_off", watch)
    watch.refresh_from_db()
    assert (watch.interval, watch.next_run) == ("off", None)


@pytest.mark.parametrize("which", ["team", "watch"])
@pytest.mark.parametrize("one", [True, False])
def test_peoples_reports_outlive_what_is_deleted(operator, holdings, which, one):
    _, team, watch, report = holdings
    checked(watch, owner=None)
    row = team if which == "team" else watch
    if one:
        operator.post(f"/admin/lookups/{which}/{row.pk}/delete/", {"post": "yes"})
    else:
        act(operator, which, "delete_selected", row, post="yes")
    assert not Watch.everything.exists()
    assert list(Report.objects.values_list("pk", "watch")) == [(report.pk, None)]


# --- accounts ------------------------------------------------------------------------------------
def test_shut_an_account(operator):
    user = person("spam")
    theirs = browser(user)
    assert theirs.get("/account/").status_code == 200
    me = User.objects.get(username="operator")
    data = {"action": "deactivate", "_selected_action": [user.pk, me.pk]}
    assert "1 account is shut" in operator.post("/admin/auth/user/", data, follow=True).text
    assert theirs.get("/account/").status_code == 302
    me.refresh_from_db()
    assert me.is_active
    data["action"] = "activate"
    operator.post("/admin/auth/user/", data)
    user.refresh_from_db()
    assert user.is_active


def test_an_account_with_its_addresses(operator, django_assert_max_num_queries):
    user = person("anna")
    path = f"/admin/auth/user/{user.pk}/change/"
    with django_assert_max_num_queries(15):
        page = operator.get(path).text
    assert "anna@example.com" in page and "emailaddress_set" in page
    assert "password" not in page.replace("password_change", "").replace("Change password", "")


def test_a_deleted_account_leaves_its_team_an_owner(operator, holdings):
    user, team, _, report = holdings
    other = person("other")
    Membership.objects.create(team=team, user=other, role="viewer")
    operator.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=user.pk).exists()
    assert Membership.objects.get(team=team).role == "owner"
    report.refresh_from_db()
    assert (report.owner, report.note) == (None, "")
    me = User.objects.get(username="operator")
    assert operator.post(f"/admin/auth/user/{me.pk}/delete/", {"post": "yes"}).status_code == 403


# --- blocked domains -----------------------------------------------------------------------------
def test_block_a_domain(operator, client):
    path = "/admin/lookups/blockeddomain/add/"
    assert 'value="spam.test"' in operator.get(path + "?domain=spam.test").text
    operator.post(path, {"domain": "https://WWW.Bücher.test/", "reason": "", "note": "n"})
    row = BlockedDomain.objects.get()
    assert row.domain == "www.xn--bcher-kva.test" and row.created_by.username == "operator"
    assert client.post("/check/", {"domain": "www.bücher.test"}).status_code == 400
    page = operator.post(path, {"domain": "not a domain"})
    assert page.status_code == 200 and "space" in page.text
    again = operator.post(path, {"domain": "www.bücher.test"})
    assert again.status_code == 200 and BlockedDomain.objects.count() == 1


# --- figures -------------------------------------------------------------------------------------
def test_status(operator):
    stream.client().rpush("bulk", "a", "b")
    stream.hold_lease(7, "somebody")
    Report.objects.create(domain="a.test", created=timezone.now() - timedelta(hours=2))
    page = operator.get("/admin/status/").text
    assert "<td>2</td>" in page and "Work of the clock: late" not in page
    assert "Something is broken" in page and "no sign of life" in page
    assert "state__exact=waiting" in page
    assert "SQLite" in page or "PostgreSQL" in page
    tasks.revive_reports()
    assert "in time" in operator.get("/admin/status/").text
    assert operator.post("/admin/status/").status_code == 405
    assert operator.get("/admin/queues/").url == "/admin/status/"


def test_status_of_a_site_at_work(operator, monkeypatch):
    for part in ("web", "worker", "beat", "classroom", "spf-dns"):
        heart.Heart(part, queues=live.QUEUES if part == "worker" else ())._beat()
    tasks.revive_reports()
    good = [resolvers.Health("192.0.2.53:53", "answer", 3.5, True)]
    bad = resolvers.Health("192.0.2.54:53", "timeout", None, False)
    monkeypatch.setattr(resolvers, "known", lambda: [*good, bad])
    for n in range(40):
        lately.note_report(n > 0, n * 10, n * 100, 5, Counter(answer=15, nxdomain=5))
    lately.note_domains(1234)
    logging.getLogger("x").error("<script>alert(1)</script> for anna@example.com")
    page = operator.get("/admin/status/").text
    assert "At work, with something to look at" in page and "192.0.2.54:53: does not answer" in page
    assert "190 ms" in page and "95 of 100 are quicker than 370 ms" in page
    assert "25%" in page and "75.0 %" in page
    assert "40 reports, of which 1 failed; and 1234 domains" in page
    assert "&lt;script&gt;" in page and "<script>alert" not in page and "anna@" not in page
    assert "SECRET_KEY is the one made in var/" in page


def test_a_queue_that_nobody_takes(operator):
    heart.Heart("worker", queues=["bulk"])._beat()
    assert "nobody takes interactive, monitor" in operator.get("/admin/status/").text


def test_the_page_asks_for_its_changing_part(operator):
    page = operator.get("/admin/status/").text
    assert 'hx-trigger="every 15s"' in page and "htmx" in page
    part = operator.get("/admin/status/", headers={"HX-Request": "true"}).text
    assert "<html" not in part and "Unfinished reports by age" in part
    still = operator.get("/admin/status/?still=1").text
    assert "hx-get" not in still and "Update by itself" in still


def test_risky_settings(settings, monkeypatch):
    settings.DEBUG, settings.ALLOWED_HOSTS, settings.METRICS_TOKEN = True, ["*"], "short"
    settings.PUBLIC_URL, settings.SECURE = "http://mxplain.example", False
    monkeypatch.setenv("SECRET_KEY", "given")
    names = [risk.name for risk in status.risks()]
    assert names == [
        "MXPLAIN_DEBUG",
        "ALLOWED_HOSTS",
        "PUBLIC_URL",
        "MXPLAIN_EMAIL_BACKEND",
        "MXPLAIN_METRICS_TOKEN",
    ]


def test_a_mail_server(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.getsockname()
        assert status._mail().state == status.GOOD
    assert status._mail().state == status.BAD


def test_status_without_redis(operator, monkeypatch):
    class Away:
        def __getattr__(self, _):
            raise stream.redis.ConnectionError

    monkeypatch.setattr(stream, "client", Away)
    page = operator.get("/admin/status/")
    assert page.status_code == 200 and "Redis: out of reach" in page.text


@pytest.mark.parametrize(
    ("language", "words"), [("en", "is out of reach"), ("ja", "接続できません")]
)
def test_status_without_database(operator, monkeypatch, language, words):
    def away(*_, **__):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(connection, "cursor", away)
    response = operator.get("/admin/status/", headers={"accept-language": language})
    assert response.status_code == 503 and words in response.text


def test_activity(operator, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(tasks, "enqueue", lambda *_: None)
    visitor, user = Client(), person("busy")
    for name in ("busy.test", "busy.test", "other.test"):
        visitor.post("/check/", {"domain": name, "again": "1"})
    Report.objects.create(domain="mine.test", owner=user)
    Report.objects.create(domain="old.test", created=timezone.now() - timedelta(days=2))
    with django_assert_max_num_queries(12):
        page = operator.get("/admin/activity/").text
    assert "busy.test" in page and "busy@example.com" in page and "old.test" not in page
    assert "4 reports were begun" in page and "add/?domain=busy.test" in page
    assert visitor.session.session_key not in page
