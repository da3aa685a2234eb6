"""The way of a token: made in the browser, used by a program, revoked."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site, wait_until
from .test_watching import sign_up

pytestmark = pytest.mark.e2e


def call(
    url: str, secret: str = "", body: Any = None, **headers: str
) -> tuple[int, dict[str, Any], Any]:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers
