"""What kind of record a text is, and its value out of whatever spelling it came in.

A record may come bare, as a line of a zone file (RFC 1035 §5.1), as `dig`, `host` or `nslookup`
print it, as a row of a provider's table, or as quoted strings. Nothing here judges the value: the
parsers do. Nothing raises, and whatever comes is read up to MAX_TEXT characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from . import bimi, dkim, dmarc, mta_sts, spf, tls_rpt
from .targets import is_address
from .txt import MAX_STRING, MAX_TEXT

MAX_RECORDS = 12  # of one text
MAX_LINES = 500

# Every kind, by the type of its record. `policy` is the file that MTA-STS keeps on a web server.
TXT_KINDS = ("spf", "dkim", "dmarc", "bimi", "mta-sts", "tls-rpt", "txt")
TYPES = {
    "mx": "MX",
    **dict.fromkeys(TXT_KINDS, "TXT"),
    "policy": "FILE",
    "a": "A",
    "aaaa": "AAAA",
    "cname": "CNAME",
    "ns": "NS",
    "ptr": "PTR",
    "srv": "SRV",
    "caa": "CAA",
    "soa": "SOA",
    "tlsa": "TLSA",
    "ds": "DS",
    "dnskey": "DNSKEY",
}
KINDS = tuple(TYPES)
# Types that these kinds can have been written under as well.
_BY_TYPE = {type: kind for kind, type in TYPES.items() if type not in ("TXT", "FILE")}
_BY_TYPE |= {"CDS": "ds", "CDNSKEY": "dnskey"}

_TYPE = "|".join(sorted((*_BY_TYPE, "TXT", "SPF"), key=len, reverse=True))
_NAME = r"(?:@|\*|[A-Za-z0-9_*\\][A-Za-z0-9_.*\\/-]*)"
_TTL = r"[0-9]{1,10}[smhdwSMHDW]?"
_HEADER = re.compile(
    rf"""\s*(?:(?P<name>{_NAME})\s+)?
    (?:(?P<ttl>{_TTL})\s+)?(?:(?P<class>IN|in|CH|HS)\s+)?(?:(?P<ttl2>{_TTL})\s+)?
    (?P<type>(?i:{_TYPE}))(?:\s+(?P<rest>.*))?""",
    re.VERBOSE | re.DOTALL,
)
# A provider's table: the type first, then the name ("TXT  @  v=spf1 -all  3600").
_TABLE = re.compile(rf"\s*(?P<type>{_TYPE})[\t ]+(?P<name>{_NAME})[\t ]+(?P<rest>\S.*)", re.DOTALL)
_SPOKEN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\s*(?P<name>\S+)\s+{words}\s*(?P<rest>.+)", re.DOTALL), type)
    for words, type in (
        (r"descriptive text", "TXT"),
        (r"text\s*=", "TXT"),
        (r"mail is handled by", "MX"),
        (r"mail exchanger\s*=", "MX"),
        (r"has address", "A"),
        (r"has IPv6 address", "AAAA"),
        (r"has AAAA address", "AAAA"),
        (r"(?:nameserver\s*=|name server)", "NS"),
        (r"(?:canonical name\s*=|is an alias for)", "CNAME"),
        (r"(?:domain name pointer|name\s*=)", "PTR"),
        (r"has SOA record", "SOA"),
        (r"has SRV record", "SRV"),
        (r"has CAA record", "CAA"),
        (r"has DS record", "DS"),
        (r"has DNSKEY record", "DNSKEY"),
        (r"has TLSA record", "TLSA"),
    )
)
_FORM_LINE = re.compile(
    r"\s*(?P<key>name|host(?: ?name)?|type|record type|ttl|value|content|data|points to|answer|"
    r"名前|ホスト名|種別|タイプ|値|内容)\s*[:=：]\s*(?P<value>\S.*)",
    re.IGNORECASE,
)
_FORM_KEYS = {
    "type": "type", "record type": "type", "種別": "type", "タイプ": "type", "ttl": "ttl",
    "name": "name", "host": "name", "hostname": "name", "host name": "name",
    "名前": "name", "ホスト名": "name",
}  # fmt: skip
_STRING = re.compile(r'\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\([0-9]{3}|.)", re.DOTALL)
_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_POLICY_LINE = re.compile(r"(?im)^[ \t]*(?:version|mode|max_age|mx)[ \t]*:")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]+|:[0-9]+)?")
_IPV6 = re.compile(r"\[?[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f.]{0,15}){2,8}(?:/[0-9]+)?\]?")
_HOST = re.compile(r"[A-Za-z0-9_*\\][A-Za-z0-9_*\\-]*(?:\.[A-Za-z0-9_\\-]+)*\.?")
_CAA = re.compile(r"[0-9]{1,3}\s+(?:issue|iodef|contact)[A-Za-z]*(?:\s|\"|\Z)", re.IGNORECASE)
_CAA_QUOTED = re.compile(r"[0-9]{1,3}\s+[A-Za-z0-9]+\s+\"")
_SOA = re.compile(r"\S+\s+\S+\s+[0-9]{1,10}(?:\s+[0-9][0-9A-Za-z]*){3,4}")
_DNSKEY = re.compile(r"(?:0|128|25[67]|38[45])\s+3\s+[A-Za-z0-9-]+\s+[A-Za-z0-9+/=\s]{8,}")
_DS = re.compile(r"[0-9]{1,5}\s+(?:[0-9]{1,3}|[A-Z0-9-]{3,20})\s+[0-9]{1,3}\s+[0-9A-Fa-f\s]{8,}")
_TLSA = re.compile(r"[0-3]\s+[01]\s+[0-2]\s+[0-9A-Za-z\s]{12,}")
_SRV = re.compile(r"[0-9]{1,5}\s+[0-9]{1,5}\s+[0-9]{1,5}\s+\S+")
_MX = re.compile(r"[0-9]{1,6}\s+\S+")
_NS_NAME = re.compile(r"(?:ns|dns|pdns)[0-9a-z-]*\.", re.IGNORECASE)
_SMTP_TLS = "_smtp._tls"


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip in the spelling around the value: "quote-open", "string-long" or "semicolon", at
    `column` (from 1) of the value."""

    code: str
    column: int


@dataclass(frozen=True, slots=True)
class Recognised:
    """One record. `value` is what the parser of its `kind` reads: the strings of a TXT record
    joined, otherwise the presentation form in one line.

    `name`, `ttl` and `type` are what the text said, empty or None where it did not; `guessed` tells
    that the kind follows from the shape of the value alone; `zone` that it was a zone file's line,
    in which a name without a final dot is continued.
    """

    kind: str
    value: str
    name: str = ""
    ttl: int | None = None
    type: str = ""
    guessed: bool = True
    zone: bool = False
    strings: tuple[str, ...] = ()
    slips: tuple[Slip, ...] = field(default=())

    @property
    def shown_type(self) -> str:
        """The type of the record as DNS calls it; "FILE" for a policy."""
        return TYPES[self.kind]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record's line taken apart: the value still as it was written."""

    rest: str
    type: str = ""
    name: str = ""
    ttl: int | None = None
    zone: bool = False


def recognise(text: str, kind: str = "") -> tuple[Recognised, ...]:
    """The records in `text`, at most MAX_RECORDS; none where there is nothing.

    `kind` is one of KINDS where somebody knows better, and then holds for all of them.
    """
    text = text[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    if not text.strip():
        return ()
    if kind == "policy" or (not kind and _is_policy(text)):
        return (Recognised("policy", text.rstrip(), guessed=not kind, type="FILE"),)
    form = _form(text)
    entries: Iterable[_Entry] = [form] if form else islice(_entries(text), MAX_RECORDS)
    found = [_recognised(entry, kind) for entry in entries]
    return tuple(each for each in found if each.value or each.strings or each.type)


def kind_of_text(text: str, name: str = "") -> str:
    """The kind of a TXT record by its text, and by its name where the text leaves it open."""
    tests: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("spf", lambda text: spf.is_spf(text) or spf.meant_version(text)),
        ("bimi", lambda text: bimi.is_assertion(text) or bimi.is_like_assertion(text)),
        ("mta-sts", lambda text: mta_sts.is_record(text) or mta_sts.looks_like_record(text)),
        ("tls-rpt", lambda text: tls_rpt.is_record(text) or tls_rpt.looks_like_record(text)),
        ("dmarc", lambda text: dmarc.is_record(text) or dmarc.looks_meant(text)),
        ("dkim", lambda text: _VERSIONED.match(text) is None and dkim.looks_like_key(text)),
    )
    trimmed = text.strip()
    for kind, test in tests:
        if test(trimmed):
            return kind
    return _kind_by_name(name)


def kind_of_value(value: str) -> str:
    """The kind that a bare value without quotes has the shape of, "txt" where it has none."""
    text = value.strip()
    kind = kind_of_text(text)
    if kind != "txt":
        return kind
    for kind, pattern in _SHAPES:
        if pattern.fullmatch(text):
            return kind
    if _CAA.match(text) or _CAA_QUOTED.match(text):
        return "caa"
    if _HOST.fullmatch(text) and "." in text:
        if text.lower().rstrip(".").endswith((".in-addr.arpa", ".ip6.arpa")):
            return "txt"
        return "ns" if _NS_NAME.match(text) else "cname"
    return "txt"


# A version that no DKIM key has: whatever tag p= there is has another meaning.
_VERSIONED = re.compile(r"[\s\"]*v\s*=\s*(?!dkim)", re.IGNORECASE)
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a", _IPV4),
    ("aaaa", _IPV6),
    ("soa", _SOA),
    ("dnskey", _DNSKEY),
    ("tlsa", _TLSA),
    ("ds", _DS),
    ("srv", _SRV),
    ("mx", _MX),
)


def _kind_by_name(name: str) -> str:
    """What the underscored names of mail's TXT records say."""
    labels = name.lower().rstrip(".").split(".")
    if "_dmarc" in labels[:1]:
        return "dmarc"
    if "_domainkey" in labels[1:]:
        return "dkim"
    if "_bimi" in labels[1:]:
        return "bimi"
    if "_mta-sts" in labels[:1]:
        return "mta-sts"
    return "tls-rpt" if name.lower().startswith(_SMTP_TLS) else "txt"


def _is_policy(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    keys = {match[0].strip(" \t:").lower() for match in _POLICY_LINE.finditer(text[:MAX_TEXT])}
    return bool(re.match(r"version[ \t]*:[ \t]*sts", first, re.IGNORECASE)) or len(keys) > 1


# --- one entry ------------------------------------------------------------------------------------
def _recognised(entry: _Entry, chosen: str) -> Recognised:
    kind = chosen or _BY_TYPE.get(entry.type, "")
    is_text = kind in TXT_KINDS if kind else entry.type in ("TXT", "SPF")
    quoted = entry.rest.lstrip().startswith('"')
    if not kind and not is_text:  # nothing says the type
        bare = kind_of_value(entry.rest) if not quoted else "txt"
        is_text, kind = bare in TXT_KINDS, "" if bare in TXT_KINDS else bare
    found = Recognised("txt", "", entry.name, entry.ttl, entry.type, not chosen, entry.zone)
    if not is_text:
        guessed = not chosen and not entry.type
        value = _row(entry)
        return replace(found, kind=kind, value=value, guessed=guessed)
    value, strings, slips = _text(entry)
    guessed = not chosen
    return replace(
        found,
        kind=kind or kind_of_text(value, entry.name),
        value=value,
        strings=strings,
        slips=slips,
        guessed=guessed,
    )


def _row(entry: _Entry) -> str:
    """The fields of a record on one line, without the comment that a line may end in."""
    text = entry.rest
    if entry.type:
        text = _without_comment(text)
    return text.replace("\t", " ").replace("\n", " ").strip()


def _text(entry: _Entry) -> tuple[str, tuple[str, ...], tuple[Slip, ...]]:
    """The text of a TXT record, its strings where they were quoted, and slips in the quoting."""
    rest = entry.rest.strip(" \t\n")
    if not rest.startswith('"'):
        if not entry.zone:
            return rest.replace("\n", " "), (), ()
        at = _bare_semicolon(rest)
        column = len(_unescaped(rest[:at])) + 1
        comment = (Slip("semicolon", column),) if at >= 0 else ()
        return _unescaped(rest), (), comment
    strings: list[str] = []
    at = 0
    while match := _STRING.match(rest, at):
        strings.append(_unescaped(match[1]))
        at = match.end()
    slips: list[Slip] = []
    tail = rest[at:].strip()
    if tail.startswith('"'):  # a quote that is never closed
        slips.append(Slip("quote-open", len("".join(strings)) + 1))
        strings.append(_unescaped(tail[1:]))
    elif tail and not tail.startswith((";", ")")):
        slips.append(Slip("quote-after", len("".join(strings)) + 1))
        strings.append(tail)
    start = 1
    for string in strings:
        if len(string.encode("utf-8", "replace")) > MAX_STRING:
            slips.append(Slip("string-long", start))
        start += len(string)
    return "".join(strings), tuple(strings), tuple(slips)


def _unescaped(text: str) -> str:
    r"""\" and \\ and \DDD as a zone file writes them (RFC 1035 §5.1)."""
    if "\\" not in text:
        return text

    def plain(match: re.Match[str]) -> str:
        code = match[1]
        return code if len(code) == 1 else chr(min(int(code), 255))

    return _ESCAPE.sub(plain, text).replace("\0", "\ufffd")


def _bare_semicolon(text: str) -> int:
    """Where a zone file would take the rest of the line for a comment; -1: nowhere."""
    match = re.search(r"(?<!\\);", text)
    return match.start() if match else -1


def _without_comment(text: str) -> str:
    """Up to a semicolon outside quotes."""
    quoted = False
    for at, character in enumerate(text):
        if character == '"' and (not at or text[at - 1] != "\\"):
            quoted = not quoted
        elif character == ";" and not quoted:
            return text[:at]
    return text


def _seconds(text: str) -> int:
    unit = _UNIT.get(text[-1].lower(), 0)
    return min(int(text[:-1]) * unit if unit else int(text), 2**32 - 1)


# --- a text in its entries ------------------------------------------------------------------------
def _form(text: str) -> _Entry | None:
    """A provider's form, a line a field ("Type: TXT", "Value: v=spf1 …")."""
    found: dict[str, str] = {}
    for line in text.strip().split("\n")[:MAX_LINES]:
        match = _FORM_LINE.fullmatch(line.rstrip())
        if not match:
            return None
        found.setdefault(_FORM_KEYS.get(match["key"].lower(), "value"), match["value"])
    if "value" not in found or len(found) < 2:
        return None
    ttl = found.get("ttl", "")
    return _Entry(
        rest=found["value"],
        type=found["type"].upper() if found.get("type", "").upper() in (*_BY_TYPE, "TXT") else "",
        name=found.get("name", ""),
        ttl=_seconds(ttl) if re.fullmatch(_TTL, ttl) else None,
    )


def _entries(text: str) -> Iterator[_Entry]:
    """A record after another. Comments, directives and empty lines are left out."""
    lines = text.split("\n")[:MAX_LINES]
    pending: _Entry | None = None
    at = 0
    while at < len(lines):
        line, at = lines[at], at + 1
        plain = line.strip()
        if not plain or plain.startswith((";", "$", "//", "#")):
            continue
        entry = _headed(line)
        if _opens(line, entry):
            whole = [line]
            while at < len(lines) and ")" not in _outside_quotes(_without_comment(whole[-1])):
                whole.append(lines[at])
                at += 1
            line = _flattened(whole)
            entry = _headed(line)
        elif entry is None and pending is not None and _continues(pending, plain):
            joint = " " if not plain.startswith('"') else "\n"
            pending = replace(pending, rest=f"{pending.rest}{joint}{plain}")
            continue
        if pending is not None:
            yield pending
        pending = entry or _Entry(line.strip())
    if pending is not None:
        yield pending


def _headed(line: str) -> _Entry | None:
    """A line that says its type, as zone files, dig, host, nslookup and tables do."""
    if '"' in line[:1] or spf.is_spf(line.strip()) or spf.meant_version(line.strip()):
        return None
    for pattern, type in _SPOKEN:
        if match := pattern.fullmatch(line):
            return _Entry(match["rest"], type, match["name"])
    match = _HEADER.fullmatch(line)
    if match and _is_header(match):
        ttl = match["ttl"] or match["ttl2"]
        return _Entry(
            match["rest"] or "",
            match["type"].upper(),
            match["name"] or "",
            _seconds(ttl) if ttl else None,
            bool(match["class"] or ttl),
        )
    match = _TABLE.fullmatch(line)
    if match and match["type"].isupper():
        rest = match["rest"].rstrip()
        if ttl := re.search(r"[\s\"](?:[0-9]{2,6}|Auto)\Z", rest):
            rest = rest[: ttl.start() + 1]
        return _Entry(rest.strip(), match["type"], match["name"])
    return None


def _is_header(match: re.Match[str]) -> bool:
    """Whether the word taken for a type is one: "spf1 a mx" has an "a" that is none."""
    type, rest = match["type"], match["rest"] or ""
    if match["class"] or match["ttl"] or match["ttl2"]:
        return True
    if not type.isupper():
        return False
    # "TXT @ v=spf1 …": the type first and then the name; that is a table.
    table = not match["name"] and _TABLE.fullmatch(match[0])
    return not (table and _is_named(table["name"], table["rest"], type)) and bool(rest)


def _is_named(name: str, rest: str, type: str) -> bool:
    """Whether the word behind the type is the record's name, rather than the value's first."""
    if name == "@" or name.startswith("_"):
        return True
    if type in ("TXT", "SPF"):
        return "=" not in name and kind_of_text(rest) != "txt"
    number = name.isdigit() or is_address(name)
    return not number and type in ("MX", "SRV", "CAA", "TLSA", "DS", "DNSKEY", "A", "AAAA")


def _opens(line: str, entry: _Entry | None) -> bool:
    """Whether a parenthesis of a zone file opens here (RFC 1035 §5.1)."""
    outside = _outside_quotes(line)
    if "(" not in outside:
        return False
    if entry is not None:
        return entry.type != "TXT" or entry.rest.lstrip().startswith(("(", '"'))
    return outside.lstrip().startswith("(") or outside.rstrip().endswith("(")


def _outside_quotes(line: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"?', '""', line)


def _flattened(lines: list[str]) -> str:
    """The lines of a record in parentheses as one."""
    pieces: list[str] = []
    for line in lines:
        for number, piece in enumerate(re.split(r'("(?:[^"\\]|\\.)*"?)', _without_comment(line))):
            pieces.append(piece if number % 2 else re.sub(r"[()]", " ", piece))
        pieces.append(" ")
    whole = "".join(pieces).strip()
    if '"' in whole:
        return whole
    return re.sub(r"\s+", " ", whole)


def _continues(before: _Entry, line: str) -> bool:
    """Whether a line without a type goes on with the record before: a value that was wrapped."""
    rest = before.rest.lstrip()
    if before.type not in ("", "TXT", "SPF"):
        return before.type in ("DNSKEY", "DS", "TLSA") and not re.search(r"[.\"]", line)
    quoted = rest.startswith('"')
    if quoted != line.startswith('"'):
        return False
    kind = kind_of_text(_STRING.sub(r"\1", rest) if quoted else rest, before.name)
    if quoted:
        return kind == "dkim" and kind_of_text(line.strip('"')) == "txt"
    if kind == "txt" or re.match(r"[A-Za-z0-9._-]{2,60}(?:-verification|=MS|_verify)", line):
        return False
    return kind_of_value(line) in ("txt", "cname") or kind == "dkim" and "v=" not in line[:4]
