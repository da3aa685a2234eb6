"""“Would this mail pass?”: the form, the page in both languages, the command, the picture."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from lookups.drawings.alignment import BOX_HEIGHT, MAX_ROWS, alignment
from lookups.engine.delivery import Advice, Signature
from lookups.engine.delivery.alignment import Identifier
from lookups.engine.delivery.judge import VERDICTS
from lookups.engine.delivery.mail import DKIM_RESULTS
from lookups.engine.delivery.ruling import DISPOSITIONS, Ruling
from lookups.tools.delivery import advice_words, words
from lookups.tools.delivery.fields import NULL
from lookups.tools.delivery.would_pass import TOOL, examples
from tests.lookups.commands import manage
from tests.lookups.tools.tooling import form_of, result_of

PAGE = "/tools/would-it-pass/"
PERFECT = "perfect.classroom.test"


def form(**data):
    return form_of(TOOL, **{"ip": "192.0.2.1", "header_from": "a@example.com"} | data)


# --- the form ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("alice@example.com", "alice@example.com"),
        ('"Alice, of sales" <alice@Example.COM>', "alice@example.com"),
        ("example.com", "postmaster@example.com"),
        ("mailto:a@例え.jp", "a@xn--r8jz45g.jp"),
        ("a+b=c@example.com.", "a+b=c@example.com"),
        ("alice＠example.com", "alice@example.com"),  # noqa: RUF001
    ],
)
def test_addresses_are_reduced(text, address):
    filled = form(header_from=text, mail_from=text)
    assert filled.is_valid(), filled.errors
    assert str(filled.cleaned_data["header_from"]) == address
    assert str(filled.cleaned_data["mail_from"]) == address


@pytest.mark.parametrize("text", ["", "<>", "alice", "a@b_c.example", "a@[192.0.2.1]", "x" * 300])
def test_from_needs_a_domain(text):
    assert "header_from" in form(header_from=text).errors


def test_mail_from_may_be_left_out_or_null():
    for text, cleaned in (("", None), ("<>", NULL), (" <> ", NULL)):
        filled = form(mail_from=text)
        assert filled.is_valid() and filled.cleaned_data["mail_from"] == cleaned


@pytest.mark.parametrize(
    ("text", "usual", "signatures"),
    [
        ("", "pass", ()),
        ("example.com", "none", (Signature("example.com", "none"),)),
        ("example.com", "pass", (Signature("example.com", "pass"),)),
        ("d=example.com pass; d=example.net", "fail",
         (Signature("example.com", "pass"), Signature("example.net", "fail"))),
        ("header.d=Example.com:PERMERROR", "none", (Signature("example.com", "permerror"),)),
        ("a.example=fail、b.example=pass", "none",
         (Signature("a.example", "fail"), Signature("b.example", "pass"))),
    ],
)  # fmt: skip
def test_signatures(text, usual, signatures):
    filled = form(dkim=text, dkim_result=usual)
    assert filled.is_valid(), filled.errors
    assert filled.cleaned_data["signatures"] == signatures


@pytest.mark.parametrize("text", ["pass", "example.com pass fail", "nonsense", "a.example," * 11])
def test_signatures_that_are_refused(text):
    assert list(form(dkim=text).errors) == ["dkim"]


@pytest.mark.parametrize("helo", ["a b", "a\u202eb", "x" * 256])
def test_helo_that_is_refused(helo):
    assert list(form(helo=helo).errors) == ["helo"]


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_typed_is_taken_or_refused(author, sender, helo, dkim):
    filled = form(header_from=author, mail_from=sender, helo=helo, dkim=dkim)
    if filled.is_valid():
        data = filled.cleaned_data
        assert data["header_from"].domain.isascii()
        assert all(signature.result in DKIM_RESULTS for signature in data["signatures"])


# --- the classroom ----------------------------------------------------------------------------

EXPECTED = (
    ("pass", "deliver"),
    ("reject", "reject"),
    ("pass", "deliver"),
    ("reject", "reject"),
    ("reject", "reject"),
    ("quarantine", "quarantine"),
    ("quarantine", "quarantine"),
    ("reject", "reject"),
    ("monitor", "deliver"),
    ("unprotected", "deliver"),
)


@pytest.mark.parametrize("number", range(len(EXPECTED)))
async def test_examples_show_what_they_promise(number, classroom):
    _, query = examples()[number]
    said = (await result_of(TOOL, query)).as_json()
    assert (said["verdict"], said["dmarc"]["disposition"]) == EXPECTED[number]
    assert len(examples()) == len(EXPECTED)


async def test_the_older_dmarc_is_told_where_it_differs(classroom):
    name = "office.dmarc-parent.classroom.test"
    made = await result_of(TOOL, ip="198.18.99.99", header_from=name,
                           dkim="dmarc-parent.classroom.test=pass")  # fmt: skip
    assert made.as_json()["dmarc"]["older"]["reasons"] == ["organization"]
    assert "Public Suffix List" in " ".join(made.older)


async def test_limits_and_nesting_of_spf_are_told(classroom):
    made = await result_of(TOOL, ip="198.18.99.99", header_from="spf-lookups.classroom.test")
    said = made.as_json()["spf"]["mailfrom"]
    assert (said["result"], said["lookups"]) == ("permerror", 10)
    assert said["record"]["steps"][1]["record"]["steps"][0]["lookup"] == 3
    lines = list(made.lines())
    assert any("10/10" in line and line.lstrip().startswith(">") for line in lines)


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["", "/ja"])
@pytest.mark.parametrize("number", range(len(EXPECTED)))
def test_the_page_tells_the_story(number, prefix, client, classroom):
    answer = client.get(f"{prefix}{PAGE}?{examples()[number][1]}")
    page = answer.content.decode()
    assert answer.status_code == 200
    for part in ("spf", "dkim", "alignment", "dmarc", "advice"):
        assert f'id="pass-{part}"' in page
    assert page.count('role="img"') >= 2 and "would-pass" in page
    given = dict(parse_qsl(examples()[number][1]))
    assert given["header_from"].partition("@")[2] in page


@pytest.mark.django_db
def test_a_private_address_is_judged_and_said_so(client, classroom):
    page = client.get(PAGE, {"ip": "10.1.2.3", "header_from": PERFECT}).content.decode()
    assert "This is a private address" in page and "ip4:10.1.2.3" not in page


@pytest.mark.django_db
def test_an_error_names_its_field_in_japanese(client):
    answer = client.get(f"/ja{PAGE}", {"ip": "192.0.2.1", "header_from": "a", "dkim": "?"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert 'href="#id_header_from"' in page and 'href="#id_dkim"' in page


# --- words and the picture --------------------------------------------------------------------

PARAMETERS = {
    name: "example.com"
    for name in ("domain", "given", "author", "term", "record", "result", "tag", "ip", "scope",
                 "policy", "detail", "disposition")
} | {"why": "lookup-limit"}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ja"])
def test_there_are_words_for_every_code(language):
    with translation.override(language):
        for code in Advice.CODES:
            told = advice_words.told(Advice(code, PARAMETERS))
            assert told.text and "%(" not in told.text and all(title for _, title in told.articles)
        for verdict in VERDICTS:
            assert words.verdict_title(verdict) and words.severity(verdict)
        for result, disposition in zip(("pass", "fail", "fail", "temperror"), DISPOSITIONS,
                                       strict=True):  # fmt: skip
            ruling = Ruling("", "", "", "none", "p", False, "none", result, disposition)
            assert words.disposition(ruling)


def test_every_article_that_advice_leads_to_exists():
    from learn.articles import article

    for slugs in advice_words.ARTICLES.values():
        for slug in slugs:
            assert article(slug, "en") and article(slug, "ja") and advice_words.article(slug)


async def test_the_picture_keeps_what_counts(classroom):
    dkim = ", ".join([*(f"d{n}.example=fail" for n in range(8)), f"{PERFECT}=pass"])
    made = await result_of(TOOL, ip="198.18.99.99", header_from=PERFECT, dkim=dkim)
    drawing = alignment(made.judged)
    assert len(drawing.rows) == MAX_ROWS and drawing.more == 4 and drawing.passes
    assert [row.mark for row in drawing.rows if row.identifier.counts] == ["good"]
    assert drawing.height >= drawing.rows[-1].y + BOX_HEIGHT
    assert all(one.reason in Identifier.REASONS for one in made.judged.identifiers)


# --- the command ------------------------------------------------------------------------------


def test_command_json():
    done = manage("would-pass", "198.18.1.1", f"alice@{PERFECT}", "--dkim", PERFECT,
                  "--dkim-result", "pass", "--format", "json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert set(said) == {"mail", "spf", "dkim", "alignment", "dmarc", "verdict", "advice"}
    assert said["verdict"] == "pass" and said["dmarc"]["applied"] == "p"
    assert said["advice"] == [
        {"code": "all-set",
         "text": "Nothing is to be done: two proofs hold, and forged mail is stopped."}
    ]  # fmt: skip


def test_command_text_in_japanese():
    done = manage("would-pass", "198.18.99.9", PERFECT, "--mail-from", "<>", "--helo",
                  f"mx1.{PERFECT}", "--language", "ja")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("通りません。拒否されます")
    assert f"SPF (HELO) postmaster@mx1.{PERFECT}: none" in done.stdout


@pytest.mark.parametrize(
    "arguments", [(), ("192.0.2.1",), ("1.2.3", "example.com"),
                  ("192.0.2.1", "example.com", "--dkim", "pass"),
                  ("192.0.2.1", "example.com", "--dkim-result", "perhaps")],
)  # fmt: skip
def test_command_refuses_bad_input(arguments):
    assert manage("would-pass", *arguments).returncode == 2
