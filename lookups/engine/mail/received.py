"""The way of a message: its Received fields (RFC 5321 §4.4), as real servers write them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from ..addresses import Address, Scope, scope_of
from .dates import read_date, seconds_between
from .structured import tokens
from .text import shown

MAX_HOPS = 100  # the newest; more are counted
MAX_WORDS = 800  # tokens of one field
MAX_PART = 300  # characters of one clause

# RFC 5321 §4.4, and `tls` and `group` of RFC 8314 §4.3.
CLAUSES = ("from", "by", "via", "with", "id", "for", "tls", "group")
# RFC 3848 and RFC 6531: an S says that STARTTLS (or TLS from the start) was used, an A that the
# client had authenticated itself.
_PROTOCOL = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP)(S?)(A?)", re.IGNORECASE)
_LOCAL = frozenset(("local", "lmtp", "lmtpa", "mapi", "http", "https", "httprest", "bsmtp", "uucp"))
_BRACKETED = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w.:-])([0-9A-Fa-f:.]{3,45})(?![\w.:-])")
_TLS = re.compile(r"\b(TLS|SSL)[ _]?v?(1|2|3)(?:[._](\d))?\b(?![-_]?[A-Z])", re.IGNORECASE)
_CIPHER = re.compile(r"\b(?:cipher[ =:]{1,3}|tls )([A-Z0-9][A-Za-z0-9_-]{4,60})")
_HELO = re.compile(r"\b(?:helo|ehlo)[= ]([^\s()\[\]]{1,255})", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?\.?")
_PROTECTED = re.compile(r"Google Transport Security", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hop:
    """One server that passed the message on.

    `sender` is the name that the client gave itself, `sender_name` the name that the server found
    for its address, `address` that address. `encrypted` is True where the field says so, False
    where its keyword says the contrary, else None. `kind`: "internet" (from a public address),
    "internal" (private address), "loopback", "local" (no network at all) or "unknown". `delay` is
    the time since the hop before in seconds, which is negative where clocks differ.
    """

    text: str
    sender: str = ""
    sender_name: str = ""
    address: Address | None = None
    receiver: str = ""
    protocol: str = ""
    id: str = ""
    recipient: str = ""
    authenticated: bool = False
    encrypted: bool | None = None
    tls: str = ""
    cipher: str = ""
    time: datetime | None = None
    date: str = ""
    kind: str = "unknown"
    delay: int | None = None

    @property
    def name(self) -> str:
        """The sender's name that is worth most: the one the server found itself."""
        return self.sender_name or self.sender


@dataclass(frozen=True, slots=True)
class Way:
    """The hops, the oldest first. `left_out` counts hops older than the first one here; `total`
    are the seconds from the first to the last known time."""

    hops: tuple[Hop, ...]
    left_out: int = 0
    total: int | None = None

    @property
    def longest(self) -> int:
        """The longest delay in seconds; at least 0."""
        return max((0, *(hop.delay for hop in self.hops if hop.delay)))

    @property
    def skewed(self) -> bool:
        return any(hop.delay is not None and hop.delay < 0 for hop in self.hops)


def way(texts: Sequence[str], lesson: bool = False) -> Way:
    """The way that Received fields tell; `texts` as they stand in the message, newest first."""
    hops = [read_hop(text, lesson) for text in reversed(texts[:MAX_HOPS])]
    timed: list[Hop] = []
    before: datetime | None = None
    for hop in hops:
        timed.append(replace(hop, delay=seconds_between(before, hop.time)))
        before = hop.time or before
    moments = [hop.time for hop in hops if hop.time]
    total = seconds_between(moments[0], moments[-1]) if moments else None
    return Way(tuple(timed), max(0, len(texts) - MAX_HOPS), total)


def read_hop(text: str, lesson: bool = False) -> Hop:
    """What one Received field tells. Never raises. `lesson`: see addresses.scope_of."""
    clauses, comments, date = _divided(text)
    origin = " ".join([*clauses.get("from", ()), *(f"({c})" for c in comments.get("from", ()))])
    address = _address(clauses.get("from", ()), comments.get("from", ()))
    everything = text[:4000]
    protocol = shown(" ".join(clauses.get("with", ())), 60)
    known = _PROTOCOL.fullmatch(protocol.partition(" ")[0]) if protocol else None
    tls, cipher = _tls(everything), _cipher(everything)
    encrypted: bool | None = None
    if tls or cipher or _PROTECTED.search(everything) or (known and known[1]):
        encrypted = True
    elif known:
        encrypted = False
    when = read_date(date) or read_date(text[-120:])
    return Hop(
        text=shown(text, 1000),
        sender=_sender(clauses.get("from", ()), origin),
        sender_name=_found_name(comments.get("from", ()), clauses.get("from", ())),
        address=address,
        receiver=shown(next(iter(clauses.get("by", ())), ""), MAX_PART).rstrip("."),
        protocol=protocol,
        id=shown(next(iter(clauses.get("id", ())), ""), 100),
        recipient=shown("".join(clauses.get("for", ())[:3]).strip("<>"), MAX_PART),
        authenticated=bool(known and known[2]) or "authenticated sender" in text[:4000].lower(),
        encrypted=encrypted,
        tls=tls,
        cipher=cipher,
        time=when,
        date=shown(date.strip(), 100),
        kind=_kind(address, protocol, clauses, text, lesson),
    )


def _divided(text: str) -> tuple[dict[str, list[str]], dict[str, list[str]], str]:
    """The words and the comments of each clause, and the date behind the last semicolon.

    A keyword begins a clause once; later ones are words of the clause they stand in.
    """
    clauses: dict[str, list[str]] = {}
    comments: dict[str, list[str]] = {}
    current, date, in_date = "", "", False
    for kind, word in islice(tokens(text, frozenset(";")), MAX_WORDS):
        if kind == "special":
            in_date, date = True, ""
        elif in_date:
            date += f"({word})" if kind == "comment" else word
        elif kind == "comment":
            comments.setdefault(current, []).append(word[:MAX_PART])
        elif kind in ("word", "quoted"):
            lowered = word.lower()
            if kind == "word" and lowered in CLAUSES and lowered not in clauses:
                current = lowered
                clauses[current] = []
            elif current:
                clauses[current].append(word[:MAX_PART])
    return clauses, comments, date


def _sender(words: Sequence[str], origin: str) -> str:
    """The HELO name: told apart by some servers (qmail, Exim), else the first word."""
    if told := _HELO.search(origin):
        return shown(told[1].strip("[]"), MAX_PART).rstrip(".")
    first = words[0] if words else ""
    bare = _BRACKETED.fullmatch(first)
    return shown(bare[1] if bare else first, MAX_PART).rstrip(".")


def _found_name(comments: Sequence[str], words: Sequence[str]) -> str:
    """The name beside the address, from a reverse lookup: "(mail.example [192.0.2.1])"."""
    for comment in comments:
        before, bracket, _ = comment.partition("[")
        if bracket:
            name = before.strip().split(" ")[-1].rpartition("@")[2]
            if "." in name and _HOST.fullmatch(name) and _parsed(name) is None:
                return shown(name, MAX_PART).rstrip(".")
    told = any(_HELO.search(comment) for comment in comments)  # then the first word is the name
    if told and words and "." in words[0] and _HOST.fullmatch(words[0]):
        return "" if _parsed(words[0]) else shown(words[0], MAX_PART).rstrip(".")
    return ""


def _address(words: Sequence[str], comments: Sequence[str]) -> Address | None:
    """The client's address. In a comment the server wrote it itself; the word may be a claim."""
    for text in (*comments, *words):
        for match in _BRACKETED.finditer(text):
            if found := _parsed(match[1]):
                return found
    for text in (*comments, *words):
        for match in _BARE.finditer(text):
            if found := _parsed(match[1]):
                return found
    return None


def _parsed(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.rstrip("."))
    except ValueError:
        return None


def _tls(text: str) -> str:
    """The version as "TLS 1.3"; empty where none is told."""
    match = _TLS.search(text)
    if match is None:
        return ""
    return f"{match[1].upper()} {match[2]}.{match[3] or '0'}"


def _cipher(text: str) -> str:
    match = _CIPHER.search(text)
    return match[1] if match and any(c in match[1] for c in "-_") else ""


def _kind(
    address: Address | None, protocol: str, clauses: dict[str, list[str]], text: str, lesson: bool
) -> str:
    if address is not None:
        scope = scope_of(address, lesson)
        if scope is Scope.LOOPBACK:
            return "loopback"
        return "internal" if scope in (Scope.PRIVATE, Scope.RESERVED) else "internet"
    lowered = text[:400].lower()
    if "invoked by" in lowered or "from userid" in lowered:
        return "local"
    if protocol.lower() in _LOCAL or ("by" in clauses and "from" not in clauses):
        return "local"
    return "unknown"
