"""The quiz of each article: whole in both languages, and judged rightly with and without htmx."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from learn.articles import article, articles
from learn.models import Progress
from learn.quiz import UnknownAnswer, chosen, judge

SLUGS = [found.slug for found in articles("en")]
LANGUAGES = [code for code, _ in settings.LANGUAGES]
SLUG = "mx-preference"
RIGHT = {f"q{n}": str(q.right) for n, q in enumerate(article(SLUG, "en").quiz, 1)}
HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize("slug", SLUGS)
def test_every_article_has_one_in_every_language(slug):
    for language in LANGUAGES:
        quiz = article(slug, language).quiz
        assert len(quiz) >= 3
        for question in quiz:
            assert question.question and question.why
            assert len(question.answers) >= 3 == len(set(question.answers[:3]))
            assert 0 <= question.right < len(question.answers)
    shapes = [[(q.right, len(q.answers)) for q in article(slug, code).quiz] for code in LANGUAGES]
    assert all(shape == shapes[0] for shape in shapes), "the languages disagree on what is right"
    assert len({right for right, _ in shapes[0]}) > 1, "the right answer always stands in one place"


def test_judging():
    questions = article(SLUG, "en").quiz
    none = judge(questions, {})
    assert not none.tried and not none.all_right and none.missing == 3
    some = judge(questions, {1: questions[0].right, 2: (questions[1].right + 1) % 3})
    assert (some.right, some.missing, some.all_right) == (1, 1, False)
    assert [(q.answered, q.right) for q in some.questions] == [
        (True, True), (True, False), (False, False),
    ]  # fmt: skip
    every = judge(questions, {n: q.right for n, q in enumerate(questions, 1)})
    assert every.all_right and every.missing == 0


def test_an_article_without_questions_is_not_passed():
    assert not judge((), {}).all_right


@given(st.dictionaries(st.sampled_from(["q1", "q2", "q3", "q4", "x"]), st.text(max_size=5)))
def test_only_answers_on_offer_are_taken(data):
    questions = article(SLUG, "en").quiz
    try:
        found = chosen(questions, data)
    except UnknownAnswer:
        assert any(data.get(f"q{n}", "") not in ("", "0", "1", "2") for n in (1, 2, 3))
    else:
        assert all(0 <= value < 3 for value in found.values())


@pytest.mark.parametrize(
    ("prefix", "right", "wrong"),
    [("", "Right.", "Not right."), ("/ja", "正解です。", "不正解です。")],
)
@pytest.mark.django_db
def test_without_a_script_the_answers_become_an_address_with_the_verdict(
    client, prefix, right, wrong
):
    page = client.get(f"{prefix}/learn/{SLUG}/")
    assert page.text.count("<fieldset") == 3 == page.text.count("<legend")
    assert right not in page.text and "quiz-verdict" not in page.text
    answers = RIGHT | {"q2": "0"}
    response = client.post(f"{prefix}/learn/{SLUG}/?track=start", answers)
    assert response.status_code == 302
    where = response["Location"]
    assert where == f"{prefix}/learn/{SLUG}/?track=start&q1=1&q2=0&q3=0#quiz"
    page = client.get(where)
    assert page.status_code == 200
    assert page.text.count(f"<strong>{right}</strong>") == 2
    assert page.text.count(f"<strong>{wrong}</strong>") == 1
    language = "ja" if prefix else "en"
    assert all(q.why in page.text.replace("&#x27;", "'") for q in article(SLUG, language).quiz)
    again = client.post(f"{prefix}/learn/{SLUG}/?track=start", answers | {"again": "1"})
    assert again["Location"] == f"{prefix}/learn/{SLUG}/?track=start#quiz"
    assert not Progress.objects.exists()


def test_an_answer_left_open_is_told(client):
    page = client.get(f"/learn/{SLUG}/?q1=1")
    assert "1 of 3 right." in page.text and "2 questions are not answered yet." in page.text


@pytest.mark.parametrize("value", ["3", "-1", "x", "１", "9" * 5000, "0\0"])
@pytest.mark.parametrize(
    ("prefix", "says"), [("", "not among those on offer"), ("/ja", "選択肢にありません")]
)
def test_answers_that_are_not_on_offer(client, prefix, says, value):
    for send in (client.get, client.post):
        page = send(f"{prefix}/learn/{SLUG}/", {"q1": value})
        assert page.status_code == 400 and says in page.text
        assert 'role="alert"' in page.text


def test_no_answer_at_all(client):
    page = client.post(f"/learn/{SLUG}/")
    assert page.status_code == 400 and "Choose an answer to each question first." in page.text
    assert client.post("/learn/none-such/", RIGHT).status_code == 404


@pytest.mark.django_db
def test_in_the_page_htmx_gets_the_quiz_alone(client):
    fragment = client.post(f"/learn/{SLUG}/", RIGHT, headers=HTMX)
    assert fragment.status_code == 200 and "<html" not in fragment.text
    assert f'data-all-right="{SLUG}"' in fragment.text and "All answers are right." in fragment.text
    assert 'id="progress"' not in fragment.text, "signed out, the browser keeps the mark"
    again = client.post(f"/learn/{SLUG}/", {"again": "1"}, headers=HTMX)
    assert "quiz-verdict" not in again.text and again.text.count("autofocus") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_all_right_marks_the_article_in_the_account(client, headers):
    client.force_login(User.objects.create_user("anna"))
    client.post(f"/learn/{SLUG}/", RIGHT | {"q2": "0"}, headers=headers)
    client.get(f"/learn/{SLUG}/", RIGHT)
    assert not Progress.objects.exists(), "one is wrong, or it was only looked at"
    for _ in range(2):
        response = client.post(f"/learn/{SLUG}/", RIGHT, headers=headers)
    assert [mark.slug for mark in Progress.objects.all()] == [SLUG]
    if headers:
        assert 'id="progress"' in response.text and 'hx-swap-oob="true"' in response.text
