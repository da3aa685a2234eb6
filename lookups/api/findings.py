"""/findings/: the catalog, in every language that the site has."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Query, Router

from lookups import catalog
from lookups.runtime import LESSONS

from . import links, shapes
from .auth import Token
from .problems import Problem

router = Router(tags=["Findings"])
ANYBODY = Token(anonymous=True)


@router.get(
    "/",
    response=shapes.FindingList,
    auth=ANYBODY,
    url_name="findings",
    summary="All findings",
    description="Everything that a report may find, by topic.",
)
def index(
    request: HttpRequest,
    topic: Annotated[
        str, Query("", max_length=40, description="Only those of this topic, such as `mx`.")
    ],
    severity: Annotated[
        shapes.Severity | None, Query(None, description="Only those of this severity.")
    ],
) -> Any:
    entries = [catalog.entry(id) for id in catalog.ids()]
    return {
        "items": [
            _row(entry)
            for entry in entries
            if topic in ("", entry.topic) and severity in (None, entry.severity.value)
        ]
    }


def _row(entry: catalog.Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "topic": entry.topic,
        "severity": entry.severity.value,
        "title": entry.texts_in(get_language() or "en").name,
        "href": links.to("finding", id=entry.id),
    }


@router.get(
    "/{id}",
    response=shapes.FindingEntry,
    auth=ANYBODY,
    url_name="finding",
    summary="A finding",
    description="What it means, why it matters, how to mend it, and a lesson that shows it.",
)
def read(request: HttpRequest, id: str) -> Any:
    try:
        entry = catalog.entry(id)
    except KeyError:
        raise Problem("not-found") from None
    words = catalog.sentences(id, entry.example, get_language() or "en")
    return {
        "id": entry.id,
        "topic": entry.topic,
        "severity": entry.severity.value,
        "title": words.title,
        "meaning": words.meaning,
        "why": words.why,
        "remedy": words.remedy,
        "parameters": dict(entry.example),
        "rfc": [{"label": label, "url": catalog.rfc_link(label)} for label in entry.rfc],
        "article": entry.article,
        "lesson": f"{entry.classroom}.{LESSONS}",
        "url": links.page("finding", entry.id),
    }
