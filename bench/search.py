"""The search: how long a query takes inside the server, with the page and without it.

.venv/bin/python bench/search.py
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"

ROUNDS = 30
QUERIES = {
    "en": (
        "spf",
        "dns",
        "mx",
        "null MX",
        "p=reject",
        "how do I set up spf",
        "delegati",
        "nothing 0",
    ),
    "ja": (
        "SPF",
        "DNS",
        "鍵",
        "署名",
        "リゾルバー",
        "MXレコードの書き方",
        "転送するとSPFが失敗する",
    ),
}


def milliseconds(action: Callable[[], object]) -> float:
    """Of CPU, which other work on the machine does not lengthen."""
    start = time.process_time()
    action()
    return (time.process_time() - start) * 1000


def main() -> None:
    import django
    from django.conf import settings

    django.setup()
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {"staticfiles": {"BACKEND": plain}}
    from django.test import Client

    from learn.search import index

    made = milliseconds(index.prepare)
    print(f"index: {made:.0f} ms to make, {index.prepare().stat().st_size / 1e6:.1f} MB")
    client = Client(headers={"host": "localhost"})
    print(f"{'found':>6} {'search':>10} {'page':>10} {'slowest':>10}   query (ms of CPU)")
    for language, queries in QUERIES.items():
        path = "/search/" if language == "en" else f"/{language}/search/"
        for query in queries:

            def page(query: str = query, path: str = path) -> None:
                assert client.get(path, {"q": query}).status_code == 200

            def search(query: str = query, language: str = language) -> None:
                index.search(query, language)

            page()
            alone = [milliseconds(search) for _ in range(ROUNDS)]
            whole = [milliseconds(page) for _ in range(ROUNDS)]
            print(
                f"{index.search(query, language).total:>6} {statistics.median(alone):>10.1f} "
                f"{statistics.median(whole):>10.1f} {max(whole):>10.1f}   {query}"
            )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as var:
        os.environ["MXPLAIN_VAR"] = var
        (Path(var) / "static").mkdir()
        main()
