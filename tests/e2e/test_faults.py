"""What breaks while a report is made: the worker, Redis, the supervisor, the second start."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import expect

from .conftest import ROOT, a_site, free_port, start_site, stop_site, wait_until

pytestmark = pytest.mark.e2e
DONE = re.compile("Broken|Needs care|In order")


@pytest.fixture(scope="module")
def quick_site():
    """A site whose reports end after some seconds, so that one can be broken in the middle."""
    with a_site(MXPLAIN_REPORT_TIMEOUT="6") as running:
        yield running


def begin(browser, site, domain="slow.classroom.test"):
    """A page that watches a report which has just begun."""
    page = browser.new_context().new_page()
    page.goto(site.url + "/check/")
    page.locator("#domain").fill(domain)
    page.locator(".domain-form").get_by_role("button").click()
    page.wait_for_url(re.compile("/r/"))
    if page.locator(".envelope", has_text=" ago").count():  # an earlier test's report
        earlier = page.url
        page.get_by_role("button", name="Check again").click()
        page.wait_for_url(lambda url: url != earlier)
    # The first question of this lesson is answered after 2.7 seconds; the worker is at it now.
    time.sleep(1.5)
    return page


def test_worker_killed_in_mid_report(browser, quick_site):
    page = begin(browser, quick_site)
    [worker] = quick_site.pids("celery --quiet -A portal worker")
    os.kill(worker, signal.SIGKILL)
    expect(page.locator(".postmark-large")).to_contain_text(DONE, timeout=40_000)
    expect(page.locator("#section-mx")).to_contain_text("6 seconds")
    assert quick_site.pids("celery --quiet -A portal worker") != [worker]


def test_redis_restarted_in_mid_report(browser, quick_site):
    page = begin(browser, quick_site)
    [server] = quick_site.pids("valkey-server") or quick_site.pids("redis-server")
    os.kill(server, signal.SIGKILL)
    expect(page.locator(".postmark-large")).to_contain_text(DONE, timeout=40_000)
    # And the next one works as if nothing had been.
    page = begin(browser, quick_site, "perfect.classroom.test")
    expect(page.locator(".postmark-large")).to_contain_text("In order", timeout=20_000)


def test_redis_away_when_asking(browser, quick_site):
    """A friendly page, and no half-made report."""
    page = browser.new_context().new_page()
    page.goto(quick_site.url + "/check/")
    [server] = quick_site.pids("valkey-server") or quick_site.pids("redis-server")
    os.kill(server, signal.SIGSTOP)
    try:
        page.locator("#domain").fill("ttl-low.classroom.test")
        with page.expect_response(lambda r: r.request.method == "POST") as posted:
            page.locator(".domain-form").get_by_role("button").click()
        assert posted.value.status == 503
        expect(page.locator("h1")).to_have_text("One moment, please")
    finally:
        os.kill(server, signal.SIGCONT)


def test_resume_after_a_lost_connection(browser, quick_site):
    page = begin(browser, quick_site, "crowded.classroom.test")
    events = page.url + "events/"
    first = _events(events)
    ids = re.findall(r"^id: (\S+)$", first, re.MULTILINE)
    assert "event: section-mx" in first and first.rstrip().endswith("data:")
    resumed = _events(events, {"Last-Event-ID": ids[0]})
    assert "event: done" in resumed


def _events(url, headers=None):
    request = urllib.request.Request(url, headers=headers or {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        return answer.read().decode()


def run_serve(site_var, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", "serve", *arguments],
        cwd=ROOT,
        env={**os.environ, "MXPLAIN_VAR": str(site_var)},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_a_taken_port_says_so(quick_site, tmp_path):
    port = quick_site.url.rsplit(":", 1)[1]
    refused = run_serve(tmp_path, "--port", port)
    assert refused.returncode == 2
    assert f":{port}" in refused.stderr and "--port" in refused.stderr


def test_the_same_var_folder_twice_says_so(quick_site):
    refused = run_serve(quick_site.var, "--port", str(free_port()))
    assert refused.returncode == 2 and str(quick_site.var) in refused.stderr


@pytest.mark.parametrize("port", ["0", "-1", "65536", "http", ""])
def test_no_port(port, tmp_path):
    assert run_serve(tmp_path, f"--port={port}").returncode == 2


def test_ctrl_c_leaves_no_process_and_a_second_start_works(tmp_path):
    for _ in range(2):
        site = start_site(tmp_path, free_port())
        assert len(site.pids("")) >= 6
        stop_site(site)
        assert site.pids("") == []
        assert site.process.returncode == 0


def test_a_killed_supervisor_leaves_no_process(tmp_path):
    site = start_site(tmp_path, free_port())
    site.process.kill()
    site.process.wait()
    wait_until(lambda: site.pids("") == [])
    site.process.stdout.close()
