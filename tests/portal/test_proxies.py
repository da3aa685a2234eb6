"""Whose word counts for the visitor's address: that of the operator's proxies alone."""

import asyncio

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from portal import asgi


def address(client, forwarded, trusted=None):
    """What the site takes for the visitor's address."""
    seen = []

    async def site(scope, receive, send):
        seen.append(scope["client"][0])

    wrapped = ProxyHeadersMiddleware(site, trusted_hosts=trusted or ["127.0.0.1", "::1"])
    headers = [(b"x-forwarded-for", forwarded.encode())]
    scope = {"type": "http", "client": (client, 4711), "headers": headers, "scheme": "http"}
    asyncio.run(wrapped(scope, None, None))
    return seen[0]


@pytest.mark.parametrize(
    "client, forwarded, trusted, found",
    [
        ("198.51.100.9", "203.0.113.5", None, "198.51.100.9"),  # a visitor who makes it up
        ("127.0.0.1", "203.0.113.5", None, "203.0.113.5"),
        ("127.0.0.1", "192.0.2.1, 203.0.113.5", None, "203.0.113.5"),  # the first one made up
        ("10.1.2.3", "203.0.113.5", ["10.0.0.0/8"], "203.0.113.5"),
        ("10.1.2.3", "192.0.2.1, 203.0.113.5, 10.9.9.9", ["10.0.0.0/8"], "203.0.113.5"),
        ("11.1.2.3", "203.0.113.5", ["10.0.0.0/8"], "11.1.2.3"),
    ],
)
def test_whose_word_counts(client, forwarded, trusted, found):
    assert address(client, forwarded, trusted) == found


def test_the_site_stands_behind_it(settings):
    assert isinstance(asgi.application, ProxyHeadersMiddleware)
    assert settings.TRUSTED_PROXIES == ["127.0.0.1", "::1"]
    assert "192.0.2.1" not in asgi.application.trusted_hosts
