"""What DNS and reports of strangers hold, in a column that refuses some of it."""

from __future__ import annotations

import pytest

from lookups.models import Report

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("v=spf1\0 -all", "v=spf1\ufffd -all"),
        ("\\u0000", "\\u0000"),  # six characters, as zone files might have them
        ("\\\0", "\\\ufffd"),
        ("half \ud800 of one", "half \ufffd of one"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("whole \U0001f4ee", "whole \U0001f4ee"),
        ("\ud83d\0\udcee", "\ufffd\ufffd\ufffd"),
        ("日本語", "日本語"),
    ],
)
def test_what_postgresql_refuses_is_replaced(given, kept):
    made = Report.objects.create(
        domain="a.example", sections={given: {"raw": [given]}}, queries=[given]
    )
    made.refresh_from_db()
    assert made.sections == {kept: {"raw": [kept]}} and made.queries == [kept]
