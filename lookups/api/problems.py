"""Errors as RFC 9457 has them: `application/problem+json`, in the reader's language.

`CODES` is the list of all problems; each has a page under /api/v1/problems/, which is its `type`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lookups.engine.opt_out import LABEL
from lookups.opt_out import remembering, words

MEDIA_TYPE = "application/problem+json"
BASE = "/api/v1/problems/"

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Kind:
    """A problem: its status, what it is called, what it means and what to do."""

    status: int
    title: Words
    meaning: Words


CODES: dict[str, Kind] = {
    "bad-request": Kind(
        400,
        _("The request cannot be read"),
        _("What was sent is no JSON, or a header makes no sense. Look at the detail, mend it."),
    ),
    "unauthorized": Kind(
        401,
        _("A valid token is needed"),
        _(
            "Send a token in the header Authorization, as “Bearer mxp_…”. One that has expired or "
            "was revoked opens nothing: make a new one in your account."
        ),
    ),
    "missing-scope": Kind(
        403,
        _("The token is not allowed to do this"),
        _(
            "The member “scope” names what the token lacks. What a token may do is settled when it "
            "is made: make another one with that scope."
        ),
    ),
    "opted-out": Kind(
        403,
        _("The domain asks not to be checked"),
        _(
            "It publishes a TXT record that asks sites like this one not to check it. The members "
            "“domain” and “record” name it. Asking again will not help while the record is there."
        ),
    ),
    "not-found": Kind(
        404,
        _("There is nothing at this address"),
        _(
            "Either the address is wrong, or what it names does not exist, or it is not yours. "
            "Addresses of lists end in a slash, others do not."
        ),
    ),
    "method-not-allowed": Kind(
        405,
        _("This address does not know that method"),
        _("The header Allow lists the methods that it does know."),
    ),
    "already-watched": Kind(
        409,
        _("The domain is on the list already"),
        _("The member “watch” is its address. Change it there."),
    ),
    "wrong-state": Kind(
        409,
        _("That cannot be done now"),
        _("What the address names is in a state that does not allow it. Read it again."),
    ),
    "still-running": Kind(
        409,
        _("The first request with this key is not answered yet"),
        _("Send the same request with the same Idempotency-Key again in a moment."),
    ),
    "gone": Kind(
        410,
        _("The report is no longer there"),
        _("Its owner deleted it or stopped its link, or its time was over. Ask for a new one."),
    ),
    "too-large": Kind(
        413,
        _("The request is too large"),
        _("Send less at once. The detail says how much is taken."),
    ),
    "unsupported-media-type": Kind(
        415,
        _("The body has a media type that is not taken here"),
        _("Send JSON with the header Content-Type: application/json."),
    ),
    "invalid": Kind(
        422,
        _("Something in the request is not valid"),
        _("The member “errors” lists each field with what is wrong in it."),
    ),
    "key-reused": Kind(
        422,
        _("This Idempotency-Key belongs to another request"),
        _("A key names one request for a day. Use a new one for each request."),
    ),
    "too-many-requests": Kind(
        429,
        _("Too many requests"),
        _("Wait as many seconds as the header Retry-After says. A token allows more."),
    ),
    "server-error": Kind(
        500,
        _("Something broke on our side"),
        _("It was noted. Try again later; the request itself may be in order."),
    ),
    "unavailable": Kind(
        503,
        _("Not reachable at this moment"),
        _(
            "The database, the queue of checks or DNS did not answer in time. Try again in a few "
            "seconds."
        ),
    ),
}

_BY_STATUS = {
    400: "bad-request",
    401: "unauthorized",
    403: "missing-scope",
    404: "not-found",
    405: "method-not-allowed",
    409: "wrong-state",
    410: "gone",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    429: "too-many-requests",
    503: "unavailable",
}
assert set(_BY_STATUS.values()) <= set(CODES)

Error = Mapping[str, str]


class Problem(Exception):
    """A refusal on its way out: `code` is one of CODES. `more`: further members."""

    def __init__(
        self,
        code: str,
        detail: Words = "",
        errors: Sequence[Error] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.errors = code, detail, errors
        self.headers = dict(headers or {})
        self.more = more


def invalid(field: str, message: Words) -> Problem:
    """One field is wrong."""
    return Problem("invalid", errors=[{"field": field, "message": str(message)}])


def too_often(seconds: int) -> Problem:
    """The cap on new reports of one registrable domain, whoever asked for them."""
    detail = _("This domain was checked very often. Try again in %(seconds)d seconds.")
    return Problem(
        "too-many-requests",
        detail % {"seconds": seconds},
        headers={"Retry-After": str(seconds)},
    )


def opted_out(domain: str, name: str) -> Problem:
    """`name`: the domain whose record says so."""
    remembering.note_refusal()
    record = f"{LABEL}.{name}" if name else ""
    return Problem("opted-out", words.message(domain, name), domain=domain, record=record)


def response(problem: Problem) -> HttpResponse:
    """In the active language. Nobody keeps it: it may be mended the next moment."""
    kind = CODES[problem.code]
    members: dict[str, Any] = {
        "type": f"{settings.PUBLIC_URL}{BASE}{problem.code}",
        "title": str(kind.title),
        "status": kind.status,
        "detail": str(problem.detail or kind.meaning),
    }
    if problem.errors:
        members["errors"] = [dict(error) for error in problem.errors]
    body = json.dumps(members | problem.more, ensure_ascii=False)
    answer = HttpResponse(body, content_type=MEDIA_TYPE, status=kind.status)
    for name, value in problem.headers.items():
        answer[name] = value
    if kind.status == 503:
        answer.headers.setdefault("Retry-After", "5")
    answer["Cache-Control"] = "no-store"
    return answer


def from_response(answer: Any) -> HttpResponse:
    """What Django answered by itself, as a problem with the same status."""
    status = answer.status_code
    code = _BY_STATUS.get(status, "server-error" if status >= 500 else "bad-request")
    kept = {name: answer[name] for name in ("Allow", "Retry-After") if name in answer}
    return response(Problem(code, headers=kept))
