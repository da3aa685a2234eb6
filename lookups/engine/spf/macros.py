"""The expansion of macros (RFC 7208 §7)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from ..addresses import Address
from ..records.spf_macros import Macro, MacroString

MAX_NAME = 253  # characters of a name without the final dot (§7.3)
MAX_TEXT = 2000  # characters of an explanation


@dataclass(frozen=True, slots=True)
class Message:
    """What macros tell of: the client's address, the sender, and the name it greeted with.

    `now` is in seconds since 1970, `receiver` the name of the host that checks.
    """

    ip: Address
    sender: str
    helo: str
    receiver: str = "unknown"
    now: int = 0

    @property
    def local_part(self) -> str:
        return self.sender.rpartition("@")[0]

    @property
    def sender_domain(self) -> str:
        return self.sender.rpartition("@")[2]


# The validated name of the client's address for a domain: %{p} costs questions.
FindName = Callable[[str], Awaitable[str]]


async def expand(spec: MacroString, message: Message, domain: str, find_name: FindName) -> str:
    """The text with its macros replaced."""
    pieces: list[str] = []
    for piece in spec.pieces:
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        value = await find_name(domain) if piece.letter == "p" else _value(piece, message, domain)
        pieces.append(_transformed(value, piece))
    return "".join(pieces)


async def target_name(spec: MacroString, message: Message, domain: str, find_name: FindName) -> str:
    """The domain of a term: without a final dot, shortened from the left where too long (§7.3)."""
    return _shortened((await expand(spec, message, domain, find_name)).removesuffix("."))


def known_name(spec: MacroString | None, domain: str, sender_domain: str) -> str | None:
    """`target_name` for whatever message of `sender_domain`; None where it depends on more."""
    if spec is None:
        return domain
    if not spec.letters <= {"d", "o"}:
        return None
    values = {"d": domain, "o": sender_domain}
    name = "".join(
        piece if isinstance(piece, str) else _transformed(values[piece.letter], piece)
        for piece in spec.pieces
    ).removesuffix(".")
    return _shortened(name)


def _value(macro: Macro, message: Message, domain: str) -> str:
    ip = message.ip
    if macro.letter == "i":
        return dotted(ip)
    values = {
        "s": message.sender,
        "l": message.local_part,
        "o": message.sender_domain,
        "d": domain,
        "v": "in-addr" if ip.version == 4 else "ip6",
        "h": message.helo,
        "c": str(ip),
        "r": message.receiver,
        "t": str(message.now),
    }
    return values[macro.letter]


def dotted(ip: Address) -> str:
    """An IPv4 address as usual, an IPv6 address as hexadecimal digits with dots between."""
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return ".".join(ip.exploded.replace(":", "").upper())


def _shortened(name: str) -> str:
    while len(name) > MAX_NAME and "." in name:
        name = name.partition(".")[2]
    return name


def _transformed(value: str, macro: Macro) -> str:
    """Split at the delimiters, turned round, cut to the right-hand parts, joined by dots."""
    if macro.parts or macro.reverse or macro.delimiters != ".":
        parts = re.split(f"[{re.escape(macro.delimiters)}]", value)
        if macro.reverse:
            parts.reverse()
        value = ".".join(parts[-macro.parts :] if macro.parts else parts)
    return quote(value, safe="~-._") if macro.escape else value
