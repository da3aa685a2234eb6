"""The server-sent events of a bulk check: its progress every second, and that it has ended.

The row in the database is looked at, not a stream: the counters are there, and whoever comes late,
comes back, or loses Redis sees the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.http import require_safe

from lookups import outage, sse
from lookups.limits import streams

from . import tasks
from .bulk_views import visible
from .models import Bulk
from .progress import progress

LOOK_SECONDS = 1.0
RETRY_MS = 1000


@require_safe
async def events(request: HttpRequest, token: str) -> HttpResponseBase:
    """The stream of one bulk, for those who may see it."""
    await request.auser()
    found = await outage.look(lambda: _visible(request, token))
    if found is None:
        return redirect("account_login")
    teller = _Teller(found, translation.get_language() or "en")
    return await streams.response(request, teller.chunks())


def _visible(request: HttpRequest, token: str) -> Bulk | None:
    return visible(request, token) if request.user.is_authenticated else None


@dataclass(slots=True)
class _Teller:
    """Tells one open page about one bulk until it is over or paused."""

    bulk: Bulk
    language: str
    told: str = ""

    async def chunks(self) -> AsyncIterator[str]:
        yield f"retry: {RETRY_MS}\n\n"
        try:
            while True:
                html = await self._looked()
                yield sse.event("progress", html) if html != self.told else ": still here\n\n"
                self.told = html
                if not self.bulk.is_going:
                    break
                await asyncio.sleep(LOOK_SECONDS)
        except Bulk.DoesNotExist:
            pass  # deleted while it was being watched
        yield sse.event("done", "")

    async def _looked(self) -> str:
        """The progress; while the database is away, what was told last."""
        try:
            return await outage.look(self._look)
        except DatabaseError as error:
            if not outage.is_database_away(error):
                raise
            return self.told

    def _look(self) -> str:
        self.bulk.refresh_from_db()
        if self.bulk.is_going:
            tasks.tend(self.bulk)
        with translation.override(self.language):
            context = {"progress": progress(self.bulk), "reload": not self.bulk.is_going}
            return render_to_string("bulk/_progress.html", context)
