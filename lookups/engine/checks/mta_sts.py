"""Topic mta-sts: whether senders are told to insist on TLS, and whether the policy holds.

RFC 8461 §3 (record, policy, fetching it), §4.1 (matching hosts), §5 (modes).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .. import fetch
from ..context import Context
from ..fetch import Fetched, FetchError
from ..finding import Finding, Partial, Section
from ..records import mta_sts, txt
from ..records.mta_sts import Policy, Record
from ..resolver import Answer, name_text
from . import mta_sts_rules
from .mail_hosts import MailHosts, mail_hosts
from .names_below import name_below

TOPIC = "mta-sts"
WELL_KNOWN = "/.well-known/mta-sts.txt"  # RFC 8461 §3.3
FETCH_SECONDS = 8.0  # RFC 8461 §3.3 suggests a minute; nobody waits that long for a page
MAX_TEXTS = 10  # TXT records that are looked at
MAX_SHOWN = 4096  # characters of a policy that are kept


@dataclass(slots=True)
class Case:
    """What is known so far. `texts` are the records that are, or were meant to be, of MTA-STS.

    `state` is as docs/contracts.md lists it.
    """

    context: Context
    host: str
    answer: Answer
    addresses: tuple[Answer, ...]
    mail: MailHosts
    texts: list[str] = field(default_factory=list)
    record: Record | None = None
    fetched: Fetched | None = None
    error: FetchError | None = None
    policy: Policy | None = None
    state: str = "none"

    @property
    def url(self) -> str:
        return f"https://{self.host}{WELL_KNOWN}"

    @property
    def hosts(self) -> list[str]:
        return [host.text for host in self.mail.hosts]

    @property
    def takes_no_mail(self) -> bool:
        """Whether DNS says that no host takes mail for the domain."""
        return not self.mail.hosts and not self.mail.answer.outcome.is_failure

    def section(self, complete: bool) -> Section:
        findings: tuple[Finding, ...] = ()
        records = self._records()
        if complete:
            findings = tuple(mta_sts_rules.findings(self))
            records["ready"] = mta_sts_rules.ready(self)
        return Section(TOPIC, records, findings, complete)

    def _records(self) -> dict[str, Any]:
        name = name_text(self.answer.name)
        raw = [txt.raw_record(name, text, mta_sts.parts(text)) for text in self.texts]
        if self.fetched and self.policy:
            text = mta_sts.decoded(self.fetched.body)[:MAX_SHOWN]
            parts = mta_sts.policy_parts(text, self.policy.problems)
            raw.append(txt.raw_record(self.url, text, parts, "FILE"))
        return {
            "state": self.state,
            "id": self.record.id if self.record else "",
            "raw": raw,
            "policy": self._policy(),
            "hosts": self._covered(),
        }

    def _policy(self) -> dict[str, Any] | None:
        if self.fetched is None or self.policy is None:
            return None
        end = self.fetched.certificate_not_after
        return {
            "url": self.url,
            "address": self.fetched.address,
            "mode": self.policy.mode,
            "max_age": self.policy.max_age,
            "mx": list(self.policy.mx),
            "certificate_not_after": end.isoformat() if end else None,
        }

    def _covered(self) -> list[dict[str, str]]:
        if self.policy is None or self.policy.mode == "none":
            return []
        patterns = self.policy.mx
        return [{"host": h, "pattern": mta_sts.pattern_of(h, patterns)} for h in self.hosts]


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields the record as soon as it is there, then the policy that it announces."""
    name = name_below(context, "_mta-sts")
    host = name_below(context, "mta-sts")
    if name is None or host is None:  # too long for DNS: there can be no such record
        yield Section(TOPIC, {"state": "none", "raw": []})
        return
    answer, mail, *addresses = await asyncio.gather(
        context.query(name, "TXT"),
        mail_hosts(context),
        context.query(host, "A"),
        context.query(host, "AAAA"),
    )
    case = Case(context, name_text(host), answer, tuple(addresses), mail)
    _read_texts(case)
    if case.record is not None:
        yield partial(case.section, complete=False)
        await _fetch(case)
    yield case.section(complete=True)


def _read_texts(case: Case) -> None:
    """RFC 8461 §3.1: records of another kind are discarded, then there must be one."""
    if case.answer.outcome.is_failure:
        case.state = "unknown"
        return
    texts = [txt.text_of(record.strings) for record in case.answer.records[:MAX_TEXTS]]
    case.texts = [text for text in texts if mta_sts.looks_like_record(text)]
    records = [text for text in case.texts if mta_sts.is_record(text)]
    if len(records) == 1:
        case.record = mta_sts.parse_record(records[0])
        case.state = "no-policy" if case.record.is_valid else "invalid"
    elif case.texts:
        case.state = "invalid"


async def _fetch(case: Case) -> None:
    try:
        case.fetched = await fetch.get(
            case.context.guard,
            case.url,
            max_octets=mta_sts.MAX_POLICY,
            seconds=FETCH_SECONDS,
            accept="text/plain",
        )
    except FetchError as error:
        case.error = error
        return
    case.policy = mta_sts.parse_policy(case.fetched.body)
    if case.state != "invalid" and mta_sts_rules.is_usable(case.fetched, case.policy):
        case.state = f"mode-{case.policy.mode}"
