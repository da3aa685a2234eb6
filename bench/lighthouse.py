"""Lighthouse's scores of the home page, an article and a report, as on a mid-range phone.

Starts the whole site with a var folder of its own. Needs Node.js and Chromium; npm fetches
Lighthouse once. Prints a line a page, in both languages, and ends with 1 where a score is below 95:

    .venv/bin/python bench/lighthouse.py

Reports say `noindex` on purpose: whoever knows the link may read one, but no search engine shall
hand it out. Lighthouse counts that against their SEO, so this one audit is left out for reports.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("MXPLAIN_VAR", tempfile.mkdtemp(prefix="mxplain-lighthouse-"))

import django  # noqa: E402

django.setup()

from tests.e2e.conftest import BROWSERS, a_site  # noqa: E402
from tests.e2e.crawl import make_report  # noqa: E402

LIGHTHOUSE = "lighthouse@13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
LOWEST = 95
FIGURES = {
    "first-contentful-paint": "first paint",
    "largest-contentful-paint": "largest paint",
    "total-blocking-time": "blocked",
    "cumulative-layout-shift": "shift",
}


def measure(url: str, skipped: str = "") -> dict[str, Any]:
    """Lighthouse's result for one page, with its own settings for phones."""
    browser = next(path for name in BROWSERS if (path := shutil.which(name)))
    flags = "--headless=new" + (" --no-sandbox" if os.geteuid() == 0 else "")
    command = ["npm", "exec", "--yes", f"--package={LIGHTHOUSE}", "--", "lighthouse", url]
    command += ["--quiet", "--output=json", f"--chrome-flags={flags}"]
    command += [f"--only-categories={','.join(CATEGORIES)}"]
    command += [f"--skip-audits={skipped}"] if skipped else []
    environment = {**os.environ, "CHROME_PATH": browser}
    made = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(made.stdout)


def main() -> int:
    lowest = 100
    with a_site() as site:
        report = make_report(site.url, "perfect.classroom.test")
        broken = make_report(site.url, "no-mail.classroom.test")
        pages = {"home": "/", "article": "/learn/mx-record/", "report": report, "broken": broken}
        for name, path in pages.items():
            for prefix in ("", "/ja"):
                skipped = "is-crawlable" if path.startswith("/r/") else ""
                result = measure(site.url + prefix + path, skipped)
                scores = [round(result["categories"][c]["score"] * 100) for c in CATEGORIES]
                lowest = min(lowest, *scores)
                said = [f"{c} {score}" for c, score in zip(CATEGORIES, scores, strict=True)]
                audits = result["audits"]
                said += [f"{word} {audits[id]['displayValue']}" for id, word in FIGURES.items()]
                print(f"{name:8}{prefix or '/en'}  {', '.join(said)}", flush=True)
    return int(lowest < LOWEST)


if __name__ == "__main__":
    sys.exit(main())
