"""DKIM key records: the text at <selector>._domainkey.<domain> (RFC 6376 §3.6.1).

A tag=value list (§3.2) with the public key in p=. RFC 8301 says which hashes and key sizes count
today, RFC 8463 adds Ed25519.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .der import ED25519_HEAD, ED25519_SIZE, DerError, rsa_key
from .txt import MAX_TEXT, Part

MAX_PROBLEMS = 20
MAX_EXCERPT = 60  # characters of a wrong piece that are quoted
MAX_ITEMS = 10  # of a list in h=, s= or t=
SPACES = " \t\r\n"  # folding white space, unfolded (RFC 6376 §2.8)
VERSION = "DKIM1"
KEY_TYPES = ("rsa", "ed25519")
# RFC 8301 §3.2: the least that counts, what signers should have, the most that all understand.
MIN_RSA_BITS, GOOD_RSA_BITS, MAX_RSA_BITS = 1024, 2048, 4096
KNOWN_TAGS = frozenset("vkhstpn")

_NO_SPACES = dict.fromkeys(map(ord, SPACES))
_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/= \t\r\n]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_ARMOUR = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]{1,30}-----")


class KeyFormatError(ValueError):
    """What was given is no public key. `code` is that of the Problem it would be in a record."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a record. `column` counts characters from 1; `text` is the wrong piece.

    Codes: syntax, duplicate, version-place, version, no-key, backslash, quote, armour, base64,
    padding, cut, private, unreadable, wrapped, key-type, hash, service.
    """

    code: str
    column: int
    text: str = ""
    have: int = 0  # octets of a key that was cut, and how many it should have
    need: int = 0


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag=value; both columns count from 1."""

    name: str
    value: str
    column: int
    value_column: int


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`bits` are those of the RSA modulus, or 256 for Ed25519; `octets` what p= holds."""

    algorithm: str
    bits: int
    octets: bytes


@dataclass(slots=True)
class KeyRecord:
    """A key record as read; what is absent has the default of RFC 6376 §3.6.1.

    `hashes` is None where all are allowed. `key` is None where it is revoked or cannot be read.
    """

    text: str
    tags: tuple[Tag, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    key_type: str = "rsa"
    hashes: tuple[str, ...] | None = None
    services: tuple[str, ...] = ("*",)
    flags: tuple[str, ...] = ()
    notes: str = ""
    key: PublicKey | None = None
    revoked: bool = False

    @property
    def is_testing(self) -> bool:
        return "y" in self.flags

    @property
    def is_strict(self) -> bool:
        """t=s: the domain of i= must be that of d=, no subdomain of it."""
        return "s" in self.flags

    @property
    def is_usable(self) -> bool:
        """Whether a verifier can check signatures of mail with it."""
        return self.key is not None and not self.problems

    @property
    def mended(self) -> str:
        """The record as it should read; empty where nothing is wrong or the key is no use.

        It holds the key and its flags; what restricts hashes stays out.
        """
        if not self.problems or self.key is None:
            return ""
        if any(problem.code == "service" for problem in self.problems):
            return ""  # a key for something else than mail is left as it is
        tags = [f"k={self.key.algorithm}"]
        if self.flags:
            tags.append("t=" + ":".join(self.flags))
        return _text(tags, self.key.octets)


def looks_like_key(text: str) -> bool:
    """Whether somebody meant `text` to be a key record: v=DKIM1, or a tag p=."""
    start = text[:200].lstrip(SPACES + '"').lower()
    if start.startswith("v="):
        return start.startswith("v=dkim")
    return any(tag.name == "p" for tag in _tags(_cleaned(text[:MAX_TEXT])) if tag)


def parse(text: str) -> KeyRecord:
    """Reads a key record. Never raises: what is wrong stands in `problems`."""
    record = KeyRecord(text[:MAX_TEXT])
    clean = _cleaned(record.text)
    _note_junk(record)
    record.tags = tuple(_read_tags(record, clean))
    tags = {tag.name: tag for tag in reversed(record.tags)}
    if "v" in tags:
        _read_version(record, tags["v"])
    if "k" in tags:
        record.key_type = tags["k"].value
        if record.key_type not in KEY_TYPES:
            _note(record, "key-type", tags["k"].column, record.key_type)
    if "h" in tags:
        record.hashes = _list(tags["h"].value)
        if "sha256" not in record.hashes:  # RFC 8301 §3.1: SHA-1 must not be used
            _note(record, "hash", tags["h"].column, tags["h"].value)
    if "s" in tags:
        record.services = _list(tags["s"].value)
        if not {"*", "email"} & set(record.services):
            _note(record, "service", tags["s"].column, tags["s"].value)
    record.flags = _list(tags["t"].value) if "t" in tags else ()
    record.notes = tags["n"].value if "n" in tags else ""
    if "p" not in tags:
        _note(record, "no-key", max(1, len(record.text)))
    else:
        _read_key(record, tags["p"])
    return record


def parts(text: str) -> list[Part]:
    """`text` in coloured pieces: each tag one, of p= the key apart, and the rest punctuation."""
    record = parse(text)
    ordered = sorted(record.problems, key=lambda problem: problem.column)
    wrong = {problem.column: problem.code for problem in ordered}
    found: list[Part] = []
    done = 0
    for tag in record.tags:
        start, value = tag.column - 1, tag.value_column - 1
        end = value + len(tag.value)
        kind = f"dkim.{tag.name}" if tag.name in KNOWN_TAGS else "dkim.unknown"
        if tag.name == "p" and tag.value:
            head, key = _first(wrong, start, value), _first(wrong, value, end)
            found += _between(record.text, done, start, wrong)
            found.append(Part(record.text[start:value], kind, head))
            found.append(Part(record.text[value:end], "dkim.key", key))
        else:
            code = _first(wrong, start, max(end, start + 1))
            found += _between(record.text, done, start, wrong)
            found.append(Part(record.text[start:end], kind, code))
        done = end
    return found + _between(record.text, done, len(record.text), wrong)


def _first(wrong: dict[int, str], start: int, end: int) -> str:
    """The code of the first problem between two offsets."""
    return next((code for column, code in wrong.items() if start < column <= end), "")


def _between(text: str, start: int, end: int, wrong: dict[int, str]) -> list[Part]:
    """What stands between two tags: punctuation, or something that does not belong there."""
    if start == end:
        return []
    code = _first(wrong, start, end)
    return [Part(text[start:end], "dkim.wrong" if code else "", code)]


def make(
    public_key: str,
    flags: tuple[str, ...] = (),
    hashes: tuple[str, ...] = (),
    notes: str = "",
) -> str:
    """The record for a public key in PEM or base64; raises KeyFormatError.

    An Ed25519 key may come bare (32 octets, as p= wants it) or as SubjectPublicKeyInfo. `hashes`
    are the only ones to be used, `notes` are for people who read the record (RFC 6376 §3.6.1).
    """
    compact = "".join(_ARMOUR.sub("", public_key[:MAX_TEXT]).split())
    octets = _decoded(compact)
    if octets is None:
        raise KeyFormatError("base64")
    tags = ["h=" + ":".join(hashes)] if hashes else []
    if flags:
        tags.append("t=" + ":".join(flags))
    if notes:
        tags.append("n=" + quoted_printable(notes))
    bare = octets.removeprefix(ED25519_HEAD)
    if len(bare) == ED25519_SIZE:
        return _text(["k=ed25519", *tags], bare)
    try:
        rsa_key(octets)
    except DerError as error:
        raise KeyFormatError(error.code) from error
    return _text(["k=rsa", *tags], octets)


def quoted_printable(text: str) -> str:
    """`text` as n= holds it (RFC 6376 §3.6.1, RFC 2045 §6.7): "=" and two digits for what is no
    ASCII, what would end the tag, and what some panels cannot carry."""
    octets = " ".join(text.split()).encode("utf-8", "replace")
    plain = (o if 0x20 <= o < 0x7F and o not in b';="\\' else 0 for o in octets)
    found = "".join(chr(p) if p else f"={o:02X}" for o, p in zip(octets, plain, strict=True))
    return found.replace("--", "-=2D")


def _text(tags: list[str], octets: bytes) -> str:
    key = base64.b64encode(octets).decode("ascii")
    return "; ".join([f"v={VERSION}", *tags, f"p={key}"])


# --- the tag list -------------------------------------------------------------------------------
def _cleaned(text: str) -> str:
    """Without what panels leave behind, each character replaced by a space: columns stay."""
    if "\\" in text or '"' in text:
        text = text.replace("\\", " ").replace('"', " ")
    if "-----" in text:
        text = _ARMOUR.sub(lambda found: " " * len(found[0]), text)
    return text


def _note_junk(record: KeyRecord) -> None:
    for code, junk in (("backslash", "\\"), ("quote", '"')):
        if junk in record.text:
            _note(record, code, record.text.index(junk) + 1, junk)
    if "-----" in record.text and (found := _ARMOUR.search(record.text)):
        _note(record, "armour", found.start() + 1, found[0])


def _tags(text: str) -> Iterator[Tag | None]:
    """The tags between semicolons; None for a piece that is none. A tag is bare of outer space."""
    at = 0
    for piece in text.split(";"):
        left, equals, right = piece.partition("=")
        name = left.strip(SPACES)
        value = right.strip(SPACES)
        if equals and _TAG_NAME.fullmatch(name):
            indent = len(left) - len(left.lstrip(SPACES))
            before = len(left) + 1 + len(right) - len(right.lstrip(SPACES))
            yield Tag(name, value, at + indent + 1, at + (before if value else len(left) + 1) + 1)
        else:
            yield None
        at += len(piece) + 1


def _read_tags(record: KeyRecord, text: str) -> Iterator[Tag]:
    """RFC 6376 §3.2: a name occurs once, and nothing but tags stands between semicolons."""
    seen: set[str] = set()
    pieces = text.split(";")
    at = 0
    for index, (piece, tag) in enumerate(zip(pieces, _tags(text), strict=True)):
        if tag is None:
            content = piece.strip(SPACES)
            if content or (index < len(pieces) - 1 and index > 0):
                indent = len(piece) - len(piece.lstrip(SPACES)) if content else 0
                _note(record, "syntax", at + indent + 1, content or ";")
        else:
            if tag.name in seen:
                _note(record, "duplicate", tag.column, tag.name)
            seen.add(tag.name)
            yield tag
        at += len(piece) + 1


def _read_version(record: KeyRecord, tag: Tag) -> None:
    """RFC 6376 §3.6.1: v= comes first and reads DKIM1, to the letter."""
    if tag.value != VERSION:
        _note(record, "version", tag.column, tag.value)
    elif tag is not record.tags[0]:
        _note(record, "version-place", tag.column, tag.value)


def _list(value: str) -> tuple[str, ...]:
    items = [item.strip(SPACES) for item in value.split(":", MAX_ITEMS)]
    return tuple(item[:MAX_EXCERPT] for item in items[:MAX_ITEMS] if item)


def _note(record: KeyRecord, code: str, column: int, text: str = "") -> None:
    if len(record.problems) < MAX_PROBLEMS:
        record.problems.append(Problem(code, column, text[:MAX_EXCERPT]))


# --- the key -------------------------------------------------------------------------------------
def _read_key(record: KeyRecord, tag: Tag) -> None:
    """p=: base64 with folding white space; empty means revoked."""
    compact = tag.value.translate(_NO_SPACES)
    if not compact:
        record.revoked = True
        return
    if wrong := _NO_BASE64.search(tag.value):
        _note(record, "base64", tag.value_column + wrong.start(), wrong[0])
        return
    octets = _decoded(compact)
    if octets is None:  # "=" in the middle
        at = tag.value.index("=")
        _note(record, "base64", tag.value_column + at, "=")
        return
    if record.key_type == "ed25519":
        _read_ed25519(record, tag, octets)
    elif record.key_type == "rsa":
        _read_rsa(record, tag, octets)
    if record.key and len(compact) % 4:
        _note(record, "padding", tag.value_column + len(tag.value) - 1, compact[-4:])


def _read_rsa(record: KeyRecord, tag: Tag, octets: bytes) -> None:
    try:
        record.key = PublicKey("rsa", rsa_key(octets).bits, octets)
    except DerError as error:
        if error.code == "cut" and octets[:1] != b"\x30":
            error.code = "unreadable"  # what does not begin like a key was not cut but is none
        problem = Problem(error.code, tag.value_column, "", len(octets), error.needed)
        record.problems.append(problem)


def _read_ed25519(record: KeyRecord, tag: Tag, octets: bytes) -> None:
    """RFC 8463 §4.2: the 32 octets themselves, without the ASN.1 around them."""
    bare = octets.removeprefix(ED25519_HEAD)
    if len(bare) != ED25519_SIZE:
        need = ED25519_SIZE
        record.problems.append(Problem("unreadable", tag.value_column, "", len(octets), need))
        return
    record.key = PublicKey("ed25519", 256, bare)
    if len(octets) != ED25519_SIZE:
        _note(record, "wrapped", tag.value_column)


def _decoded(compact: str) -> bytes | None:
    """The octets in base64 without spaces; missing padding, or a last letter too many, may be."""
    if not _BASE64.fullmatch(compact):
        return None
    core = compact.rstrip("=")
    core = core[: len(core) - (len(core) % 4 == 1)]
    try:
        return base64.b64decode(core + "=" * (-len(core) % 4))
    except binascii.Error:
        return None
