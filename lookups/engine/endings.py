"""What in a domain ends on a day that is known: certificates and signatures. Pure; never raises.

DKIM keys are not among them: DNS names no end for them (RFC 6376 §3.6.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

CERTIFICATE, SIGNATURE, MARK, POLICY = "certificate", "signature", "mark", "policy"

# How long before the end it is told, and told again.
_DAYS = tuple(timedelta(days=days) for days in (14, 7, 3, 1, 0))
_HOURS = tuple(timedelta(hours=hours) for hours in (48, 24, 6, 0))
_STEPS = {CERTIFICATE: _DAYS, SIGNATURE: _HOURS, MARK: _DAYS, POLICY: _DAYS}
MAX_ENDINGS = 30

# Findings that say that such an end is near.
NEAR = frozenset(
    {
        "bimi-certificate-expiring",
        "dnssec-signature-expiring",
        "mta-sts-certificate-ends",
        "smtp-certificate-expiring",
    }
)


@dataclass(frozen=True, slots=True)
class Ending:
    """`kind`: "certificate" of the mail server `subject`, "policy": the one of the host with its
    MTA-STS policy, "mark": the one for the logo, "signature" over the records `subject`."""

    kind: str
    topic: str
    subject: str
    ends: datetime


def endings(sections: Mapping[str, Any]) -> tuple[Ending, ...]:
    """All that the stored sections tell, the nearest first."""
    found = {(e.kind, e.subject): e for e in sorted(_all(sections), key=_latest_first)}
    return tuple(sorted(found.values(), key=lambda e: (e.ends, e.kind, e.subject)))


def near(
    before: Mapping[str, Any], before_at: datetime, after: Mapping[str, Any], after_at: datetime
) -> tuple[Ending, ...]:
    """What came a step nearer to its end between two reports; the same step is told once.

    What was renewed meanwhile counts as new: it is told of only when it comes near in its turn.
    A signature made anew at each question never does.
    """
    had = {(e.kind, e.subject): e for e in endings(before)}
    told = []
    for ending in endings(after):
        old = had.get((ending.kind, ending.subject))
        step = _step(ending, after_at)
        if old is None or old.ends != ending.ends or step is None:
            continue
        if _step(old, before_at) != step:
            told.append(ending)
    return tuple(told[:MAX_ENDINGS])


def _step(ending: Ending, at: datetime) -> timedelta | None:
    """The narrowest step that is passed; None while the end is far."""
    passed = [step for step in _STEPS[ending.kind] if ending.ends - at <= step]
    return min(passed, default=None)


def _latest_first(ending: Ending) -> float:
    return -ending.ends.timestamp()


def _all(sections: Mapping[str, Any]) -> Iterator[Ending]:
    smtp, dnssec, bimi, mta_sts = (
        _mapping(_mapping(sections.get(topic)).get("records"))
        for topic in ("smtp", "dnssec", "bimi", "mta-sts")
    )
    for host in _mappings(smtp.get("hosts")):
        for probe in _mappings(host.get("probes")):
            certificate = _mapping(probe.get("certificate"))
            yield from _ending(CERTIFICATE, "smtp", host.get("host"), certificate.get("not_after"))
    for leaf in _mappings(dnssec.get("leaves")):
        subject = f"{leaf.get('name')} {leaf.get('type')}"
        yield from _ending(SIGNATURE, "dnssec", subject, leaf.get("expires"))
    mark = _mapping(bimi.get("certificate"))
    yield from _ending(MARK, "bimi", bimi.get("domain"), mark.get("not_after"))
    policy = _mapping(mta_sts.get("policy"))
    holder = str(policy.get("url") or "").removeprefix("https://").partition("/")[0]
    yield from _ending(POLICY, "mta-sts", holder, policy.get("certificate_not_after"))


def _ending(kind: str, topic: str, subject: Any, moment: Any) -> Iterator[Ending]:
    if isinstance(subject, str) and subject and isinstance(moment, str):
        try:
            ends = datetime.fromisoformat(moment.removesuffix(" UTC"))
        except ValueError:
            return
        yield Ending(kind, topic, subject[:300], ends if ends.tzinfo else ends.replace(tzinfo=UTC))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []
