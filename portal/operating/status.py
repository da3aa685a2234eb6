"""How the site stands, for its operator: what lives, what waits, what broke, what is risky.

Nothing here raises: what cannot be asked is shown as such. It asks no one but the database, Redis,
the disk and the mail server; how the resolvers are, a worker found out (`lookups.observing`).
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import celery
import django
import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lookups import stream
from lookups.observing import heart, lately, live, resolvers
from portal.operating import queues
from portal.operating.hours import Chart, chart_of

GOOD, NOTE, BAD, UNKNOWN = "good", "note", "bad", "unknown"
MAIL_SECONDS = 1.5
LITTLE_DISK, TOO_LITTLE_DISK = 0.10, 0.03  # of the whole
LONG_QUEUE = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A part of the site and how it is: GOOD, NOTE, BAD or UNKNOWN, in words too."""

    name: str
    state: str
    word: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """One outcome among many: how often, and its part of all in percent."""

    name: str
    number: int
    percent: float


@dataclass
class Status:
    lines: list[Line] = field(default_factory=list)
    queues: queues.State | None = None
    figures: list[tuple[str, str, str]] = field(default_factory=list)  # what, how much, of what
    outcomes: list[Share] = field(default_factory=list)
    reports: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)
    risks: list[Line] = field(default_factory=list)
    versions: list[tuple[str, str]] = field(default_factory=list)
    chart: Chart | None = None

    @property
    def troubles(self) -> list[Line]:
        return [line for line in self.lines if line.state == BAD]

    @property
    def notes(self) -> list[Line]:
        return [line for line in self.lines if line.state == NOTE]


def status() -> Status:
    found = Status(risks=risks(), versions=_versions())
    found.queues = _or_nothing(queues.state)
    alive = _or_nothing(heart.alive)
    found.lines = [
        *_parts(alive),
        _clock(found.queues),
        _redis(),
        _database(),
        _disk(),
        *_resolvers(),
        _mail(),
    ]
    if known := _or_nothing(lately.reports):
        found.reports = known.reports
        found.figures, found.outcomes = _figures(known), _shares(known)
    found.errors = _or_nothing(lately.errors) or []
    hours = _or_nothing(lately.hours)
    found.chart = chart_of(hours) if hours else None
    return found


def _or_nothing(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (redis.RedisError, DatabaseError):
        return None


# --- parts ---------------------------------------------------------------------------------------
def _parts(alive: Sequence[heart.Alive] | None) -> list[Line]:
    names = {
        "web": _("Web servers"),
        "worker": _("Workers"),
        "beat": _("Clock (celery beat)"),
        "classroom": _("Classroom"),
        "spf-dns": _("DNS server of hosted SPF records"),
    }
    if alive is None:
        return [Line(name, UNKNOWN, _("not known")) for name in names.values()]
    return [
        _part(name, part, [one for one in alive if one.part == part])
        for part, name in names.items()
    ]


def _part(name: str, part: str, alive: Sequence[heart.Alive]) -> Line:
    if not alive:
        missing = BAD if part in ("web", "worker", "beat") else NOTE
        return Line(name, missing, _("no sign of life"), _("for %(n)s seconds or more")
                    % {"n": heart.KEEP_SECONDS})  # fmt: skip
    word = ngettext("%(n)s process", "%(n)s processes", len(alive)) % {"n": len(alive)}
    where = ", ".join(sorted({one.host for one in alive}))
    detail = _("on %(host)s, since %(time)s") % {"host": where, "time": _moment(alive[0].since)}
    state = GOOD
    if part == "worker":
        served = {queue for one in alive if not one.leaving for queue in one.queues}
        detail += "; " + ", ".join(q for q in live.QUEUES if q in served)
        if missing_queues := [q for q in live.QUEUES if q not in served]:
            state, word = BAD, _("nobody takes %(queues)s") % {"queues": ", ".join(missing_queues)}
    if len({one.version for one in alive}) > 1:
        state = NOTE if state == GOOD else state
        detail += "; " + _("different versions")
    return Line(name, state, word, detail)


def _clock(state: queues.State | None) -> Line:
    name = _("Work of the clock")
    if state is None or not state.reachable:
        return Line(name, UNKNOWN, _("not known"))
    last = _("last done %(time)s") % {"time": _moment(state.clock)} if state.clock else ""
    if state.clock_is_late:
        hint = _("Right after the start that is normal; later, no worker takes its tasks.")
        return Line(name, NOTE, _("late"), f"{last} {hint}".strip())
    return Line(name, GOOD, _("in time"), last)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _redis() -> Line:
    began = perf_counter()
    try:
        known: dict[str, Any] = stream.client().info()
    except redis.RedisError:
        hint = _("No check can be made. See REDIS_URL, and the log.")
        return Line("Redis", BAD, _("out of reach"), hint)
    program = "Valkey" if known.get("server_name") == "valkey" else "Redis"
    version = known.get("valkey_version") or known.get("redis_version", "")
    memory = filesizeformat(known.get("used_memory", 0))
    detail = f"{program} {version}, " + _("%(memory)s of memory") % {"memory": memory}
    return Line("Redis", GOOD, _took(began), detail)


def _database() -> Line:
    name, began = _("Database"), perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
            word = _took(began)
            size = _database_size(cursor)
    except (DatabaseError, OSError):
        return Line(name, BAD, _("out of reach"), _("See DATABASE_URL, and the log."))
    engine = {"sqlite": f"SQLite {sqlite3.sqlite_version}"}.get(connection.vendor, "")
    if connection.vendor == "postgresql":
        number = getattr(connection, "pg_version", 0)
        engine = f"PostgreSQL {number // 10000}.{number % 10000}"
    return Line(name, GOOD, word, ", ".join(filter(None, [engine, size])))


def _database_size(cursor: Any) -> str:
    if connection.vendor == "postgresql":
        cursor.execute("SELECT pg_database_size(current_database())")
        return filesizeformat(cursor.fetchone()[0])
    path = Path(str(connection.settings_dict["NAME"]))
    files = [path, path.with_name(path.name + "-wal")]
    size = sum(file.stat().st_size for file in files if file.is_file())
    return filesizeformat(size) if size else ""


def _took(began: float) -> str:
    return _("answers in %(ms)s ms") % {"ms": f"{(perf_counter() - began) * 1000:.1f}"}


def _disk() -> Line:
    name = _("Disk")
    try:
        usage = shutil.disk_usage(settings.VAR_DIR)
    except OSError:
        return Line(name, UNKNOWN, _("not known"))
    part = usage.free / usage.total if usage.total else 1.0
    state = BAD if part < TOO_LITTLE_DISK else NOTE if part < LITTLE_DISK else GOOD
    free = _("%(size)s free") % {"size": filesizeformat(usage.free)}
    return Line(name, state, free, f"{part:.0%}, {settings.VAR_DIR}")


def _resolvers() -> list[Line]:
    name = _("Resolver %(server)s")
    try:
        known = resolvers.known()
    except redis.RedisError:
        known = None
    if not known:
        hint = _("A worker asks them twice a minute.")
        return [Line(_("Resolvers"), UNKNOWN, _("not known"), hint)]
    lines = []
    failing = NOTE if any(one.outcome == "answer" for one in known) else BAD
    for one in known:
        title = name % {"server": one.server}
        if not one.answers:
            lines.append(Line(title, failing, _("does not answer"), one.outcome))
        elif one.outcome != "answer":
            lines.append(Line(title, failing, _("answers with an error"), one.outcome))
        else:
            word = _("answers in %(ms)s ms") % {"ms": one.ms}
            checks = _("validates DNSSEC") if one.validates else _("does not validate DNSSEC")
            lines.append(Line(title, GOOD if one.validates else NOTE, word, checks))
    return lines


def _mail() -> Line:
    name, backend = _("Mail server"), settings.EMAIL_BACKEND
    if not backend.endswith(".smtp.EmailBackend"):
        kept = backend.rpartition(".")[0].rpartition(".")[2]
        where = {"console": _("mails are printed in the log"), "filebased": _("mails go to files")}
        return Line(name, NOTE, _("none configured"), where.get(kept, backend))
    place = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    began = perf_counter()
    try:
        address = (settings.EMAIL_HOST, settings.EMAIL_PORT)
        socket.create_connection(address, timeout=MAIL_SECONDS).close()
    except OSError as error:
        return Line(name, BAD, _("cannot be reached"), f"{place}: {error.strerror or error}")
    return Line(name, GOOD, _took(began), place)


# --- figures -------------------------------------------------------------------------------------
def _figures(known: lately.Lately) -> list[tuple[str, str, str]]:
    found = []
    for title, values in (
        (_("To the first section"), known.first_ms),
        (_("To the whole report"), known.whole_ms),
    ):
        if values:
            slow = _duration(percentile(values, 95))
            meaning = _("half are quicker; 95 of 100 are quicker than %(time)s") % {"time": slow}
            found.append((title, _duration(percentile(values, 50)), meaning))
    if known.asked:
        shared = f"{known.shared / known.asked:.0%}"
        found.append((_("Questions not sent"), shared, _("another report had just asked the same")))
        found.append(
            (_("Questions of a report"), f"{known.asked / known.reports:.0f}", _("on average"))
        )
    return found


def percentile(ordered: Sequence[int], percent: int) -> int:
    """The smallest value that `percent` of all do not exceed (nearest rank)."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _duration(ms: int) -> str:
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def _shares(known: lately.Lately) -> list[Share]:
    return [
        Share(name, number, round(number / known.asked * 100, 1))
        for name, number in known.outcomes.most_common()
    ]


# --- what is risky, what runs --------------------------------------------------------------------
def risks() -> list[Line]:
    """Settings that a site for the public should not have, or that are easily forgotten."""
    public = urlsplit(settings.PUBLIC_URL)
    is_local = public.hostname in ("localhost", "127.0.0.1", "::1")
    found = []
    if settings.DEBUG:
        text = _("MXPLAIN_DEBUG=1: error pages show settings and code to whoever meets one.")
        found.append(Line("MXPLAIN_DEBUG", BAD, text))
    if "*" in settings.ALLOWED_HOSTS:
        text = _("ALLOWED_HOSTS takes any name: links in mails can be forged.")
        found.append(Line("ALLOWED_HOSTS", BAD, text))
    if not settings.SECURE and not is_local:
        text = _("PUBLIC_URL is not https://, so passwords and sessions travel in the clear.")
        found.append(Line("PUBLIC_URL", BAD, text))
    if not os.environ.get("SECRET_KEY"):
        text = _("SECRET_KEY is the one made in var/. Several machines must be given the same one.")
        found.append(Line("SECRET_KEY", NOTE, text))
    if not settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend"):
        text = _("No mail server is configured: nobody gets a code to sign in, or an alert.")
        found.append(Line("MXPLAIN_EMAIL_BACKEND", NOTE, text))
    if 0 < len(settings.METRICS_TOKEN) < 16:
        text = _("MXPLAIN_METRICS_TOKEN is short and can be guessed. Take 16 characters or more.")
        found.append(Line("MXPLAIN_METRICS_TOKEN", NOTE, text))
    return found


def _versions() -> list[tuple[str, str]]:
    return [
        ("MXplain", settings.RELEASE),
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
        ("Celery", celery.__version__),
    ]
