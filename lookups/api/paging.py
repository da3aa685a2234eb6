"""Lists in pages that stay right while the list grows: each begins after a row, not at a number."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from .problems import invalid

DEFAULT, MOST = 25, 100
_LARGEST = 2**63 - 1

Limit = Annotated[
    int, Query(DEFAULT, ge=1, le=MOST, description="How many rows of the list at once.")
]
Cursor = Annotated[
    str,
    Query(
        "",
        max_length=40,
        description="Where the page begins: take it from `next`. Empty for the first page.",
    ),
]
Next = Annotated[
    str | None,
    Field(None, description="The address of the next page; null on the last one."),
]


def cut(rows: QuerySet[Any], order: str, limit: int, cursor: str) -> tuple[list[Any], str]:
    """One page of `rows`, ordered by the unique integer field `order` ("-id": the newest first),
    and the cursor of the next page, empty on the last one. Raises Problem."""
    field = order.removeprefix("-")
    if cursor:
        after = "lt" if order.startswith("-") else "gt"
        rows = rows.filter(**{f"{field}__{after}": _read(cursor)})
    found = list(rows.order_by(order)[: limit + 1])
    more = len(found) > limit
    return found[:limit], _write(getattr(found[limit - 1], field)) if more else ""


def page(
    request: HttpRequest,
    response: HttpResponse,
    found: tuple[Sequence[Any], str],
    item: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """The JSON of one page. The next one is also in the header Link (RFC 8288)."""
    rows, cursor = found
    address = None
    if cursor:
        query = request.GET.copy()
        query["cursor"] = cursor
        address = f"{settings.PUBLIC_URL}{request.path}?{query.urlencode()}"
        response["Link"] = f'<{address}>; rel="next"'
    return {"items": [item(row) for row in rows], "next": address}


def _write(number: int) -> str:
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def _read(cursor: str) -> int:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, b"-_", validate=True).decode("ascii")
    except (UnicodeError, binascii.Error, ValueError):
        text = ""
    if not text.isdigit() or int(text) > _LARGEST:
        raise invalid("cursor", _("This is no cursor. Take it from the “next” of a page."))
    return int(text)
