"""TLSRPT: the TXT record that says where reports on TLS go (RFC 8460 §3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from . import fields
from .dmarc_uris import mail_host
from .fields import Field
from .txt import Part

VERSION = "v=TLSRPTv1"
MAX_URIS = 20
# RFC 3986 §2, without what must be percent-encoded here: comma, "!" and ";" (RFC 8460 §3).
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@$&'()*+=%]+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where reports go. `kind` is "mailto", "https" or "other"; `host` the domain of the mailbox
    or of the web server. `error`: "scheme" (known, but not for reports) or "uri" (no such URI)."""

    text: str
    kind: str = "other"
    host: str = ""
    error: str = ""
    column: int = field(default=0, compare=False)  # where it begins in the record, from 1


@dataclass(frozen=True, slots=True)
class Record:
    """`errors` are fields that are no "name=value"; `has_rua` whether there is a rua at all."""

    text: str
    destinations: tuple[Destination, ...] = ()
    errors: tuple[Field, ...] = ()
    has_rua: bool = False

    @property
    def usable(self) -> tuple[Destination, ...]:
        return tuple(each for each in self.destinations if not each.error)


def is_record(text: str) -> bool:
    """Records that begin otherwise are discarded (RFC 8460 §3)."""
    return fields.begins_with(text, VERSION)


def looks_like_record(text: str) -> bool:
    """Whether somebody meant to write such a record."""
    return fields.looks_like(text, VERSION)


def parse(text: str) -> Record:
    """Of a text for which `is_record`. Never raises."""
    found = fields.split(text)
    ruas = [each for each in found if each.name == "rua"]
    destinations = _destinations(ruas[0].value, ruas[0].value_column) if ruas else ()
    errors = tuple(each for each in found if _error(each) == "syntax")
    return Record(text, destinations, errors, bool(ruas))


def write(addresses: Sequence[str]) -> str:
    """The record for reports to these mail addresses or URIs. Raises ValueError."""
    uris = [address if _SCHEME.match(address) else f"mailto:{address}" for address in addresses]
    destinations = [_destination(uri) for uri in uris]
    if not destinations or any(each.error for each in destinations):
        raise ValueError(", ".join(addresses))
    return f"{VERSION}; rua={','.join(uris)}"


def parts(text: str) -> list[Part]:
    """The record in coloured pieces."""
    return fields.parts(text, "tls-rpt", VERSION, _error, frozenset({"rua"}))


def _error(each: Field) -> str:
    if each.name == "rua":
        wrong = any(found.error for found in _destinations(each.value))
        return "uri" if wrong else ""
    return "" if each.is_extension else "syntax"


def _destinations(value: str, column: int = 1) -> tuple[Destination, ...]:
    """The destinations in a list with commas that begins at `column`."""
    found: list[Destination] = []
    for piece in value.split(",", MAX_URIS)[:MAX_URIS]:
        uri = piece.strip(" \t")
        start = column + len(piece) - len(piece.lstrip(" \t"))
        found.append(replace(_destination(uri), column=start))
        column += len(piece) + 1
    return tuple(found)


def _destination(uri: str) -> Destination:
    scheme = _SCHEME.match(uri)
    if not scheme or not _URI.fullmatch(uri):
        return Destination(uri, error="uri")
    kind = scheme[1].lower()
    if kind == "mailto":
        host = mail_host(unquote(uri[scheme.end() :].partition("?")[0]))
        return Destination(uri, kind, host, "" if host else "uri")
    if kind != "https":
        return Destination(uri, "other", error="scheme")
    try:
        host = (urlsplit(uri).hostname or "").removesuffix(".")
    except ValueError:
        host = ""
    return Destination(uri, kind, host, "" if host else "uri")
