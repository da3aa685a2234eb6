"""MTA-STS policies that are served from here: publishing, withdrawing, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from lookups.engine.records import mta_sts
from lookups.hosted.models import POLICY_LABEL, HostedPolicy, proven
from lookups.watching.models import Watch

DAY = 86_400
LEAVING_AGE = DAY  # max_age of a policy on its way out (RFC 8461 §8.3)
TESTING = timedelta(days=14)  # before enforce: two weeks of reports
LONG_AGE = 30 * DAY


class Elsewhere(Exception):
    """Somebody else who has proven the domain serves its policy from here already."""


def host_name(text: str) -> str:
    """A host as browsers and proxies write it: without port and final dot, in lower case."""
    host = text.strip().lower()[:300].replace("\0", "")
    name, colon, port = host.rpartition(":")
    if colon and port.isascii() and port.isdigit():
        host = name
    return host.removesuffix(".")


def text_of(host: str) -> str | None:
    """The policy that `host` serves; None where it serves none."""
    label, _dot, domain = host.partition(".")
    if label != POLICY_LABEL or not domain:
        return None
    policy = HostedPolicy.objects.filter(domain=domain, watch__in=proven()).first()
    return policy.text if policy else None


def elsewhere(watch: Watch) -> bool:
    """Whether another watch, proven as well, has the policy of this domain."""
    others = HostedPolicy.objects.filter(domain=watch.domain).exclude(watch=watch)
    return bool(others.filter(watch__in=proven()).exists())


@transaction.atomic
def publish(watch: Watch, mode: str, mx: Sequence[str], max_age: int) -> HostedPolicy:
    """Serves this policy from now on; the id changes only where the policy does.

    Raises Elsewhere, and ValueError for what is no policy.
    """
    mta_sts.policy_text(mode, mx, max_age)
    if elsewhere(watch):
        raise Elsewhere
    # Of a watch that lost its proof, or whose people stopped watching: the domain changed hands.
    HostedPolicy.objects.filter(domain=watch.domain).exclude(watch=watch).delete()
    now = timezone.now()
    policy = HostedPolicy.objects.select_for_update().filter(watch=watch).first()
    if policy is None:
        policy = HostedPolicy(watch=watch, domain=watch.domain)
    elif (policy.mode, policy.mx, policy.max_age) == (mode, list(mx), max_age):
        return policy
    elif policy.mode != HostedPolicy.Mode.NONE:
        kept = now + timedelta(seconds=policy.max_age)
        policy.kept_until = max(policy.kept_until or kept, kept)
    policy.policy_id = _new_id(policy.policy_id, now)
    policy.mode, policy.mx, policy.max_age, policy.changed = mode, list(mx), max_age, now
    policy.save()
    return policy


def withdraw(policy: HostedPolicy) -> HostedPolicy:
    """The first half of leaving: a policy that asks for nothing (RFC 8461 §8.3)."""
    return publish(policy.watch, HostedPolicy.Mode.NONE, policy.mx, LEAVING_AGE)


def _new_id(old: str, now: datetime) -> str:
    """An id that the policy did not have before, even twice within a second."""
    id = mta_sts.id_of(now)
    while old and id <= old:
        now += timedelta(seconds=1)
        id = mta_sts.id_of(now)
    return id


# --- what comes next -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Advice:
    """The next step. `code`: see `advice`; words.advice says it."""

    code: str
    severity: str = "info"
    parameters: Mapping[str, Any] = field(default_factory=dict)


def advice(policy: HostedPolicy, found: Mapping[str, Any], now: datetime) -> Iterator[Advice]:
    """What to do, by the records of topic mta-sts as a check found them."""
    if policy.mode == HostedPolicy.Mode.NONE:
        yield _leaving(policy, now)
        return
    state = found.get("state", "unknown")
    served = found.get("policy") or {}
    if state == "unknown":
        yield Advice("unknown", "warning")
        return
    if state in ("none", "invalid"):
        yield Advice("publish", "warning")
        return
    if found.get("id") != policy.policy_id:
        yield Advice("id", "warning", {"id": policy.policy_id, "found": found.get("id") or "?"})
    if state == "no-policy":
        yield Advice("unreachable", "error", {"host": policy.host})
        return
    if (served.get("mode"), served.get("mx")) != (policy.mode, policy.mx):
        yield Advice("differs", "error", {"host": policy.host})
        return
    uncovered = [row["host"] for row in found.get("hosts", ()) if not row.get("pattern")]
    if uncovered:
        yield Advice("uncovered", "error", {"hosts": ", ".join(uncovered[:5])})
        return
    yield _stage(policy, now)


def _stage(policy: HostedPolicy, now: datetime) -> Advice:
    ripe = policy.changed + TESTING
    if policy.mode == HostedPolicy.Mode.TESTING:
        return Advice("enforce") if now >= ripe else Advice("wait", "good", {"date": ripe})
    if policy.max_age < LONG_AGE:
        return Advice("longer") if now >= ripe else Advice("longer-later", "good", {"date": ripe})
    return Advice("done", "good")


def _leaving(policy: HostedPolicy, now: datetime) -> Advice:
    if policy.may_end(now):
        return Advice("remove")
    return Advice("leaving", "info", {"date": policy.kept_until})
