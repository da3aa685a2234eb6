"""What a visitor types, reduced to a domain or an address, or refused in the visitor's language."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

from .blocked.refusal import refusal
from .engine.names import Domain, DomainError, parse_domain
from .engine.records.dkim_selectors import MAX_SELECTORS, SelectorError
from .engine.records.dkim_selectors import read_selectors as parse_selectors

MAX_QUOTED = 60  # characters of what was typed that a message repeats
_BETWEEN = re.compile(r"[\s,;、]+")


@dataclass(frozen=True, slots=True)
class InputError:
    """A refusal: what is wrong and what to do, and what may have been meant."""

    message: str
    suggestion: str = ""
    reverse_address: str = ""


def read_domain(text: str) -> Domain | InputError:
    """The domain in `text`, or why there is none, or why the operator refuses it."""
    try:
        domain = parse_domain(text)
    except DomainError as error:
        return InputError(explain(error), error.suggestion, error.address)
    refused = refusal(domain.ascii)
    return InputError(refused) if refused else domain


def explain(error: DomainError) -> str:
    """A sentence for each code of DomainError."""
    messages = {
        "empty": _("Type a domain, such as example.com."),
        "too-long": _("That is too long for a domain: a name has at most 253 characters."),
        "control": _("There are invisible control characters in it. Type the domain by hand."),
        "address": _("That is an IP address, not a domain. Its names can be looked up instead."),
        "single-label": _(
            "That is a single word. A domain has at least two parts, such as example.com."
        ),
        "empty-label": _("Two dots stand together, or one stands in front. Remove the extra dot."),
        "label-too-long": _(
            "One part between two dots is too long: at most 63 characters are allowed, counted in "
            "the ASCII form."
        ),
        "underscore": _(
            "Names with an underscore belong to records, not to mail domains. Type the domain "
            "alone."
        ),
        "space": _("There is a space in the middle of it. Type one domain only."),
        "characters": _(
            "It has characters that no domain can have. Allowed are letters of any language, "
            "digits, and hyphens inside."
        ),
    }
    return messages[error.code]


def read_selectors(text: str) -> tuple[str, ...] | InputError:
    """The DKIM selectors in `text`, between commas or spaces, or why one of them is none."""
    found = [piece for piece in _BETWEEN.split(unicodedata.normalize("NFKC", text)) if piece]
    try:
        return parse_selectors(found)
    except SelectorError as error:
        return InputError(explain_selector(error))


def explain_selector(error: SelectorError) -> str:
    """A sentence for each code of SelectorError."""
    if error.code == "too-many":
        return _("At most %(count)d selectors can be looked at.") % {"count": MAX_SELECTORS}
    return _(
        "“%(selector)s” is no DKIM selector. A selector has letters, digits and hyphens; it stands "
        "after “s=” in the header DKIM-Signature."
    ) % {"selector": error.selector[:MAX_QUOTED]}


def read_address(text: str) -> str | InputError:
    """The IPv4 or IPv6 address in `text` in its canonical form, or why there is none."""
    candidate = text.strip().strip("[]")
    try:
        if "%" not in candidate:
            return str(ipaddress.ip_address(candidate))
    except ValueError:
        pass
    return InputError(_("Type an IPv4 or IPv6 address, such as 192.0.2.25 or 2001:db8::25."))
