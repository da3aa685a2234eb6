"""A report as plain pieces of text, from which files are made. Nothing in it can do harm as text:
control characters are shown as U+FFFD, and whatever is too long is cut off, and says so.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from lookups import text_report
from lookups.cards import verdict
from lookups.engine.report import TOPICS
from lookups.models import Report
from lookups.presentation import FindingView, section_views

# A report has some 100 findings; only what is meant to do harm has more than these.
MAX_FINDINGS = 200  # in each topic
MAX_RECORDS = 300  # lines, in each topic
MAX_TEXT = 4_000  # characters of one text
MAX_PROOFS = 20  # questions named as the proof of one finding

# Control characters, those that turn the direction of text or are not seen, and halves of pairs.
_HARMFUL = re.compile(
    "[{}]".format(
        "".join(
            f"\\U{code:08x}"
            for code in range(sys.maxunicode + 1)
            if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs")
        )
    )
)


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """A finding."""

    id: str
    severity: str
    title: str
    meaning: str
    why: str
    remedy: str
    evidence: tuple[str, ...]
    links: tuple[Link, ...]

    @property
    def verdict(self) -> str:
        return verdict(self.severity)

    @property
    def remedy_title(self) -> str:
        if self.severity in ("good", "info"):
            return _("What you can do")
        return _("How to mend it")


@dataclass(frozen=True, slots=True)
class Part:
    """A topic. `records` and `ready` are lines."""

    topic: str
    title: str
    status: str
    failed: bool
    records: tuple[str, ...]
    ready: tuple[str, ...]
    items: tuple[Item, ...]
    cut: bool  # something was left out

    @property
    def verdict(self) -> str:
        return verdict(self.status)


@dataclass(frozen=True, slots=True)
class Document:
    domain: str
    unicode: str
    status: str
    score: int | None
    checked: str  # "2026-11-25 09:30 UTC"
    url: str
    language: str
    finished: bool
    failed: bool
    parts: tuple[Part, ...]

    @property
    def verdict(self) -> str:
        return _("Check failed") if self.failed else verdict(self.status)

    @property
    def title(self) -> str:
        return _("Mail DNS of %(domain)s") % {"domain": self.unicode}

    @property
    def both_names(self) -> str:
        if self.unicode == self.domain:
            return self.domain
        return f"{self.unicode} ({self.domain})"


def document(report: Report, language: str) -> Document:
    """What of the report goes into files, in `language`."""
    ended = report.is_finished
    with translation.override(language):
        sections = section_views(report.sections, TOPICS, language, ended=ended)
        parts = tuple(_part(section) for section in sections if section.complete or section.records)
        return Document(
            domain=plain(report.domain),
            unicode=plain(report.unicode),
            status=report.status or "running",
            score=report.score,
            checked=f"{report.finished or report.created:%Y-%m-%d %H:%M} UTC",
            url=settings.PUBLIC_URL + report.get_absolute_url(),
            language=language,
            finished=ended,
            failed=report.state == Report.State.FAILED,
            parts=parts,
        )


def _part(section: Any) -> Part:
    records, more = _bounded(_found(section), MAX_RECORDS)
    ready, more_ready = _bounded(_lines(section.records.get("ready")), MAX_RECORDS)
    findings = section.findings[:MAX_FINDINGS]
    return Part(
        topic=section.topic,
        title=section.title,
        status=section.status,
        failed=bool(section.failed),
        records=records,
        ready=ready,
        items=tuple(_item(finding) for finding in findings),
        cut=more or more_ready or len(section.findings) > len(findings),
    )


def _found(section: Any) -> Iterator[str]:
    if section.topic == "mx":
        yield from text_report.hosts(section.records)
    yield from _lines(section.records.get("raw"))


def _lines(records: Iterable[Mapping[str, Any]] | None) -> Iterator[str]:
    for record in records or ():
        yield from text_report.lines_of(record, "")


def _bounded(lines: Iterator[str], most: int) -> tuple[tuple[str, ...], bool]:
    kept = []
    for line in lines:
        if len(kept) == most:
            return tuple(kept), True
        kept.append(plain(line).rstrip())
    return tuple(kept), False


def _item(finding: FindingView) -> Item:
    page = Link(_("More on this finding"), _url("finding", finding.id))
    article = [Link(_("Read the article"), _url("article", finding.article))]
    return Item(
        id=finding.id,
        severity=finding.severity,
        title=plain(finding.title),
        meaning=plain(finding.meaning),
        why=plain(finding.why),
        remedy=plain(finding.remedy),
        evidence=tuple(
            plain(f"{proof.get('type', '')} {proof.get('name', '')}")
            for proof in finding.evidence[:MAX_PROOFS]
        ),
        links=(
            page,
            *(article if finding.article else []),
            *(Link(reference.label, reference.url) for reference in finding.rfc),
        ),
    )


def _url(name: str, argument: str) -> str:
    return settings.PUBLIC_URL + reverse(name, args=[argument])


def plain(text: Any) -> str:
    """Text without control characters but line feeds; at most MAX_TEXT of it."""
    text = str(text)
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + " […]"
    return "\n".join(_HARMFUL.sub("\ufffd", line) for line in text.splitlines())
