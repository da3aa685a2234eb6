"""/reports/: asking for reports and reading them, whole or as they grow."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from ninja import Query, Router
from ninja.responses import Status
from pydantic import AwareDatetime

from lookups import outage, sse
from lookups.engine.report import TOPICS
from lookups.models import Report
from lookups.views import find_report

from . import paging, report_rows, shapes
from .auth import Token
from .caller import no_token
from .finding import domain_in, moment, one, selectors_in
from .problems import from_response, invalid
from .report_events import JsonTeller

router = Router(tags=["Reports"])

Topics = Annotated[
    str,
    Query(
        "",
        max_length=200,
        description="Only these topics, with commas between. Empty: all of them.",
        examples=["mx,spf"],
    ),
]
# One event of the stream: what its lines say.
EVENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string", "enum": ["section", "done"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
_EVENT_ID = re.compile(r"\d{1,20}-\d{1,20}")


@router.post(
    "/",
    response={200: shapes.ReportReference, 202: shapes.ReportReference},
    auth=Token("reports:write", anonymous=True),
    url_name="reports",
    summary="Ask for a report",
    description=(
        "202 and the address of a new report, which is being made; 200 where one is less than a "
        "minute old. The header Location has the address, too. With a token the report is yours: "
        "it stands in your list, and only you can delete it."
    ),
)
def ask(request: HttpRequest, response: HttpResponse, wanted: shapes.ReportWanted) -> Any:
    domain, selectors = domain_in(wanted.domain), selectors_in(wanted.selectors)
    if wanted.save and not request.user.is_authenticated:
        raise no_token()
    report, is_new = report_rows.ask(
        request.user, domain, selectors, again=wanted.again, save=wanted.save
    )
    found = report_rows.reference(report, wanted.topics)
    response["Location"] = found["report"]
    return Status(202 if is_new else 200, found)


@router.get(
    "/",
    response=shapes.ReportPage,
    auth=Token("reports:read"),
    url_name="reports",
    summary="Your reports",
    description="Those that you asked for or saved, the newest first.",
)
def mine(
    request: HttpRequest,
    response: HttpResponse,
    limit: paging.Limit,
    cursor: paging.Cursor,
    domain: Annotated[str, Query("", max_length=2000, description="Only on this domain.")],
    since: Annotated[
        AwareDatetime | None, Query(None, description="Only those made at this time or later.")
    ],
) -> Any:
    rows = report_rows.mine(request.user).defer("sections", "queries")
    if domain:
        rows = rows.filter(domain=domain_in(domain).ascii)
    if since is not None:
        rows = rows.filter(created__gte=_since(since))
    return paging.page(request, response, paging.cut(rows, "-id", limit, cursor), report_rows.row)


def _since(given: datetime) -> datetime:
    return moment(given, "since")


@router.get(
    "/{token}",
    response={200: shapes.ReportShown},
    by_alias=True,
    auth=Token("reports:read", anonymous=True),
    url_name="report",
    summary="A report",
    description=(
        "As far as it is known: while `state` is `waiting` or `running` there is more to come, and "
        "Retry-After says when to ask again. Whoever knows the address may read it without a "
        "token, unless its owner decided otherwise."
    ),
)
def read(request: HttpRequest, response: HttpResponse, token: str, topics: Topics) -> Any:
    chosen = _topics(topics)
    found = find_report(request, token)
    if isinstance(found, HttpResponse):
        return from_response(found)
    if not found.is_finished:
        response["Retry-After"] = "1"
    return report_rows.shown(found, chosen)


@router.get(
    "/{token}/events",
    auth=Token("reports:read", anonymous=True),
    url_name="report-events",
    summary="A report as it grows",
    description=(
        "Server-sent events: `section` with the JSON of a topic each time that more of it is "
        "known, and in the end `done` with `state`, `status` and `score`. Lines that begin with a "
        "colon say that the connection lives. Whoever comes back sends the id of the last event "
        "as Last-Event-ID."
    ),
    openapi_extra={
        "parameters": [
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "pattern": r"^\d{1,20}-\d{1,20}$"},
                "description": "The id of the last event that arrived.",
            }
        ],
        "responses": {
            200: {
                "description": "A stream of events",
                "content": {
                    "text/event-stream": {
                        "schema": EVENT,
                        "example": 'id: 1764000000000-0\nevent: section\ndata: {"topic": "mx"}\n\n',
                    }
                },
            }
        },
    },
)
async def events(request: HttpRequest, token: str, topics: Topics) -> Any:
    chosen = _topics(topics)
    found = await outage.look(lambda: find_report(request, token))
    if isinstance(found, HttpResponse):
        return from_response(found)
    given = request.headers.get("Last-Event-ID", "")
    teller = JsonTeller(
        report=found,
        language=translation.get_language() or "en",
        last=given if _EVENT_ID.fullmatch(given) else "0",
        topics=tuple(chosen or TOPICS),
    )
    return sse.response(teller.chunks())


@router.delete(
    "/{token}",
    response={204: None},
    auth=Token("reports:write"),
    url_name="report",
    summary="Delete one of your reports",
    description="Its link stops working at once. On the site this can be undone for a day.",
)
def delete(request: HttpRequest, token: str) -> Any:
    report = one(report_rows.mine(request.user).defer("sections", "queries"), token)
    Report.objects.filter(pk=report.pk).update(deleted_at=timezone.now())
    return Status(204, None)


def _topics(text: str) -> list[str]:
    """Raises Problem."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in TOPICS]:
        raise invalid(
            "topics",
            _("There is no topic “%(topic)s”. Possible are: %(topics)s")
            % {"topic": unknown[0][:30], "topics": ", ".join(TOPICS)},
        )
    return names
