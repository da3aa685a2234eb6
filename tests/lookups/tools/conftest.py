"""Fixtures of the tests of tools."""

from __future__ import annotations

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def _english():
    """What a page in another language left active is not what the next test reads."""
    with translation.override("en"):
        yield
