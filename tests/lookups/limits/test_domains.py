"""How many new reports one registrable domain gets, whoever asks for them, and on which names."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from lookups.bulk import ledger, running
from lookups.limits import domains
from lookups.limits.refusing import Refused
from lookups.models import BulkItem, Report, Watch
from lookups.watching import clock
from lookups.watching.making import check_now
from tests.lookups.bulk.conftest import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _narrow(settings, monkeypatch):
    settings.LIMIT_DOMAIN = "2/minute"
    settings.LIMITS = {kind: {"lookups": "off", "work": "off"} for kind in settings.LIMITS}
    monkeypatch.setattr("lookups.tasks.enqueue", lambda report, queue="interactive": None)


def check(name, **more):
    """Each time somebody else."""
    return Client().post("/check/", {"domain": name, **more})


def test_random_names_below_one_domain_count_together():
    names = [f"r{number}.victim.co.uk" for number in range(4)]
    assert [check(name).status_code for name in names] == [302, 302, 429, 429]
    refused = check("r9.victim.co.uk")
    assert refused["Retry-After"] and "victim.co.uk and the names below it" in str(refused.content)
    assert check("other.co.uk").status_code == 302
    assert Report.objects.count() == 3


def test_what_there_is_is_given_instead(settings):
    settings.REPORT_SHARE_SECONDS = 0
    first = check("victim.example", again="1").url
    second = check("victim.example", again="1").url
    again = check("victim.example", again="1")
    assert again.status_code == 302 and again.url == second != first
    assert Report.objects.count() == 2 and Report.objects.get(asked=2)
    live = Client().post("/check/live/", {"domain": "a.victim.example", "topic": "mx"})
    assert live.status_code == 429 and "victim.example" in str(live.content)


def test_lessons_are_free(settings):
    settings.LIMIT_DOMAIN = "1/minute"
    assert [domains.take("a.classroom.test") for _ in range(3)] == [0, 0, 0]


def test_the_api():
    json = {"content_type": "application/json"}
    path = "/api/v1/reports/"
    made = [Client().post(path, {"domain": f"r{n}.victim.example"}, **json) for n in range(3)]
    assert [each.status_code for each in made] == [202, 202, 429]
    assert made[2]["Retry-After"] and made[2].json()["type"].endswith("too-many-requests")


def test_watched_domains_wait_for_their_turn():
    user = User.objects.create_user("u")
    now = timezone.now()
    for number in range(3):
        Watch.objects.create(
            owner=user, domain=f"w{number}.victim.example", interval="daily",
            next_run=now - timedelta(minutes=1),
        )  # fmt: skip
    assert clock.run_due(now) == 2
    late = Watch.objects.exclude(reports__isnull=False).get()
    assert now < late.next_run <= now + timedelta(minutes=1)
    with pytest.raises(Refused):
        check_now(late, user)


@pytest.mark.django_db(transaction=True)
def test_a_list_of_one_domain_is_spread_out(monkeypatch):
    asked = []

    async def examine(domain, transport):
        asked.append(domain)
        return "no-dns"

    monkeypatch.setattr(running, "examine", examine)
    bulk = make(
        User.objects.create_user("u"),
        "\n".join([*(f"b{n}.victim.example" for n in range(200)), "other.example"]),
    )
    running.Session(hand_on=lambda: None).work()
    assert sorted(asked) == ["b0.victim.example", "b1.victim.example", "other.example"]
    waiting = BulkItem.objects.filter(state="waiting")
    assert waiting.count() == 198 and not ledger.anything_waits()
    assert not waiting.filter(not_before=None).exists() and not waiting.exclude(attempts=0).exists()
    bulk.refresh_from_db()
    assert bulk.state == "running"
    waiting.update(not_before=timezone.now())
    assert ledger.anything_waits()
