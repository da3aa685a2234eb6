"""A rehearsal: records as they would stand in DNS if somebody published what they have written.

`rehearse` puts each record at its name and reads what is published there now. The rest is for the
checks: a resolver with `as_if` and a guard with `files` answer with what is rehearsed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import dns.exception
import dns.name
import dns.rdata
from dns.rdataclass import IN
from dns.rdtypes.ANY.TXT import TXT

from .checks.dane import MAX_HOSTS
from .checks.mail_hosts import mail_hosts
from .checks.mta_sts import WELL_KNOWN
from .context import Context
from .records import ds, mta_sts, mx, tlsa
from .records.dkim_selectors import SelectorError, read_selectors
from .records.recognise import TXT_KINDS, Recognised, kind_of_text
from .records.txt import MAX_STRING, split_strings, text_of
from .resolver import Answer, name_text

MAX_KEPT = 20  # other TXT records at the same name that stay
MAX_SHOWN = 200  # characters of a text in a note
SECURE_ENTRY_POINT = 0x0001  # RFC 4034 §2.1.1: the flag of the keys that DS records are made of
USUAL_SELECTOR = "default"


@dataclass(frozen=True, slots=True)
class Place:
    """Where records of a kind belong: `labels` before the domain, and the check they are for."""

    topic: str
    type: str
    labels: str = ""


PLACES: dict[str, Place] = {
    "spf": Place("spf", "TXT"),
    "dkim": Place("dkim", "TXT", "_domainkey"),
    "dmarc": Place("dmarc", "TXT", "_dmarc"),
    "bimi": Place("bimi", "TXT", "default._bimi"),
    "mta-sts": Place("mta-sts", "TXT", "_mta-sts"),
    "policy": Place("mta-sts", "FILE"),
    "tls-rpt": Place("tls-rpt", "TXT", "_smtp._tls"),
    "mx": Place("mx", "MX"),
    "tlsa": Place("dane", "TLSA", "_25._tcp"),
    "ds": Place("dnssec", "DS"),
    "dnskey": Place("dnssec", "DS"),
}


class RehearsalError(ValueError):
    """Why a record cannot be rehearsed. `code`: "unwritable" (DNS cannot hold `text`), "too-long"
    (the domain has no room for the name) or "no-hosts" (TLSA records without mail servers)."""

    CODES = ("unwritable", "too-long", "no-hosts")

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(code)
        self.code, self.text = code, text[:MAX_SHOWN]


@dataclass(frozen=True, slots=True)
class Note:
    """What was assumed, or is to be known. `code` is one of CODES:

    "other-name": the record came with the name `text`; "other-selector": of all selectors it has
    `taken`; "selector": that one was assumed; "every-host": the hosts `taken`; "other-host": it
    takes no mail of the domain; "continued": a name without a final dot became `taken`; "from-key":
    a DS record was made of a DNSKEY; "record-too": a record for the policy was made; "file": the
    policy's address; "alias": `text` is an alias of `taken`; "unknown": DNS left open what is
    published at `taken`.
    """

    CODES: ClassVar[tuple[str, ...]] = (
        *("other-name", "other-selector", "selector", "every-host", "other-host", "continued"),
        *("from-key", "record-too", "file", "alias", "unknown"),
    )

    code: str
    text: str = ""
    taken: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """An RRset that is taken for published: `values` as people read them, `published` likewise what
    DNS has there now, `kept` records of other kinds that stay beside it."""

    name: str
    type: str
    values: tuple[str, ...]
    published: tuple[str, ...] = ()
    kept: int = 0

    @property
    def is_published(self) -> bool:
        """Whether it is there already."""
        return sorted(self.values) == sorted(self.published)


@dataclass(slots=True)
class Rehearsal:
    """`as_if` for a resolver, `files` for a guard (a body for each address), DKIM `selectors` to
    look at; `taken` and `notes` tell what that means."""

    as_if: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    selectors: tuple[str, ...] = ()
    taken: list[Taken] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def is_published(self) -> bool:
        """Whether DNS says all of it already, so that nothing would change."""
        return not self.files and all(taken.is_published for taken in self.taken)


async def rehearse(context: Context, records: Sequence[Recognised]) -> Rehearsal:
    """What `records` are if they are published for the context's domain. Raises RehearsalError.

    Records of kinds that are not in PLACES are left out. A name that a record came with counts
    where the domain leaves it open: for a selector, or for the host of a TLSA record.
    """
    made = Rehearsal(selectors=context.options.selectors)
    sets: dict[tuple[str, str], list[str]] = {}
    kinds: dict[str, str] = {}
    for record in _entry_keys(records):
        if record.kind == "policy":
            _serve(context, record, made)
        elif record.kind in PLACES:
            for name, rdata in await _place(context, record, made):
                kinds[name] = record.kind
                rdatas = sets.setdefault((name, PLACES[record.kind].type), [])
                if rdata not in rdatas:
                    rdatas.append(rdata)
    await context.queries(*sets)
    for (name, type), rdatas in sets.items():
        await _publish(context, made, name, type, kinds[name], rdatas)
    await _announce(context, made)
    return made


# --- placing --------------------------------------------------------------------------------------
async def _place(context: Context, record: Recognised, made: Rehearsal) -> list[tuple[str, str]]:
    """Where `record` stands, and its rdata in presentation form."""
    if record.kind == "tlsa":
        rdata = _row("TLSA", record.value)
        return [(name, rdata) for name in await _tlsa_names(context, record, made)]
    if record.kind == "dkim":
        name = _below(context, f"{_selector(record, made)}._domainkey")
    else:
        name = _below(context, PLACES[record.kind].labels)
        if not _is_meant(record.name, name):
            _note(made, "other-name", record.name, name)
    return [(name, _rdata(context, record, name, made))]


def _rdata(context: Context, record: Recognised, name: str, made: Rehearsal) -> str:
    if record.kind in TXT_KINDS:
        return _txt(record)
    if record.kind == "mx":
        return _mx(context, record, made)
    if record.kind == "dnskey":
        key = _parsed("DNSKEY", record.value)
        _note(made, "from-key", taken=name)
        return _row("DS", ds.for_key(dns.name.from_text(name), key))
    return _row(PLACES[record.kind].type, record.value)


def _txt(record: Recognised) -> str:
    """Strings as they were written, where they fit (RFC 1035 §3.3.14); otherwise cut to fit."""
    strings = [string.encode("utf-8", "replace") for string in record.strings]
    if not strings or any(len(string) > MAX_STRING for string in strings):
        strings = [piece.encode() for piece in split_strings(record.value)]
    return TXT(IN, dns.rdatatype.TXT, strings).to_text()


def _mx(context: Context, record: Recognised, made: Rehearsal) -> str:
    """A name without a final dot is continued in a zone file, and is whole elsewhere."""
    found = mx.parse(record.value)
    extra = any(problem.code == "fields" for problem in found.problems)
    if found.preference is None or not found.exchange or extra:
        raise RehearsalError("unwritable", record.value)
    exchange = found.exchange
    if not exchange.endswith("."):
        if record.zone or "." not in exchange:
            _note(made, "continued", exchange, f"{exchange}.{context.domain.ascii}")
            exchange = f"{exchange}.{context.domain.ascii}"
        exchange += "."
    return _row("MX", f"{found.preference} {exchange}")


def _row(type: str, text: str) -> str:
    return _text_of(type, _parsed(type, text))


def _text_of(type: str, rdata: Any) -> str:
    """One spelling for each record, so that what is pasted and what is published compare."""
    if type == "TLSA":
        return f"{rdata.usage} {rdata.selector} {rdata.mtype} {rdata.cert.hex()}"
    return ds.text_of(rdata) if type == "DS" else str(rdata.to_text()).lower()


def _parsed(type: str, text: str) -> Any:
    try:
        rdata = dns.rdata.from_text(IN, type, text)
        rdata.to_wire()
    except (dns.exception.DNSException, ValueError) as error:
        raise RehearsalError("unwritable", text) from error
    return rdata


def _below(context: Context, labels: str) -> str:
    name = f"{labels}.{context.domain.ascii}" if labels else context.domain.ascii
    try:
        return name_text(dns.name.from_text(name))
    except dns.exception.DNSException as error:
        raise RehearsalError("too-long", name) from error


def _is_meant(written: str, name: str) -> bool:
    """Whether a record that came with the name `written` may belong at `name`: the same, or its
    beginning, as names are written relative to some zone."""
    plain = written.lower().rstrip(".")
    if plain in ("", "@", name):
        return True
    return not written.endswith(".") and name.startswith(f"{plain}.")


def _selector(record: Recognised, made: Rehearsal) -> str:
    """The selector that the record's name holds, or that was named, or a usual one."""
    written, found, _ = record.name.lower().partition("._domainkey")
    try:
        selector = read_selectors([written])[0] if found else ""
    except (SelectorError, IndexError):
        selector = ""
    if selector:
        if made.selectors and selector not in made.selectors:
            _note(made, "other-selector", " ".join(made.selectors), selector)
    elif made.selectors:
        selector = made.selectors[0]
    else:
        selector = USUAL_SELECTOR
        _note(made, "selector", taken=selector)
    if selector not in made.selectors:
        made.selectors = (selector, *made.selectors)
    return selector


async def _tlsa_names(context: Context, record: Recognised, made: Rehearsal) -> list[str]:
    """The host that the name says; without one, every host that takes the domain's mail."""
    hosts = [host.text for host in (await mail_hosts(context)).hosts[:MAX_HOSTS]]
    port, found, written = record.name.lower().partition("._tcp.")
    if not found or port != "_25":
        if not hosts:
            raise RehearsalError("no-hosts", context.domain.ascii)
        if record.name:
            _note(made, "other-name", record.name, tlsa.owner(hosts[0]))
        _note(made, "every-host", taken=" ".join(hosts))
        return [tlsa.owner(host) for host in hosts]
    host = next((host for host in hosts if _is_meant(written, host)), "")
    if not host:
        own = context.domain.ascii
        plain = written.rstrip(".")
        is_whole = written.endswith(".") or plain == own or plain.endswith(f".{own}")
        host = plain if is_whole else f"{plain}.{own}"
        _note(made, "other-host", taken=host)
    try:
        return [name_text(dns.name.from_text(tlsa.owner(host)))]
    except dns.exception.DNSException as error:
        raise RehearsalError("too-long", host) from error


def _entry_keys(records: Sequence[Recognised]) -> list[Recognised]:
    """DS records are made of the keys with the flag for it; of others only where none has it."""
    keys = [r for r in records if r.kind == "dnskey"]
    if not any(_flags(key.value) & SECURE_ENTRY_POINT for key in keys):
        return list(records)
    return [r for r in records if r.kind != "dnskey" or _flags(r.value) & SECURE_ENTRY_POINT]


def _flags(value: str) -> int:
    first = value.split(None, 1)[0] if value.split() else ""
    return int(first) if re.fullmatch(r"[0-9]{1,5}", first) else 0


# --- publishing -----------------------------------------------------------------------------------
async def _publish(
    context: Context, made: Rehearsal, name: str, type: str, kind: str, rdatas: list[str]
) -> None:
    """Records of another kind at the same name stay; those of this kind give way."""
    answer = await context.query(name, type)
    if answer.outcome.is_failure:
        _note(made, "unknown", taken=name)
    if answer.aliases:
        _note(made, "alias", name, name_text(answer.owner))
    own, others = _divided(answer, type, kind, name)
    made.as_if[name, type] = (*rdatas, *others)
    values = tuple(_readable(type, rdata) for rdata in rdatas)
    made.taken.append(Taken(name, type, values, tuple(own), len(others)))


def _divided(answer: Answer, type: str, kind: str, name: str) -> tuple[list[str], list[str]]:
    """Of what is published: what records of `kind` replace, in words; and the rdata of the rest."""
    if type != "TXT":
        return [_text_of(type, record) for record in answer.records], []
    texts = [(record, text_of(record.strings)) for record in answer.records]
    own = [text for _, text in texts if kind_of_text(text, name) == kind]
    others = [record.to_text() for record, text in texts if kind_of_text(text, name) != kind]
    return own, others[:MAX_KEPT]


def _readable(type: str, rdata: str) -> str:
    return text_of(_parsed("TXT", rdata).strings) if type == "TXT" else rdata


# --- the policy of MTA-STS ------------------------------------------------------------------------
def _serve(context: Context, record: Recognised, made: Rehearsal) -> None:
    url = f"https://{_below(context, 'mta-sts')}{WELL_KNOWN}"
    made.files[url] = record.value.encode("utf-8", "replace")
    _note(made, "file", taken=url)


async def _announce(context: Context, made: Rehearsal) -> None:
    """Senders fetch a policy only where a record announces it (RFC 8461 §3.1)."""
    if not made.files:
        return
    name = _below(context, PLACES["mta-sts"].labels)
    if (name, "TXT") in made.as_if:
        return
    answer = await context.query(name, "TXT")
    texts = (text_of(record.strings) for record in answer.records)
    if not any(mta_sts.looks_like_record(text) for text in texts):
        text = mta_sts.record_text(mta_sts.id_of(context.now))
        record = Recognised("mta-sts", text)
        await _publish(context, made, name, "TXT", "mta-sts", [_txt(record)])
        _note(made, "record-too", text, name)


def _note(made: Rehearsal, code: str, text: str = "", taken: str = "") -> None:
    note = Note(code, text[:MAX_SHOWN], taken)
    if note not in made.notes:
        made.notes.append(note)


def kinds_of(topic: str) -> tuple[str, ...]:
    """The kinds of records that the check of `topic` can rehearse."""
    return tuple(kind for kind, place in PLACES.items() if place.topic == topic)
