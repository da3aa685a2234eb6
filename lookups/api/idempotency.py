"""The header Idempotency-Key: a POST that is sent twice is done once.

The first answer is kept for a day and given again. A request that comes while the first one is
still being answered gets 409, and one with another body 422.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from .caller import Caller
from .models import IdempotencyKey
from .problems import Problem

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
PATIENCE = timedelta(minutes=2)  # a process that died leaves its request unanswered
KEPT_HEADERS = ("Content-Type", "Content-Language", "Location")


def begin(request: HttpRequest, caller: Caller) -> IdempotencyKey | HttpResponse | None:
    """The row to be finished; the kept answer; or None where no key was given."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return None
    if not key.isprintable() or not key.isascii() or not 0 < len(key) <= MAX_LENGTH:
        raise Problem("bad-request", _("An Idempotency-Key has 1 to 255 ASCII characters."))
    fingerprint = _fingerprint(request)
    try:
        return _insert(caller, key, fingerprint)
    except IntegrityError:
        return _again(caller, key, fingerprint)


def _insert(caller: Caller, key: str, fingerprint: str) -> IdempotencyKey:
    with transaction.atomic():
        return IdempotencyKey.objects.create(caller=caller.key, key=key, fingerprint=fingerprint)


def _again(caller: Caller, key: str, fingerprint: str) -> IdempotencyKey | HttpResponse:
    rows = IdempotencyKey.objects.filter(caller=caller.key, key=key)
    rows.filter(created__lt=IdempotencyKey.oldest()).delete()
    rows.filter(created__lt=timezone.now() - PATIENCE, status=None).delete()
    row = rows.first()
    if row is None:  # it was too old, or has just been given up
        try:
            return _insert(caller, key, fingerprint)
        except IntegrityError:
            raise Problem("still-running", headers={"Retry-After": "1"}) from None
    if row.fingerprint != fingerprint:
        raise Problem("key-reused")
    if row.status is None:
        raise Problem("still-running", headers={"Retry-After": "1"})
    return _replayed(row)


def _replayed(row: IdempotencyKey) -> HttpResponse:
    answer = HttpResponse(row.body, status=row.status)
    for name, value in row.headers.items():
        answer[name] = value
    answer["Idempotency-Replayed"] = "true"
    return answer


def finish(row: IdempotencyKey, answer: Any) -> None:
    """Keeps the answer; or lets go of the key, where the same request may yet succeed."""
    if answer.status_code >= 500 or answer.streaming:
        IdempotencyKey.objects.filter(pk=row.pk).delete()
        return
    kept = {name: answer[name] for name in KEPT_HEADERS if name in answer}
    IdempotencyKey.objects.filter(pk=row.pk).update(
        status=answer.status_code, headers=kept, body=answer.content.decode()
    )


def _fingerprint(request: HttpRequest) -> str:
    parts = (request.method, request.get_full_path(), request.content_type or "")
    digest = hashlib.sha256("\n".join(str(part) for part in parts).encode("utf-8", "replace"))
    digest.update(b"\n" + request.body)
    return digest.hexdigest()
