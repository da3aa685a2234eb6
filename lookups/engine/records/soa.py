"""SOA records: who keeps a zone, and how its copies stay in step (RFC 1035 §3.3.13).

The limits are those of RFC 1912 §2.2 and RFC 2308 §5; RIPE-203 gives the values to publish.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from . import rows
from .rows import Problem
from .rows import parts as _parts
from .targets import name_problem
from .txt import Part

KINDS = (
    "delegation.mname",
    "delegation.rname",
    "delegation.serial",
    "delegation.refresh",
    "delegation.retry",
    "delegation.expire",
    "delegation.minimum",
)
HOUR, DAY = 3600, 86_400
REFRESH = (1200, DAY)  # RFC 1912 §2.2 names 20 minutes to 12 hours, RIPE-203 a day
MIN_RETRY = 180  # RFC 1912 §2.2: typically 180 to 900 seconds and more
EXPIRE = (14 * DAY, 3_600_000)  # RFC 1912 §2.2 names 2 to 4 weeks, RIPE-203 1000 hours
MAX_NEGATIVE = DAY  # RFC 2308 §5: more than a day has been found to be problematic
ADVISED = (DAY, 7200, 3_600_000, HOUR)  # refresh, retry, expire (RIPE-203); minimum (RFC 2308 §5)

_UNITS = re.compile(r"(?:[0-9]{1,9}[wdhms])+", re.IGNORECASE)  # "1d12h", as BIND writes times
_HOST_LABEL = re.compile(rb"^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$")


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with a SOA record: the names of fields that break a rule."""

    mname: bool = False
    rname: bool = False
    at_sign: bool = False
    refresh: bool = False
    retry: bool = False
    expire: bool = False
    expire_below: bool = False
    minimum: bool = False

    @property
    def is_any(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


def read(text: str) -> tuple[Any, tuple[Problem, ...]]:
    """The record in presentation form (dnspython's rdata, None where there is none) and what is
    wrong with the form of its fields. Never raises."""
    problems: list[Problem] = []
    found = rows.fields(text)
    rows.count(found, 7, text, problems)
    for field in found[:2]:
        wrong = name_problem(field.text, field.column, host=False)
        if wrong and wrong.code != "name-address":
            problems.append(wrong)
    for number, field in enumerate(found[2:7]):
        if not (number and _UNITS.fullmatch(field.text)):
            rows.number(field, 32, problems)
    if problems:
        return None, tuple(problems)
    try:
        return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.SOA, text), ()
    except (dns.exception.DNSException, ValueError):
        return None, (Problem("fields", 1),)


def faults_of(record: Any, ttl: int | None = None) -> Faults:
    """Judges a SOA record (dnspython's rdata); `ttl` is the record's own (RFC 2308 §3)."""
    at_sign = b"@" in b"".join(record.rname.labels)
    shortest = record.refresh + record.retry
    return Faults(
        mname=not _is_host(record.mname),
        rname=not at_sign and not _is_mailbox(record.rname),
        at_sign=at_sign,
        refresh=not REFRESH[0] <= record.refresh <= REFRESH[1],
        retry=record.retry < MIN_RETRY or record.retry >= record.refresh,
        expire=record.expire >= shortest and not EXPIRE[0] <= record.expire <= EXPIRE[1],
        expire_below=record.expire < shortest,
        minimum=negative_ttl(record, ttl) > MAX_NEGATIVE,
    )


def negative_ttl(record: Any, ttl: int | None) -> int:
    """For how long "there is no such name" is kept: the smaller of two values (RFC 2308 §3)."""
    return int(record.minimum if ttl is None else min(record.minimum, ttl))


def mailbox(name: dns.name.Name) -> str:
    """The address that RNAME stands for: its first label before the "@" (RFC 1035 §8)."""
    local = name.labels[0].decode("ascii", "replace")
    return f"{local}@{name.parent().to_text(omit_final_dot=True)}" if len(name) > 2 else local


def text_of(record: Any) -> str:
    """A SOA record in presentation form."""
    return str(record.to_text())


def mended(record: Any, zone: dns.name.Name, primary: dns.name.Name | None) -> str:
    """The record with advised values in place of faulty ones, and the next serial number.

    `primary` stands in for an MNAME that is no host name; empty where nothing is to be mended.
    """
    faults = faults_of(record)
    if not faults.is_any:
        return ""
    mname = primary if faults.mname and primary else record.mname
    rname = _mended_mailbox(record.rname, zone) if faults.at_sign or faults.rname else record.rname
    timers = (faults.refresh, faults.retry, faults.expire or faults.expire_below, faults.minimum)
    values = (record.refresh, record.retry, record.expire, record.minimum)
    if timers[0] or timers[1]:  # the two belong together
        timers = (True, True, *timers[2:])
    chosen = [
        advised if faulty else value
        for advised, faulty, value in zip(ADVISED, timers, values, strict=True)
    ]
    serial = (record.serial + 1) % 2**32  # RFC 1982 §3.1
    return " ".join([mname.to_text(), rname.to_text(), str(serial), *map(str, chosen)])


def parts(text: str, faults: Faults | None = None) -> list[Part]:
    """The parts of a SOA record's text, with an error where a value breaks a rule."""
    known = faults or Faults()
    wrong = {
        "delegation.mname": known.mname,
        "delegation.rname": known.rname or known.at_sign,
        "delegation.refresh": known.refresh,
        "delegation.retry": known.retry,
        "delegation.expire": known.expire or known.expire_below,
        "delegation.minimum": known.minimum,
    }
    return [
        replace(part, error="value") if wrong.get(part.kind) else part
        for part in _parts(text, KINDS)
    ]


def _is_host(name: dns.name.Name) -> bool:
    labels = name.labels[:-1]
    return bool(labels) and all(_HOST_LABEL.match(label) for label in labels)


def _is_mailbox(name: dns.name.Name) -> bool:
    """A local part and a domain of at least one label (RFC 1035 §3.3.13)."""
    return len(name) > 2 and _is_host(name.parent())


def _mended_mailbox(rname: dns.name.Name, zone: dns.name.Name) -> dns.name.Name:
    """With the "@" turned into the dot that belongs there; or the usual address (RFC 2142 §7)."""
    joined = b".".join(rname.labels[:-1])
    labels = [label for piece in joined.split(b"@") for label in piece.split(b".") if label]
    try:
        name = dns.name.Name((*labels, b""))
        if b"@" in joined and _is_mailbox(name):
            return name
        return dns.name.Name((b"hostmaster", *zone.labels))
    except dns.exception.DNSException:
        return zone
