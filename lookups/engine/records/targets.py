"""Names in records: what may stand where a record names a host (RFC 1035 §2.3, RFC 1123 §2.1)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from . import rows
from .rows import Problem
from .txt import Part

MAX_NAME = 253  # characters without the final dot (RFC 1035 §2.3.4: 255 octets on the wire)
MAX_LABEL = 63
ROOT = "."

_ESCAPE = re.compile(r"\\(?:[0-9]{3}|.)", re.DOTALL)
_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_KINDS = {"ns": "delegation.ns", "cname": "cname.target", "ptr": "ptr.target"}


@dataclass(frozen=True, slots=True)
class Target:
    """A record that is one name: NS, CNAME or PTR (RFC 1035 §3.3.1, §3.3.11, §3.3.12)."""

    text: str
    name: str
    problems: tuple[Problem, ...] = ()


def parse(text: str, type: str) -> Target:
    """Of the type "ns", "cname" or "ptr". An alias may lead to any name, the others name hosts.
    Never raises."""
    problems: list[Problem] = []
    found = rows.fields(text)
    rows.count(found, 1, text, problems)
    if found and (wrong := name_problem(found[0].text, found[0].column, type != "cname")):
        problems.append(wrong)
    return Target(text, found[0].text if found else "", tuple(problems))


def parts(text: str, type: str) -> list[Part]:
    """The parts of the record's text, with what is wrong."""
    return rows.marked(rows.parts(text, (_KINDS[type],)), parse(text, type).problems)


def name_problem(text: str, column: int, host: bool = True) -> Problem | None:
    """What keeps `text` from being a name; with `host`, from being a host's name.

    Codes: name-root, name-address, name-url, name-unicode, name-long, label-empty, label-long,
    name-underscore, name-hyphen, name-character.
    """
    shown = text[: rows.MAX_SHOWN]
    if text == ROOT:
        return Problem("name-root", column, shown) if host else None
    if is_address(text):
        return Problem("name-address", column, shown)
    if "://" in text or "/" in text and host:
        return Problem("name-url", column, shown)
    at = next((i for i, character in enumerate(text) if character > "~"), -1)
    if at >= 0:
        return Problem("name-unicode", column + at, shown)
    plain = _ESCAPE.sub(lambda match: "x", text)  # an escaped dot is no dot (RFC 1035 §5.1)
    if len(plain.removesuffix(".")) > MAX_NAME:
        return Problem("name-long", column, shown)
    return _label_problem(text, plain, column, host)


def is_address(text: str) -> bool:
    """Whether it is an IP address, perhaps with the brackets or the dot that some add."""
    try:
        ipaddress.ip_address(text.strip("[]").removesuffix("."))
    except ValueError:
        return False
    return True


def _label_problem(text: str, plain: str, column: int, host: bool) -> Problem | None:
    shown = text[: rows.MAX_SHOWN]
    at = column
    for label in plain.removesuffix(".").split("."):
        if not label:
            return Problem("label-empty", min(at, column + len(text) - 1), shown)
        if len(label) > MAX_LABEL:
            return Problem("label-long", at, shown)
        if host and not _HOST_LABEL.fullmatch(label):
            return Problem(*_host_label(label, at), shown)
        if not label.isprintable():
            return Problem("name-character", at, shown)
        at += len(label) + 1
    return None


def _host_label(label: str, at: int) -> tuple[str, int]:
    """The code and the column of what no host name has."""
    for index, character in enumerate(label):
        if not (character.isascii() and character.isalnum()) and character != "-":
            code = "name-underscore" if character == "_" else "name-character"
            return code, at + index
    return "name-hyphen", at if label.startswith("-") else at + len(label) - 1
