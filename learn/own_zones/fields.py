"""The fields of each record type, checked one by one so that a fault has its place."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

import dns.exception
import dns.name
import dns.ttl

from .tokens import Token, Wrong

Name = dns.name.Name
MIN_TTL, MAX_TTL = 1, 604_800
MAX_STRING = 255  # octets of one character-string, RFC 1035 §3.3
MAX_QUOTED = 60  # characters of what was typed that a message repeats


def read_ttl(token: Token) -> int:
    try:
        found = dns.ttl.from_text(token.text)
    except (dns.exception.DNSException, ValueError) as error:
        raise Wrong("ttl", token, "ttl", word=token.text[:MAX_QUOTED]) from error
    if not MIN_TTL <= found <= MAX_TTL:
        raise Wrong("ttl-range", token, "ttl", least=MIN_TTL, most=MAX_TTL)
    return found


def read_name(token: Token, origin: Name, part: str) -> Name:
    """A name, whole or below `origin`."""
    if ".." in token.text or (token.text.startswith(".") and token.text != "."):
        raise Wrong("dots", token, part, word=token.text[:MAX_QUOTED])
    try:
        return dns.name.from_text(token.text, origin)
    except dns.name.LabelTooLong as error:
        raise Wrong("label-too-long", token, part) from error
    except dns.name.NameTooLong as error:
        raise Wrong("name-too-long", token, part) from error
    except (dns.exception.DNSException, ValueError) as error:
        raise Wrong("name", token, part, word=token.text[:MAX_QUOTED]) from error


Check = Callable[[Token, Name], None]


def _number(most: int, code: str) -> Check:
    def check(token: Token, origin: Name) -> None:
        text = token.text
        if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) > most:
            raise Wrong(code, token, "data", word=text[:MAX_QUOTED], most=most)

    return check


def _host(token: Token, origin: Name) -> None:
    if token.is_quoted:
        raise Wrong("name", token, "data", word=token.text[:MAX_QUOTED])
    read_name(token, origin, "data")


def _address(version: int) -> Check:
    def check(token: Token, origin: Name) -> None:
        try:
            found = ipaddress.ip_address(token.text)
        except ValueError as error:
            word = token.text[:MAX_QUOTED]
            raise Wrong(f"ipv{version}", token, "data", word=word) from error
        if found.version != version:
            raise Wrong(f"ipv{found.version}-here", token, "data", word=token.text[:MAX_QUOTED])

    return check


def _string(token: Token, origin: Name) -> None:
    length = len(re.sub(r"\\(?:\d{3}|.)", "x", token.text.strip('"')))
    if length > MAX_STRING:
        raise Wrong("string-long", token, "data", length=length, most=MAX_STRING)


def _hex(token: Token, origin: Name) -> None:
    if not re.fullmatch(r"[0-9A-Fa-f]+", token.text):
        raise Wrong("hex", token, "data", word=token.text[:MAX_QUOTED])


def _tag(token: Token, origin: Name) -> None:
    if not re.fullmatch(r"[A-Za-z0-9]{1,15}", token.text):
        raise Wrong("caa-tag", token, "data", word=token.text[:MAX_QUOTED])


_U16 = _number(65535, "number")
_U8 = _number(255, "number")
_FIELDS: dict[str, tuple[Check, ...]] = {
    "A": (_address(4),),
    "AAAA": (_address(6),),
    "MX": (_number(65535, "preference"), _host),
    "CNAME": (_host,),
    "NS": (_host,),
    "SRV": (_U16, _U16, _U16, _host),
    "CAA": (_U8, _tag, _string),
    "TLSA": (_U8, _U8, _U8, _hex),
    "TXT": (_string,),
}
_OPEN_END = ("TXT", "TLSA")  # the last field may be written in several pieces


def check_fields(type: str, tokens: list[Token], kind: Token, origin: Name) -> None:
    checks = _FIELDS[type]
    several = len(tokens) > len(checks) and type not in _OPEN_END
    if len(tokens) < len(checks) or several:
        place = tokens[len(checks)] if several else (tokens[-1] if tokens else kind)
        raise Wrong("fields", place, "data", type=type)
    if type == "TXT" and len(tokens) > 1 and not all(t.is_quoted for t in tokens):
        raise Wrong("txt-quotes", next(t for t in tokens if not t.is_quoted), "data")
    for place, token in enumerate(tokens):
        checks[min(place, len(checks) - 1)](token, origin)
    if type == "TLSA":
        _check_tlsa(tokens)


def _check_tlsa(tokens: list[Token]) -> None:
    """The association has whole octets, as many as its digest (RFC 6698 §2.1.3)."""
    digits = "".join(token.text for token in tokens[3:])
    expected = {"1": 64, "2": 128}.get(tokens[2].text)
    if len(digits) % 2 or (expected and len(digits) != expected):
        raise Wrong("tlsa-length", tokens[3], "data", length=len(digits), most=expected or 0)
