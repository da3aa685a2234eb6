"""PDFs of real lessons in both languages, read again with pypdf."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from lookups.engine.report import TOPICS
from lookups.models import Report
from lookups.presentation import status_of
from lookups.score import score
from lookups.sharing.document import MAX_FINDINGS, Document, document
from lookups.sharing.markdown import report_markdown
from lookups.sharing.pdf import report as pdf_report
from lookups.sharing.pdf.letters import MONO, TEXT, Style, drawable, lines, width_of
from lookups.sharing.pdf.pages import MAX_PAGES
from lookups.sharing.pdf.report import Busy, report_pdf
from lookups.sharing.table import findings_csv
from tests.lookups.engine.lessons import whole_report
from tests.lookups.watching.conftest import section

LESSONS = (
    "perfect", "no-mail", "null-mx", "strange-names", "crowded", "many-mx", "spf-loop",
    "dmarc-none", "nothing", "servfail", "alias",
)  # fmt: skip


def read(content: bytes) -> tuple[PdfReader, str]:
    """The file and its text, without the spaces that lines break at."""
    reader = PdfReader(io.BytesIO(content))
    text = "".join(page.extract_text() for page in reader.pages)
    return reader, unicodedata.normalize("NFKC", "".join(text.split()))


def squeezed(text: str) -> str:
    return unicodedata.normalize("NFKC", "".join(text.split()))


async def finished(lesson: str) -> Report:
    sections = {topic: s.as_json() for topic, s in (await whole_report(lesson)).items()}
    return of_sections(sections, f"{lesson}.classroom.test")


def of_sections(sections, domain: str) -> Report:
    return Report(
        token="t" * 22, domain=domain, state="done", sections=sections,
        status=status_of(sections.values()), score=score(sections).total,
    )  # fmt: skip


@pytest.mark.parametrize("lesson", LESSONS)
async def test_lessons(classroom, lesson):
    report = await finished(lesson)
    for language in ("en", "ja"):
        found = document(report, language)
        assert report_markdown(found).count("\n## ") == len(found.parts)
        assert findings_csv(found)
        reader, text = read(report_pdf(found))
        assert reader.metadata.title.endswith(("classroom.test", "メールDNS", "検査結果"))
        assert 1 < len(reader.pages) < MAX_PAGES
        for part in found.parts:
            assert squeezed(part.title) in text
            for item in part.items:
                assert squeezed(drawable(item.title, TEXT)) in text
        assert f"1/{len(reader.pages)}" in text
        titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
        assert titles == [part.title for part in found.parts]
        assert reader.trailer["/Root"]["/Lang"] == language


def a_document(**fields) -> Document:
    usual = {"state": "done", "token": "t" * 22, "domain": "example.com", "sections": {}}
    return document(Report(**usual | fields), "en")


def test_links_lead_to_the_report_and_the_findings():
    content = report_pdf(a_document(sections={"spf": section("spf-found")}))
    reader, _ = read(content)
    links = {
        note.get_object()["/A"]["/URI"] for page in reader.pages for note in page.get("/Annots", [])
    }
    assert any(link.endswith(f"/r/{'t' * 22}/") for link in links)
    assert any(link.endswith("/findings/spf-found/") for link in links)
    assert any("rfc-editor.org" in link for link in links)


def test_names_that_cannot_be_drawn():
    """An Arabic domain is named by its A-labels; in records it stands as numbers."""
    _, text = read(report_pdf(a_document(domain="xn--mgbh0fb.test")))
    assert "xn--mgbh0fb.test" in text
    raw = [("😀.test", "TXT", "日本語 ﷽ \x00\x1b \ud800")]
    _, text = read(report_pdf(a_document(sections={"spf": section(raw=raw)})))
    assert "[U+1F600].test" in text and "日本語" in text and "[U+FDFD]" in text


def test_hostile_sizes_end_in_time():
    finding = {"id": "mx-host-missing", "parameters": {"host": "鬱x" * 50_000}, "evidence": []}
    raw = [("a" * 5000, "TXT", "b" * 70_000)] * 600
    huge = section(raw=raw) | {"findings": [finding] * (MAX_FINDINGS + 1)}
    reader, text = read(report_pdf(a_document(sections=dict.fromkeys(TOPICS, huge))))
    assert len(reader.pages) == MAX_PAGES
    assert "Therestisleftouthere." in text


def test_one_at_a_time(monkeypatch):
    monkeypatch.setattr(pdf_report, "WAIT_SECONDS", 0.01)
    with pdf_report._turn, pytest.raises(Busy):
        report_pdf(a_document())
    assert report_pdf(a_document()).startswith(b"%PDF")


@pytest.mark.django_db
def test_busy_is_said_with_when_to_come_again(client, monkeypatch):
    monkeypatch.setattr(pdf_report, "WAIT_SECONDS", 0.01)
    report = Report.objects.create(domain="example.com", state="done")
    with pdf_report._turn:
        response = client.get(f"/r/{report.token}/report.pdf")
    assert response.status_code == 503 and response["Retry-After"]


@given(st.text(max_size=200), st.sampled_from([TEXT, MONO]), st.floats(40, 400))
def test_lines_lose_nothing_and_fit(text, font, width):
    style = Style(font, 9, 12)
    found = lines(text, style, width)
    assert all(width_of(line, style) <= width + 0.01 for line in found if len(line) > 1)
    kept = "".join("".join(found).split())
    assert kept == "".join(drawable(text.replace("\n", " ").replace("\t", " "), font).split())
