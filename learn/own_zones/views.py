"""The pages of learners' own zones: the list, the editor, and what takes a zone away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import redis
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from learn.classroom.authority import tlsa_311
from lookups import views as checks
from lookups.engine.names import Domain
from lookups.limits.refusing import refusal_of

from . import queries, shelf
from .exercises import Exercise, exercise
from .judge import Judgement, judge
from .models import OwnZone
from .text import (
    MAX_RECORDS,
    MAX_TEXT,
    TYPES,
    Reading,
    Row,
    as_rows,
    read_rows,
    read_text,
    write_rows,
)
from .words import EXAMPLES, said

DKIM = "._domainkey"
MAX_SELECTORS = 10
_SELECTOR = re.compile(r"[a-z0-9.-]{1,100}")


# --- the list -----------------------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own_zones(request: HttpRequest) -> HttpResponse:
    """This person's zones; POST begins another one."""
    error, status = "", 200
    if request.method == "POST":
        try:
            return redirect(shelf.create(request))
        except shelf.Refused as refused:
            error, status = refusal(refused.code), 400
    language = get_language() or "en"
    zones = [
        {"zone": zone, "exercise": exercise(zone.exercise, language)}
        for zone in shelf.zones_of(request).order_by("created")
    ]
    free = sum(not each["zone"].exercise for each in zones)
    context = {"zones": zones, "error": error, "most": shelf.MAX_ZONES}
    context["room"] = free < shelf.MAX_ZONES
    return render(request, "learn/own_zones.html", context, status=status)


def refusal(code: str) -> str:
    """Why there is no further zone, and what to do."""
    if code == "own":
        return _("You have %(most)d zones already. Delete one of them to begin another.") % {
            "most": shelf.MAX_ZONES
        }
    if code == "often":
        return _("Too many zones were begun from your network. Try again in an hour.")
    return _("All places for zones are taken at the moment. Try again tomorrow.")


def find_zone(request: HttpRequest, label: str) -> OwnZone:
    """The zone, where it is this person's. Raises Http404: nobody learns of other people's."""
    zone = shelf.zones_of(request).filter(label=label).first()
    if zone is None:
        raise Http404(label)
    return zone


# --- the editor ---------------------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own_zone(request: HttpRequest, label: str) -> HttpResponse:
    """The editor. POST `do`: "save", "check", "judge", "text", "rows", "add" or "remove-<row>"."""
    zone = find_zone(request, label)
    if request.method != "POST":
        shelf.touch(zone)
        view = "text" if request.GET.get("view") == "text" else "rows"
        return _page(request, _Draft.of(zone, view), zone)
    draft = _Draft.typed(request, zone)
    do = request.POST.get("do", "save")
    if refusal := refusal_of(request):  # what was typed is kept, only the check must wait
        messages.error(request, refusal.message)
        do = "save"
    if do in ("save", "check", "judge"):
        return _save(request, zone, draft, do)
    draft.turn(do)
    return _page(request, draft, zone, status=400 if draft.reading.errors else 200)


class _Draft:
    """What the editor shows: the zone as it was saved, or as it was typed just now."""

    def __init__(self, zone: OwnZone, view: str, text: str, rows: Sequence[Row]) -> None:
        self.zone, self.view, self.text, self.rows = zone, view, text, list(rows)
        self.signed = zone.signed
        self.version = zone.version
        self.dirty = False
        self.reading = Reading()
        self.blank = 1  # rows to fill in, at the end

    @classmethod
    def of(cls, zone: OwnZone, view: str) -> _Draft:
        reading = shelf.reading(zone)
        draft = cls(zone, view, zone.text, as_rows(reading.records))
        draft.reading.notes = reading.notes
        return draft

    @classmethod
    def typed(cls, request: HttpRequest, zone: OwnZone) -> _Draft:
        view = "text" if request.POST.get("view") == "text" else "rows"
        text = request.POST.get("text", "").replace("\r\n", "\n")[: MAX_TEXT + 1]
        names = ("name", "ttl", "type", "data")
        columns = [request.POST.getlist(name)[: MAX_RECORDS + 20] for name in names]
        rows = [Row(*cells) for cells in zip(*columns, strict=False)]
        draft = cls(zone, view, text, rows)
        draft.signed = request.POST.get("signed") == "on"
        draft.dirty = True
        typed = request.POST.get("version", "")
        draft.version = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
        return draft

    def read(self) -> Reading:
        """Reads what was typed; the text then says the same as the rows."""
        if self.view == "text":
            self.reading = read_text(self.text, self.zone.origin)
        else:
            self.reading = read_rows(self.rows, self.zone.origin)
            self.text = write_rows(self.rows)
        return self.reading

    def turn(self, do: str) -> None:
        """Does to the draft what a button without saving asks for."""
        row = do.removeprefix("remove-")
        if do == "text" and self.view == "rows":
            self.text, self.view = write_rows(self.rows), "text"
        elif do == "rows" and self.view == "text":
            if not self.read().errors:
                self.rows, self.view = as_rows(self.reading.records), "rows"
        elif do == "add":
            self.rows = [row for row in self.rows if not row.is_empty]
            self.blank = 3
        elif row != do and row.isascii() and row.isdigit() and 0 < int(row) <= len(self.rows):
            del self.rows[int(row) - 1]


def _save(request: HttpRequest, zone: OwnZone, draft: _Draft, do: str) -> HttpResponse:
    reading = draft.read()
    if reading.errors:
        return _page(request, draft, zone, status=400)
    if draft.version != zone.version and draft.text != zone.text:
        words = _(
            "The zone was changed in another window in the meantime. Saving again puts what you "
            "see here in its place."
        )
        draft.version = zone.version
        return _page(request, draft, zone, status=409, trouble=words)
    if draft.view == "rows" and as_rows(reading.records) == as_rows(shelf.reading(zone).records):
        draft.text = zone.text  # with its comments
    try:
        shelf.save(zone, draft.text, draft.signed)
    except redis.RedisError:
        words = _("The DNS server is out of reach. Nothing was saved; try again in a moment.")
        return _page(request, draft, zone, status=503, trouble=words)
    if do == "check":
        return checks.ask(request, Domain(zone.domain, zone.domain), _selectors(reading))
    kind = exercise(zone.exercise, get_language() or "en")
    if do == "judge" and kind:
        return _judged(request, zone, draft, kind)
    messages.success(request, _("Saved. The DNS server answers with it from now on."))
    return redirect(f"{zone.get_absolute_url()}{'?view=text' if draft.view == 'text' else ''}")


def _judged(request: HttpRequest, zone: OwnZone, draft: _Draft, kind: Exercise) -> HttpResponse:
    judgement = judge(zone, kind, draft.reading.records, get_language() or "en")
    if judgement.solved:
        shelf.mark_solved(request, kind.id)
    shown = _Draft.of(zone, draft.view)
    return _page(request, shown, zone, judgement=judgement)


def _selectors(reading: Reading) -> list[str]:
    """The DKIM selectors that the zone has keys for: a check would not know them all."""
    names = [r.name.removesuffix(DKIM) for r in reading.records if r.name.endswith(DKIM)]
    usable = [name for name in dict.fromkeys(names) if _SELECTOR.fullmatch(name)]
    return usable[:MAX_SELECTORS]


def _page(
    request: HttpRequest,
    draft: _Draft,
    zone: OwnZone,
    *,
    status: int = 200,
    trouble: str = "",
    judgement: Judgement | None = None,
) -> HttpResponse:
    language = get_language() or "en"
    kind = exercise(zone.exercise, language)
    text = draft.text if draft.view == "text" else ""
    errors = [said(trouble, text) for trouble in draft.reading.errors]
    host, _colon, port = settings.CLASSROOM.rpartition(":")
    context: dict[str, Any] = {
        "zone": zone,
        "draft": draft,
        "rows": _form_rows(draft),
        "types": [(type, EXAMPLES[type]) for type in TYPES],
        "errors": errors,
        "notes": [said(note, text) for note in draft.reading.notes],
        "trouble": trouble,
        "exercise": kind,
        "solved": kind is not None and kind.id in shelf.solved_by(request),
        "judgement": judgement,
        "queries": queries.newest(zone),
        "server_host": host.strip("[]"),
        "server_port": port,
        "keys": _keys(zone),
    }
    return render(request, "learn/own_zone.html", context, status=status)


def _form_rows(draft: _Draft) -> list[dict[str, Any]]:
    """The rows with what is wrong with each of their fields; some to fill in behind them."""
    wrong: dict[tuple[int, str], str] = {}
    if draft.view == "rows":
        for trouble in draft.reading.errors:
            wrong.setdefault((trouble.line, trouble.part or "data"), said(trouble).message)
    rows = [*draft.rows, *[Row(ttl="3600") for _ in range(draft.blank)]]
    return [
        {
            "number": number,
            "row": row,
            "wrong": {part: wrong.get((number, part), "") for part in Row.__slots__},
            "errors": [
                (part, wrong[number, part]) for part in Row.__slots__ if (number, part) in wrong
            ],
        }
        for number, row in enumerate(rows, 1)
    ]


def _keys(zone: OwnZone) -> list[dict[str, str]]:
    """The TLSA records that the mail servers of the zone match: the classroom plays these."""
    reading = shelf.reading(zone)
    hosts = {r.rdata.exchange for r in reading.records if r.type == "MX"}
    names = sorted(
        {r.name for r in reading.records if r.owner in hosts and r.type in ("A", "AAAA")}
    )
    host = {name: f"{name}.{zone.domain}" if name != "@" else zone.domain for name in names}
    return [
        {"name": f"_25._tcp.{name}" if name != "@" else "_25._tcp", "data": tlsa_311(host[name])}
        for name in names
    ]


# --- what a button does -------------------------------------------------------------------------
@require_POST
def undo(request: HttpRequest, label: str) -> HttpResponse:
    """Brings back what was there before the last save."""
    zone = find_zone(request, label)
    if shelf.undo(zone):
        messages.success(request, _("The zone is as it was before the last save."))
    return redirect(zone)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, label: str) -> HttpResponse:
    """Asks, and deletes the zone at once."""
    zone = find_zone(request, label)
    if request.method != "POST":
        return render(request, "learn/own_zone_delete.html", {"zone": zone})
    zone.delete()
    messages.success(request, _("The zone is deleted."))
    return redirect("own-zones")
