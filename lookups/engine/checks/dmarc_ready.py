"""Records that would mend what the check of DMARC found, or take the next step."""

from __future__ import annotations

from dataclasses import replace

from ..dmarc.walk import rank
from ..records import dmarc
from ..records.dmarc import Record
from ..records.dmarc_write import ORDER, Settings, settings_of, stricter, write
from .dmarc_case import Case

Ready = dict[str, str]


def ready(case: Case) -> list[Ready]:
    """At most one record for the domain, and those that destinations of reports must publish."""
    found = _own(case)
    records = [found] if found else []
    for address in case.addresses:
        there = address.destination
        if there and there.consent == "missing":
            record = _txt(there.question, "v=DMARC1")
            if record not in records:
                records.append(record)
    return records


def _own(case: Case) -> Ready | None:
    if case.kind in ("unknown", "inherited") or case.absent:
        return None
    name = case.discovery.own.question
    record = case.discovery.record
    if record is not None:
        text = _better(case, record)
        return _txt(name, text) if text else None
    written = [text for text in case.discovery.own.texts if dmarc.is_record(text)]
    for text in (*written, *case.meant, *case.misplaced):
        return _txt(name, write(_completed(case, settings_of(dmarc.parse(text)))))
    return _txt(name, write(_completed(case, Settings())))


def _better(case: Case, record: Record) -> str:
    """The record mended; if nothing is to mend, its next step; "" where there is none."""
    settings = settings_of(record)
    mended = write(_completed(case, settings))
    if mended != _tidy(record):
        return mended
    if settings.policy != "reject" or settings.testing:
        return write(stricter(settings))
    if settings.nonexistent and rank(settings.nonexistent) < rank("reject"):
        return write(replace(settings, nonexistent="reject"))
    return ""


def _tidy(record: Record) -> str:
    """The record as it stands, with its tags in the order in which `write` puts them."""
    order = {name: index for index, name in enumerate(ORDER)}
    texts = [(tag.name, record.text[tag.column - 1 : tag.end]) for tag in record.tags]
    ordered = sorted(texts, key=lambda text: order.get(text[0], len(order)))
    return "; ".join(text.replace(", ", ",") for _, text in ordered)


def _completed(case: Case, settings: Settings) -> Settings:
    """With an address for reports where it lacks; a domain without mail refuses everything."""
    if case.mailless:
        strict = replace(settings, policy="reject", subdomains="", nonexistent="", testing=False)
        return strict if case.discovery.policy != "reject" else settings
    if settings.psd == "y" and not case.suffix:
        settings = replace(settings, psd="")
    if not settings.rua:
        settings = replace(settings, rua=(f"dmarc-reports@{case.domain}",))
    return settings


def _txt(name: str, value: str) -> Ready:
    return {"name": name, "type": "TXT", "value": value}
