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

from .conftest import REPORT_SECONDS, ROOT, free_port, start_site, stop_site, wait_until
from .test_bulk import LESSONS
from .test_bulk import begin as begin_bulk

pytestmark = pytest.mark.e2e
DONE = re.compile("Broken|Needs care|In order")


WORKER, REDIS = "celery --quiet -A portal worker", "valkey-server|redis-server"


def begin(visit, domain: str = "slow.classroom.test"):
    """A page that watches a report which has just begun."""
    page = visit("/check/")
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


def running(site, program: str) -> set[int]:
    return {pid for name in program.split("|") for pid in site.pids(name)}


@pytest.mark.parametrize("program", [WORKER, REDIS])
def test_a_program_killed_in_mid_report(visit, site, program):
    """While somebody watches a report, and a bulk check runs: neither loses anything."""
    page = begin(visit)
    bulk = visit("/bulk/", member=f"{program[:6]}@example.com")
    begin_bulk(bulk, "Killed", *LESSONS, "slow", "silent")
    expect(bulk.locator(".bulk-latest li").first).to_be_visible(timeout=20_000)
    killed = running(site, program)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    expect(page.locator(".postmark-large")).to_contain_text(DONE, timeout=40_000)
    expect(page.locator("#section-mx")).to_contain_text(f"{REPORT_SECONDS} seconds")
    expect(bulk.get_by_role("heading", name="All together")).to_be_visible(timeout=90_000)
    expect(bulk.locator(".tag-good").first).to_have_text("done")
    states = bulk.locator(".bulk-table tbody tr").all_inner_texts()
    assert len(states) == len(LESSONS) + 2 and not any("waiting" in state for state in states)
    assert running(site, program) and not running(site, program) & killed
    # And the next one works as if nothing had been.
    page = begin(visit, "perfect.classroom.test")
    expect(page.locator(".postmark-large")).to_contain_text("In order", timeout=20_000)


def test_redis_away_when_asking(visit, site):
    """A friendly page, and no half-made report."""
    page = visit("/check/")
    [server] = running(site, REDIS)
    os.kill(server, signal.SIGSTOP)
    try:
        page.locator("#domain").fill("ttl-low.classroom.test")
        with page.expect_response(lambda r: r.request.method == "POST") as posted:
            page.locator(".domain-form").get_by_role("button").click()
        assert posted.value.status == 503
        expect(page.locator("h1")).to_have_text("One moment, please")
    finally:
        os.kill(server, signal.SIGCONT)


def test_resume_after_a_lost_connection(visit, site):
    page = begin(visit, "crowded.classroom.test")
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


def test_a_taken_port_says_so(site, tmp_path):
    port = site.url.rsplit(":", 1)[1]
    refused = run_serve(tmp_path, "--port", port)
    assert refused.returncode == 2
    assert f":{port}" in refused.stderr and "--port" in refused.stderr


def test_the_same_var_folder_twice_says_so(site):
    refused = run_serve(site.var, "--port", str(free_port()))
    assert refused.returncode == 2 and str(site.var) in refused.stderr


def test_ctrl_c_and_a_killed_supervisor_leave_no_process(tmp_path):
    site = start_site(tmp_path, free_port())
    assert len(site.pids("")) >= 6
    stop_site(site)
    assert site.pids("") == []
    assert site.process.returncode == 0

    again = start_site(tmp_path, free_port())  # with what the first one left
    assert len(again.pids("")) >= 6
    again.process.kill()
    again.process.wait()
    wait_until(lambda: again.pids("") == [])
    again.process.stdout.close()
