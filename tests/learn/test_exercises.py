"""The exercises: each is wrong as it comes, and right with a solution, in both languages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User

from learn.articles import article
from learn.own_zones import shelf
from learn.own_zones.exercises import exercises
from learn.own_zones.judge import judge
from learn.own_zones.models import OwnZone, SolvedExercise
from lookups import catalog
from lookups.engine.report import TOPICS

pytestmark = pytest.mark.django_db

# What to write instead of what, for each exercise.
SOLUTIONS = {
    "mx-alias": [("10 mail\n", "10 mailhost\n")],
    "missing-dot": [("mx1.{domain}", "mx1.{domain}.")],
    "two-spf-records": [
        ('@     3600   TXT    "v=spf1 mx -all"\n', ""),
        ("v=spf1 include", "v=spf1 mx include"),
    ],
    "spf-lookups": [("v=spf1 a mx", "v=spf1 mx"), (" include:crm.{domain}", "")],
    "dkim-key": [(".domainkey ", "._domainkey"), ("DKIM1, k=rsa, p", "DKIM1; k=rsa; p")],
    "dmarc-name": [("\ndmarc ", "\n_dmarc")],
    "dmarc-enforce": [("p=none", "p=quarantine; rua=mailto:dmarc@{domain}")],
    "no-mail": [
        ("www  3600   A ", '@ MX 0 .\n@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\nwww A ')
    ],
    "tls-rpt": [("v=TLSRPTv1, rua=", "v=TLSRPTv1; rua=mailto:")],
    "mta-sts": [("id=2026-11-24; mode: enforce", "id=20261124")],
}
IDS = [one.id for one in exercises("en")]


def test_there_are_ten_in_two_languages_with_articles_and_known_findings():
    assert len(IDS) == len(set(IDS)) == 10 == len(SOLUTIONS)
    for english, japanese in zip(exercises("en"), exercises("ja"), strict=True):
        assert english.id == japanese.id and len(english.hints) == len(japanese.hints) == 2
        for name in ("title", "story", "task", "learned", "hints"):
            one, other = getattr(english, name), getattr(japanese, name)
            assert one and other and one != other
        assert article(english.article, "en") and article(english.article, "ja")
        assert set(english.topics) <= set(TOPICS)
        for id in (*english.gone, *(id for one in english.there for id in one)):
            assert id in catalog.ids()
        assert not set(english.gone) & {id for one in english.there for id in one}


def solution(zone: OwnZone) -> str:
    text = zone.text
    for old, new in SOLUTIONS[zone.exercise]:
        old, new = old.format(domain=zone.domain), new.format(domain=zone.domain)
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("id", IDS)
def test_wrong_at_first_and_right_when_solved(rf, own_classroom, id, language):
    exercise = next(one for one in exercises(language) if one.id == id)
    request = a_request(rf)
    zone = shelf.create(request, exercise.zone, exercise.id)
    reading = shelf.reading(zone)
    assert not reading.errors
    first = judge(zone, exercise, reading.records, language)
    assert not first.solved and not first.unsure and not first.lost
    assert {view.id for view in first.wrong} & set(exercise.gone)
    assert all(view.title for view in first.wrong)
    shelf.save(zone, solution(zone), False)
    reading = shelf.reading(zone)
    assert not reading.errors
    second = judge(zone, exercise, reading.records, language)
    assert second.solved, second


def a_request(rf):
    request = rf.get("/")
    request.user, request.session = AnonymousUser(), {}
    return request


def start(client, id: str, prefix: str = "") -> OwnZone:
    answer = client.post(f"{prefix}/classroom/exercises/{id}/")
    assert answer.status_code == 302 and answer.url.startswith(f"{prefix}/classroom/zone/")
    return OwnZone.objects.get()


def judged(client, zone: OwnZone, text: str, prefix: str = ""):
    typed = {"view": "text", "text": text, "version": zone.version, "do": "judge"}
    answer = client.post(f"{prefix}/classroom/zone/{zone.label}/", typed)
    zone.refresh_from_db()
    return answer


WORDS = {
    "": ("Not solved yet", "The check still says:", "Solved.", "You have solved 1 of 10."),
    "/ja": ("まだ解けていません", "まだこう判定されます", "解けました。", "10問のうち1問"),
}


@pytest.mark.parametrize("prefix", WORDS)
def test_from_start_to_solved_on_the_pages(client, own_classroom, prefix):
    not_yet, still, solved, count = WORDS[prefix]
    language = prefix.strip("/") or "en"
    exercise = exercises(language)[0]
    page = client.get(f"{prefix}/classroom/exercises/{exercise.id}/")
    assert exercise.story in page.text and exercise.learned not in page.text
    zone = start(client, exercise.id, prefix)
    page = client.get(f"{prefix}/classroom/zone/{zone.label}/").text
    assert all(hint in page for hint in exercise.hints) and 'value="judge"' in page
    page = judged(client, zone, zone.text, prefix)
    assert page.status_code == 200 and not_yet in page.text and still in page.text
    assert f"{prefix}/findings/mx-host-is-alias/" in page.text
    page = judged(client, zone, solution(zone), prefix)
    assert solved in page.text and exercise.learned in page.text
    assert count in client.get(f"{prefix}/classroom/exercises/").text
    assert exercise.learned in client.get(f"{prefix}/classroom/exercises/{exercise.id}/").text


def test_an_empty_zone_solves_nothing_and_says_what_is_lost(client, own_classroom):
    zone = start(client, "no-mail")
    text = '@ MX 0 .\n@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n'
    page = judged(client, zone, text)
    assert "must not be removed" in page.text and "www A" in page.text
    assert "Solved." not in page.text
    page = judged(client, zone, "")
    assert "Solved." not in page.text and not client.session.get(shelf.SOLVED)


def test_a_text_with_faults_is_not_judged(client, own_classroom):
    zone = start(client, "mx-alias")
    page = judged(client, zone, "@ MX\n")
    assert page.status_code == 400 and "judgement" not in page.text


def test_another_exercise_takes_the_place_of_the_one_before(client, own_classroom):
    zone = start(client, "mx-alias")
    page = client.get("/classroom/exercises/no-mail/")
    assert exercises("en")[0].title in page.text
    again = start(client, "no-mail")
    assert again.label == zone.label and again.exercise == "no-mail" and again.version == 2
    assert "www" in again.text and again.text_before is None
    judged(client, again, "@ MX 0 .\n")
    start(client, "no-mail")
    again.refresh_from_db()
    assert "www" in again.text


def test_an_account_keeps_its_marks(client, own_classroom):
    user = User.objects.create_user("reader", "reader@example.com")
    client.force_login(user)
    zone = start(client, "dmarc-name")
    for _ in range(2):
        judged(client, zone, solution(zone) if "_dmarc" not in zone.text else zone.text)
    assert SolvedExercise.objects.get(owner=user).exercise == "dmarc-name"
    assert "You have solved 1 of 10." in client.get("/classroom/exercises/").text


def test_a_check_that_breaks_off_leaves_it_open(client, own_classroom, settings):
    settings.CLASSROOM = "127.0.0.1:9"  # nobody is there
    settings.QUERY_TIMEOUT = 0.2
    zone = start(client, "mx-alias")
    page = judged(client, zone, solution(zone))
    assert page.status_code == 200 and "Solved." not in page.text


def test_no_exercise_of_that_name(client, own_classroom):
    for method in (client.get, client.post):
        assert method("/classroom/exercises/nothing/").status_code == 404


def test_the_sitemap_has_them(client):
    page = client.get("/sitemap.xml").text
    assert "/classroom/exercises/mx-alias/" in page and "/ja/classroom/zone/" in page
