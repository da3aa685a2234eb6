"""From what a visitor types to the name that is asked: any name that DNS allows.

Unlike a domain (`names.parse_domain`) it may have underscores, one label or none, octets of any
kind (RFC 2181 §11), and it may be an address, whose reverse name is meant.
"""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.name
import idna

from .addresses import Address, reverse_name
from .addresses import parse as parse_address
from .names import MAX_INPUT, DomainError, address_in, host_of, tidy, to_unicode
from .resolver import name_text


@dataclass(frozen=True, slots=True)
class QueryName:
    """An absolute name. `address`: the address that was typed, whose reverse name it is."""

    name: dns.name.Name
    address: Address | None = None

    @property
    def text(self) -> str:
        """In A-labels and small letters, without the final dot; "." for the root."""
        return name_text(self.name)

    @property
    def unicode(self) -> str:
        return to_unicode(self.text)


def parse_name(text: str) -> QueryName:
    """The name in `text`: a bare one, or the host of a URL or of a mail address.

    Raises DomainError with a code that says what is wrong.
    """
    if len(text) > MAX_INPUT:
        raise DomainError("too-long")
    name = tidy(text)
    if "://" in name or "<" in name or ("@" in name and "\\" not in name):
        name = host_of(name)
    if address := address_in(name):
        found = parse_address(address)
        return QueryName(reverse_name(found), found)
    if not name:
        raise DomainError("empty")
    if any(character.isspace() for character in name):
        raise DomainError("space")
    if name == ".":
        return QueryName(dns.name.root)
    return QueryName(_read(name))


def _read(text: str) -> dns.name.Name:
    """Labels of ASCII stay as they are (RFC 1035 §5.1 escapes included), others become A-labels."""
    labels = [label if label.isascii() else _a_label(label) for label in text.split(".")]
    try:
        return dns.name.from_text(".".join(labels).lower())
    except dns.name.EmptyLabel as error:
        raise DomainError("empty-label") from error
    except dns.name.LabelTooLong as error:
        raise DomainError("label-too-long") from error
    except dns.name.NameTooLong as error:
        raise DomainError("too-long") from error
    except (dns.exception.DNSException, UnicodeError, ValueError) as error:
        raise DomainError("characters") from error


def _a_label(label: str) -> str:
    try:
        return idna.encode(label, uts46=True, transitional=False).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        code = "label-too-long" if "too long" in str(error).lower() else "characters"
        raise DomainError(code) from error
