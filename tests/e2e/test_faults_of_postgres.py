"""PostgreSQL goes away for ten seconds while the site is at work."""

from __future__ import annotations

import time
import urllib.parse

import pytest

from tests import postgres

from .conftest import a_site
from .door import Door
from .frail import REPORT_SECONDS, Visitor, looked_at

pytestmark = pytest.mark.e2e


@pytest.fixture
def door():
    address = urllib.parse.urlsplit(postgres.start())
    folder = urllib.parse.unquote(address.hostname or "")
    opened = Door(f"{folder}/.s.PGSQL.5432")
    yield opened
    opened.close()


def test_the_database_is_gone_for_ten_seconds(door):
    """No page is a 500, the report in the making is kept, and so is what was there."""
    url = f"postgres://mxplain@127.0.0.1:{door.port}/postgres"
    with a_site(DATABASE_URL=url, MXPLAIN_REPORT_TIMEOUT=REPORT_SECONDS) as site:
        visitor = Visitor(site.url)
        kept = visitor.ask("perfect.classroom.test")[2]
        assert "In order" in visitor.finished(kept)
        begun = visitor.ask("slow.classroom.test")[2]
        time.sleep(1)
        with looked_at(site, kept, begun) as seen:
            with door.shut():
                time.sleep(10)
            assert (kept, 503) in seen and ("/healthz", 200) in seen[-len(seen) // 3 :]
            assert f"{REPORT_SECONDS} seconds" in visitor.finished(begun)
        assert "In order" in visitor.get(kept)[1]
        again = visitor.ask("perfect.classroom.test")[2]
        assert "In order" in visitor.finished(again) and again != kept
