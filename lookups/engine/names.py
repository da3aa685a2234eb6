"""From what a visitor types to the domain that is meant.

A domain, an email address or a URL is reduced to its domain and mapped by UTS 46
(non-transitional) and IDNA 2008 (RFC 5891) to A-labels.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass

import idna

MAX_INPUT = 2000
MAX_LABEL = 63  # octets, RFC 1035 §2.3.4
MAX_NAME = 253  # characters without the final dot: 255 octets on the wire

# Characters that IDNA takes for a full stop (UTS 46 §4.5 maps them; RFC 3490 §3.1 listed them).
_DOTS = re.compile("[。．｡]")  # noqa: RUF001
_SPACES_AT_JOINTS = re.compile(r"\s*([.@/])\s*")
_SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:(?://)?|//)", re.IGNORECASE)
_LDH = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain in both forms, without the final dot."""

    ascii: str
    unicode: str


class DomainError(ValueError):
    """Input that names no domain.

    `code` is one of CODES; `suggestion` a domain that may have been meant; `address` the IP address
    that was typed instead, whose reverse lookup can be offered.
    """

    CODES = (
        "empty",
        "too-long",
        "control",
        "address",
        "single-label",
        "empty-label",
        "label-too-long",
        "underscore",
        "space",
        "characters",
    )

    def __init__(self, code: str, suggestion: str = "", address: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.suggestion = suggestion
        self.address = address


def parse_domain(text: str) -> Domain:
    """The domain in `text`; raises DomainError with a code that says what is wrong."""
    if len(text) > MAX_INPUT:
        raise DomainError("too-long")
    host = host_of(tidy(text))
    if host.endswith("."):
        host = host[:-1]
    if address := address_in(host):
        raise DomainError("address", address=address)
    if not host:
        raise DomainError("empty")
    if any(character.isspace() for character in host):
        raise DomainError("space")
    labels = host.split(".")
    if "" in labels:
        raise DomainError("empty-label")
    if "_" in host:
        raise DomainError("underscore", suggestion=_without_underscores(labels))
    if len(labels) == 1:
        raise DomainError("single-label")
    return _to_domain(host)


def to_unicode(name: str) -> str:
    """The U-label form of an A-label name for display; the name itself where it does not decode."""
    if "xn--" not in name.lower():
        return name
    try:
        return idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        return name


def tidy(text: str) -> str:
    """Full-width letters and ideographic stops folded, outer space gone."""
    text = text.strip()
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise DomainError("control")
    text = _DOTS.sub(".", unicodedata.normalize("NFKC", text)).strip()
    return _SPACES_AT_JOINTS.sub(r"\1", text)


def host_of(text: str) -> str:
    """The host part of a URL, an address in angle brackets, an email address, or a plain name."""
    if "<" in text and text.endswith(">"):
        text = text[text.rindex("<") + 1 : -1]
    if not address_in(text):
        text = _SCHEME.sub("", text, count=1) if _has_scheme(text) else text
    text = re.split(r"[/?#\\]", text, maxsplit=1)[0]
    text = text.rsplit("@", 1)[-1]
    if text.startswith("["):
        return text[1:].split("]", 1)[0]
    if text.count(":") == 1:
        host, port = text.split(":")
        return host if not port or port.isdigit() else text
    return text


def _has_scheme(text: str) -> bool:
    """'https://x' and 'mailto:x' have one; 'example.com:25' is a host and its port."""
    match = _SCHEME.match(text)
    if match is None:
        return False
    return "//" in match[0] or not text[match.end() :].split("/")[0].isdigit()


def address_in(text: str) -> str:
    candidate = text.strip("[]").split("%", 1)[0]
    if candidate.lower().startswith("ipv6:"):  # address literal, RFC 5321 §4.1.3
        candidate = candidate[5:]
    try:
        return str(ipaddress.ip_address(candidate))
    except ValueError:
        return ""


def _without_underscores(labels: list[str]) -> str:
    """'_dmarc.example.com' is a record's name; 'example.com' is the domain it speaks of."""
    last = max(index for index, label in enumerate(labels) if "_" in label)
    try:
        return parse_domain(".".join(labels[last + 1 :])).ascii
    except DomainError:
        return ""


def _to_domain(host: str) -> Domain:
    if any(len(label) > MAX_LABEL for label in host.split(".")):
        raise DomainError("label-too-long")
    try:
        ascii_name = idna.encode(host, uts46=True, transitional=False).decode("ascii").lower()
        unicode_name = to_unicode(ascii_name)
    except (idna.IDNAError, UnicodeError) as error:
        raise DomainError(_encoding_code(error)) from error
    labels = ascii_name.split(".")
    if any(len(label) > MAX_LABEL for label in labels):
        raise DomainError("label-too-long")
    if len(ascii_name) > MAX_NAME:
        raise DomainError("too-long")
    if len(labels) < 2 or "" in labels:
        raise DomainError("empty-label" if "" in labels else "single-label")
    if not all(_LDH.match(label) for label in labels):
        raise DomainError("characters")
    if labels[-1].isdigit():  # no top-level domain is all digits (RFC 3696 §2)
        raise DomainError("characters")
    return Domain(ascii_name, unicode_name)


def _encoding_code(error: Exception) -> str:
    text = str(error).lower()
    if "too long" not in text:
        return "characters"
    return "label-too-long" if "label" in text else "too-long"
