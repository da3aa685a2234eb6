"""Fixtures of the learning pages' tests."""

from __future__ import annotations

from .own import own_classroom  # noqa: F401
