"""A record taken apart: its parts, and marks at the columns where something is to be said.

`read` takes a text in any usual spelling, `dissect` a record that is known. The parsers of
engine/records find what is wrong, the rules of engine/checks say which finding explains it; this
module only brings the two together for a text that nobody has looked up. Nothing here raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .checks import bimi_rules, delegation_rules, dkim_rules, dmarc_syntax, mta_sts_rules, spf_rules
from .dnssec.algorithms import RETIRED, SHA1_DIGEST, algorithm_name
from .finding import Finding
from .records import (
    address,
    bimi,
    caa,
    dkim,
    dmarc,
    dnskey,
    ds,
    mta_sts,
    mx,
    rows,
    soa,
    spf,
    srv,
    targets,
    tls_rpt,
    tlsa,
    txt_other,
)
from .records.recognise import KINDS, Recognised, recognise
from .records.rows import Problem
from .records.txt import Part

__all__ = ["KINDS", "Anatomy", "Mark", "dissect", "read"]

MAX_MARKS = 30  # of one record
MAX_SHOWN = 200

# Which finding explains a problem of a row, where a report would tell it so; other problems have
# a sentence of their own (catalog/parts/problem.toml).
_MX = {
    "name-address": "mx-host-is-address",
    "name-underscore": "mx-host-name-invalid",
    "name-hyphen": "mx-host-name-invalid",
    "name-character": "mx-host-name-invalid",
}
_PTR = {
    "name-underscore": "reverse-name-invalid",
    "name-hyphen": "reverse-name-invalid",
    "name-character": "reverse-name-invalid",
}
_HINTS = frozenset({"caa-unknown", "semicolon", "name-relative", "mx-preference", "srv-owner"})


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to say at `column` of the record's value, from 1; 0: of the whole.

    Either `finding` explains it, or `note` is the kind of its sentence (`catalog.part_note`).
    `line` counts from 1 in a policy, whose columns begin anew on each line; 0 elsewhere. `is_hint`
    tells that a mark with a note is no error; findings have their severity in the catalog.
    """

    column: int
    finding: Finding | None = None
    note: str = ""
    line: int = 0
    is_hint: bool = False


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A record, its parts (their texts together are its value), and its marks in order."""

    record: Recognised
    parts: tuple[Part, ...]
    marks: tuple[Mark, ...]


def read(text: str, kind: str = "") -> tuple[Anatomy, ...]:
    """The records in `text` taken apart; `kind` is one of KINDS where somebody knows better."""
    return tuple(dissect(record) for record in recognise(text, kind))


def dissect(record: Recognised) -> Anatomy:
    """The parts and marks of one record."""
    parts, marks = _READERS[record.kind](record)
    found = [*marks, *_slips(record), *_relative(record, parts)]
    found.sort(key=lambda mark: (mark.line, mark.column))
    return Anatomy(record, tuple(parts), tuple(found[:MAX_MARKS]))


_Read = tuple[list[Part], list[Mark]]


def _slips(record: Recognised) -> Iterator[Mark]:
    for slip in record.slips:
        hint = slip.code in _HINTS
        yield Mark(slip.column, note=f"problem.{slip.code}", is_hint=hint)


def _relative(record: Recognised, parts: list[Part]) -> Iterator[Mark]:
    """In a zone file the zone's name is put behind a name without a final dot (RFC 1035 §5.1)."""
    if not record.zone:
        return
    column = 1
    for part in parts:
        text = part.text
        if part.kind in _NAMES and not part.error and "." in text and not text.endswith("."):
            yield Mark(column + len(text) - 1, note="problem.name-relative", is_hint=True)
        column += len(part.text)


_NAMES = frozenset(
    {"mx.exchange", "srv.target", "cname.target", "ptr.target"}
    | {"delegation.ns", "delegation.mname", "delegation.rname"}
)


# --- TXT ------------------------------------------------------------------------------------------
def _spf(record: Recognised) -> _Read:
    text, shift = record.value, 0
    head: list[Part] = []
    marks: list[Mark] = []
    if not spf.is_spf(text):
        meant = spf.meant_version(text) or f"{spf.VERSION} {text.strip()}"
        about = {"text": text[:MAX_SHOWN], "suggestion": meant[:MAX_SHOWN]}
        marks.append(Mark(1, Finding("spf-version-misspelt", about)))
        # What follows the version is read as it was meant.
        rest = meant[len(spf.VERSION) + 1 :]
        start = text.find(rest) if rest else len(text)
        head = [Part(text[:start], "spf.version", "version")] if start > 0 else []
        shift = start - len(spf.VERSION) - 1
        text = f"{spf.VERSION} {text[start:]}"
    found = spf.audit(text)
    marks += [
        Mark(problem.column + shift, _moved(spf_rules.problem_finding(problem), shift))
        for problem in found.problems
    ]
    columns = {term.text[: spf_rules.MAX_SHOWN]: term.column for term in reversed(found.terms)}
    for id, parameters in (*spf_rules.term_findings(found), *_spf_end(found, record)):
        terms = parameters.get("terms")
        named = terms[0] if isinstance(terms, list) else parameters.get("term", "")
        column = columns.get(str(named), 0)
        marks.append(Mark(column + shift if column else 0, Finding(id, parameters)))
    parts = spf.parts(text, found.problems)
    if shift or head:
        parts = [*head, *_behind(parts, len(spf.VERSION) + 1)]
    return parts, marks


def _moved(finding: Finding, shift: int) -> Finding:
    """The finding with the column that it has in the record as it was written."""
    if not shift:
        return finding
    column = finding.parameters["column"] + shift
    return Finding(finding.id, {**finding.parameters, "column": column})


def _behind(parts: list[Part], length: int) -> list[Part]:
    """The parts without the first `length` characters."""
    left: list[Part] = []
    for part in parts:
        cut = min(length, len(part.text))
        length -= cut
        if part.text[cut:]:
            left.append(Part(part.text[cut:], part.kind, part.error))
    return left


def _spf_end(found: spf.Record, record: Recognised) -> Iterator[tuple[str, dict[str, object]]]:
    """An end that lets everybody in, or none at all (RFC 7208 §4.7)."""
    last = found.all
    about: dict[str, object] = {"domain": record.name.rstrip(".") or "…"}
    if last is None and found.is_valid and not found.modifier("redirect"):
        yield "spf-no-default", about
    elif last is not None and last.result == "pass":
        yield "spf-all-pass", about | {"term": last.text}


def _dkim(record: Recognised) -> _Read:
    text, name = record.value, record.name
    selector = name.lower().partition("._domainkey")[0] if "._domainkey" in name.lower() else "…"
    if not dkim.looks_like_key(text):
        about = {"selector": selector, "text": text[:MAX_SHOWN]}
        return [Part(text, "txt.text")] if text else [], [Mark(1, Finding("dkim-not-a-key", about))]
    found = dkim.parse(text)
    marks = [
        Mark(
            problem.column,
            Finding(
                dkim_rules.PROBLEMS[problem.code], dkim_rules.problem_parameters(problem, selector)
            ),
        )
        for problem in found.problems
    ]
    key = next((tag.column for tag in found.tags if tag.name == "p"), 0)
    marks += [Mark(key, Finding(id, about)) for id, about in dkim_rules.strength(found, selector)]
    if found.revoked:
        marks.append(Mark(key, Finding("dkim-revoked", {"selectors": [selector]})))
    if found.is_testing:
        flags = next(tag.column for tag in found.tags if tag.name == "t")
        marks.append(Mark(flags, Finding("dkim-testing", {"selectors": [selector]})))
    return dkim.parts(text), marks


def _dmarc(record: Recognised) -> _Read:
    name = record.name.rstrip(".") or "_dmarc.example.com"
    domain = name.removeprefix("_dmarc.") if "." in name else "example.com"
    found = dmarc.parse(record.value)
    marks = [
        Mark(
            problem.column,
            Finding(dmarc_syntax.IDS[problem.code], dmarc_syntax.parameters(problem, name, domain)),
        )
        for problem in found.problems
        if problem.code in dmarc_syntax.IDS
    ]
    columns = {tag.name: tag.column for tag in reversed(found.tags)}
    for id, about in dmarc_syntax.removed(found, name):
        removed = (p.column for p in found.problems if p.code == "removed" and p.tag != "pct")
        column = columns["pct"] if id == "dmarc-pct-partial" else next(removed, columns.get("pct"))
        marks.append(Mark(column or 0, Finding(id, about)))
    return dmarc.parts(record.value), marks


def _bimi(record: Recognised) -> _Read:
    name = record.name.rstrip(".") or "default._bimi.example.com"
    marks = [
        Mark(problem.column, Finding(*bimi_rules.text_problem(problem, name)))
        for problem in bimi.parse(record.value).problems
    ]
    return bimi.parts(record.value), marks


def _mta_sts(record: Recognised) -> _Read:
    text = record.value
    found = mta_sts.parse_record(text)
    marks = []
    if not mta_sts.is_record(text):
        marks.append(Mark(1, Finding("mta-sts-record-version", {"record": text[:MAX_SHOWN]})))
    if not found.id and not any(code == "id" for code, _ in found.errors):
        marks.append(Mark(_end(text), Finding("mta-sts-id-missing", {})))
    for code, field in found.errors:
        column = field.value_column if code == "id" else field.column
        marks.append(Mark(column, Finding(*mta_sts_rules.record_error(code, field))))
    return mta_sts.parts(text), marks


def _policy(record: Recognised) -> _Read:
    text = record.value
    policy = mta_sts.parse_policy(text.encode("utf-8", "replace"))
    marks = [
        Mark(
            1 if problem.line else 0,
            Finding(*mta_sts_rules.policy_problem(problem)),
            line=problem.line,
        )
        for problem in policy.problems
    ]
    if about := mta_sts_rules.age_finding(policy):
        lines = mta_sts.policy_lines(text)
        number = next((n for n, line in enumerate(lines, 1) if line.startswith("max_age:")), 0)
        marks.append(Mark(1 if number else 0, Finding(*about), line=number))
    return mta_sts.policy_parts(text, policy.problems), marks


def _tls_rpt(record: Recognised) -> _Read:
    text = record.value
    found = tls_rpt.parse(text)
    marks = []
    if not tls_rpt.is_record(text):
        marks.append(Mark(1, Finding("tls-rpt-version", {"record": text[:MAX_SHOWN]})))
    for field in found.errors:
        about: dict[str, Any] = {"text": field.text[:MAX_SHOWN], "column": field.column}
        marks.append(Mark(field.column, Finding("tls-rpt-syntax", about)))
    if not found.has_rua:
        marks.append(Mark(_end(text), Finding("tls-rpt-rua-missing", {})))
    for to in found.destinations:
        if to.error:
            id = "tls-rpt-scheme" if to.error == "scheme" else "tls-rpt-uri"
            marks.append(Mark(to.column, Finding(id, {"uri": to.text[:MAX_SHOWN]})))
    return tls_rpt.parts(text), marks


def _txt(record: Recognised) -> _Read:
    return txt_other.parts(record.value), []


# --- rows -----------------------------------------------------------------------------------------
def _marks(
    problems: tuple[Problem, ...],
    topic: str,
    explain: Callable[[Problem], Finding | None] | None = None,
) -> list[Mark]:
    """Of a row's problems. `topic` names the sentence on how many fields there are."""
    made = []
    for problem in problems:
        finding = explain(problem) if explain else None
        note = f"{topic}.fields" if problem.code == "fields" else f"problem.{problem.code}"
        hint = problem.code in _HINTS
        made.append(Mark(problem.column, finding, "" if finding else note, is_hint=hint))
    return made


def _mx(record: Recognised) -> _Read:
    found = mx.parse(record.value)

    def explain(problem: Problem) -> Finding | None:
        id = _MX.get(problem.code)
        return Finding(id, {"host": problem.text}) if id else None

    marks = _marks(found.problems, "mx", explain)
    if found.is_null and not found.problems:
        marks.append(Mark(found.exchange_column, Finding("mx-null", {})))
        if found.preference:
            about = {"preference": found.preference}
            marks.append(Mark(1, Finding("mx-null-preference", about)))
    return mx.parts(record.value), marks


def _target(record: Recognised) -> _Read:
    found = targets.parse(record.value, record.kind)

    def explain(problem: Problem) -> Finding | None:
        id = _PTR.get(problem.code) if record.kind == "ptr" else None
        about = {"address": record.name or "…", "name": problem.text}
        return Finding(id, about) if id else None

    return targets.parts(record.value, record.kind), _marks(found.problems, "name", explain)


def _address(record: Recognised) -> _Read:
    family = 4 if record.kind == "a" else 6
    found = address.parse(record.value, family)
    return address.parts(record.value, family), _marks(found.problems, "address")


def _srv(record: Recognised) -> _Read:
    marks = _marks(srv.parse(record.value).problems, "srv")
    if record.name and not srv.is_owner(record.name):
        marks.append(Mark(0, note="problem.srv-owner", is_hint=True))
    return srv.parts(record.value), marks


def _caa(record: Recognised) -> _Read:
    return caa.parts(record.value), _marks(caa.parse(record.value).problems, "caa")


def _soa(record: Recognised) -> _Read:
    found, problems = soa.read(record.value)
    marks = _marks(problems, "soa")
    faults = soa.faults_of(found, record.ttl) if found is not None else None
    parts = soa.parts(record.value, faults)
    if found is None or faults is None:
        return rows.marked(parts, problems), marks
    columns: dict[str, int] = {}
    column = 1
    for part in parts:
        columns.setdefault(part.kind.removeprefix("delegation."), column)
        column += len(part.text)
    columns |= {"at-sign": columns["rname"], "negative": columns["minimum"]}
    columns["expire-below-refresh"] = columns["expire"]
    for id, about in delegation_rules.soa_findings(found, faults, record.ttl):
        place = columns.get(id.removeprefix("delegation-soa-"), 0)
        if place:
            marks.append(Mark(place, Finding(id, about)))
    return parts, marks


def _tlsa(record: Recognised) -> _Read:
    text = record.value
    host = record.name.lower().rstrip(".").partition("._tcp.")[2] or "…"
    about = {"host": host, "record": text if len(text) <= 40 else f"{text[:39]}…"}
    parts = tlsa.parts(text)
    try:
        found = tlsa.parse(text)
    except tlsa.TlsaError as error:
        note = {"fields": "tlsa.fields", "number": "problem.number8"}.get(error.code, "problem.hex")
        column = min(error.column, _end(text))
        return rows.marked(parts, [Problem(error.code, column)]), [Mark(column, note=note)]
    columns = [0, 0, 0, 0]
    fields = rows.fields(text)[:4]
    columns[: len(fields)] = [field.column for field in fields]
    problem, column, id = found.problem, 0, ""
    if problem == "usage":
        id, column = "dane-usage-pkix", columns[0]
    elif problem == "parameters":
        id = "dane-record-invalid"
        limits = (tlsa.DANE_EE, tlsa.SPKI, tlsa.SHA512)
        given = (found.usage, found.selector, found.matching)
        column = next(c for c, n, top in zip(columns, given, limits, strict=False) if n > top)
    elif problem:
        id, column = "dane-record-invalid", columns[3]
    elif found.matching == tlsa.FULL:
        id, column = "dane-full-data", columns[2]
    elif found.usage == tlsa.DANE_EE and found.selector == tlsa.CERT:
        id, column = "dane-certificate-bound", columns[1]
    if problem:
        parts = rows.marked(parts, [Problem(problem, column)])
    return parts, [Mark(column, Finding(id, about))] if id else []


def _retired(algorithm: int | None, zone: str, column: int) -> Mark:
    """One of RETIRED, in a DS or a DNSKEY record."""
    about = {"zone": zone, "algorithms": [algorithm_name(algorithm or 0)]}
    return Mark(column, Finding("dnssec-algorithm-retired", about))


def _ds(record: Recognised) -> _Read:
    found = ds.parse(record.value)
    marks = _marks(found.problems, "ds")
    fields = rows.fields(record.value)
    zone = record.name.rstrip(".") or "…"
    if found.algorithm in RETIRED:
        marks.append(_retired(found.algorithm, zone, fields[1].column))
    if found.digest_type == SHA1_DIGEST:
        tags = {"zone": zone, "tags": [found.tag]}
        marks.append(Mark(fields[2].column, Finding("dnssec-digest-sha1", tags)))
    return ds.parts(record.value), marks


def _dnskey(record: Recognised) -> _Read:
    found = dnskey.parse(record.value)
    marks = _marks(found.problems, "dnskey")
    fields = rows.fields(record.value)
    zone = record.name.rstrip(".") or "…"
    if found.algorithm in RETIRED:
        marks.append(_retired(found.algorithm, zone, fields[2].column))
    if found.short_bits:
        short = {"zone": zone, "bits": found.short_bits, "tags": [found.tag]}
        marks.append(Mark(fields[3].column, Finding("dnssec-key-short", short)))
    return dnskey.parts(record.value), marks


def _end(text: str) -> int:
    """The column of the last character: where something is missing."""
    return max(1, len(text.rstrip()))


_READERS: dict[str, Callable[[Recognised], _Read]] = {
    "spf": _spf,
    "dkim": _dkim,
    "dmarc": _dmarc,
    "bimi": _bimi,
    "mta-sts": _mta_sts,
    "tls-rpt": _tls_rpt,
    "policy": _policy,
    "txt": _txt,
    "mx": _mx,
    "a": _address,
    "aaaa": _address,
    "cname": _target,
    "ns": _target,
    "ptr": _target,
    "srv": _srv,
    "caa": _caa,
    "soa": _soa,
    "tlsa": _tlsa,
    "ds": _ds,
    "dnskey": _dnskey,
}
