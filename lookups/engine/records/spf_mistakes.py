"""Slips of the pen in SPF records, and what was probably meant.

Nothing here decides what a record means: a suggestion is made only where the grammar refuses a
term, or where it allows one that hardly anybody wants, and it is always a text that parses.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from difflib import get_close_matches

from .spf_terms import MECHANISMS, QUALIFIERS, Modifier, Term, TermError, parse_term

MAX_LENGTH = 400  # characters of a term for which a suggestion is looked for

_QUOTES = "\"'“”‘’„«»`"
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−－", "-") | dict.fromkeys("：", ":"))
_TILDES = str.maketrans(dict.fromkeys("～∼˜〜", "~"))  # noqa: RUF001
_SEPARATORS = re.compile(r"[,;\s\x00-\x20\u00a0\u200b\ufffd]+")
# Where a next term begins although no space stands before it.
_NEXT = re.compile(
    r"(?<=[^+\-~?=])(?=[+\-~?]?(?:ip4:|ip6:|include:|exists:|ptr:|mx:|redirect=|exp=))"
    r"|(?<=[^+\-~?=])(?=[+\-~?]all\Z)|(?<=[0-9])(?=(?:mx|a|ptr|all)\Z)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"^(?:https?|mailto|dns)[:/]+", re.IGNORECASE)
_MASK = re.compile(r"^([0-9.]+)/(255\.[0-9.]+)$")
_PARENTHESES = re.compile(r"%\(([^()]*)\)")
_SHORT = re.compile(r"^([0-9]{1,3}(?:\.[0-9]{1,3}){0,2})\.?\*?$")
_SPLIT = re.compile(r"^([+\-~?]*)([^:=/]*)([:=]?)(.*)$", re.DOTALL)

_NAMES = {
    "ip": "ip4", "ipv4": "ip4", "ip4v": "ip4", "ip-4": "ip4", "ipaddress": "ip4", "v4": "ip4",
    "ipv6": "ip6", "ip6v": "ip6", "ip-6": "ip6", "v6": "ip6",
    "inc": "include", "host": "a", "aaaa": "a", "domain": "include", "spf": "include",
    "redir": "redirect", "explanation": "exp",
}  # fmt: skip
_KNOWN = (*MECHANISMS, "redirect", "exp")


def suggestion(text: str) -> str:
    """What the term `text` was meant to be, one term or several; empty where nobody knows."""
    if not text or len(text) > MAX_LENGTH:
        return ""
    tidy = text.translate(_DASHES).translate(_TILDES)
    tidy = "".join(character for character in tidy if character not in _QUOTES)
    for candidate in _candidates(tidy):
        if candidate != text and _is_valid(candidate):
            return candidate
    return ""


def joined(text: str) -> str:
    """The terms in a term that parses but holds a second one, as in `include:a.testip4:…`."""
    if len(text) > MAX_LENGTH or not (":" in text or "=" in text or text[-3:].lower() == "all"):
        return ""
    pieces = _pieces(text)
    return " ".join(pieces) if len(pieces) > 1 and _is_valid(" ".join(pieces)) else ""


def with_next(text: str, following: str) -> str:
    """One term for two, where a space tore it apart: `ip4: 192.0.2.1` or `- all`."""
    if len(text) + len(following) > MAX_LENGTH:
        return ""
    if text[-1:] in (":", "=") or (text in QUALIFIERS and _is_plain(following)):
        whole = text + following
        return whole if _is_valid(whole) else suggestion(whole)
    return ""


def misread(term: Modifier) -> str:
    """The mechanism that was meant by a modifier of its name, such as `include=a.test`."""
    if term.name not in MECHANISMS:
        return ""
    whole = f"{term.name}:{term.value.text}" if term.value.text else term.name
    return whole if _is_valid(whole) else suggestion(whole)


def _candidates(text: str) -> Iterator[str]:
    """Readings of a term, the likeliest first. They may be wrong: the caller parses them."""
    yield text
    bare = text.strip(",;.")
    yield bare
    yield _PARENTHESES.sub(r"%{\1}", bare)
    split = [piece for piece in _SEPARATORS.split(bare) if piece]
    if len(split) > 1:
        yield " ".join(_valid_or_meant(piece) for piece in split)
    pieces = _pieces(bare)
    if len(pieces) > 1:
        yield " ".join(_valid_or_meant(piece) for piece in pieces)
    yield from _one(bare)


def _one(text: str) -> Iterator[str]:
    match = _SPLIT.match(text)
    if not match:
        return
    qualifiers, name, mark, value = match.groups()
    qualifier = qualifiers[-1:]
    if address := _network_term(text.lstrip("+-~?:")):
        yield qualifier + address  # an address without a name
    low = name.lower()
    meant = _NAMES.get(low) or (low if low in _KNOWN else "")
    if not meant and 1 < len(low) <= 12:
        meant = next(iter(get_close_matches(low, _KNOWN, 1, 0.75)), "")
    takes_address = not meant or meant in ("ip4", "ip6", "a", "mx", "include", "ptr")
    if mark and takes_address and (address := _network_term(value)):
        yield qualifier + address
    if not meant:
        return
    if meant == "all":
        yield qualifier + "all"
    elif meant in ("redirect", "exp"):
        yield f"{meant}={_host(value)}"
    elif meant in ("ip4", "ip6"):
        yield f"{qualifier}a:{_host(value)}"
    else:
        yield f"{qualifier}{meant}:{_host(value)}"
        yield f"{qualifier}{meant}:{_host(value).partition('/')[0]}"
        if meant == "ptr" and not mark:
            yield f"{qualifier}ptr"
        elif meant in ("a", "mx") and value.count("/") == 2:
            first, _, second = value.rpartition("/")
            yield f"{qualifier}{meant}{mark}{first}//{second}"


def _network_term(value: str) -> str:
    """ip4: or ip6: with the network that `value` may be meant for; empty for anything else."""
    value = value.strip("[]:") if not value.endswith("::") else value.strip("[]")
    if match := _MASK.match(value):
        value = f"{match[1]}/{match[2]}"
    address, slash, prefix = value.partition("/")
    prefix = prefix.lstrip("/").lstrip("0") or ("0" if slash and prefix else "")
    if "." in address and ":" in address and address.count(":") == 1:
        address = address.partition(":")[0]  # a port
    if re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", address):
        address = ".".join(str(int(octet)) for octet in address.split("."))
    elif match := _SHORT.match(address):
        octets = match[1].split(".")
        if len(octets) < 2:
            return ""
        address = ".".join(octets + ["0"] * (4 - len(octets)))
        prefix = prefix or str(8 * len(octets))
    try:
        network = ipaddress.ip_network(f"{address}/{prefix}" if prefix else address, strict=False)
    except ValueError:
        return ""
    whole = network.prefixlen == network.max_prefixlen
    return f"ip{network.version}:{address}" + ("" if whole else f"/{network.prefixlen}")


def _host(value: str) -> str:
    """A domain out of a URL or with a stray colon before it."""
    return _SCHEME.sub("", value).strip(":=/").partition("?")[0]


def _pieces(text: str) -> list[str]:
    return [piece for piece in _NEXT.split(text) if piece]


def _valid_or_meant(text: str) -> str:
    if _is_valid(text):
        return text
    return _first_valid(_one(text)) or text


def _first_valid(candidates: Iterator[str] | list[str]) -> str:
    return next((candidate for candidate in candidates if _is_valid(candidate)), "")


def _is_valid(text: str) -> bool:
    """Whether all terms parse, and none of them looks like two or like a slip itself."""
    terms = [term for term in text.split(" ") if term]
    return bool(terms) and all(_parses(term) for term in terms)


def _parses(text: str) -> bool:
    try:
        term: Term = parse_term(text)
    except TermError:
        return False
    if isinstance(term, Modifier):
        return term.is_known
    return len(_pieces(text)) == 1


def _is_plain(text: str) -> bool:
    return text[:1] not in QUALIFIERS
