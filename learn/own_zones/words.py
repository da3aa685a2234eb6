"""What is wrong with a zone, in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from .text import Trouble

EXAMPLES = {
    "A": "198.18.1.1",
    "AAAA": "2001:2::1:1",
    "MX": "10 mx1",
    "TXT": "v=spf1 mx -all",
    "CNAME": "www",
    "NS": "ns1",
    "SRV": "0 0 587 mail",
    "CAA": '0 issue "ca.example"',
    "TLSA": "3 1 1 8d4471dc…",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence with its place. `excerpt` is the line of the text, `marked` what is wrong in it,
    `rest` what follows; `target` the id of the field to go to."""

    message: str
    line: int = 0
    column: int = 0
    before: str = ""
    marked: str = ""
    rest: str = ""
    target: str = ""


def said(trouble: Trouble, text: str = "") -> Said:
    """`trouble` in words; with the line of `text` that it is in."""
    lines = text.split("\n")
    line = lines[trouble.line - 1].rstrip("\r") if 0 < trouble.line <= len(lines) and text else ""
    start = max(trouble.column - 1, 0)
    end = start + len(line[start:].split(" ", 1)[0]) if line[start:].strip() else start
    from_ = max(0, start - 60)
    return Said(
        message=message(trouble, in_text=bool(text)),
        line=trouble.line,
        column=trouble.column,
        before=("…" if from_ else "") + line[from_:start],
        marked=line[start:end][:60],
        rest=line[end : end + 60],
        target="zone-text" if text else _target(trouble),
    )


def _target(trouble: Trouble) -> str:
    return f"{trouble.part or 'data'}-{trouble.line}" if trouble.line else "records"


def message(trouble: Trouble, in_text: bool = True) -> str:
    """A sentence or two for each code: what is wrong, and what to write instead."""
    about: dict[str, Any] = dict(trouble.about)
    if trouble.code == "fields":
        return _fields(about["type"])
    if trouble.code == "tlsa-length":
        return _tlsa_length(about)
    if trouble.code == "type":
        about["types"] = ", ".join(about["types"])
    if "line" in about:
        about["where"] = (_("line %(line)d") if in_text else _("row %(line)d")) % about
    if about.get("name") == "@":
        about["name"] = _("the zone itself (@)")
    return _messages()[trouble.code] % about


def _fields(type: str) -> str:
    wanted = {
        "A": _("An A record has one part, an IPv4 address."),
        "AAAA": _("An AAAA record has one part, an IPv6 address."),
        "MX": _("An MX record has two parts: a preference and the name of a mail server."),
        "TXT": _("A TXT record needs a text in quotation marks."),
        "CNAME": _("A CNAME record has one part, the name that it leads to."),
        "NS": _("An NS record has one part, the name of a name server."),
        "SRV": _("An SRV record has four parts: priority, weight, port and the name of a host."),
        "CAA": _("A CAA record has three parts: flags, a tag and a value in quotation marks."),
        "TLSA": _("A TLSA record has four parts: usage, selector, matching type and data."),
    }
    example = _("Example: %(data)s") % {"data": EXAMPLES[type]}
    return f"{wanted[type]} {example}"


def _tlsa_length(about: dict[str, Any]) -> str:
    if not about["most"]:
        return _("The data has an odd number of hexadecimal digits; two make one octet.")
    return _(
        "The data has %(length)d hexadecimal digits, but a digest of this matching type has "
        "%(most)d."
    ) % {"length": about["length"], "most": about["most"]}


def _messages() -> dict[str, str]:
    return {
        **_of_the_form(),
        **_of_names(),
        **_of_data(),
        "too-long": _("The zone is too long: at most %(most)d kB are kept."),
        "too-many": _("There are too many records: at most %(most)d are kept."),
        "cname-apex": _(
            "The zone itself cannot be an alias: its SOA and NS records stand there, and a CNAME "
            "record stands alone."
        ),
        "cname-alone": _(
            "%(name)s has a CNAME record and a %(type)s record. An alias stands alone: remove one "
            "of them."
        ),
        "cname-twice": _("%(name)s has two CNAME records. A name can be an alias of one only."),
        "twice": _("The same %(type)s record of %(name)s stands in %(where)s already."),
        "ttl-differs": _(
            "The %(type)s records of %(name)s need the same TTL; the one in %(where)s has %(ttl)d."
        ),
        "soa": _("The SOA record is left out: the classroom writes its own."),
        "dot": _(
            "“%(word)s” has no dot at its end, so it means %(whole)s. With a dot at the end it is "
            "taken as it stands."
        ),
    }


def _of_the_form() -> dict[str, str]:
    return {
        "directive": _("“%(word)s” is not taken here; only $TTL and $ORIGIN are."),
        "directive-value": _("%(word)s takes one value."),
        "name-missing": _(
            "The line begins with a blank, so it is for the name of the record before; but there "
            "is none. Begin with a name, or with @ for the zone itself."
        ),
        "type-missing": _("There is a name without a record. Write: name, TTL, type, data."),
        "type": _("“%(word)s” is no type that is served here. There are: %(types)s."),
        "class": _("Only the class IN is served here. It can be left out."),
        "quote-open": _("A quotation mark is opened and not closed in the same line."),
        "paren-open": _("A bracket is opened and never closed."),
        "paren-close": _("A bracket is closed that was never opened."),
        "paren-again": _("A bracket is opened inside another one. They cannot be nested."),
        "not-ascii": _(
            "“%(character)s” cannot stand here: a zone file has ASCII characters only. Full-width "
            "letters and special blanks are easily mistaken for them."
        ),
        "ttl": _("“%(word)s” is no TTL. It is a number of seconds, such as 3600."),
        "ttl-range": _("The TTL must lie between %(least)d and %(most)d seconds."),
    }


def _of_names() -> dict[str, str]:
    return {
        "outside": _("“%(word)s” lies outside your zone. Every name must end in %(zone)s."),
        "name-characters": _(
            "“%(word)s” is no name that is served here. It may have letters, digits, hyphens and "
            "underscores, and * alone in front."
        ),
        "name": _("“%(word)s” is no name."),
        "dots": _("“%(word)s” has a dot too many."),
        "label-too-long": _("One part between two dots is longer than 63 characters."),
        "name-too-long": _("The name is longer than 253 characters."),
    }


def _of_data() -> dict[str, str]:
    return {
        "data": _("That cannot be read as the data of a %(type)s record."),
        "ipv4": _("“%(word)s” is no IPv4 address. It has four numbers, such as 198.18.1.1."),
        "ipv6": _("“%(word)s” is no IPv6 address, such as 2001:2::1:1."),
        "ipv6-here": _("“%(word)s” is an IPv6 address: it needs an AAAA record."),
        "ipv4-here": _("“%(word)s” is an IPv4 address: it needs an A record."),
        "preference": _(
            "“%(word)s” is no preference: it is a number from 0 to %(most)d, and stands in front "
            "of the mail server’s name."
        ),
        "number": _("“%(word)s” is no number from 0 to %(most)d."),
        "string-long": _(
            "The string has %(length)d characters, but one string has at most %(most)d. Split it "
            "into several, each in its own quotation marks."
        ),
        "txt-quotes": _(
            "Put the text into quotation marks. Without them every blank begins a new string, and "
            "a semicolon begins a comment."
        ),
        "hex": _("“%(word)s” is not hexadecimal: there are the digits 0 to 9 and a to f."),
        "caa-tag": _("“%(word)s” is no tag, such as issue, issuewild or iodef."),
    }
