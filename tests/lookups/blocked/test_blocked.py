"""Domains that the operator refuses: everywhere, with what is below them, and told why."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from lookups.blocked import refusal as blocked
from lookups.forms import InputError, read_domain
from lookups.models import BlockedDomain, Report
from lookups.watching.making import check_now
from tests.lookups.watching.conftest import person, watched

WORDS = "does not let"


@pytest.fixture(autouse=True)
def _in_english():
    """Pages leave their language behind."""
    with translation.override("en"):
        yield


@pytest.fixture
def refused(db):
    BlockedDomain.objects.create(domain="blocked.test", reason="Its owner asked for it <b>.")


@pytest.mark.parametrize("name", ["blocked.test", "a.b.blocked.test", "BLOCKED.TEST."])
def test_the_domain_and_what_is_below(refused, name):
    assert WORDS in blocked.refusal(name) and "Its owner" in blocked.refusal(name)


@pytest.mark.parametrize("name", ["notblocked.test", "test", "blocked.test.example", "", "."])
def test_nothing_else(refused, name):
    assert blocked.refusal(name) == ""


@given(st.text(max_size=300))
def test_any_text_is_answered(text):
    blocked.remember({"blocked.test": ""})
    assert isinstance(blocked.refusal(text), str)
    blocked.remember({})


def test_names_are_told_as_people_write_them(db):
    BlockedDomain.objects.create(domain="xn--bcher-kva.test")
    found = read_domain("www.Bücher.test")
    assert isinstance(found, InputError) and "bücher.test" in found.message


def test_a_change_is_known_at_once(refused):
    assert blocked.refusal("blocked.test")
    BlockedDomain.objects.get().delete()
    assert not blocked.refusal("blocked.test")


def test_it_costs_no_query_each_time(refused, django_assert_num_queries):
    blocked.refusal("x.test")
    with django_assert_num_queries(0):
        for name in ("x.test", "blocked.test"):
            blocked.refusal(name)


@pytest.mark.parametrize(
    "path",
    [
        "/tools/spf/?domain=blocked.test",
        "/tools/lookup/?name=_dmarc.blocked.test",
        "/learn/journey/?domain=blocked.test",
        "/learn/journey/?domain=example.com&sender=blocked.test",
    ],
)
def test_tools_refuse(refused, client, path):
    response = client.get(path)
    if response.status_code == 404:
        pytest.fail(path)
    assert response.status_code == 400 and WORDS in response.text
    assert "asked for it &lt;b&gt;" in response.text


def test_checks_refuse(refused, client):
    response = client.post("/check/", {"domain": "someone@mail.blocked.test"})
    assert response.status_code == 400 and WORDS in response.text
    assert WORDS in client.post("/check/live/", {"domain": "blocked.test", "uid": "a"}).text
    japanese = client.post("/ja/check/", {"domain": "blocked.test"}).text
    assert "運営者" in japanese
    assert not Report.objects.exists()


def test_watched_domains_refuse(refused, client):
    user = person("m")
    client.force_login(user)
    response = client.post("/domains/", {"domain": "blocked.test", "interval": "daily"})
    assert response.status_code == 400 and WORDS in response.text
    watch = watched(user, "blocked.test")
    page = client.post(f"/domains/{watch.token}/check/", follow=True)
    assert page.status_code == 200 and WORDS in page.text
    with pytest.raises(blocked.Blocked):
        check_now(watch, queue="monitor")
    assert not Report.objects.exists()


def test_commands_of_the_operator_are_not_refused(refused, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("generate", "dmarc", "blocked.test")
    assert ended.value.code in (0, None)
    assert "v=DMARC1" in capsys.readouterr().out
