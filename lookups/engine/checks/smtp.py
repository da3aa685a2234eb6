"""Topic smtp: what the mail servers say when they are spoken to, and how well they protect mail.

RFC 5321 §3.1 (opening), RFC 3207 (STARTTLS), RFC 8996 (old TLS). Off unless the operator wants it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..context import Context
from ..finding import Partial, Section
from ..smtp.probe import Probe, accepts_old_tls, probe, probes, speaks
from . import smtp_rules
from .answers import failure_finding
from .mail_hosts import MailHosts, mail_hosts
from .mx_rules import bounded
from .smtp_rules import Spoken
from .snapshots import snapshots

__all__ = ["Probe", "check", "probe", "probes"]

TOPIC = "smtp"
MAX_HOSTS = 4  # that are spoken to, at one address of each family
MAX_NAMES = 20  # of a certificate that are shown


@dataclass(slots=True)
class _Case:
    context: Context
    found: MailHosts
    hosts: list[Spoken]

    def section(self, complete: bool) -> Section:
        findings = []
        if complete:
            findings = smtp_rules.findings(self.found.answer, self.hosts, self.context.now)
            findings += self._failures()
        records = {
            "off": False,
            "hosts": [_host_json(self.context, host) for host in self.hosts],
            "skipped": max(0, len(self.found.hosts) - MAX_HOSTS),
        }
        return Section(TOPIC, records, tuple(bounded(findings)), complete)

    def _failures(self) -> list[Any]:
        """Questions that DNS left open, so that a server could not be found."""
        answers = [self.found.answer, *(a for host in self.hosts for a in host.answers)]
        failed = [answer for answer in answers if answer.outcome.is_failure]
        return [failure_finding(answer, self.context.resolver) for answer in failed]


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields the hosts at once, then what each says, then what follows from it."""
    if not speaks(context):
        yield Section(TOPIC, {"off": True})
        return
    found = await mail_hosts(context)
    hosts = [Spoken(host.text, host.preference) for host in found.hosts[:MAX_HOSTS]]
    case = _Case(context, found, hosts)
    if hosts:
        yield partial(case.section, complete=False)
        async for _ in snapshots(*(_speak_to(context, host) for host in hosts)):
            yield partial(case.section, complete=False)
    yield case.section(complete=True)


async def _speak_to(context: Context, host: Spoken) -> None:
    host.probes = await probes(context, host.name)
    host.answers = list(await context.queries((host.name, "A"), (host.name, "AAAA")))
    modern = (p for p in host.probes if p.tls_version and not smtp_rules.is_old(p.tls_version))
    if first := next(modern, None):
        host.old_tls = await accepts_old_tls(context, first)
    host.done = True


def _host_json(context: Context, host: Spoken) -> dict[str, Any]:
    return {
        "host": host.name,
        "preference": host.preference,
        "pending": not host.done,
        "old_tls": host.old_tls,
        "probes": [_probe_json(context, each) for each in host.probes],
    }


def _probe_json(context: Context, probe: Probe) -> dict[str, Any]:
    version = smtp_rules.tls_name(probe.tls_version)
    return {
        "address": probe.address,
        "error": probe.error,
        "detail": probe.detail,
        "code": probe.greeting_code,
        "banner": probe.banner,
        "ehlo_code": probe.ehlo_code,
        "extensions": list(probe.ehlo),
        "starttls": probe.starttls,
        "tls": {"version": version, "cipher": probe.cipher} if version else None,
        "certificate": _certificate_json(context, probe),
        "lines": [{"sender": line.sender, "text": line.text} for line in probe.lines],
    }


def _certificate_json(context: Context, probe: Probe) -> dict[str, Any] | None:
    facts = probe.facts
    if facts is None:
        return None
    return {
        "verified": probe.verified,
        "problems": list(probe.problems),
        "names": list(facts.names[:MAX_NAMES]),
        "issuer": facts.issuer,
        "not_before": f"{facts.not_before:%Y-%m-%d}",
        "not_after": f"{facts.not_after:%Y-%m-%d}",
        "days": (facts.not_after - context.now).days,
        "key": facts.key,
        "sent": len(probe.certificates),
    }
