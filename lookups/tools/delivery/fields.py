"""What a visitor types of a mail: addresses, and DKIM signatures with their results."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from lookups.engine.delivery.mail import DKIM_RESULTS, MAX_SIGNATURES, Mailbox, Signature
from lookups.forms import InputError, read_domain
from lookups.tools.fields import plain

MAX_LOCAL_PART = 256  # octets; RFC 5321 §4.5.3.1.1 allows 64, rewritten senders have more
MAX_HELO = 255
NULL = "<>"  # the null reverse-path (RFC 5321 §4.5.5)
_BETWEEN = re.compile(r"[\s,;=:、]+")
_LABELS = ("d", "header.d")  # before a domain, as it is copied from a header


def read_mailbox(text: str) -> Mailbox:
    """The address in `text`, with or without a display name; of a domain alone its postmaster
    (RFC 7208 §4.3). Raises ValidationError."""
    text = unicodedata.normalize("NFKC", text).strip()
    domain = read_domain(text)
    if isinstance(domain, InputError):
        raise forms.ValidationError(domain.message)
    if text.endswith(">") and "<" in text:
        text = text[text.rindex("<") + 1 : -1]
    local_part = text.rpartition("@")[0].removeprefix("mailto:").strip()
    octets = local_part.encode("utf-8", "replace")
    if len(octets) > MAX_LOCAL_PART:
        raise forms.ValidationError(_("The part before the @ is too long."))
    return Mailbox(octets.decode() or "postmaster", domain.ascii)


def read_signatures(text: str, usual: str) -> tuple[Signature, ...]:
    """Domains, each with its result or the `usual` one behind it. Raises ValidationError."""
    found: list[Signature] = []
    named = True  # whether the last domain has its result already
    for word in filter(None, _BETWEEN.split(unicodedata.normalize("NFKC", text))):
        if word.lower() in _LABELS:
            continue
        if word.lower() in DKIM_RESULTS and not named:
            found[-1] = Signature(found[-1].domain, word.lower())
            named = True
            continue
        domain = read_domain(word)
        if isinstance(domain, InputError):
            message = _("“%(text)s” is neither a signing domain nor a result behind one.")
            raise forms.ValidationError(message % {"text": word[:60]})
        found.append(Signature(domain.ascii, usual))
        named = False
    if len(found) > MAX_SIGNATURES:
        message = _("At most %(count)d signatures are looked at.")
        raise forms.ValidationError(message % {"count": MAX_SIGNATURES})
    return tuple(found)


class MailboxField(forms.CharField):
    """An address, or a domain: a Mailbox. Where it may be empty, None then and NULL for "<>"."""

    def __init__(self, placeholder: str = "alice@example.com", **kwargs: Any) -> None:
        widget = forms.TextInput(plain(inputmode="email", placeholder=placeholder))
        super().__init__(**{"widget": widget, "strip": True} | kwargs)

    def clean(self, value: Any) -> Mailbox | str | None:
        text = str(value or "").strip()
        if not self.required and text in ("", NULL):
            return text or None
        return read_mailbox(text)


class HeloField(forms.CharField):
    """What a client greets with: a host name, an address literal, or whatever it says."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(plain(inputmode="url", placeholder="mail.example.com"))
        usual = {"widget": widget, "strip": True, "required": False, "max_length": MAX_HELO}
        super().__init__(**usual | kwargs)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value)).removesuffix(".")
        if any(unicodedata.category(c) in ("Cc", "Cf", "Cs") or c.isspace() for c in text):
            raise forms.ValidationError(_("A HELO name has no spaces and no control characters."))
        return text
