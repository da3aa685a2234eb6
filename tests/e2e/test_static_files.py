"""Static files of the running site: named after what they hold, compressed, kept for ever."""

from __future__ import annotations

import gzip
import re
import urllib.request

from .conftest import Site, fetch

ASSET = re.compile(r'(?:href|src)="(/static/(?:css|js)/[^"]+)"')


def get(url: str, **headers: str):
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10)


def test_hashed_compressed_and_immutable(site: Site):
    _, home = fetch(site.url + "/")
    assets = ASSET.findall(home)
    assert assets
    for path in assets:
        assert re.search(r"\.[0-9a-f]{12}\.(css|js)$", path)
        with get(site.url + path, **{"Accept-Encoding": "gzip"}) as packed:
            assert packed.headers["Cache-Control"] == "max-age=315360000, public, immutable"
            body = packed.read()
            if packed.headers["Content-Encoding"] == "gzip":  # not where it would grow
                assert "Accept-Encoding" in packed.headers["Vary"]
                body = gzip.decompress(body)
        with get(site.url + path) as plain:
            assert plain.headers["Content-Encoding"] is None and plain.read() == body
    assert any("site." in path for path in assets)
    with get(site.url + assets[-1], **{"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_is_not_sent_twice(site: Site):
    """Through the whole server: the weak tag of a compressed page is recognised."""
    cookie = {"Cookie": f"csrftoken={'a' * 32}", "Accept-Encoding": "gzip"}
    with get(site.url + "/learn/mx-record/", **cookie) as page:
        tag = page.headers["ETag"]
        assert page.headers["Content-Encoding"] == "gzip"
    try:
        get(site.url + "/learn/mx-record/", **cookie, **{"If-None-Match": tag})
    except urllib.error.HTTPError as answer:
        assert answer.code == 304 and answer.headers["ETag"] == tag and not answer.read()
    else:
        raise AssertionError("it was sent again")
