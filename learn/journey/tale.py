"""What a journey is made of: its steps, and what follows from the facts.

A step has sentences, pictures, and the question and answer behind them. Some of these hold only for
one choice of the reader: `when` names the classes by which the stylesheet shows and hides them
(if-up, if-first, if-all: how many mail servers are down; if-some: not all are; if-genuine,
if-forged: whose letter it is).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from learn.articles import article
from lookups.engine.spf.result import Result

from . import words
from .asking import Facts
from .scenes import Scene

GENUINE, FORGED = "if-genuine", "if-forged"
DOWN = ("up", "first", "all")  # how many of the mail servers that can take mail are down
PERMANENT = frozenset({"missing", "no-address", "literal", "invalid", "unreachable"})
OPEN_KEYS = frozenset({"not-found", "hidden", "unknown", "pending", "keys", ""})
SIGNING = ("sound", "weak")  # states of DKIM keys with which a signature can be checked
MIN_RSA_BITS = 1024  # RFC 8301 §3.2: receivers take no shorter keys


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence or a block of text, and when it holds."""

    text: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An article that tells more."""

    slug: str
    title: str


@dataclass(slots=True)
class Step:
    """One station of the journey."""

    title: str
    lines: list[Line] = field(default_factory=list)
    pictures: list[Scene] = field(default_factory=list)
    records: list[Line] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    def say(self, text: str, when: str = "") -> None:
        self.lines.append(Line(text, when))

    def show(self, text: str, when: str = "") -> None:
        self.records.append(Line(text, when))


@dataclass(frozen=True, slots=True)
class Journey:
    """All steps. `choices`: which of DOWN make a difference; none where no host can take mail.
    `arrives`: whether the letter gets to a door, where it matters who wrote it."""

    steps: tuple[Step, ...]
    choices: tuple[str, ...]
    arrives: bool


@dataclass(slots=True)
class Tale:
    """The facts, and what follows from them."""

    facts: Facts
    language: str

    @property
    def domain(self) -> str:
        return self.facts.domain.unicode

    @property
    def sender(self) -> str:
        return self.facts.sender.unicode

    @property
    def hosts(self) -> list[dict[str, Any]]:
        return list(self.facts.mx.get("hosts") or ())

    @property
    def usable(self) -> list[dict[str, Any]]:
        """The hosts that a sender can connect to, in the order in which it tries them."""
        return [host for host in self.hosts if words.is_usable(host)]

    @property
    def arrives(self) -> bool:
        return bool(self.usable)

    @property
    def choices(self) -> tuple[str, ...]:
        if not self.usable:
            return ()
        return DOWN if len(self.usable) > 1 else ("up", "all")

    def taker(self, down: str) -> dict[str, Any] | None:
        """The host that gets the letter."""
        skipped = {"up": 0, "first": 1}.get(down, len(self.usable))
        return next(iter(self.usable[skipped:]), None)

    def key(self) -> dict[str, Any] | None:
        """A DKIM key with which the sender's letters can be checked."""
        for found in self.facts.dkim.get("selectors") or ():
            short = found["algorithm"] == "rsa" and (found["bits"] or 0) < MIN_RSA_BITS
            if found["state"] in SIGNING and not short and found["selector"] != "*":
                return found
        return None

    @property
    def policy(self) -> str:
        """The DMARC policy in force, empty where none is known."""
        return self.facts.dmarc.get("effective") or ""

    def dmarc(self, when: str) -> str:
        """What DMARC says of the letter: "pass", "fail", "none" where no policy is in force, "open"
        where it depends on a signature that nobody can see here."""
        verdict = self.facts.own if when == GENUINE else self.facts.stranger
        if not self.policy:
            return "none"
        if verdict is not None and verdict.result is Result.PASS:
            return "pass"  # for the sender's own domain, so it is aligned
        if when == FORGED:
            return "fail"
        if self.key():
            return "pass"
        return "open" if (self.facts.dkim.get("kind") or "") in OPEN_KEYS else "fail"

    def fate(self, when: str) -> str:
        """One of scenes.PLACES; "open" where that is the receiver's own decision."""
        result = self.dmarc(when)
        if result == "pass":
            return "mailbox"
        if result == "fail":
            return {"quarantine": "junk", "reject": "returned"}.get(self.policy, "open")
        return "open"

    def links(self, *slugs: str) -> list[Link]:
        found = ((slug, article(slug, self.language)) for slug in slugs)
        return [Link(slug, known.title) for slug, known in found if known]
