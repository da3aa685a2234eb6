"""Whose zones are whose, how many there may be, and their way to the DNS server."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import random
import secrets
import string
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import redis
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from learn.classroom import own_store
from learn.classroom.own import BLOCKS, DEFAULT_SERVERS, Published
from lookups import stream

from .models import KEEP_DAYS, OwnZone, OwnZoneQuerySet, SolvedExercise
from .text import Reading, Record, read_text, zone_file

SECRET = "own-zones"  # session key: the secret that zones without an account are bound to
SOLVED = "solved-exercises"  # session key: exercises solved without an account
MAX_ZONES = 3  # of one person, and one more for the exercises
MAX_TOTAL = 4000  # there are BLOCKS blocks of addresses
MAX_NEW = 60  # zones in an hour that one network may begin: a class may sit behind one address
TOUCH = timedelta(hours=1)
PUBLISHED_SECONDS = (KEEP_DAYS + 1) * 86_400
FIRST_TEXT = """\
@       3600   MX     10 mx1
@       3600   TXT    "v=spf1 mx -all"
mx1     3600   A      {four1}
mx1     3600   AAAA   {six1}
"""

logger = logging.getLogger(__name__)


class Refused(Exception):
    """No further zone. `code`: "own" (this person has enough), "all" (there are too many in all),
    "often" (too many from this network)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# --- whose they are -----------------------------------------------------------------------------
def zones_of(request: HttpRequest) -> OwnZoneQuerySet:
    """The zones of this person. What a session made goes to the account at the first visit."""
    secret = request.session.get(SECRET, "")
    if not request.user.is_authenticated:
        mine = OwnZone.objects.filter(holder=_digest(secret), owner=None)
        return mine if secret else OwnZone.objects.none()
    if secret:
        OwnZone.objects.filter(holder=_digest(secret), owner=None).update(
            owner=request.user, holder=""
        )
        del request.session[SECRET]
    return OwnZone.objects.filter(owner=request.user)


def create(request: HttpRequest, text: str = FIRST_TEXT, exercise: str = "") -> OwnZone:
    """A new zone for this person. Raises Refused, and redis.RedisError without DNS server."""
    mine = zones_of(request)
    if not exercise and mine.free().count() >= MAX_ZONES:
        raise Refused("own")
    _count(request)
    owner = request.user if request.user.is_authenticated else None
    if owner is None and SECRET not in request.session:
        request.session[SECRET] = secrets.token_urlsafe(24)
    holder = "" if owner else _digest(request.session[SECRET])
    with transaction.atomic():
        zone = _place(OwnZone(owner=owner, holder=holder, exercise=exercise))
        zone.text = text.format_map(zone.addresses | {"domain": zone.domain})
        zone.save()
        publish(zone)
    return zone


def _count(request: HttpRequest) -> None:
    """Counts a new zone for the network that the visitor comes from. Raises Refused."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return
    width = 64 if address.version == 6 else 32
    key = f"own-zones-of:{ipaddress.ip_network((address, width), strict=False)}"
    cache.add(key, 0, 3600)
    if cache.incr(key) > MAX_NEW:
        raise Refused("often")


def _place(zone: OwnZone) -> OwnZone:
    """Gives the zone a label and a block that are free. Raises Refused."""
    taken = set(OwnZone.objects.values_list("block", flat=True))
    if len(taken) >= MAX_TOTAL:
        raise Refused("all")
    zone.block = random.choice([block for block in range(BLOCKS) if block not in taken])
    zone.label = "".join(secrets.choice(string.ascii_lowercase) for _ in range(8))
    try:
        with transaction.atomic():
            zone.save()
    except IntegrityError:  # somebody took the block a moment ago
        return _place(zone)
    return zone


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


# --- changes ------------------------------------------------------------------------------------
def save(zone: OwnZone, text: str, signed: bool) -> None:
    """Keeps a text that can be read, and what was there before. Raises redis.RedisError, and then
    nothing is changed."""
    if (text, signed) == (zone.text, zone.signed):
        return
    _change(zone, text, signed)


def undo(zone: OwnZone) -> bool:
    """Brings back what was there before the last save; doing it twice undoes the undoing."""
    if zone.text_before is None:
        return False
    _change(zone, zone.text_before, zone.signed_before)
    return True


def begin(zone: OwnZone, exercise: str, text: str) -> None:
    """Puts the broken zone of an exercise in place of what was there."""
    zone.exercise = exercise
    _change(zone, text.format_map(zone.addresses | {"domain": zone.domain}), False)
    OwnZone.objects.filter(id=zone.id).update(exercise=exercise, text_before=None)
    zone.text_before = None


def _change(zone: OwnZone, text: str, signed: bool) -> None:
    with transaction.atomic():
        before = {"text_before": zone.text, "signed_before": zone.signed}
        now = timezone.now()
        OwnZone.objects.filter(id=zone.id).update(
            text=text, signed=signed, version=F("version") + 1, used=now, **before
        )
        zone.refresh_from_db()
        publish(zone)


# --- to the DNS server --------------------------------------------------------------------------
def reading(zone: OwnZone) -> Reading:
    return read_text(zone.text, zone.origin)


def publish(zone: OwnZone) -> None:
    """Lets the DNS server have the zone as it is. Raises redis.RedisError."""
    own_store.publish(stream.client(), _published(zone, reading(zone).records), PUBLISHED_SECONDS)


def _published(zone: OwnZone, records: Iterable[Record]) -> Published:
    text = zone_file(records, zone.origin, zone.version, DEFAULT_SERVERS)
    return Published(zone.label, zone.version, text, zone.signed, zone.block)


def touch(zone: OwnZone) -> None:
    """Notes that the zone is in use; a DNS server that has lost it gets it again."""
    now = timezone.now()
    try:
        lost = str(zone.version) != stream.client().hget(own_store.zone_key(zone.label), "version")
        if lost or zone.used < now - TOUCH:
            OwnZone.objects.filter(id=zone.id).update(used=now)
            zone.used = now
            publish(zone)
    except redis.RedisError as error:
        logger.warning("Redis is out of reach: %s", error)


def withdraw(zone: OwnZone) -> None:
    """Takes a zone that is gone away from the DNS server as well."""
    try:
        own_store.withdraw(stream.client(), zone.label, zone.block)
    except redis.RedisError as error:  # it goes by itself after some days
        logger.warning("the zone %s is still served: %s", zone.label, error)


def forget_unused() -> int:
    """Deletes the zones that nobody has used for KEEP_DAYS."""
    expired = list(OwnZone.objects.expired())
    for zone in expired:
        zone.delete()
    return len(expired)


def mend() -> int:
    """Publishes what the DNS server has lost; says how many zones that were."""
    client = stream.client()
    lost = [
        zone
        for zone in OwnZone.objects.iterator(chunk_size=200)
        if str(zone.version) != client.hget(own_store.zone_key(zone.label), "version")
    ]
    for zone in lost:
        publish(zone)
    return len(lost)


# --- exercises ----------------------------------------------------------------------------------
def solved_by(request: HttpRequest) -> set[str]:
    """The exercises that this person has solved. Those of a session go to the account."""
    here = set(request.session.get(SOLVED, []))
    if not request.user.is_authenticated:
        return here
    if here:
        _keep_solved(request.user, here)
        del request.session[SOLVED]
    kept = SolvedExercise.objects.filter(owner=request.user)
    return set(kept.values_list("exercise", flat=True))


def mark_solved(request: HttpRequest, exercise: str) -> None:
    if request.user.is_authenticated:
        _keep_solved(request.user, {exercise})
    else:
        request.session[SOLVED] = sorted({*request.session.get(SOLVED, []), exercise})


def _keep_solved(user: Any, exercises: Iterable[str]) -> None:
    SolvedExercise.objects.bulk_create(
        [SolvedExercise(owner=user, exercise=exercise) for exercise in exercises],
        ignore_conflicts=True,
    )


def exported(user: Any) -> dict[str, Any]:
    """What the account's export holds of it."""
    zones = OwnZone.objects.filter(owner=user).order_by("created")
    solved = SolvedExercise.objects.filter(owner=user).order_by("solved_at", "exercise")
    return {
        "own_zones": [
            {
                "domain": zone.domain,
                "exercise": zone.exercise,
                "text": zone.text,
                "text_before": zone.text_before,
                "signed": zone.signed,
                "created": zone.created,
                "used": zone.used,
            }
            for zone in zones
        ],
        "solved_exercises": list(solved.values("exercise", "solved_at")),
    }
