"""The addresses for reports in a DMARC record: lists of URIs (RFC 9989 §4.6, §4.8)."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_URIS = 20

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SIZE = re.compile(r"!\d{1,20}[kmgtKMGT]?$")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
# What RFC 3986 §2 lets stand in a URI, without the comma and "!" that RFC 9989 §4.8 forbids here.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@$&'()*+=%]+")


@dataclass(frozen=True, slots=True)
class Uri:
    """One address. `address` and `host` are empty unless it is a mailto: address that works.

    `size` is the limit behind it ("!10m"), which receivers ignore; `error` the code of what is
    wrong, `meant` how it may have been meant. `valid` tells that it is a URI at all.
    """

    text: str
    column: int
    scheme: str = ""
    address: str = ""
    host: str = ""
    size: str = ""
    error: str = ""
    meant: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        return self.error in ("", "scheme", "size")


def split(value: str, column: int) -> tuple[Uri, ...]:
    """The URIs of a list with commas. `column` is where the list begins."""
    found: list[Uri] = []
    for piece in value.split(",")[:MAX_URIS]:
        blank = len(piece) - len(piece.lstrip(" \t"))
        found.append(_uri(piece.strip(" \t"), column + blank))
        column += len(piece) + 1
    return tuple(found)


def _uri(text: str, column: int) -> Uri:
    size = _SIZE.search(text)
    plain = text[: size.start()] if size else text
    suffix = size[0] if size else ""
    scheme = _SCHEME.match(plain)
    if not scheme:
        bare = plain.lower().removeprefix("mailto").lstrip(":=/ ")
        meant = (f"mailto:{bare}",) if mail_host(bare) else ()
        return Uri(text, column, error="address", meant=meant)
    name = scheme[1].lower()
    if not _URI.fullmatch(plain):
        return Uri(text, column, name, error="address", meant=_apart(plain))
    if name != "mailto":
        return Uri(text, column, name, error="scheme")
    address = plain[scheme.end() :].partition("?")[0]
    host = "" if address.startswith("/") else mail_host(address)
    if not host:
        bare = address.lstrip("/")
        meant = (f"mailto:{bare}",) if mail_host(bare) else ()
        return Uri(text, column, name, error="address", meant=meant)
    error, meant = ("size", (plain,)) if suffix else ("", ())
    return Uri(text, column, name, address, host, suffix, error, meant)


def mail_host(address: str) -> str:
    """The domain of "local@domain" in lower case, "" where it is no such address."""
    local, at, host = address.rpartition("@")
    host = host.lower().removesuffix(".")
    labels = host.split(".")
    if not (local and at and len(host) <= 253 and len(labels) > 1):
        return ""
    if " " in local or "@" in local or not all(_LABEL.fullmatch(label) for label in labels):
        return ""
    return host


def _apart(text: str) -> tuple[str, ...]:
    """Several addresses with blanks where commas belong."""
    words = text.split()
    if 1 < len(words) <= MAX_URIS and all(word.lower().startswith("mailto:") for word in words):
        return (",".join(words),)
    return ()
