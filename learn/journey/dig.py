"""Questions and answers in the form in which dig shows them. Whatever DNS said is text here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lookups.engine.resolver import name_text
from lookups.engine.trace import Step

MAX_LINES = 8  # records of one section
MAX_VALUE = 180  # characters of one record


def absolute(name: str) -> str:
    return name if name.endswith(".") else f"{name}."


def record(name: str, ttl: int | None, rdtype: str, value: str) -> str:
    """A line of a zone file; a long value is cut."""
    if len(value) > MAX_VALUE:
        value = value[:MAX_VALUE] + "…"
    return " ".join(filter(None, [absolute(name), "" if ttl is None else str(ttl), rdtype, value]))


def exchange(
    question: tuple[str, str],
    status: str,
    sections: Iterable[tuple[str, Sequence[str]]],
    server: str = "",
) -> str:
    """A question (name and type), how it went, and what came back by section."""
    lines = [f";; SERVER: {server}"] if server else []
    lines += [";; QUESTION", f";{absolute(question[0])} IN {question[1]}"]
    if status:
        lines.append(f";; STATUS: {status}")
    for title, records in sections:
        if records:
            lines += [f";; {title}", *records[:MAX_LINES]]
        if len(records) > MAX_LINES:
            lines.append(f";; … +{len(records) - MAX_LINES}")
    return "\n".join(lines)


def of_step(step: Step, name: str, rdtype: str) -> str:
    """What one server on the way was asked, and what it said."""
    server = f"{step.address} ({name_text(step.host)})"
    status = step.why.upper() if step.kind == "failed" else step.answer.rcode
    if step.replied:
        status += (
            f", aa, {step.answer.ms:.0f} ms"
            if step.answer.authoritative
            else (f", {step.answer.ms:.0f} ms")
        )
    sections: list[tuple[str, list[str]]] = []
    if step.kind == "answer":
        answers = [record(name, step.ttl, rdtype, value) for value in step.records]
        sections.append(("ANSWER", answers))
    if referral := step.referral:
        zone = name_text(referral.zone)
        hosts = referral.hosts
        authority = [
            record(zone, referral.ttl, "NS", absolute(name_text(host.name))) for host in hosts
        ]
        glue = [
            record(name_text(host.name), None, "A" if a.version == 4 else "AAAA", str(a))
            for host in hosts
            for a in host.addresses
        ]
        sections += [("AUTHORITY", authority), ("ADDITIONAL", glue)]
    return exchange((name, rdtype), status, sections, server)


def of_texts(name: str, raw: Iterable[Any], status: str) -> str:
    """TXT records of a section (`raw` of docs/contracts.md) that stand at `name`."""
    found = [
        record(name, None, "TXT", f'"{each["value"]}"') for each in raw if each["name"] == name
    ]
    return exchange((name, "TXT"), status, [("ANSWER", found)])
