"""The form of the report reader, and what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.reports import Reading, read_files
from lookups.engine.reports.errors import MAX_FILE, MAX_FILES
from lookups.engine.reports.text import tidy
from lookups.engine.reports.totals import add_up
from lookups.tools.base import Tool, ToolError, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.uploads import FilesField

from . import words
from .names import Names, names_of
from .result import ReportsResult

MAX_BODY = 30_000_000  # octets of all files together, as they are sent
MAX_REASONS = 5  # that one refusal names


class Form(ToolForm):
    files = FilesField(
        MAX_FILES,
        MAX_FILE,
        label=gettext_lazy("Files"),
        help_text=gettext_lazy(
            "XML, JSON, gzip, zip, or the mail that brought them (.eml): up to 20 files of 10 MB."
        ),
    )
    nameless = forms.BooleanField(
        label=gettext_lazy("Do not look up the names of the sending addresses"), required=False
    )
    keep = forms.BooleanField(
        label=gettext_lazy("Keep what these reports say in my account"), required=False
    )


async def run(data: dict[str, Any], dns: Dns) -> ReportsResult:
    reading = await asyncio.to_thread(read_files, _contents(data["files"]))
    if not reading.reports:
        raise ToolError(_none_read(reading))
    names: Names = {}
    if reading.aggregates and not data["nameless"]:
        totals = await asyncio.to_thread(add_up, reading.aggregates)
        names = await names_of(dns, totals.addresses)
    return await asyncio.to_thread(ReportsResult, reading, names)


def _contents(files: list[Any]) -> Iterator[tuple[str, bytes]]:
    """One file in memory at a time."""
    for file in files:
        yield str(file.name), file.read()


def _none_read(reading: Reading) -> str:
    told = [f"{one.file or '?'}: {words.refusal(one.code)}" for one in reading.failed[:MAX_REASONS]]
    if len(told) == 1:
        return told[0]
    return words.sentences(_("None of the files could be read."), *told)


def _words(form: ToolForm) -> list[str]:
    """The command's words: the files by their names, as if they were at hand."""
    names = [tidy(file.name) for file in form.cleaned_data["files"]]
    files = [f"./{name}" if name.startswith("-") else name for name in names]
    return files if form.cleaned_data["nameless"] else ["--names", *files]


TOOL = Tool(
    slug="reports",
    group="analyse",
    article="dmarc-rua",
    title=gettext_lazy("DMARC and TLS reports"),
    summary=gettext_lazy(
        "Drop in the reports that receivers send you, and see who sends as your domain, what "
        "passes, and which senders to mend."
    ),
    button=gettext_lazy("Read the reports"),
    form=Form,
    run=run,
    template="tools/reports/page.html",
    command="explain-report",
    words=_words,
    post=True,
    max_bytes=MAX_BODY,
)
