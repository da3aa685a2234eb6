"""Files of a report: spreadsheets open them, Markdown cannot be broken out of."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lookups.sharing.document import MAX_FINDINGS, MAX_TEXT, document, plain
from lookups.sharing.exports import file_name
from lookups.sharing.markdown import code, escaped, fenced, report_markdown
from lookups.sharing.table import cell, csv_text, findings_csv
from tests.lookups.sharing.conftest import SECTIONS
from tests.lookups.watching.conftest import checked, section

pytestmark = pytest.mark.django_db
HOSTILE = "=cmd|' /C calc'!A0`</code>|\n# [x](javascript:alert(1)) <img src=x> \x1b[31m\u202e"


def rows(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def download(room, ending: str, prefix: str = ""):
    room.change(visibility="link")
    return room.browsers["stranger"].get(prefix + room.path(f"report.{ending}"))


# --- the responses -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ending", "type"),
    [("csv", "text/csv"), ("md", "text/markdown"), ("pdf", "application/pdf")],
)
def test_downloads(own, ending, type):
    response = download(own, ending)
    assert response["Content-Type"].startswith(type)
    day = f"{own.report.created:%Y-%m-%d}"
    assert f'filename="mxplain-example.com-{day}.{ending}"' in response["Content-Disposition"]
    assert response["X-Robots-Tag"] == "noindex" and "private" in response["Cache-Control"]
    path = own.path(f"report.{ending}")
    again = own.browsers["stranger"].get(path, headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304 and not again.content
    japanese = own.browsers["stranger"].get(
        "/ja" + path, headers={"If-None-Match": response["ETag"]}
    )
    assert japanese.status_code == 200
    assert own.browsers["stranger"].post(path).status_code == 405


@pytest.mark.parametrize("ending", ["csv", "md", "pdf"])
def test_unfinished_and_failed_reports(own, ending):
    half = {"mx": SECTIONS["mx"] | {"complete": False}, "spf": SECTIONS["spf"]}
    own.change(state="running", status="", score=None, finished=None, sections=half)
    response = download(own, ending)
    assert response.status_code == 200 and "ETag" not in response
    own.change(state="failed", failure="crash", sections={})
    assert download(own, ending).status_code == 200
    own.report.refresh_from_db()
    assert "Verdict: **Check failed**" in report_markdown(document(own.report, "en"))


def test_menu(own):
    page = own.browsers["owner"].get(own.path()).text
    for ending in ("pdf", "csv", "md", "json"):
        assert f'href="{own.path(f"report.{ending}")}"' in page


# --- CSV ------------------------------------------------------------------------------------------
def test_csv_in_both_languages(own):
    english = rows(download(own, "csv").content.decode())
    assert english[0] == ["Topic", "Verdict", "ID", "Finding", "Meaning", "Remedy", "Evidence"]
    assert [row[2] for row in english[1:]] == ["mx-found", "spf-found"]
    japanese = rows(download(own, "csv", "/ja").content.decode())
    assert japanese[0][0] == "項目" and japanese[1][1] == "異常なし"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])  # noqa: RUF001
def test_no_cell_is_a_formula(sign):
    assert cell(sign + "1+1").startswith("'")
    assert cell("  " + sign + "1+1").startswith("'")
    assert cell("a" + sign) == "a" + sign
    assert cell(-5) == "-5" and cell(None) == ""


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1)))
def test_csv_reads_back(table):
    found = rows(csv_text(table))
    assert found == [[cell(value) for value in row] for row in table]


def test_history_as_csv(own):
    checked(own.watch, 5, sections={"spf": section("spf-loop")}, status="error", score=40)
    checked(own.watch, 6, state="failed", status="", score=None)
    response = own.browsers["owner"].get(f"/domains/{own.watch.token}/history.csv")
    found = rows(response.content.decode())
    assert found[0] == ["Checked (UTC)", "Verdict", "Score", "Changes", "Report"]
    assert [row[1] for row in found[1:]] == ["In order", "Broken", "Check failed"]
    assert [row[2] for row in found[1:]] == ["90", "40", ""]
    assert int(found[1][3]) > 0 and found[2][3] == ""
    assert found[1][4].endswith(own.path())


def test_long_history_in_few_queries(own, django_assert_max_num_queries):
    for hours in range(1, 120):
        checked(own.watch, hours, sections=SECTIONS)
    with django_assert_max_num_queries(20):
        response = own.browsers["owner"].get(f"/domains/{own.watch.token}/history.csv")
    found = rows(response.content.decode())
    assert len(found) == 121 and [row[3] for row in found[1:-1]] == ["0"] * 119


# --- Markdown ------------------------------------------------------------------------------------
def tokens(text: str) -> list:
    """Everything that a reader makes of it, with tables and links of bare addresses."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found = []
    for token in parser.parse(text):
        found += [token, *(token.children or [])]
    return found


@given(st.text(max_size=60))
def test_text_stays_text(text):
    text = text.strip()
    kinds = {token.type for token in tokens(escaped(text))}
    allowed = {"paragraph_open", "paragraph_close", "inline", "text", "hardbreak", "softbreak",
               "text_special"}  # fmt: skip
    assert kinds <= allowed
    shown = "".join(t.content for t in tokens(escaped(text)) if t.type in ("text", "text_special"))
    assert shown.split() == plain(text).split() or "\n" in plain(text)


@given(st.lists(st.text(alphabet="`~ab \n#", max_size=12), max_size=5))
def test_code_stays_code(lines):
    found = [token.type for token in tokens(fenced([plain(line) for line in lines]) + "\n\nafter")]
    assert found == ["fence", "paragraph_open", "inline", "text", "paragraph_close"]


@given(st.text(alphabet="`ab |", min_size=1, max_size=12))
def test_code_in_a_line_stays_code(text):
    found = [token for token in tokens(f"x {code(text)} y") if token.type == "code_inline"]
    assert len(found) == 1


def hostile_report(own):
    findings = {"id": "mx-host-missing", "parameters": {"host": HOSTILE}, "evidence": [
        {"name": HOSTILE, "type": "A"}]}  # fmt: skip
    records = {"raw": [{"name": HOSTILE, "type": "TXT", "value": "```\n" + HOSTILE}], "hosts": []}
    own.report.sections = SECTIONS | {
        "spf": section() | {"findings": [findings] * (MAX_FINDINGS + 5), "records": records}
    }
    own.report.save()
    return own.report


@pytest.mark.parametrize("language", ["en", "ja"])
def test_hostile_report(own, language):
    found = document(hostile_report(own), language)
    text = report_markdown(found)
    kinds = {token.type for token in tokens(text)}
    assert not kinds & {"html_block", "html_inline", "image"}
    links = {t.attrs["href"] for t in tokens(text) if t.type == "link_open"}
    assert links and all(link.startswith("http") for link in links)
    assert "\x1b" not in text and "\u202e" not in text
    for row in rows(findings_csv(found)):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    spf = next(part for part in found.parts if part.topic == "spf")
    assert spf.cut and len(spf.items) == MAX_FINDINGS


def test_too_long_is_cut():
    assert len(plain("x" * 1_000_000)) < MAX_TEXT + 10


def test_file_names_are_harmless():
    import datetime

    day = datetime.date(2030, 1, 2)
    assert file_name('a"b/../c\r\n.test', day, "csv") == "mxplain-a_b_.._c__.test-2030-01-02.csv"
    assert len(file_name("x" * 250, day, "csv")) < 160


def test_comparison_as_markdown(own):
    old = {"spf": section("spf-loop", raw=[("example.com", "TXT", "v=spf1 a -all `|")])}
    before = checked(own.watch, 5, sections=old, status="error", score=40)
    path = f"/domains/{own.watch.token}/compare.md?a={before.token}&b={own.report.token}"
    text = own.browsers["owner"].get(path).text
    assert text.startswith("# What changed: example.com")
    assert "```diff\n- v=spf1 a -all `|\n+ v=spf1 -all\n```" in text
    assert "**Broken** → **In order**" in text
    japanese = own.browsers["owner"].get("/ja" + path).text
    assert "**障害** → **異常なし**" in japanese
    same = f"/domains/{own.watch.token}/compare.md?a={before.token}&b={before.token}"
    assert "Nothing changed" in own.browsers["owner"].get(same).text
    assert own.browsers["other"].get(path).status_code == 404
    assert own.browsers["owner"].get(path + "x").status_code == 404
