"""Topic dnssec as JSON: the chain of zones, what hangs on it, and records to publish."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..dnssec import Examination, Security, Zone
from ..dnssec.algorithms import DIGEST_NAMES, NAMES, RETIRED, SHA1_DIGEST, key_bits
from ..dnssec.chain import Trust
from ..dnssec.signatures import ENTRY_POINT, REVOKED, Effort, Fault, Key, fits, verify
from ..records import ds as ds_record
from ..records.txt import raw_record
from ..resolver import Answer, Outcome, name_text

if TYPE_CHECKING:
    from .dnssec import Case

MAX_KEYS = 8  # of one zone that are shown
MAX_DS = 8
MAX_READY = 3


def records(case: Case) -> dict[str, Any]:
    """The shape in docs/contracts.md."""
    own = case.own
    return {
        "zone": name_text(own.name) if case.exists else None,
        "security": case.security.value,
        "zones": [_zone(zone) for zone in case.levels],
        "leaves": [_leaf(case, answer, each) for answer, each in case.leaves],
        "hosts": [
            {
                "host": host.name,
                "zone": host.zone,
                "security": host.security.value,
                "fault": _fault(host.examination),
            }
            for host in case.hosts
        ],
        "denial": case.denial,
        "resolver": {"aware": not case.trust.unaware, "validates": case.resolver_validates},
        "raw": [_raw(own, record) for record in own.ds[:MAX_DS]] if case.exists else [],
        "ready": ready(case),
    }


def _zone(zone: Zone) -> dict[str, Any]:
    reason = zone.reason
    return {
        "name": name_text(zone.name),
        "security": zone.security.value,
        "fault": reason.fault.value if reason and reason.fault else None,
        "type": reason.type if reason else None,
        "unsupported": zone.unsupported,
        "keys": [_key(zone, key) for key in sorted(zone.keys, key=_role)[:MAX_KEYS]],
        "more_keys": max(0, len(zone.keys) - MAX_KEYS),
        "ds": [_ds(zone, record) for record in zone.ds[:MAX_DS]],
        "more_ds": max(0, len(zone.ds) - MAX_DS),
    }


def _role(key: Key) -> bool:
    """Entry points come first, the keys that DS records name."""
    return not key.record.flags & ENTRY_POINT


def _key(zone: Zone, key: Key) -> dict[str, Any]:
    return {
        "tag": key.tag,
        "algorithm": int(key.record.algorithm),
        "name": NAMES.get(key.record.algorithm, ""),
        "bits": key_bits(key.record),
        "entry": bool(key.record.flags & ENTRY_POINT),
        "revoked": bool(key.record.flags & REVOKED),
        "trusted": any(fits(record, zone.name, key) for record in zone.ds[:MAX_DS]),
        "retired": key.record.algorithm in RETIRED,
    }


def _ds(zone: Zone, record: Any) -> dict[str, Any]:
    return {
        "tag": record.key_tag,
        "algorithm": int(record.algorithm),
        "name": NAMES.get(record.algorithm, ""),
        "digest": DIGEST_NAMES.get(record.digest_type, str(int(record.digest_type))),
        "fits": any(fits(record, zone.name, key) for key in zone.keys),
        "retired": record.digest_type == SHA1_DIGEST,
    }


def _leaf(case: Case, answer: Answer, each: Examination) -> dict[str, Any]:
    return {
        "name": name_text(answer.name),
        "type": answer.type,
        "outcome": answer.outcome.value,
        "security": each.security.value,
        "fault": _fault(each),
        "expires": _expiry(case.trust, answer),
    }


def _fault(each: Examination) -> str | None:
    return each.reason.fault.value if each.reason and each.reason.fault else None


def _expiry(trust: Trust, answer: Answer) -> str | None:
    """When the signature over the answer's records ends; of the earliest where there are more."""
    if answer.outcome is not Outcome.ANSWER:
        return None
    ends = [
        noted.signature.expiration
        for noted in trust.noted
        if noted.name == answer.owner and noted.type == answer.type
    ]
    return moment(min(ends)) if ends else None


def moment(seconds: int) -> str:
    """A time of a signature: "2026-11-24 20:00 UTC"."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _raw(own: Zone, record: Any) -> dict[str, Any]:
    text = ds_record.text_of(record)
    return raw_record(name_text(own.name), text, ds_record.parts(text), "DS")


def ready(case: Case) -> list[dict[str, str]]:
    """DS records for the zone above: of the keys that sign the zone's keys, where none fits."""
    own = case.own
    broken = own.reason is not None and own.reason.fault is Fault.DS_MISMATCH
    island = own.security is Security.INSECURE and not own.ds
    above_signed = own.parent is not None and own.parent.security is Security.SECURE
    if not own.keys or not above_signed or not (broken or island):
        return []
    return [
        {
            "name": name_text(own.name),
            "type": "DS",
            "value": ds_record.for_key(own.name, key.record),
        }
        for key in signing_keys(case)[:MAX_READY]
    ]


def signing_keys(case: Case) -> list[Key]:
    """The keys that really sign the zone's keys, entry points first (RFC 4034 §2.1.1)."""
    own, trust, answer = case.own, case.trust, case.keys
    if answer.rrset is None:
        return []
    usable = [key for key in own.keys if key.usable]
    entries = [key for key in usable if key.record.flags & ENTRY_POINT] or usable
    effort = Effort(MAX_DS)
    return [
        key
        for key in entries
        if verify(answer.rrset, answer.signatures, own.name, [key], trust.now, effort).fault is None
    ]
