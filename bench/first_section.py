"""How long a visitor waits: from submitting a domain to the first section on the page.

Starts the whole site with a var folder of its own, asks for lessons of the classroom and listens
to the events as a browser would. Prints the median of 50 and where the time goes:

    .venv/bin/python bench/first_section.py
"""

from __future__ import annotations

import http.cookiejar
import re
import statistics
import sys
import time
import urllib.parse
import urllib.request
from datetime import datetime
from json import loads
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.e2e.conftest import Site, a_site  # noqa: E402

COUNT, WARM_UP = 50, 5
DOMAIN = "perfect.classroom.test"


class Visitor:
    """One browser's cookies."""

    def __init__(self, site: Site) -> None:
        self.site = site
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)
        page = self.opener.open(site.url + "/check/").read().decode()
        self.token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]

    def ask(self) -> dict[str, float]:
        """Milliseconds of one check, by what they were spent on."""
        form = {"csrfmiddlewaretoken": self.token, "domain": DOMAIN, "again": "1"}
        begun = time.perf_counter()
        stamp = time.time()
        # A browser follows the redirect to the report's page, then opens its events.
        with self.opener.open(
            self.site.url + "/check/", urllib.parse.urlencode(form).encode()
        ) as answer:
            answer.read()
            report = answer.url
        shown = time.perf_counter()
        with self.opener.open(report + "events/") as events:
            for line in events:
                if line.startswith(b"event: section-"):
                    first = time.perf_counter()
                    break
            events.read()
        made = loads(self.opener.open(report + "report.json").read())
        started = datetime.fromisoformat(made["started"]).timestamp()
        questions = [q for q in made["queries"] if q["type"] == "MX"]
        return {
            "submit and page": (shown - begun) * 1000,
            "queue (to the worker's start)": (started - stamp) * 1000,
            "DNS (the MX question)": questions[0]["started_ms"] + questions[0]["ms"],
            "all of DNS": max(q["started_ms"] + q["ms"] for q in made["queries"]),
            "first section": (first - begun) * 1000,
        }


def main() -> None:
    with a_site() as site:
        visitor = Visitor(site)
        for _ in range(WARM_UP):
            visitor.ask()
        runs = [visitor.ask() for _ in range(COUNT)]
    print(f"{COUNT} checks of {DOMAIN}, milliseconds: median (90th percentile)")
    for name in runs[0]:
        values = sorted(run[name] for run in runs)
        print(f"{name:32} {statistics.median(values):7.1f} ({values[COUNT * 9 // 10]:.1f})")


main()
