"""Header text for people: encoded words decoded (RFC 2047), addresses found, nothing hidden.

Characters that steer a display (controls, bidirectional overrides, zero-width ones) are replaced:
they would let a subject or a name pose as something else.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from .structured import tokens

MAX_SHOWN = 300  # characters of a text that is shown
MAX_WORDS = 200  # encoded words of one text
MAX_ADDRESSES = 100
UNKNOWN = "\ufffd"

_WORD = re.compile(
    r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z0-9-]{1,20})?\?([BbQq])\?([^?\s]{0,2000})\?="
)
_BETWEEN = re.compile(r"(\?=)[ \t]+(?==\?)")
_HIDDEN = frozenset(("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"))


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name and an address; `domain` in small letters, empty where there is none."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower().strip(". ") if "@" in self.address else ""


def shown(text: str, limit: int = MAX_SHOWN) -> str:
    """`text` as it may be shown: hidden characters replaced, cut to `limit` characters."""
    cut = text[: limit + 1]
    clean = "".join(UNKNOWN if unicodedata.category(c) in _HIDDEN else c for c in cut)
    return clean if len(clean) <= limit else clean[:limit].rstrip() + "…"


def decoded(text: str, limit: int = MAX_SHOWN) -> str:
    """`text` with its encoded words decoded, as it may be shown. Never raises."""
    text = _BETWEEN.sub(r"\1", text[:8192])  # white space between encoded words is none (§6.2)
    pieces: list[str] = []
    at = 0
    for count, match in enumerate(_WORD.finditer(text)):
        if count == MAX_WORDS:
            break
        pieces += [text[at : match.start()], _word(match[1], match[2], match[3], match[0])]
        at = match.end()
    return shown("".join([*pieces, text[at:]]), limit)


def _word(charset: str, encoding: str, encoded: str, whole: str) -> str:
    try:
        if encoding in "Bb":
            octets = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
        else:
            octets = quopri.decodestring(encoded.replace("_", " ").encode(), header=True)
        return octets.decode(_charset(charset), "replace")
    except (binascii.Error, LookupError, UnicodeError, ValueError):
        return whole


def _charset(name: str) -> str:
    """Only text encodings: Python's others (zip, hex, idna) have no business here."""
    lowered = name.lower()
    if re.fullmatch(r"utf-?(?:7|8|16|16le|16be)|us-ascii|iso-?8859-?\d{1,2}|iso-2022-\w{2,8}|"
                    r"windows-?\d{3,4}|cp\d{3,4}|koi8-[ru]|gb2312|gbk|gb18030|big5|euc-\w{2}|"
                    r"shift[_-]jis|sjis|ks_c_5601-1987|macintosh", lowered):  # fmt: skip
        return {"ks_c_5601-1987": "euc-kr", "macintosh": "mac-roman"}.get(lowered, lowered)
    raise LookupError(name)


def mailboxes(text: str) -> tuple[Mailbox, ...]:
    """The mailboxes in a From, To or Return-Path (RFC 5322 §3.4), groups dissolved.

    At most MAX_ADDRESSES.
    """
    found: list[Mailbox] = []
    for piece in _pieces(text):
        found += [box for box in _mailboxes_of(piece) if box.address or box.name]
        if len(found) >= MAX_ADDRESSES:
            break
    return tuple(found[:MAX_ADDRESSES])


def _pieces(text: str) -> Iterator[str]:
    """What stands between commas that are not within quotes, comments or angle brackets."""
    piece: list[str] = []
    angle = False
    for kind, word in tokens(text):
        if kind == "comment":
            continue
        if kind == "special" and word == "<":
            angle = True
        elif kind == "special" and word == ">":
            angle = False
        elif kind == "special" and word in ",;" and not angle:
            yield "".join(piece)
            piece = []
            continue
        elif kind == "special" and word == ":" and not angle:
            piece = []  # the name of a group
            continue
        if kind == "quoted":
            word = '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' if angle else word
        piece.append(word if kind != "space" else " ")
    yield "".join(piece)


def _mailboxes_of(piece: str) -> Iterator[Mailbox]:
    """One mailbox as a rule. Where several addresses stand in angle brackets, programs differ in
    which one they take: each is given."""
    piece = piece.strip()
    if "<" in piece:
        name = piece.partition("<")[0]
        for part in piece.split("<", MAX_ADDRESSES)[1:]:
            yield Mailbox(decoded(name.strip(), 120), shown(part.partition(">")[0].strip(), 320))
    elif "@" in piece:
        yield Mailbox("", shown(piece.replace(" ", ""), 320))
    else:
        yield Mailbox(decoded(piece, 120), "")
