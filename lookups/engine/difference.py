"""What changed in a domain between two reports, read from their stored sections.

Pure, and it never raises: the sections may come from any older version of the site. Only topics
that both reports brought to an end are compared. A check that broke off says nothing of a change,
and where DNS left a question open, a record that is not there has not been removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lookups import catalog
from lookups.engine.finding import Severity

ADDED, REMOVED, CHANGED = "added", "removed", "changed"

# Parameters of findings that are different each time, while what they are about is the same.
# Numbers are left out wherever they stand: they say how much, not what.
_VARYING = frozenset(
    {"begins", "date", "detail", "ede", "expired", "expires", "reason", "serial", "serials"}
)
_VARYING_IN = {"smtp": frozenset({"text"})}  # greetings hold the time, or a number of their own
# What DNS said plainly. Every other finding about an answer means that something stayed open.
_ANSWERS = frozenset({"dns-alias", "dns-nodata", "dns-nxdomain"})
_OPEN = frozenset({"unknown", "failed", "indeterminate", "no-policy", "pending"})
_NAMES = frozenset({"MX", "NS", "PTR", "CNAME", "A", "AAAA"})  # types in which case says nothing
_SOA_FIELDS, _SOA_SERIAL = 7, 2


@dataclass(frozen=True, slots=True)
class RecordChange:
    """`kind`: "added" (`before` is empty), "removed" (`after` is empty) or "changed".

    `type` is the record's, or FILE for the policy of MTA-STS. All but `kind` may be hostile text.
    """

    kind: str
    topic: str
    name: str
    type: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FindingRef:
    """A finding of one of the reports, with all its parameters as stored."""

    topic: str
    id: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """`new` and `gone` are findings; `verdicts` are (topic, before, after), worst severities."""

    records: tuple[RecordChange, ...] = ()
    new: tuple[FindingRef, ...] = ()
    gone: tuple[FindingRef, ...] = ()
    verdicts: tuple[tuple[str, str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.records or self.new or self.gone or self.verdicts)

    @property
    def count(self) -> int:
        """Changes: of records, and of findings. A verdict only sums findings up."""
        return len(self.records) + len(self.new) + len(self.gone)

    def as_json(self) -> dict[str, Any]:
        return {
            "records": [
                {
                    "kind": change.kind,
                    "topic": change.topic,
                    "name": change.name,
                    "type": change.type,
                    "before": change.before,
                    "after": change.after,
                }
                for change in self.records
            ],
            "new": [_ref_json(ref) for ref in self.new],
            "gone": [_ref_json(ref) for ref in self.gone],
            "verdicts": [
                {"topic": topic, "before": before, "after": after}
                for topic, before, after in self.verdicts
            ],
        }


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
    """The difference between the sections by topic of two reports (docs/contracts.md)."""
    records: list[RecordChange] = []
    new: list[FindingRef] = []
    gone: list[FindingRef] = []
    verdicts: list[tuple[str, str, str]] = []
    for topic in [topic for topic in _mapping(after) if is_comparable(before, after, topic)]:
        old, now = before[topic], after[topic]
        records += _record_changes(topic, old, now)
        had, has = _findings(topic, old), _findings(topic, now)
        new += [ref for key, ref in has.items() if key not in had]
        gone += [ref for key, ref in had.items() if key not in has]
        was, verdict = _verdict(had.values()), _verdict(has.values())
        if was != verdict:
            verdicts.append((topic, was, verdict))
    return Difference(tuple(records), tuple(new), tuple(gone), tuple(verdicts))


def is_comparable(before: Mapping[str, Any], after: Mapping[str, Any], topic: str) -> bool:
    """Whether both reports brought `topic` to an end."""
    return all(_is_whole(_mapping(sections).get(topic)) for sections in (before, after))


def _is_whole(section: Any) -> bool:
    """Switched on, complete, and not broken off."""
    if not isinstance(section, Mapping) or not section.get("complete") or section.get("failed"):
        return False
    return not _mapping(section.get("records")).get("off")


# --- findings ----------------------------------------------------------------------------------
def _findings(topic: str, section: Mapping[str, Any]) -> dict[tuple[str, str], FindingRef]:
    """The findings by what they are about; those that differ in measures only are one."""
    found: dict[tuple[str, str], FindingRef] = {}
    for finding in _mappings(section.get("findings")):
        if isinstance(id := finding.get("id"), str):
            parameters = _mapping(finding.get("parameters"))
            found.setdefault((id, _stable(topic, parameters)), FindingRef(topic, id, parameters))
    return found


def _stable(topic: str, parameters: Mapping[str, Any]) -> str:
    left_out = _VARYING | _VARYING_IN.get(topic, frozenset())
    kept = {
        name: sorted(_text(item) for item in value if not _is_number(item))
        if isinstance(value, list)
        else value
        for name, value in parameters.items()
        if name not in left_out and not _is_number(value)
    }
    return _text(kept)


def _verdict(findings: Iterable[FindingRef]) -> str:
    """The worst severity, "info" where nothing that this version knows was found."""
    known = filter(None, (_severity(ref.id) for ref in findings))
    return max(known, key=lambda severity: severity.rank, default=Severity.INFO).value


def _severity(id: str) -> Severity | None:
    try:
        return catalog.entry(id).severity
    except KeyError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# --- records -----------------------------------------------------------------------------------
Place = tuple[str, str]  # name and type


def _record_changes(
    topic: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[RecordChange]:
    owner = _owner(before) or _owner(after)
    old, now = _records(topic, before, owner), _records(topic, after, owner)
    for place in sorted(old.keys() | now.keys()):
        had, has = old.get(place, {}), now.get(place, {})
        removed = {key: value for key, value in had.items() if key not in has}
        added = {key: value for key, value in has.items() if key not in had}
        changed = list(_pairs(place[1], removed, added))
        for left, right in changed:
            yield RecordChange(CHANGED, topic, *place, removed.pop(left), added.pop(right))
        if not _is_open(after):
            for _, value in sorted(removed.items()):
                yield RecordChange(REMOVED, topic, *place, value, "")
        if not _is_open(before):
            for _, value in sorted(added.items()):
                yield RecordChange(ADDED, topic, *place, "", value)


def _pairs(
    type: str, removed: Mapping[str, str], added: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Which record became which: the same mail server with another preference, or the only one."""
    if len(removed) == len(added) == 1:
        yield next(iter(removed)), next(iter(added))
    elif type == "MX":
        left, right = _by_exchange(removed), _by_exchange(added)
        yield from ((left[host], right[host]) for host in sorted(left.keys() & right.keys()))


def _by_exchange(keys: Iterable[str]) -> dict[str, str]:
    """The records' keys by mail server, without those that have several."""
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(key.rpartition(" ")[2], []).append(key)
    return {host: keys[0] for host, keys in found.items() if len(keys) == 1}


def _records(topic: str, section: Mapping[str, Any], owner: str) -> dict[Place, dict[str, str]]:
    """By name and type, the records by what of them counts."""
    found: dict[Place, dict[str, str]] = {}
    kept = _mapping(section.get("records"))
    shown = [*_raw(kept), *(_mail_servers(kept, owner) if topic == "mx" else ())]
    for name, type, value in shown:
        found.setdefault((name.lower(), type), {}).setdefault(_counts(type, value), value)
    return found


def _raw(records: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for record in _mappings(records.get("raw")):
        name, type, value = record.get("name"), record.get("type"), record.get("value")
        if isinstance(name, str) and isinstance(type, str) and isinstance(value, str):
            yield name, type, value


def _mail_servers(records: Mapping[str, Any], owner: str) -> Iterator[tuple[str, str, str]]:
    """Topic mx keeps hosts: their MX records and addresses."""
    if records.get("kind") == "null":
        yield owner, "MX", "0 ."
    for host in _mappings(records.get("hosts")):
        exchange, preference = host.get("exchange"), host.get("preference")
        if not isinstance(exchange, str):
            continue
        if records.get("kind") == "mx":
            yield owner, "MX", f"{preference if _is_number(preference) else '?'} {exchange}"
        for address in _mappings(host.get("addresses")):
            if isinstance(value := address.get("address"), str):
                yield exchange, "AAAA" if ":" in value else "A", value


def _owner(section: Mapping[str, Any]) -> str:
    """The name with the MX records, as the evidence says; empty where nothing says it."""
    for finding in _mappings(section.get("findings")):
        for proof in _mappings(finding.get("evidence")):
            if proof.get("type") == "MX" and isinstance(name := proof.get("name"), str):
                return name.rstrip(".").lower()
    return ""


def _counts(type: str, value: str) -> str:
    """The part of a record whose change is one: not the serial number, not the case of names."""
    if type == "SOA":
        fields = value.lower().split()
        if len(fields) == _SOA_FIELDS:
            del fields[_SOA_SERIAL]
        return " ".join(fields)
    return value.lower() if type in _NAMES else value


def _is_open(section: Mapping[str, Any]) -> bool:
    """Whether records may be there that the check did not get to see."""
    ids = [finding.get("id") for finding in _mappings(section.get("findings"))]
    if any(isinstance(id, str) and id.startswith("dns-") and id not in _ANSWERS for id in ids):
        return True
    records = _mapping(section.get("records"))
    states = (records.get(name) for name in ("kind", "state", "security"))
    return any(isinstance(state, str) and state in _OPEN for state in states)


# --- JSON of any shape -------------------------------------------------------------------------
def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list | tuple) else ()
    return [item for item in items if isinstance(item, Mapping)]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _ref_json(ref: FindingRef) -> dict[str, Any]:
    return {"topic": ref.topic, "id": ref.id, "parameters": dict(ref.parameters)}
