"""The chain of those who passed a message on: Authenticated Received Chain (RFC 8617)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dkim  # type: ignore[import-untyped]

from .auth_results import AuthResults, read_results
from .body import BodyHashes
from .keys import Key
from .message import Field, Message
from .signatures import is_name, is_unwieldy, moment, read_tags
from .text import shown
from .verify import SILENT, answering, library_headers

MAX_INSTANCE = 50  # RFC 8617 §4.2.1
MAX_FIELDS = 3 * MAX_INSTANCE
MAX_SIGNED = 150  # names in h=

RESULTS, SIGNATURE, SEAL = (
    "arc-authentication-results",
    "arc-message-signature",
    "arc-seal",
)
_INSTANCE = re.compile(r"\s*i\s*=\s*(\d{1,4})\s*(?:;|$)", re.IGNORECASE)
_WHITE = re.compile(r"\s+")
_NEEDED = {SIGNATURE: "iabds", SEAL: "iabds"}
_ARMOUR = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, slots=True)
class Part:
    """A signature of a set: that over the message, or the seal. `state`: "pass", "fail",
    "body-changed", "header-only" (the body was not given), "syntax", "key" (see `key`)."""

    domain: str
    selector: str
    algorithm: str
    signed: datetime | None
    state: str
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class ArcSet:
    """One set of the chain: what server `results.server` saw and sealed. `cv` is what it said of
    the chain below: "none", "pass" or "fail"."""

    instance: int
    results: AuthResults
    signature: Part
    seal: Part
    cv: str

    def as_json(self) -> dict[str, Any]:
        return {
            "instance": self.instance, "cv": self.cv, "domain": self.seal.domain,
            "selector": self.seal.selector, "seal": self.seal.state,
            "signature": self.signature.state, "results": self.results.as_json(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chain:
    """The sets in the order in which they were added. `state`: "none", "pass", "fail", or
    "header-only": all holds as far as it can be told without the body.

    `reason` says why it fails: "instances", "structure", "cv" (a value that cannot be),
    "reported" (a server on the way had found it broken), "signature", "seal", "key", "dns",
    "skipped"; `at` is the instance it is about.
    """

    sets: tuple[ArcSet, ...] = ()
    state: str = "none"
    reason: str = ""
    at: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"state": self.state, "reason": self.reason, "at": self.at,
                "sets": [each.as_json() for each in self.sets]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Fields:
    """The three fields of one instance."""

    results: Field
    signature: Field
    seal: Field


def key_names(message: Message) -> tuple[str, ...]:
    """Where the keys of the chain stand; none where its structure is broken anyway."""
    sets, reason, _ = _sets(message)
    if reason:
        return ()
    names = []
    for each in sets:
        for field in (each.signature, each.seal):
            tags = read_tags(field.text) or {}
            names.append(_key_name(tags))
    return tuple(dict.fromkeys(name for name in names if is_name(name)))


def chain(message: Message, keys: Mapping[str, Key]) -> Chain:
    """The chain and whether it holds (RFC 8617 §5.2). Asks nothing, never raises; belongs into a
    thread, as `verify.verify` does."""
    fields, reason, at = _sets(message)
    if reason:
        return Chain((), "fail", reason, at)
    if not fields:
        return Chain()
    if message.cut:
        return Chain((), "fail", "skipped")
    hashes = BodyHashes(message.body) if message.body is not None else None
    sets = tuple(
        _set(message, number, fields, keys, hashes) for number in range(1, len(fields) + 1)
    )
    state, reason, at = _judged(sets)
    return Chain(sets, state, reason, at)


def _sets(message: Message) -> tuple[list[_Fields], str, int]:
    """The sets from the first on; or why there are none: §5.2 steps 1 to 3."""
    found: dict[int, dict[str, Field]] = {}
    arc = [field for field in message.fields if field.key in (RESULTS, SIGNATURE, SEAL)]
    if len(arc) > MAX_FIELDS:
        return [], "instances", 0
    for field in arc:
        number = 0 if is_unwieldy(field) else _instance(field)
        if not 1 <= number <= MAX_INSTANCE:
            return [], "instances", number
        if field.key in found.setdefault(number, {}):
            return [], "structure", number
        found[number][field.key] = field
    for number in range(1, len(found) + 1):
        if number not in found:
            return [], "instances", number
        if len(found[number]) != 3:
            return [], "structure", number
    sets = (found[number] for number in range(1, len(found) + 1))
    return [_Fields(each[RESULTS], each[SIGNATURE], each[SEAL]) for each in sets], "", 0


def _instance(field: Field) -> int:
    """i= of a field; that of ARC-Authentication-Results comes first (§4.1.1)."""
    if field.key == RESULTS:
        match = _INSTANCE.match(field.text)
        return int(match[1]) if match else 0
    text = (read_tags(field.text) or {}).get("i", "")
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0


def _key_name(tags: Mapping[str, str]) -> str:
    selector, domain = (_WHITE.sub("", tags.get(tag, "")).lower().rstrip(".") for tag in "sd")
    return f"{selector}._domainkey.{domain}"


def _set(
    message: Message,
    number: int,
    fields: Sequence[_Fields],
    keys: Mapping[str, Key],
    hashes: BodyHashes | None,
) -> ArcSet:
    own = fields[number - 1]
    cv = (read_tags(own.seal.text) or {}).get("cv", "").lower()
    return ArcSet(
        number,
        read_results(own.results.text),
        _signature(message, own.signature, keys, hashes),
        _seal(fields[:number], cv, keys),
        shown(cv, 20),
    )


def _part(field: Field, state: str, key: Key | None = None) -> Part:
    tags = read_tags(field.text) or {}
    return Part(
        domain=shown(_WHITE.sub("", tags.get("d", "")), 253).lower(),
        selector=shown(_WHITE.sub("", tags.get("s", "")), 253).lower(),
        algorithm=shown(tags.get("a", ""), 40).lower(),
        signed=moment(tags.get("t", "")),
        state=state,
        key=key,
    )


def _signature(
    message: Message, field: Field, keys: Mapping[str, Key], hashes: BodyHashes | None
) -> Part:
    """The ARC-Message-Signature: that of DKIM without v=, and with i= for the instance (§4.1.2)."""
    tags = read_tags(field.text)
    if tags is None or "h" not in tags or not tags.get("bh") or not _well_formed(SIGNATURE, tags):
        return _part(field, "syntax")
    names = [name for part in tags["h"].split(":") if (name := _WHITE.sub("", part).lower())]
    # Where c= is left out, ARC implementations agree on relaxed, other than DKIM.
    header, _, body = tags.get("c", "relaxed/relaxed").lower().partition("/")
    if {header, body or "simple"} - {"simple", "relaxed"} or SEAL in names:
        return _part(field, "syntax")
    if len(names) > MAX_SIGNED:
        return _part(field, "syntax")
    key = keys.get(_key_name(tags))
    if key is None or key.state != "found":
        return _part(field, "key", key)
    right: bool | None = None
    if hashes is not None:
        length = int(tags["l"]) if re.fullmatch(r"\d{1,15}", tags.get("l", "")) else None
        made = hashes.of(body or "simple", "sha256", length)
        right = made == _WHITE.sub("", tags["bh"])
    verifier = _Arithmetic(library_headers(message))
    if not verifier.holds(field, names, header, key):
        return _part(field, "fail", key)
    state = "header-only" if right is None else "pass" if right else "body-changed"
    return _part(field, state, key)


def _seal(fields: Sequence[_Fields], cv: str, keys: Mapping[str, Key]) -> Part:
    """The ARC-Seal of the last of `fields`, over all of them (§5.1.1)."""
    field = fields[-1].seal
    tags = read_tags(field.text)
    if tags is None or not _well_formed(SEAL, tags) or "h" in tags or "bh" in tags:
        return _part(field, "syntax")
    if cv not in ("none", "pass", "fail"):
        return _part(field, "syntax")
    key = keys.get(_key_name(tags))
    if key is None or key.state != "found":
        return _part(field, "key", key)
    # §5.1.2: who found the chain broken seals nothing but the own set.
    sealed = fields[-1:] if cv == "fail" else fields
    order = [part for each in sealed for part in (each.results, each.signature, each.seal)][:-1]
    headers = [[part.name.encode("ascii"), part.value] for part in reversed(order)]
    names = [part.key for part in order]
    state = "pass" if _Arithmetic(headers).holds(field, names, "relaxed", key) else "fail"
    return _part(field, state, key)


def _well_formed(kind: str, tags: Mapping[str, str]) -> bool:
    if not all(tags.get(tag) for tag in _NEEDED[kind]):
        return False
    if tags["a"].lower() not in ("rsa-sha256", "ed25519-sha256"):
        return False
    signature = _WHITE.sub("", tags["b"])
    if len(signature) % 4 or not _ARMOUR.fullmatch(signature):
        return False
    if not re.fullmatch(r"\d{1,12}|", tags.get("t", "")):
        return False
    return is_name(_key_name(tags))


class _Arithmetic(dkim.DKIM):  # type: ignore[misc]  # the library has no types
    """One signature over given fields; the body is seen to elsewhere."""

    def __init__(self, headers: list[list[bytes]]) -> None:
        super().__init__(None, logger=SILENT)
        self.headers = headers

    def holds(self, field: Field, names: Sequence[str], canonical: str, key: Key) -> bool:
        """Whether b= of `field` is right for the fields in `names`. Never raises."""
        try:
            tags = dkim.util.parse_tag_value(field.value)
            tags = {tag: value for tag, value in tags.items() if tag != b"bh"}
            tags[b"c"] = canonical.encode() + b"/simple"
            header = (field.name.encode("ascii"), field.value)
            included = [name.encode("ascii") for name in names]
            return bool(self.verify_sig(tags, included, header, answering({key.name: key})))
        except Exception:  # whatever a hostile field leads the library into is no pass
            return False


def _judged(sets: Sequence[ArcSet]) -> tuple[str, str, int]:
    """State, reason and instance: §5.2 steps 2 to 6, from the newest set down."""
    newest = sets[-1]
    if newest.cv == "fail":
        return "fail", "reported", newest.instance
    for each in sets:
        if each.cv != ("none" if each.instance == 1 else "pass"):
            return "fail", "cv", each.instance
    if newest.signature.state not in ("pass", "header-only"):
        return "fail", _why(newest.signature, "signature"), newest.instance
    for each in reversed(sets):
        if each.seal.state != "pass":
            return "fail", _why(each.seal, "seal"), each.instance
    state = "header-only" if newest.signature.state == "header-only" else "pass"
    return state, "", 0


def _why(part: Part, kind: str) -> str:
    if part.state != "key":
        return kind
    return "dns" if part.key and part.key.state == "dns" else "key"
