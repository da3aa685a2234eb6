"""Sharing a report, taking it away as files, and the badge of a domain, in a real browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from .axe import PHONE, violations
from .conftest import wait_until
from .test_watching import until_done

pytestmark = pytest.mark.e2e


def checked(page: Page, site, domain: str = "dmarc-none.classroom.test") -> str:
    """The address of a finished report in the person's own history."""
    page.goto(site.url + "/domains/")
    page.locator("#add-domain").fill(domain)
    page.get_by_role("button", name="Add and check").click()
    until_done(page)
    page.reload()
    return page.url


def share(page: Page, who: str, ends: str = "without an end") -> None:
    page.locator(".sharing > summary").click()
    page.get_by_label(who).check()
    page.locator("#share-ends").select_option(label=ends)
    page.locator(".sharing").get_by_role("button", name="Save").click()


def test_share_revoke_undo_and_a_new_link(visit, site):
    page = visit("/domains/", member="sharer@example.com")
    address = checked(page, site)
    guest = visit("/")
    assert guest.goto(address).status == 404

    share(page, "Whoever has the link", "for one week")
    expect(page.locator(".messages")).to_contain_text("Whoever has the link can read this report")
    guest.goto(address)
    expect(guest.locator("h1")).to_contain_text("dmarc-none.classroom.test")
    expect(guest.locator(".sharing")).to_have_count(0)

    page.locator(".sharing > summary").click()
    page.get_by_role("button", name="Revoke the link").click()
    guest.reload()
    expect(guest.locator("h1")).to_have_text("This link no longer works")
    page.locator(".messages").get_by_role("button", name="Undo").last.click()
    guest.reload()
    expect(guest.locator("h1")).to_contain_text("dmarc-none.classroom.test")

    page.locator(".sharing > summary").click()
    page.get_by_role("button", name="Make a new link").click()
    page.wait_for_url(lambda url: url != address)
    assert guest.goto(address).status == 404
    assert guest.goto(page.url).status == 200

    page.goto(site.url + "/saved/")
    expect(page.locator(".saved-row .tag").first).to_have_text("Link")
    page.locator(".saved-actions summary").get_by_text("Link", exact=True).click()
    page.get_by_role("link", name="Change who can read it").click()
    expect(page.get_by_label("Only me")).to_be_visible()


def test_an_end_is_asked_for_only_where_it_is_a_date(visit, site):
    page = visit("/domains/", member="dates@example.com")
    checked(page, site)
    page.locator(".sharing > summary").click()
    expect(page.locator("#share-date")).to_be_hidden()
    page.locator("#share-ends").select_option("date")
    page.locator(".sharing").get_by_role("button", name="Save").click()
    expect(page.locator("#share-date_error")).to_be_visible()
    page.locator("#share-date").fill("2035-01-31")
    page.get_by_label("Whoever has the link").check()
    page.locator(".sharing").get_by_role("button", name="Save").click()
    expect(page.locator(".permalink-note")).to_contain_text("until 2035-02-01 00:00 UTC")


def test_files(visit, site, reports, tmp_path):
    page = visit("/ja" + reports["strange-names"])
    page.locator(".exports > summary").click()
    for name, ending in (("PDF", "pdf"), ("CSV", "csv"), ("Markdown", "md")):
        with page.expect_download() as started:
            page.locator(".exports").get_by_role("link", name=name).click()
        file = started.value
        assert re.fullmatch(
            rf"mxplain-strange-names\.classroom\.test-[\d-]+\.{ending}", file.suggested_filename
        )
        file.save_as(tmp_path / ending)
    assert "メールサーバー" in PdfReader(tmp_path / "pdf").pages[0].extract_text()
    for ending in ("csv", "md"):
        assert "メールサーバー" in Path(tmp_path / ending).read_text("utf-8-sig")


def test_on_paper_everything_is_unfolded(visit, site, reports, tmp_path):
    page = visit(reports["perfect"])
    page.pdf(path=tmp_path / "paper.pdf", format="A4")
    text = "".join(p.extract_text() for p in PdfReader(tmp_path / "paper.pdf").pages)
    squeezed = "".join(text.split())
    assert reports["perfect"] in squeezed
    assert "Whyitmatters" in squeezed and "rfc-editor.org" in squeezed
    assert "Copylink" not in squeezed and "Checkagain" not in squeezed


@contextmanager
def another_site(body: str) -> Iterator[str]:
    """The address of a page that is not ours."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def test_badge_on_another_site(visit, site):
    page = visit("/domains/", member="badge@example.com")
    checked(page, site)
    page.get_by_role("link", name="In the history of").click()
    page.locator("#badge > summary").click()
    page.get_by_role("button", name="Switch the badge on").click()
    page.locator("#badge-topic").select_option("dmarc")
    page.locator("#badge-style").select_option("postmark")
    page.locator("#badge").get_by_role("button", name="Show").click()
    image = page.locator(".badge-preview img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.complete && image.naturalWidth > 60")
    snippet = page.locator("#badge-html").input_value()
    path = re.search(r"(/badge/[\w-]{22}\.svg\?style=postmark&amp;topic=dmarc)", snippet)
    assert path

    with another_site(f'<img src="{site.url}{path[1]}">') as url:
        elsewhere = visit("/healthz")
        elsewhere.goto(url)
        assert wait_until(lambda: elsewhere.evaluate("document.images[0].naturalWidth"), 5) > 60
        assert elsewhere.context.cookies(site.url) == []

    page.get_by_role("button", name="Switch it off").click()
    assert page.request.get(site.url + path[1].replace("&amp;", "&")).status == 404


def test_no_violations(visit, site):
    page = visit("/domains/", member="axe-sharing@example.com")
    report = checked(page, site, "no-mail.classroom.test")  # perfect is in test_axe
    page.get_by_role("link", name="In the history of").click()
    page.locator("#badge > summary").click()
    page.get_by_role("button", name="Switch the badge on").click()
    domain = page.url.partition("?")[0] + "?badge-style=flat"
    assert violations(page, [report, domain, site.url + "/saved/"]) == []


def test_on_a_phone_without_javascript_in_japanese(visit, site, reports):
    page = visit("/ja" + reports["crowded"], viewport=PHONE, javascript=False)
    page.locator(".exports > summary").click()
    expect(page.locator(".exports").get_by_role("link", name="PDF")).to_be_visible()
