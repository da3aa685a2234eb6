"""A report as plain text for the terminal. Control characters never reach it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .cards import verdict
from .engine.names import Domain
from .plain_text import printable
from .presentation import FindingView, SectionView
from .templatetags.lookups_tags import host_state, reverse_word, scope_word

WIDTH = 96


def render(
    domain: Domain,
    sections: tuple[SectionView, ...],
    queries: list[dict[str, Any]],
    total: int | None,
) -> str:
    """The whole report, in the language that is active."""
    both = f"{domain.unicode} ({domain.ascii})"
    lines = [domain.ascii if domain.unicode == domain.ascii else both]
    for section in sections:
        lines += ["", f"{section.title}: {verdict(section.status)}"]
        if section.topic == "mx":
            lines += hosts(section.records)
        lines += _records(section.records)
        if section.failed:
            lines.append("  " + _("This part of the check broke off."))
        for finding in section.findings:
            lines += ["", *_finding(finding)]
    if total is not None:
        lines += ["", _("Score: %d of 100") % total]
    count = len(queries)
    lines += ["", ngettext("%d question asked.", "%d questions asked.", count) % count]
    return "\n".join(printable(line) for line in lines)


def hosts(records: Mapping[str, Any]) -> Iterator[str]:
    for host in records.get("hosts") or ():
        yield f"  {host['preference']:>5}  {host['exchange']}  {host_state(host)}"
        for address in host["addresses"]:
            scope = scope_word(address["scope"])
            words = [address["address"], scope, reverse_word(address["reverse"])]
            yield " " * 9 + "  ".join(filter(None, [*words, ", ".join(address["names"])]))


def _records(records: Mapping[str, Any]) -> Iterator[str]:
    """The records that were found, and those that are ready to be published."""
    for record in records.get("raw") or ():
        yield from lines_of(record, "  ")
    for record in records.get("ready") or ():
        yield "  " + _("Ready to publish:")
        yield from lines_of(record, "    ")


def lines_of(record: Mapping[str, Any], indent: str) -> Iterator[str]:
    """A record; a policy file has several lines."""
    first, *more = str(record["value"]).splitlines() or [""]
    yield f"{indent}{record['name']} {record['type']} {first}"
    for line in more:
        yield f"{indent}  {line}"


def _finding(finding: FindingView) -> Iterator[str]:
    yield f"[{verdict(finding.severity)}] {finding.title} ({finding.id})"
    for text in (finding.meaning, finding.remedy):
        for paragraph in text.splitlines():
            yield from textwrap.wrap(
                paragraph, WIDTH - 2, initial_indent="  ", subsequent_indent="  "
            )
