"""The whole running site, and a real browser that fails the test on any script or CSP error."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from .crawl import Crawl, crawl, make_report

ROOT = Path(__file__).parents[2]
PREPARED: list[Path] = []  # by the first site that ran, for all others
REPORT_SECONDS = 8  # and no more, so that tests with silent servers come to an end soon
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@dataclass
class Site:
    """The site as `bin/serve` runs it, with a var folder of its own."""

    url: str
    var: Path
    process: subprocess.Popen[str]
    environment: Mapping[str, str]
    members: subprocess.Popen[str] | None = None

    def pids(self, needle: str) -> list[int]:
        """Processes of this site whose command line holds `needle`."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (path / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            # Redis writes its title over its environment; its socket's path is in the title.
            ours = f"MXPLAIN_VAR={self.var}" in environment or str(self.var) in command
            if needle in command and ours:
                found.append(int(path.name))
        return found

    def newest_mail(self) -> str:
        """The last mail that the site sent."""
        files = sorted((self.var / "mail").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return files[-1].read_text()

    def session_of(self, email: str, language: str) -> str:
        """The session cookie of a new member, without the way through the pages."""
        if self.members is None:
            self.members = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.e2e.members"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self.members.stdin and self.members.stdout
        self.members.stdin.write(f"{language} {email}\n")
        self.members.stdin.flush()
        session = self.members.stdout.readline().strip()
        assert session, f"no member {email} could be made"
        return session


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_site(var: Path, port: int, **extra: str) -> Site:
    """Starts the site and returns when it answers. `extra`: environment variables."""
    environment = {name: v for name, v in os.environ.items() if not name.startswith("MXPLAIN_")}
    for name in ("REDIS_URL", "DATABASE_URL", "PUBLIC_URL", "ALLOWED_HOSTS"):
        environment.pop(name, None)
    environment |= {
        "MXPLAIN_VAR": str(var),
        "MXPLAIN_RESOLVERS": "127.0.0.1:9",  # nothing listens: no test reaches the outside
        "MXPLAIN_EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        # One address asks for everything here, as often as the tests need it.
        **dict.fromkeys(
            (
                "MXPLAIN_LIMIT_LOOKUPS",
                "MXPLAIN_LIMIT_LOOKUPS_ACCOUNT",
                "MXPLAIN_LIMIT_WORK",
                "MXPLAIN_LIMIT_WORK_ACCOUNT",
                "MXPLAIN_LIMIT_DELIVERIES",
                "MXPLAIN_LIMIT_DOMAIN",
            ),
            "off",
        ),
        "MXPLAIN_LIMIT_STREAMS": "0",
        "MXPLAIN_LIMIT_LOGIN": "9999/m/ip",
        "MXPLAIN_LIMIT_SIGNUP": "9999/m/ip",
        **extra,
    }
    if PREPARED:
        shutil.copytree(PREPARED[0], var, dirs_exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    site = Site(f"http://localhost:{port}", var, process, environment)
    assert process.stdout is not None
    for line in process.stdout:
        if "MXplain is at" in line:
            if not PREPARED:
                PREPARED.append(_keep_prepared(var))
            return site
    raise RuntimeError("the site did not start")


def _keep_prepared(var: Path) -> Path:
    """A copy of what a site makes before it starts and never again: most of what a start costs."""
    kept = Path(tempfile.mkdtemp(prefix="mxplain-prepared-"))
    atexit.register(shutil.rmtree, kept, ignore_errors=True)
    shutil.copytree(var / "static", kept / "static")
    for path in var.glob("*.sqlite3"):
        with (
            closing(sqlite3.connect(path)) as old,
            closing(sqlite3.connect(kept / path.name)) as new,
        ):
            old.backup(new)
    return kept


def stop_site(site: Site) -> None:
    if site.members:
        site.members.communicate(timeout=30)
    if site.process.poll() is None:
        site.process.send_signal(signal.SIGINT)
    site.process.communicate(timeout=30)


@contextmanager
def a_site(**extra: str) -> Iterator[Site]:
    """A site with a var folder of its own, for as long as the block runs."""
    var = Path(tempfile.mkdtemp(prefix="mxplain-e2e-"))
    running = start_site(var, free_port(), **extra)
    try:
        yield running
    finally:
        stop_site(running)
        shutil.rmtree(var, ignore_errors=True)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with a_site(MXPLAIN_REPORT_TIMEOUT=str(REPORT_SECONDS)) as running:
        yield running


@pytest.fixture(scope="session")
def reports(site: Site) -> dict[str, str]:
    """Paths of finished reports: all in order, hardly anything, hostile names, and a long one."""
    return {
        name: make_report(site.url, f"{name}.classroom.test")
        for name in ("perfect", "no-mail", "strange-names", "crowded")
    }


@pytest.fixture(scope="session")
def crawled(site: Site, reports: dict[str, str]) -> Crawl:
    """The whole site as links lead through it, with a few reports in both languages."""
    paths = [prefix + path for path in reports.values() for prefix in ("", "/ja")]
    return crawl(site.url, ["/", "/ja/", *paths])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    assert path, f"the browser tests need one of {BROWSERS}"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=arguments)
        yield opened
        opened.close()


def listen(page: Page, troubles: list[str]) -> None:
    """Notes script errors of a page, and what its Content-Security-Policy forbids."""
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "console",
        lambda said: (
            troubles.append(said.text)
            if said.type == "error" and re.search("Content Security|Refused to", said.text)
            else None
        ),
    )


@pytest.fixture
def visit(browser: Browser, site: Site):
    """Opens a page of the site in a context of its own: visit("/ja/", javascript=False).

    `member`: the address of a new member, who is signed in.
    """
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_page(path: str = "/", javascript: bool = True, member: str = "", **options) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = browser.new_context(java_script_enabled=javascript, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        if member:
            session = site.session_of(member, "ja" if path.startswith("/ja/") else "en")
            context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])
        page = context.new_page()
        listen(page, troubles)
        page.goto(site.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def shared_pages(browser: Browser) -> Iterator[tuple[dict[bool, Page], list[str]]]:
    """A page with and one without JavaScript, and what went wrong in them."""
    pages, troubles = {}, []
    for javascript in (True, False):
        context = browser.new_context(java_script_enabled=javascript)
        context.set_default_timeout(10_000)
        pages[javascript] = context.new_page()
        listen(pages[javascript], troubles)
    yield pages, troubles
    for page in pages.values():
        page.context.close()


@pytest.fixture
def look(shared_pages, site: Site):
    """Opens a page only to look at it: look("/ja/", width=768), in a browser page that is shared.

    It costs a third of a context of one's own. Cookies of those before are gone.
    """
    pages, troubles = shared_pages
    troubles.clear()

    def open_page(
        path: str, width: int = 360, javascript: bool = True, scheme: str = "light"
    ) -> Page:
        page = pages[javascript]
        page.context.clear_cookies()
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.goto(site.url + path)
        return page

    yield open_page
    assert troubles == []


def wait_until(check, seconds: float = 20):
    """The first true value of `check`, asked again and again."""
    end = time.monotonic() + seconds
    while not (value := check()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
    return value


def fetch(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read().decode()
