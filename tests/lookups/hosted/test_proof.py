"""Proof of ownership, by the DNS of learners' own zones: found, missing, lost, and found again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from lookups.engine.ownership import Seen
from lookups.hosted import proof
from lookups.models import Proving
from tests.learn.test_own_zones import begin, put

from .conftest import proven, watched

pytestmark = pytest.mark.django_db(transaction=True)


def page(watch) -> str:
    return f"/domains/{watch.token}/proof/"


@pytest.fixture
def zone(client, member, own_classroom):
    return begin(client)


def publish(client, zone, *texts):
    lines = [f'_mxplain TXT "{text}"' for text in texts]
    answer = put(client, zone, "\n".join(["@ MX 0 .", *lines, ""]))
    assert answer.status_code in (200, 302)


def test_the_record_is_published_and_found(client, member, zone):
    watch = watched(member, zone.domain)
    name, text = watch.proof_record
    shown = client.get(page(watch)).text
    assert f"_mxplain.{zone.domain}" == name and name in shown and text in shown
    missing = client.post(page(watch))
    assert missing.status_code == 200 and "not there yet" in missing.text
    publish(client, zone, text[:-1])
    other = client.post(page(watch))
    assert "another text" in other.text and text[:-1] in other.text
    publish(client, zone, "mxplain-verification=of somebody else", text)
    assert client.post(page(watch)).url == page(watch)
    watch.refresh_from_db()
    assert watch.verified_at
    assert "Proven" in client.get(page(watch)).text
    assert "Ownership proven" in client.get(watch.get_absolute_url()).text


def test_several_watches_prove_one_domain(client, member, zone, everybody):
    _browsers, team = everybody
    mine, theirs = watched(member, zone.domain), watched(team, zone.domain)
    assert mine.proof != theirs.proof
    publish(client, zone, mine.proof_record[1], theirs.proof_record[1])
    assert proof.look_now(mine).is_proof and proof.look_now(theirs).is_proof


def test_what_dns_leaves_open_is_told_and_takes_nothing_away(client, member, classroom, settings):
    settings.QUERY_TIMEOUT = 0.3
    watch = watched(member, "servfail.classroom.test")
    assert "DNS gave no usable answer" in client.post(page(watch)).text
    held = proven(member, "silent.classroom.test")
    for day in range(5):
        proof.prove_due(timezone.now() + timedelta(days=day + 1))
    held.refresh_from_db()
    assert held.verified_at and held.proving.trouble == "failed" and not held.proving.lost_at


def test_lost_only_after_three_days_in_a_row(client, member, classroom):
    watch = proven(member, "perfect.classroom.test")
    now = timezone.now()
    for day in (1, 2):
        assert proof.prove_due(now + timedelta(days=day)) == 1
        assert proof.prove_due(now + timedelta(days=day)) == 0
        watch.refresh_from_db()
        assert watch.verified_at
    assert "the proof failed: it was not there" in client.get(page(watch)).text
    assert "After three days" in client.get(watch.get_absolute_url()).text
    client.post(page(watch))  # a person's look takes nothing away, however often
    watch.refresh_from_db()
    assert watch.verified_at
    proof.prove_due(now + timedelta(days=3))
    watch.refresh_from_db()
    assert watch.verified_at is None and watch.proving.lost_at
    assert "proof of ownership is lost" in client.get(watch.get_absolute_url()).text
    assert "on 3 days in a row" in client.get(page(watch)).text
    assert proof.prove_due(now + timedelta(days=30)) == 0


def test_a_day_counts_once_however_many_workers(member):
    watch, now = proven(member), timezone.now()
    for _worker in range(5):
        proof._note(watch, Seen("missing"), now)
    watch.refresh_from_db()
    assert watch.verified_at and watch.proving.failed_days == 1


def test_a_good_look_in_between_begins_anew(client, member, zone):
    watch = proven(member, zone.domain)
    now = timezone.now()
    proof.prove_due(now + timedelta(days=1))
    proof.prove_due(now + timedelta(days=2))
    publish(client, zone, watch.proof_record[1])
    proof.prove_due(now + timedelta(days=3))
    proving = Proving.objects.get(watch=watch)
    assert (proving.failed_days, proving.trouble) == (0, "")
    assert proving.next_look - now == timedelta(days=10)


def test_quotes_that_a_form_kept_do_no_harm(client, member, zone):
    watch = watched(member, zone.domain)
    put(client, zone, f'_mxplain TXT "\\"{watch.proof_record[1]}\\""\n')
    assert proof.look_now(watch).is_proof


def test_a_name_too_long_for_a_record_below_it(client, member, classroom):
    watch = watched(member, ".".join(["a" * 61] * 4))
    assert "no record can stand below it" in client.get(page(watch)).text
    assert not proof.look_now(watch).is_proof


@pytest.mark.parametrize("path", ["proof/", "mta-sts/", "spf/", "reports/setup/"])
def test_only_editors(everybody, client, classroom, path):
    browsers, team = everybody
    watch = proven(team, "perfect.classroom.test")
    address = f"/domains/{watch.token}/{path}"
    for role, status in {"owner": 200, "editor": 200, "viewer": 404, "stranger": 404}.items():
        assert browsers[role].get(address).status_code == status, role
        if status == 404:
            assert browsers[role].post(address, {"do": "on"}).status_code == 404
    assert client.get(address).status_code == 302
    assert client.post(address).status_code == 302
    assert browsers["owner"].get(f"/domains/nonsense/{path}").status_code == 404


def test_viewers_see_reports_and_nobody_else(everybody, classroom):
    browsers, team = everybody
    watch = proven(team)
    for role, status in {"owner": 200, "viewer": 200, "stranger": 404}.items():
        answer = browsers[role].get(f"/domains/{watch.token}/reports/")
        assert answer.status_code == status, role
    assert "Prove ownership" not in browsers["viewer"].get(watch.get_absolute_url()).text
