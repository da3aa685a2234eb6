"""The pages: a new list, its progress, its table, its files, its public page; and who may what."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient, Client
from django.utils import timezone

from lookups.bulk import ledger, tasks
from lookups.bulk.export import harmless
from lookups.bulk.summary import COLUMNS, Outcome
from lookups.models import Bulk, BulkItem, Membership, Team

from .conftest import LESSONS, make, names

pytestmark = pytest.mark.django_db

TABLE = """domain,country,industry
a.test,Japan,Banks
b.test,Japan,Shops
c.test,France,Banks
xn--wgv71a119e.test,,
"""
SUMMARY = {column: words[-1] for column, words in COLUMNS.items()} | {
    "errors": [], "warnings": []
}  # fmt: skip


def result(status="good", score=100, **words) -> Outcome:
    return Outcome(status, score, SUMMARY | words)


def finish(bulk: Bulk, *results) -> Bulk:
    """Gives the items in order these results."""
    items = ledger.claim("test")
    ledger.write("test", {item.id: r for item, r in zip(items, results, strict=True)})
    ledger.settle([bulk.id])
    bulk.refresh_from_db()
    return bulk


@pytest.fixture
def done(owner) -> Bulk:
    """Four domains: all in order, no DMARC, worse still, and one that failed."""
    return finish(
        make(owner, TABLE),
        result(),
        result("warning", 70, dmarc="missing", warnings=["dmarc-none"]),
        result("error", 30, spf="none", dmarc="none", mta_sts="none", errors=["mx-none"]),
        "no-dns",
    )


def shown(answer) -> list[str]:
    return [row.item.domain for row in answer.context["results"].rows]


async def body(client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200
    return "".join([chunk.decode() async for chunk in answer.streaming_content])


async def signed_in(user) -> AsyncClient:
    client = AsyncClient()
    await client.aforce_login(user)
    return client


# --- a new one ----------------------------------------------------------------------------------
def test_nobody_begins_one_without_signing_in(client):
    assert client.get("/bulk/").headers["Location"].startswith("/accounts/login/?next=/bulk/")
    assert client.post("/bulk/", {"domains": "a.test"}).status_code == 302
    assert not Bulk.objects.exists()


def test_empty_list_says_what_to_do(client, member):
    page = client.get("/bulk/").text
    assert "No bulk check yet" in page and "10,000" in page
    assert "一括検査" in client.get("/ja/bulk/").text


@pytest.mark.django_db(transaction=True)
def test_paste_and_see_the_outcome(client, member, at_once):
    text = names(*LESSONS) + "\nno domain\nPerfect.classroom.test\n"
    answer = client.post("/bulk/", {"name": "Ours", "domains": text}, follow=True)
    bulk = Bulk.objects.get()
    assert (bulk.name, bulk.owner, bulk.total, bulk.state) == ("Ours", member, 5, "done")
    page = answer.text
    assert "5 domains taken" in page and "1 given more than once" in page and "Line 6:" in page
    assert "perfect.<wbr>classroom" in page and "All together" in page and "<script>" not in page
    assert client.get("/bulk/").text.count("Ours") == 1


def test_upload_a_table(client, member):
    file = SimpleUploadedFile("t.csv", "\ufeffドメイン;国\nexample.jp;日本\n".encode("utf-16"))
    assert client.post("/bulk/", {"file": file}).status_code == 302
    bulk = Bulk.objects.get()
    item = bulk.items.get()
    assert (item.domain, item.country, item.position) == ("example.jp", "日本", 1)
    assert bulk.name.startswith("List of 20")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "There is no domain in it"),
        ({"domains": " \n"}, "There is no domain in it"),
        ({"domains": "nothing\nhere"}, "Line 2:"),
        ({"domains": "a.test", "file": SimpleUploadedFile("x", b"b.test")}, "not both"),
        ({"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04\x00\x00\x00\xff")}, "is no text"),
        ({"file": SimpleUploadedFile("x", b"")}, "There is no domain in it"),
        ({"file": SimpleUploadedFile("x", b"a.test\n" * 300_000)}, "at most 2 MB"),
        ({"domains": "\n".join(f"d{n}.test" for n in range(10_001))}, "are 10,001 domains"),
        ({"domains": "a.test", "name": "x\x07"}, "control character"),
        ({"domains": "a.test", "name": "x" * 101}, "at most 100"),
        ({"domains": "a.test", "team": "strange"}, "valid choice"),
        ({"domains": "<script>alert(1)</script>"}, "&lt;script&gt;"),
    ],
)
def test_refusals_make_nothing(client, member, fields, said):
    answer = client.post("/bulk/", fields)
    assert answer.status_code == 400 and said in answer.text
    assert not Bulk.objects.exists() and not BulkItem.objects.exists()


def test_no_half_made_list(client, member, monkeypatch):
    def broken(*arguments, **more):
        raise RuntimeError

    monkeypatch.setattr(BulkItem.objects, "bulk_create", broken)
    with pytest.raises(RuntimeError):
        client.post("/bulk/", {"domains": "a.test"})
    assert not Bulk.objects.exists()


def test_only_so_many(client, member, monkeypatch):
    monkeypatch.setattr(ledger, "MAX_KEPT", 0)
    answer = client.post("/bulk/", {"domains": "a.test"})
    assert answer.status_code == 400 and "Delete one" in answer.text


def test_without_queue_it_waits(client, member, monkeypatch):
    monkeypatch.setattr(tasks, "wake", lambda: False)
    assert "begins by itself" in client.post("/bulk/", {"domains": "a.test"}, follow=True).text


def test_a_largest_list_is_made_soon(client, member, django_assert_max_num_queries):
    text = "\n".join(f"d{n}.test" for n in range(10_000))
    with django_assert_max_num_queries(150):
        client.post("/bulk/", {"domains": text})
    assert Bulk.objects.get().total == BulkItem.objects.count() == 10_000


# --- teams --------------------------------------------------------------------------------------
@pytest.fixture
def team(owner, other):
    made = Team.objects.create(name="Postmasters")
    Membership.objects.create(team=made, user=owner, role="editor")
    Membership.objects.create(team=made, user=other, role="viewer")
    return made


def test_a_list_of_a_team(client, member, other, team):
    client.post("/bulk/", {"domains": "a.test", "team": team.token})
    bulk = Bulk.objects.get()
    assert (bulk.owner, bulk.team) == (None, team)
    assert "Postmasters" in client.get("/bulk/").text
    viewer = Client()
    viewer.force_login(other)
    page = viewer.get(bulk.get_absolute_url())
    assert page.status_code == 200 and "/pause/" not in page.text and "/delete/" not in page.text
    # A viewer is not offered the team, and cannot name it.
    assert "Postmasters</option>" not in viewer.get("/bulk/").text
    assert viewer.post("/bulk/", {"domains": "a.test", "team": team.token}).status_code == 400


VERBS = ("pause", "resume", "cancel", "again", "publish", "unpublish", "delete")


@pytest.mark.parametrize("role", ["stranger", "other", "viewer", "editor", "owner", "own"])
def test_who_may_what(role, owner, other):
    user = get_user_model().objects.create_user("p")
    made = Team.objects.create(name="T")
    if role in ("viewer", "editor", "owner"):
        Membership.objects.create(team=made, user=user, role=role)
    bulk = make(user, TABLE) if role == "own" else make(owner, TABLE, team=made)
    client = Client()
    if role != "stranger":
        client.force_login(user)
    sees, changes = role in ("viewer", "editor", "owner", "own"), role in ("editor", "owner", "own")
    for page in ("", "results.csv", "results.json", "events/"):
        status = client.get(f"/bulk/{bulk.token}/{page}").status_code
        assert status == (302 if role == "stranger" else 200 if sees else 404), page
    assert client.get(f"/bulk/{bulk.token}/delete/").status_code == (
        302 if role == "stranger" else 200 if changes else 404
    )
    for verb in VERBS:
        status = client.post(f"/bulk/{bulk.token}/{verb}/").status_code
        assert status == (302 if changes or role == "stranger" else 404), verb
        assert client.get(f"/bulk/{bulk.token}/{verb}/").status_code != 200 or verb == "delete"
    assert Bulk.objects.exists() != changes
    if not changes:
        bulk.refresh_from_db()
        assert bulk.state == "waiting" and bulk.public_token is None


def test_posts_need_the_token(owner):
    bulk = make(owner, TABLE)
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post(f"/bulk/{bulk.token}/cancel/").status_code == 403


@pytest.mark.parametrize("token", ["x", "%00", "a" * 300])
def test_tokens_that_are_none(client, member, token):
    for path in (f"/bulk/{token}/", f"/bulk/{token}/events/", f"/adoption/{token}/"):
        assert client.get(path).status_code == 404
    assert client.post(f"/bulk/{token}/pause/").status_code == 404


# --- steering -----------------------------------------------------------------------------------
def test_pause_go_on_end_and_again(client, member, monkeypatch):
    monkeypatch.setattr(tasks, "wake", lambda: True)
    bulk = make(member, TABLE)
    at = bulk.get_absolute_url()
    assert "Pause" in client.get(at).text and "http-equiv" in client.get(at).text
    assert "Paused." in client.post(f"{at}pause/", follow=True).text
    assert "Go on" in client.get(at).text and "http-equiv" not in client.get(at).text
    client.post(f"{at}resume/")
    bulk.refresh_from_db()
    assert bulk.state == "waiting"
    assert "Check 4 unfinished domains again" in client.post(f"{at}cancel/", follow=True).text
    assert "4 domains are checked again" in client.post(f"{at}again/", follow=True).text
    bulk.refresh_from_db()
    assert bulk.state == "waiting"


def test_delete_asks_first(client, member, done):
    page = client.get(f"/bulk/{done.token}/delete/")
    assert "4 domains" in page.text and Bulk.objects.exists()
    answer = client.post(f"/bulk/{done.token}/delete/", follow=True)
    assert "is deleted" in answer.text and not BulkItem.objects.exists()


# --- the table ----------------------------------------------------------------------------------
IDN = "xn--wgv71a119e.test"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["a.test", "b.test", "c.test", IDN]),
        ("?sort=-domain", [IDN, "c.test", "b.test", "a.test"]),
        ("?sort=score", ["c.test", "b.test", "a.test", IDN]),
        ("?sort=-verdict", ["c.test", "b.test", "a.test", IDN]),
        ("?sort=-dmarc", ["a.test", "c.test", "b.test", IDN]),
        ("?sort=country", [IDN, "c.test", "a.test", "b.test"]),
        ("?sort=nonsense&page=x&verdict=y", ["a.test", "b.test", "c.test", IDN]),
        ("?verdict=warning", ["b.test"]),
        ("?verdict=failed", [IDN]),
        ("?feature=dmarc", ["a.test", "c.test"]),
        ("?feature=enforced", ["a.test"]),
        ("?feature=-enforced", ["b.test", "c.test"]),
        ("?feature=-spf", ["c.test"]),
        ("?country=Japan", ["a.test", "b.test"]),
        ("?country=Japan&industry=Banks", ["a.test"]),
        ("?q=B.TEST", ["b.test"]),
        ("?q=日本", [IDN]),
        ("?q=%27%3B--", []),
        ("?q=%00", ["a.test", "b.test", "c.test", IDN]),
    ],
)
def test_sort_and_filter(client, member, done, query, expected):
    answer = client.get(done.get_absolute_url() + query)
    assert shown(answer) == expected
    assert expected or "No domain fits" in answer.text


@pytest.mark.parametrize("column", ["position", "domain", "verdict", "score", *COLUMNS])
def test_every_order_works(client, member, done, column):
    for sign in ("", "-"):
        assert len(shown(client.get(f"{done.get_absolute_url()}?sort={sign}{column}"))) == 4


def test_pages_and_few_questions(client, member, django_assert_max_num_queries):
    bulk = make(member, "\n".join(f"d{n}.test" for n in range(60)))
    ledger.cancel(bulk)
    with django_assert_max_num_queries(16):
        first = client.get(bulk.get_absolute_url())
    assert len(shown(first)) == 25 and "Page 1 of 3" in first.text
    assert len(shown(client.get(f"{bulk.get_absolute_url()}?page=3"))) == 10
    for _ in range(5):
        make(member, "a.test")
    with django_assert_max_num_queries(8):
        client.get("/bulk/")


def test_words_in_both_languages(client, member, done):
    page = client.get(done.get_absolute_url()).text
    assert "DNS gave no answer" in page and "-all" in page and "By country" in page
    assert "Found most often" in page and "/findings/mx-none/" in page
    assert "国別" in client.get(f"/ja{done.get_absolute_url()}").text


def test_names_are_escaped(client, member):
    bulk = make(member, 'domain,country\na.test,"<b>&x"', name="<i>n</i>")
    finish(bulk, result())
    for path in (bulk.get_absolute_url(), "/bulk/", f"{bulk.get_absolute_url()}delete/"):
        page = client.get(path).text
        assert "<i>n" not in page and "<b>&x" not in page


# --- files --------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
async def test_csv(owner, done):
    client = await signed_in(owner)
    text = await body(client, f"{done.get_absolute_url()}results.csv?sort=-score")
    assert text.startswith("\ufeffdomain,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["domain"] for row in rows] == ["a.test", "b.test", "c.test", IDN]
    assert rows[0]["dmarc"] == "reject" and rows[1]["warnings"] == "dmarc-none"
    assert rows[3]["state"] == "failed" and rows[3]["unicode"] == "日本語.test"
    only = await body(client, f"{done.get_absolute_url()}results.csv?country=France")
    assert only.count("\r\n") == 2


@pytest.mark.django_db(transaction=True)
async def test_json(owner, done):
    client = await signed_in(owner)
    made = json.loads(await body(client, f"{done.get_absolute_url()}results.json"))
    assert (made["schema"], made["name"], len(made["domains"])) == (1, "A list", 4)
    assert made["domains"][3]["verdict"] is None and made["domains"][2]["errors"] == ["mx-none"]
    empty = json.loads(await body(client, f"{done.get_absolute_url()}results.json?q=zzz"))
    assert empty["domains"] == []


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\r=x"])
def test_no_cell_is_a_formula(cell):
    assert harmless(cell) == "'" + cell
    assert harmless("a=1") == "a=1" and harmless(-1) == -1


@pytest.mark.django_db(transaction=True)
async def test_formulas_of_the_list_stay_text(owner):
    from asgiref.sync import sync_to_async

    bulk = await sync_to_async(make)(owner, 'domain,country\na.test,"=HYPERLINK(1)"')
    text = await body(await signed_in(owner), f"{bulk.get_absolute_url()}results.csv")
    assert "'=HYPERLINK(1)" in text


def test_the_copy_of_ones_data_has_them(client, member, done):
    copy = client.get("/account/export.json").json()["bulk_checks"]
    assert copy[0]["name"] == "A list" and len(copy[0]["domains"]) == 4


# --- the public page ----------------------------------------------------------------------------
def test_publish_read_and_withdraw(client, member, done):
    at = done.get_absolute_url()
    client.post(f"{at}publish/")
    done.refresh_from_db()
    public = done.public_path
    stranger = Client()
    page = stranger.get(public)
    assert page.status_code == 200 and "3 domains, checked on" in page.text
    assert "a.test" not in page.text and "Japan" in page.text
    assert stranger.get(f"{public}domains.csv").status_code == 404
    figures = stranger.get(f"{public}figures.csv").content.decode()
    assert "dmarc,has,2\r\n" in figures and "a.test" not in figures
    assert "dmarc state,reject,1\r\n" in figures and "country: Japan,total,2\r\n" in figures
    assert stranger.get(f"/ja{public}").status_code == 200
    assert stranger.get(at).status_code == 302
    client.post(f"{at}unpublish/")
    assert stranger.get(public).status_code == 404
    client.post(f"{at}publish/")
    done.refresh_from_db()
    assert done.public_path != public


def test_publish_with_the_list(client, member, done):
    client.post(f"{done.get_absolute_url()}publish/", {"with_list": "1"})
    done.refresh_from_db()
    page = Client().get(f"{done.public_path}?sort=-domain")
    assert shown(page)[0] == IDN and 'action="/check/"' in page.text
    assert Client().get(f"{done.public_path}domains.csv").status_code == 200


def test_nothing_unfinished_is_published(client, member):
    bulk = make(member, TABLE)
    answer = client.post(f"{bulk.get_absolute_url()}publish/", follow=True)
    assert "nothing to publish" in answer.text
    bulk.refresh_from_db()
    assert bulk.public_token is None


# --- events -------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
async def test_events_tell_of_progress_and_the_end(owner, monkeypatch):
    from asgiref.sync import sync_to_async

    from lookups.bulk import bulk_events

    monkeypatch.setattr(bulk_events, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(tasks, "wake", lambda: True)
    bulk = await sync_to_async(make)(owner, TABLE)
    answer = await (await signed_in(owner)).get(f"{bulk.get_absolute_url()}events/")
    chunks = aiter(answer.streaming_content)
    assert (await anext(chunks)).startswith(b"retry:")
    assert "0 of 4 checked" in (await anext(chunks)).decode()
    assert b"still here" in await anext(chunks)
    await sync_to_async(finish)(bulk, result(), result(), result(), "no-dns")
    rest = "".join([chunk.decode() async for chunk in chunks])
    assert "4 of 4 checked" in rest and 'hx-trigger="load"' in rest
    assert rest.rstrip().endswith("event: done\ndata:")


@pytest.mark.django_db(transaction=True)
async def test_events_of_a_deleted_bulk_end(owner, monkeypatch):
    from asgiref.sync import sync_to_async

    from lookups.bulk import bulk_events

    monkeypatch.setattr(bulk_events, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(tasks, "wake", lambda: True)
    bulk = await sync_to_async(make)(owner, TABLE)
    answer = await (await signed_in(owner)).get(f"{bulk.get_absolute_url()}events/")
    chunks = aiter(answer.streaming_content)
    await anext(chunks)
    await sync_to_async(bulk.delete)()
    assert "event: done" in "".join([chunk.decode() async for chunk in chunks])


def test_speed_and_time_left(member, monkeypatch):
    from lookups.bulk.progress import Progress, progress

    bulk = make(member, "\n".join(f"d{n}.test" for n in range(100)))
    assert progress(bulk).time_left == ""
    ago = timezone.now() - timedelta(seconds=4)
    bulk.items.filter(position__lte=50).update(state="done", finished=ago)
    Bulk.objects.update(done=50)
    bulk.refresh_from_db()
    seen = progress(bulk)
    assert 9 <= seen.rate <= 10.1 and seen.time_left in ("about 5 seconds", "about 6 seconds")
    for rate, words in ((0.1, "about 8 minutes"), (0.005, "about 3 hours"), (1e-5, "several days")):
        assert Progress(bulk, rate, ()).time_left == words
