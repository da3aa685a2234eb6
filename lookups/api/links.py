"""Addresses in answers: whole ones, so that a program needs to put nothing together."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

NAMESPACE = "api-v1"


def to(name: str, **where: Any) -> str:
    """An operation of the API."""
    return settings.PUBLIC_URL + reverse(f"{NAMESPACE}:{name}", kwargs=where or None)


def page(name: str, *where: Any) -> str:
    """A page for people, in the active language."""
    return settings.PUBLIC_URL + reverse(name, args=where)
