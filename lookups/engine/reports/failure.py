"""Failure reports: one message that did not pass (RFC 9991), in the Abuse Reporting Format
(RFC 5965) with the fields for authentication failures (RFC 6591 §3)."""

from __future__ import annotations

import email.errors
import re
from dataclasses import asdict, dataclass
from email.header import decode_header
from email.message import Message
from typing import Any

from . import mime, text
from .errors import Budget, ReportError
from .text import address, iso, tidy, word

MAX_ORIGINAL = 16_000  # characters of the original message's header that are kept
MAX_FIELD = 1_000
# RFC 6591 §3.2.2 lists the first six, RFC 9991 adds "dmarc".
AUTH_FAILURES = ("adsp", "bodyhash", "revoked", "signature", "spf", "dmarc")


@dataclass(frozen=True, slots=True)
class FailureReport:
    """What the receiver tells of one message. Texts are as the reporter wrote them, bounded.

    `auth_failure` is mostly one of AUTH_FAILURES; `delivery` "delivered", "spam", "policy",
    "reject" or "other" (RFC 6591 §3.2.2); `alignment` lists what failed to align (RFC 9991 §4).
    """

    type: str
    user_agent: str
    auth_failure: str
    delivery: str
    source_ip: str
    domain: str
    mail_from: str
    recipient: str
    arrival: str
    message_id: str
    results: str
    alignment: str
    dkim_domain: str
    dkim_selector: str
    dkim_identity: str
    spf_dns: str
    reporter: str
    incidents: int
    date: int
    header_from: str
    subject: str
    original: str

    @property
    def key(self) -> tuple[str, str, str]:
        return (
            "failure",
            self.reporter.lower(),
            f"{self.message_id} {self.source_ip} {self.arrival}",
        )

    def head(self) -> dict[str, Any]:
        """What `--format json` tells of it."""
        told = asdict(self)
        told["date"] = iso(self.date)
        return told

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FailureReport:
        return cls(**data)


def is_fields(part: mime.Part) -> bool:
    """Whether the part holds the fields of a report (RFC 5965 §3)."""
    return part.type == "message/feedback-report"


def parse(fields: bytes, original: bytes = b"", budget: Budget | None = None) -> FailureReport:
    """The report whose fields stand in `fields`. `original` is the message, or its header, that it
    is about. Raises ReportError."""
    (budget or Budget()).keep(1)
    told, _ = mime.split(fields.lstrip() + b"\n\n")
    about, head = _original(original)
    if not _field(told, "Feedback-Type"):
        raise ReportError("not-a-report")
    author = _decoded(about.get("From", ""))
    arrival = _field(told, "Arrival-Date") or _field(told, "Received-Date")
    results = [_flat(each) for each in told.get_all("Authentication-Results", [])[:5]]
    return FailureReport(
        type=word(_field(told, "Feedback-Type")),
        user_agent=_field(told, "User-Agent"),
        auth_failure=word(_field(told, "Auth-Failure")),
        delivery=word(_field(told, "Delivery-Result")),
        source_ip=address(_field(told, "Source-IP")),
        domain=text.domain(_field(told, "Reported-Domain")) or _domain_of(author),
        mail_from=_field(told, "Original-Mail-From"),
        recipient=_field(told, "Original-Rcpt-To"),
        arrival=arrival,
        message_id=_flat(about.get("Message-ID", "")) or _field(told, "Message-ID"),
        results="; ".join(results)[:MAX_FIELD],
        alignment=word(_field(told, "Identity-Alignment")),
        dkim_domain=text.domain(_field(told, "DKIM-Domain")),
        dkim_selector=_field(told, "DKIM-Selector"),
        dkim_identity=_field(told, "DKIM-Identity"),
        spf_dns=_field(told, "SPF-DNS"),
        reporter=_reporter(told),
        incidents=max(1, text.number(_field(told, "Incidents"))),
        date=_date(arrival) or _date(_flat(about.get("Date", ""))),
        header_from=author,
        subject=_decoded(about.get("Subject", "")),
        original=head,
    )


def _original(data: bytes) -> tuple[Message, str]:
    """The header of the message, parsed and as it stands."""
    data = data.lstrip(b"\r\n")
    header, _ = mime.split(data + b"\n\n" if data else b"\n")
    end = re.search(rb"\r?\n[ \t]*\r?\n", data[: mime.MAX_HEADER])
    head = data[: end.start() if end else MAX_ORIGINAL * 4]
    readable = head.decode("utf-8", "replace").replace("\r\n", "\n")[:MAX_ORIGINAL]
    kept = "".join(c if c in "\n\t" or c.isprintable() else "\ufffd" for c in readable)
    return header, kept


def _flat(value: object) -> str:
    return tidy(str(value), MAX_FIELD)


def _field(header: Message, name: str) -> str:
    return tidy(_flat(header.get(name, "")).strip("<>"))


def _reporter(told: Message) -> str:
    """Who reports: "dns; mx.example.com" (RFC 5965 §3.2), or who says so in the results."""
    named = _field(told, "Reporting-MTA").rsplit(";", 1)[-1].strip()
    return named or _field(told, "User-Agent")


def _decoded(value: object) -> str:
    """Encoded words (RFC 2047) as the text that they stand for."""
    flat = _flat(value)
    try:
        pieces = [
            piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(flat)
        ]
    except (email.errors.HeaderParseError, LookupError, ValueError):
        return tidy(flat)
    return tidy("".join(pieces))


def _domain_of(author: str) -> str:
    found = re.search(r"@([A-Za-z0-9.\-\u0080-\uffff]+)", author)
    return text.domain(found[1]) if found else ""


def _date(value: str) -> int:
    from email.utils import parsedate_to_datetime

    try:
        seconds = int(parsedate_to_datetime(value).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return 0
    return seconds if 0 < seconds <= text.LATEST else 0
