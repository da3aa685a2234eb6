"""The door for programs: reports by POST, and what a proxy asks before it gets a certificate.

No cookie, no session, no language: whoever has the token of a mailbox may deliver.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from lookups.hosted import intake, policies, words
from lookups.limits.addresses import network_key
from lookups.limits.counting import Ask, count, seconds_to_wait
from lookups.tools.base import ToolError
from lookups.tools.uploads import limited

# RFC 8460 §5.3 and §6; what else is sent by scripts; and whole mails.
MEDIA_TYPES = frozenset(
    {
        "application/tlsrpt+json", "application/tlsrpt+gzip", "application/json",
        "application/gzip", "application/x-gzip", "application/zip",
        "application/x-zip-compressed", "application/xml", "text/xml", "message/rfc822",
        "application/octet-stream",
    }
)  # fmt: skip
TAKEN, BAD, UNKNOWN, METHOD, TOO_LARGE, MEDIA_TYPE, FULL = 201, 400, 404, 405, 413, 415, 507
TOO_MANY = 429


@csrf_exempt
@never_cache
def deliver(request: HttpRequest, token: str) -> HttpResponse:
    """Takes one report, packed or not, or a mail with one."""
    if seconds := _too_many(request, token):
        response = _say(request, TOO_MANY, f"Too many reports at once. Go on in {seconds} s.")
        response["Retry-After"] = str(seconds)
        return response
    box = intake.open_box(token)
    if box is None:
        return _say(request, UNKNOWN, "There is no mailbox here.")
    if request.method != "POST":
        response = _say(request, METHOD, "Deliver reports by POST.")
        response["Allow"] = "POST"
        return response
    if request.content_type not in MEDIA_TYPES:
        return _say(request, MEDIA_TYPE, f"Send one of: {', '.join(sorted(MEDIA_TYPES))}.")
    try:
        limited(request, intake.MAX_FILE)
        # Also where no length was declared, or a wrong one, no more than that is read.
        data = request.read(intake.MAX_FILE + 1)
    except ToolError as refusal:
        return _say(request, TOO_LARGE, refusal.message)
    except OSError:  # the connection broke off
        return _say(request, BAD, "The body ended too early.")
    if len(data) > intake.MAX_FILE:
        return _say(request, TOO_LARGE, f"At most {intake.MAX_FILE} octets.")
    taken = intake.take(box, data)
    return _say(request, _status(taken), words.delivery(taken))


def _too_many(request: HttpRequest, token: str) -> int:
    """Seconds to wait where one network, or everybody together at one mailbox, delivers too much;
    whoever guesses tokens is counted as well."""
    box = hashlib.sha256(token.encode()).hexdigest()[:32]
    rates = settings.LIMIT_DELIVERIES
    asks = (Ask("deliveries", rates, whose) for whose in (network_key(request), f"box:{box}"))
    return seconds_to_wait(count(*asks))


def _status(taken: intake.Taken) -> int:
    if taken.is_good:
        return TAKEN
    full = any(refused.code == intake.FULL for refused in taken.refused)
    return FULL if full else BAD


def _say(request: HttpRequest, status: int, text: str) -> HttpResponse:
    """Plain text, or RFC 9457 where the sender prefers JSON."""
    if status != TAKEN and request.get_preferred_type(_ANSWERS) in _ANSWERS[1:]:
        problem: dict[str, Any] = {"title": text.split("\n", 1)[0], "status": status}
        if text != problem["title"]:
            problem["detail"] = text
        return JsonResponse(problem, status=status, content_type=_ANSWERS[1])
    return HttpResponse(text + "\n", "text/plain; charset=utf-8", status=status)


_ANSWERS = ["text/plain", "application/problem+json", "application/json"]


@never_cache
@require_safe
def tls_ask(request: HttpRequest) -> HttpResponse:
    """Whether a certificate may be fetched for `?domain=`: 200 for the hosts of policies."""
    asked = request.GET.get("domain", "")
    status = 200 if policies.text_of(policies.host_name(asked)) is not None else UNKNOWN
    return HttpResponse(status=status)
