"""DKIM-Signature fields as they are written (RFC 6376 §3.5), before anything is verified."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .message import Field, Message
from .text import shown

MAX_SIGNATURES = 20
MAX_VALUE = 16 * 1024  # octets of a signature field
MAX_HEADERS = 150  # names in h=
ALGORITHMS = ("rsa-sha256", "ed25519-sha256", "rsa-sha1")
# What readers see or programs act on: whether a signature covers it says what it is worth.
NOTABLE = ("From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version",
           "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post")  # fmt: skip

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")
_WHITE = re.compile(r"\s+")
_LONG_WHITE = re.compile(rb"\s{200}")
_NAME = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*"
                   r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cover:
    """A header field and whether a signature covers it: "yes", "over" (also against fields that
    are added later, §5.4.2), "no"; "absent" and "absent-over" where the message has none."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it is written. `problem` says why it cannot even be tried: "", "syntax",
    "missing", "version", "algorithm", "domain", "identity", "too-large", "query"; `detail` with
    which tag. `length` is l=, `covers` what it covers of NOTABLE and in what way."""

    field: Field
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    canonical_header: str = "simple"
    canonical_body: str = "simple"
    headers: tuple[str, ...] = ()
    body_hash: str = ""
    identity: str = ""
    length: int | None = None
    signed: datetime | None = None
    expires: datetime | None = None
    problem: str = ""
    detail: str = ""
    covers: tuple[Cover, ...] = ()

    @property
    def key_name(self) -> str:
        """Where the key stands (RFC 6376 §3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def covers_from(self) -> bool:
        return "from" in self.headers

    def as_json(self) -> dict[str, Any]:
        return {
            "domain": self.domain, "selector": self.selector, "algorithm": self.algorithm,
            "canonicalization": f"{self.canonical_header}/{self.canonical_body}",
            "headers": list(self.headers), "identity": self.identity, "length": self.length,
            "signed": self.signed.isoformat() if self.signed else None,
            "expires": self.expires.isoformat() if self.expires else None,
        }  # fmt: skip


def signatures(message: Message) -> tuple[Signature, ...]:
    """The DKIM signatures, the topmost first; at most MAX_SIGNATURES."""
    fields = message.all("dkim-signature")[:MAX_SIGNATURES]
    return tuple(read_signature(field, message) for field in fields)


def read_tags(text: str) -> dict[str, str] | None:
    """A tag=value list (RFC 6376 §3.2); None where it is none, or a tag stands twice."""
    tags: dict[str, str] = {}
    pieces = text.strip().split(";")
    for number, piece in enumerate(pieces):
        name, sign, value = piece.partition("=")
        name = name.strip()
        if not piece.strip() and number == len(pieces) - 1:
            continue  # a semicolon may stand at the end
        if not sign or not _TAG.fullmatch(name) or name in tags:
            return None
        tags[name] = value.strip()
    return tags


def read_signature(field: Field, message: Message) -> Signature:
    """One signature. Never raises; `problem` says what is wrong with it."""
    if is_unwieldy(field):
        return Signature(field, problem="too-large")
    tags = read_tags(field.text)
    if tags is None:
        return Signature(field, problem="syntax")
    header, _, body = tags.get("c", "simple/simple").lower().partition("/")
    names = tuple(_WHITE.sub("", name).lower() for name in tags.get("h", "").split(":"))
    names = tuple(name[:80] for name in names if name)[: MAX_HEADERS + 1]
    problem, detail = _problem(tags, header, body or "simple", names)
    length = tags.get("l", "")
    return Signature(
        field=field,
        domain=shown(_WHITE.sub("", tags.get("d", "")), 253).lower().rstrip("."),
        selector=shown(_WHITE.sub("", tags.get("s", "")), 253).lower().rstrip("."),
        algorithm=shown(tags.get("a", ""), 40).lower(),
        canonical_header=shown(header, 20),
        canonical_body=shown(body or "simple", 20),
        headers=names[:MAX_HEADERS],
        body_hash=_WHITE.sub("", tags.get("bh", ""))[:200],
        identity=shown(_WHITE.sub("", tags.get("i", "")), 320),
        length=int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None,
        signed=moment(tags.get("t", "")),
        expires=moment(tags.get("x", "")),
        problem=problem,
        detail=detail,
        covers=_covers(names, message),
    )


def is_unwieldy(field: Field) -> bool:
    """Larger than any signer writes, or blown up with white space: not worth the work."""
    return len(field.value) > MAX_VALUE or _LONG_WHITE.search(field.value) is not None


def moment(text: str) -> datetime | None:
    """Seconds since 1970; None where there are none, or more than the calendar has."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def is_name(name: str) -> bool:
    """Whether DNS can be asked for it."""
    return len(name) <= 253 and _NAME.fullmatch(name) is not None


def _problem(tags: dict[str, str], header: str, body: str, names: Sequence[str]) -> tuple[str, str]:
    """RFC 6376 §6.1.1: what a verifier refuses before it looks for the key."""
    for tag in ("v", "a", "b", "bh", "d", "h", "s"):
        if not tags.get(tag):
            return "missing", tag
    if tags["v"] != "1":
        return "version", shown(tags["v"], 40)
    if tags["a"].lower() not in ALGORITHMS:
        return "algorithm", shown(tags["a"], 40)
    if {header, body} - {"simple", "relaxed"}:
        return "algorithm", shown(tags.get("c", ""), 40)
    domain, selector = (_WHITE.sub("", tags[tag]).lower().rstrip(".") for tag in "ds")
    if not is_name(f"{selector}._domainkey.{domain}"):
        return "domain", shown(domain, 100)
    if "from" not in names:
        return "missing", "h=from"
    if len(names) > MAX_HEADERS:
        return "too-large", "h"
    identity = _WHITE.sub("", tags.get("i", "")).rpartition("@")[2].lower()
    if identity and not f".{identity}".endswith(f".{domain}"):
        return "identity", shown(identity, 100)
    if tags.get("q", "dns/txt").lower() != "dns/txt":
        return "query", shown(tags["q"], 40)
    if not re.fullmatch(r"\d{1,76}|", tags.get("l", "")):
        return "syntax", "l"
    return "", ""


def _covers(names: Sequence[str], message: Message) -> tuple[Cover, ...]:
    signed = Counter(names)
    present = Counter(field.key for field in message.fields)
    found = []
    for name in NOTABLE:
        have, covered = present[name.lower()], signed[name.lower()]
        if not have:
            state = "absent-over" if covered else "absent"
        elif covered > have:
            state = "over"
        else:
            state = "yes" if covered == have else "no"
        found.append(Cover(name, state))
    return tuple(found)
