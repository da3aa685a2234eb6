"""Pages are sent compressed; what streams is not."""

from __future__ import annotations

import gzip

import pytest
from django.test import AsyncClient

from lookups.models import Report

GZIP = {"accept-encoding": "gzip, br"}


def test_pages_are_compressed(client):
    plain, packed = client.get("/"), client.get("/", headers=GZIP)
    assert packed["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed["Vary"]
    assert "Content-Encoding" not in plain
    assert len(packed.content) < len(plain.content) / 2
    assert b"<h1" in gzip.decompress(packed.content)


def test_lengths_tell_nothing(client):
    """Padding of random length, and a token masked anew, against BREACH."""
    lengths = {len(client.get("/", headers=GZIP).content) for _ in range(30)}
    assert len(lengths) > 3


@pytest.mark.django_db(transaction=True)
async def test_events_are_not_compressed():
    report = await Report.objects.acreate(domain="example.com", state="done")
    answer = await AsyncClient().get(f"/r/{report.token}/events/", headers=GZIP)
    assert "Content-Encoding" not in answer.headers
    chunks = [chunk async for chunk in answer.streaming_content]
    assert chunks[0].startswith(b"retry:") and chunks[-1].endswith(b"\n\n")
