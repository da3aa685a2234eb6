"""What may be uploaded: bodies and files that are too large are refused before they cost much."""

from __future__ import annotations

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from lookups.tools.base import ToolError
from lookups.tools.uploads import FilesField, limited
from portal.body_limit import BodyLimit


def test_a_body_is_judged_by_its_declared_length():
    small = RequestFactory().post("/", {"a": "b"})
    limited(small, 1000)
    with pytest.raises(ToolError, match="at most 5 MB"):
        limited(RequestFactory().post("/", CONTENT_LENGTH="5000001"), 5_000_000)
    limited(RequestFactory().post("/", CONTENT_LENGTH="nonsense"), 1)


class Form(forms.Form):
    files = FilesField(max_files=2, max_bytes=10)


def cleaned(*files: SimpleUploadedFile) -> Form:
    return Form({}, {"files": list(files)})


def test_files_are_counted_and_measured():
    one = SimpleUploadedFile("a.xml", b"0123456789")
    assert [file.name for file in _valid(cleaned(one, one))] == ["a.xml", "a.xml"]
    assert "At most 2 files" in str(cleaned(one, one, one).errors)
    large = SimpleUploadedFile("<b>.xml", b"0123456789+")
    assert "&lt;b&gt;.xml” is too large" in str(cleaned(one, large).errors)
    assert "required" in str(Form({}, {}).errors)


def _valid(form: Form) -> list:
    assert form.is_valid(), form.errors
    return form.cleaned_data["files"]


async def _sent(headers: list, *chunks: bytes) -> tuple[list, list]:
    """What an application behind the limit is given, and what the client is answered."""
    given, answered = [], []
    messages = [{"type": "http.request", "body": c, "more_body": True} for c in chunks]

    async def application(scope, receive, send):
        for _ in chunks:
            given.append(await receive())

    async def receive():
        return messages.pop(0)

    async def send(message):
        answered.append(message)

    scope = {"type": "http", "path": "/tools/reports/", "headers": headers}
    await BodyLimit(application, 10)(scope, receive, send)
    return given, answered


async def test_a_monstrous_body_never_reaches_the_site():
    given, answered = await _sent([(b"content-length", b"11")], b"x" * 11)
    assert given == [] and answered[0]["status"] == 413
    given, answered = await _sent([(b"content-length", b"10")], b"x" * 10)
    assert len(given) == 1 and answered == []


async def test_a_body_without_a_length_is_cut_off():
    given, _ = await _sent([], b"x" * 6, b"x" * 6)
    assert [message["type"] for message in given] == ["http.request", "http.disconnect"]
