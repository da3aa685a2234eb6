"""Flat SPF records that are kept right: written out again as their sources' TTLs run out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lookups import stream
from lookups.engine.checks.spf_flat import ForestTree, grown, origins
from lookups.engine.checks.spf_tree import asking_terms
from lookups.engine.names import parse_domain
from lookups.engine.records import spf
from lookups.engine.records.txt import quoted_strings
from lookups.engine.spf.flatten import flatten
from lookups.engine.spf.lookups import MAX_LOOKUPS
from lookups.hosted.dns import store
from lookups.hosted.dns.store import Entry
from lookups.hosted.models import HostedSpf, SpfChange, proven
from lookups.tools.dns import Dns
from lookups.watching.models import Watch

SHORTEST, LONGEST = 300, 86_400  # seconds between two refreshes
MAX_TTL = 3600  # of what is served
MAX_CHANGES = 50  # that are kept of one record
MAX_NAMED = 200  # networks of one change
MAX_DUE = 100  # refreshed in one run of the clock
AT_ONCE = 10
# What keeps the old record served: sources that fail, or do not hold an SPF record any more.
FATAL = ("failed", "cut", "none", "multiple", "invalid", "name", "loop")

logger = logging.getLogger(__name__)


class Unusable(Exception):
    """A source that cannot be written out. `code`: one of FATAL, "everyone", "order", "macro",
    "size" (more records than can be included) or "missing" (no SPF record at the name); `term`
    is where."""

    def __init__(self, code: str, term: str = "") -> None:
        super().__init__(code)
        self.code, self.term = code, term[:255]


@dataclass(frozen=True, slots=True)
class Written:
    """A source written out; see HostedSpf for the fields."""

    records: dict[str, str]
    networks: list[str]
    before: int
    after: int
    interval: int


async def write_out(domain: str, name: str, source: str) -> Written:
    """What `source` permits in a message of `domain`, as records for `name`. Raises Unusable.

    It is included, so only what passes matters: the root is a record that includes the source.
    A text stands in for what the domain publishes, so that a and mx in it mean the domain's.
    """
    as_text = spf.is_spf(source)
    target = domain if as_text else source
    pretended = {(name, "TXT"): (quoted_strings(f"v=spf1 include:{target} -all"),)}
    if as_text:
        pretended[domain, "TXT"] = (quoted_strings(source),)
    async with Dns() as dns:
        forest = await grown(dns.context(parse_domain(name), as_if=pretended))
        if forest is None:
            raise Unusable("missing", target)
        flat = flatten(ForestTree(forest))
    for exempt in (*flat.left_out, *flat.kept):
        if exempt.why in FATAL or exempt.domain == name:
            is_whole = exempt.domain == name and exempt.why == "none"
            raise Unusable("missing" if is_whole else exempt.why, exempt.term)
    texts = flat.records(name)
    if len(texts) - 1 > MAX_LOOKUPS - 1:
        raise Unusable("size")
    records = {full.removesuffix(name).removesuffix("."): text for full, text in texts}
    shortest = min((origin.ttl for origin in origins(forest)), default=LONGEST)
    return Written(
        records,
        [str(network) for network in flat.passing.networks],
        forest.cost(target),
        1 + sum(len(asking_terms(spf.audit(text))) for _name, text in texts),
        min(max(shortest, SHORTEST), LONGEST),
    )


# --- switching on and off -------------------------------------------------------------------------
def host(watch: Watch, source: str) -> HostedSpf:
    """Serves what `source` permits from now on. Raises Unusable; then nothing has changed."""
    row = HostedSpf.objects.filter(watch=watch).first() or HostedSpf(watch=watch)
    written = async_to_sync(write_out)(watch.domain, row.name, source)
    row.source = source
    with transaction.atomic():
        if row.pk is None:
            row.save()
        _take(row, written, timezone.now())
    _serve([row])
    return row


def refresh(row: HostedSpf) -> None:
    """Writes one out again, now. What was served stays where the sources fail."""
    _refresh([row], timezone.now())


def end(row: HostedSpf) -> None:
    row.delete()
    try:
        store.remove(stream.client(), [row.label])
    except redis.RedisError:
        logger.warning("the SPF record %s is taken out of Redis later", row.label)


# --- the clock -----------------------------------------------------------------------------------
def refresh_due(now: datetime | None = None) -> int:
    """Refreshes every record whose time has come; says how many."""
    now = now or timezone.now()
    due = HostedSpf.objects.filter(next_refresh__lte=now, watch__in=proven())
    rows = list(due.select_related("watch").order_by("next_refresh")[:MAX_DUE])
    for start in range(0, len(rows), AT_ONCE):
        _refresh(rows[start : start + AT_ONCE], now)
    return len(rows)


def mend_store() -> None:
    """Puts into Redis what is missing there, and takes out what nobody hosts any more, or what
    has not been refreshed for KEEP_SECONDS since its proof was lost."""
    client = stream.client()
    there = store.labels(client)
    young = Q(refreshed__gte=timezone.now() - timedelta(seconds=store.KEEP_SECONDS))
    served = HostedSpf.objects.filter(young | Q(watch__in=proven())).exclude(records={})
    known = set(served.values_list("label", flat=True))
    store.remove(client, there - known)
    if missing := known - there:
        _serve(served.filter(label__in=list(missing)[:500]))


def _refresh(rows: list[HostedSpf], now: datetime) -> None:
    jobs = [(row.watch.domain, row.name, row.source) for row in rows]
    results = async_to_sync(_write_all)(jobs)
    good = []
    for row, result in zip(rows, results, strict=True):
        with transaction.atomic():
            if isinstance(result, Unusable):
                _note_trouble(row, result, now)
            else:
                _take(row, result, now)
                good.append(row)
    _serve(good)


async def _write_all(jobs: list[tuple[str, str, str]]) -> list[Written | Unusable]:
    async def one(job: tuple[str, str, str]) -> Written | Unusable:
        try:
            return await write_out(*job)
        except Unusable as error:
            return error

    return await asyncio.gather(*map(one, jobs))


def _note_trouble(row: HostedSpf, error: Unusable, now: datetime) -> None:
    row.trouble, row.trouble_term = error.code, error.term
    row.trouble_since = row.trouble_since or now
    row.next_refresh = now + timedelta(seconds=SHORTEST)
    row.save(update_fields=["trouble", "trouble_term", "trouble_since", "next_refresh"])


def _take(row: HostedSpf, written: Written, now: datetime) -> None:
    if row.refreshed and row.networks != written.networks:
        came, went = set(written.networks), set(row.networks)
        SpfChange.objects.create(
            spf=row,
            at=now,
            added=[each for each in written.networks if each not in went][:MAX_NAMED],
            removed=[each for each in row.networks if each not in came][:MAX_NAMED],
        )
        old = row.changes.order_by("-at", "-id").values_list("id", flat=True)[MAX_CHANGES:]
        row.changes.filter(id__in=list(old)).delete()
    row.records, row.networks = written.records, written.networks
    row.lookups_before, row.lookups_after = written.before, written.after
    row.interval, row.refreshed = written.interval, now
    row.next_refresh = now + timedelta(seconds=written.interval)
    row.trouble, row.trouble_term, row.trouble_since = "", "", None
    row.save()


def _serve(rows: Iterable[HostedSpf]) -> None:
    """To the DNS server. Where Redis is away, the clock does it a minute later."""
    try:
        client = stream.client()
        for row in rows:
            store.put(client, row.label, Entry(min(row.interval, MAX_TTL), row.records))
    except redis.RedisError:
        logger.warning("hosted SPF records reach the DNS server later: Redis is away")


def is_delegated() -> bool:
    """Whether the operator has set up a zone that the world can ask."""
    return not settings.SPF_ZONE.endswith(".test")
