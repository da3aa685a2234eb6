"""What breaks beneath the site: disk, clock, database, resolver. Nothing saved is lost, and no page
is a 500."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest
from playwright.sync_api import expect

from .conftest import wait_until
from .frail import REPORT_SECONDS, Visitor, frail_machine, looked_at

pytestmark = pytest.mark.e2e
SLOW = "slow.classroom.test"  # its first question is answered after 2.7 seconds
DAY = 86_400
WORKER, WEB = "celery --quiet -A portal worker", "uvicorn portal.asgi"


@pytest.fixture(scope="module")
def machine():
    with frail_machine() as frail:
        yield frail


@pytest.fixture
def visitor(machine):
    return Visitor(machine.site.url)


@pytest.fixture(scope="module")
def kept(machine) -> str:
    """The path of a report that was there before anything broke."""
    visitor = Visitor(machine.site.url)
    path = visitor.ask("perfect.classroom.test")[2]
    assert "In order" in visitor.finished(path)
    return path


def begin(visitor: Visitor, domain: str = SLOW) -> str:
    """The path of a report that a worker is at."""
    status, _, path = visitor.ask(domain)
    assert status == 200 and path.startswith("/r/")
    time.sleep(1)
    return path


def is_as_ever(visitor: Visitor, kept: str) -> None:
    """What was there is there, and a new report is made."""
    assert "In order" in visitor.get(kept)[1]
    wait_until(lambda: visitor.ask("perfect.classroom.test")[0] == 200)
    path = visitor.ask("perfect.classroom.test")[2]
    assert "In order" in visitor.finished(path)


def test_web_killed_in_mid_report(machine, browser, visitor, kept):
    """The open page comes back by itself and shows what it missed."""
    path = begin(visitor)
    page = browser.new_context().new_page()
    page.goto(machine.site.url + path)
    [web] = machine.site.pids(WEB)
    with looked_at(machine.site, path, kept) as seen:
        os.kill(web, signal.SIGKILL)
        expect(page.locator(".postmark-large")).to_contain_text(
            re.compile("Broken|Needs care|In order"), timeout=40_000
        )
    assert (path, 0) in seen or any(status == 0 for _, status in seen)
    assert machine.site.pids(WEB) != [web]
    page.context.close()


def test_the_database_is_locked_for_ten_seconds(machine, visitor, kept):
    path = begin(visitor)
    with looked_at(machine.site, path, kept), machine.locked_database():
        time.sleep(10)
    assert f"{REPORT_SECONDS} seconds" in visitor.finished(path)
    is_as_ever(visitor, kept)


def test_the_resolver_is_dead(machine, visitor, kept):
    """The report says that nobody could be asked, and blames the domain for nothing."""
    with looked_at(machine.site, kept):
        page = visitor.finished(visitor.ask("example.org")[2])
    assert "In order" not in page and "timeout" in page.lower()
    is_as_ever(visitor, kept)


def test_the_disk_is_full(machine, visitor, kept):
    path = begin(visitor)
    with looked_at(machine.site, path, kept) as seen, machine.full_disk():
        assert visitor.ask("crowded.classroom.test")[0] in (200, 503)
        time.sleep(8)  # the report in the making comes to its end meanwhile
        assert (kept, 200) in seen
    assert f"{REPORT_SECONDS} seconds" in visitor.finished(path)
    is_as_ever(visitor, kept)


def test_the_clock_is_set_in_mid_report(machine, visitor, kept):
    """Ahead, then far back; nor does it matter that a worker is killed in between."""
    first = begin(visitor)
    with looked_at(machine.site, first, kept):
        machine.set_clock(40 * DAY)
        assert f"{REPORT_SECONDS} seconds" in visitor.finished(first)
        second = begin(visitor)
        machine.set_clock(-DAY)
        [worker] = machine.site.pids(WORKER)
        os.kill(worker, signal.SIGKILL)
        assert f"{REPORT_SECONDS} seconds" in visitor.finished(second)
        machine.set_clock(0)
        is_as_ever(visitor, kept)
    assert visitor.get(first)[0] == visitor.get(second)[0] == 200
