"""DNS is asked about a mail, all at once, and the answers are put together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..addresses import Scope, scope_of
from ..context import Context
from ..dmarc import suffixes
from ..dmarc.walk import Discovery, discover_for, walk
from ..records.dmarc import Record
from ..spf import Verdict, check_host
from ..spf.outline import Branch, outline
from .advice import Advice, advise
from .alignment import Authenticated, Identifier, Organization, compare
from .mail import Mail
from .ruling import Older, Ruling, rule, rule_older

VERDICTS = ("pass", "reject", "quarantine", "monitor", "unprotected", "later")


@dataclass(frozen=True, slots=True)
class SpfCheck:
    """One identity, "mailfrom" or "helo", and check_host() of it. `identity` is the address that
    was checked: that of a bounce is postmaster at the HELO name (RFC 7208 §2.4)."""

    kind: str
    identity: str
    domain: str
    verdict: Verdict

    @property
    def tree(self) -> Branch:
        return outline(self.verdict)

    def as_json(self) -> dict[str, Any]:
        said = self.verdict.as_json()
        del said["trace"]
        return {"identity": self.identity, "domain": self.domain, **said} | {
            "record": self.tree.as_json()
        }


@dataclass(frozen=True, slots=True)
class Judgement:
    """`mailfrom` is None for a bounce whose HELO is not known, `helo` where HELO is not known.
    `older` is None where DNS left open which record holds."""

    mail: Mail
    scope: Scope
    mailfrom: SpfCheck | None
    helo: SpfCheck | None
    identifiers: tuple[Identifier, ...]
    discovery: Discovery
    ruling: Ruling
    older: Older | None
    advice: tuple[Advice, ...]

    @property
    def verdict(self) -> str:
        """One of VERDICTS."""
        result, disposition = self.ruling.result, self.ruling.disposition
        if result == "temperror":
            return "later"
        if result == "none":
            return "unprotected"
        if result == "pass":
            return "pass"
        return "monitor" if disposition == "deliver" else disposition

    def as_json(self) -> dict[str, Any]:
        mail = self.mail
        return {
            "mail": {
                "ip": str(mail.ip),
                "scope": self.scope.value,
                "header_from": str(mail.author),
                "mail_from": str(mail.sender) if mail.sender else "",
                "helo": mail.helo,
            },
            "spf": {
                "mailfrom": self.mailfrom.as_json() if self.mailfrom else None,
                "helo": self.helo.as_json() if self.helo else None,
            },
            "dkim": [{"domain": s.domain, "result": s.result} for s in mail.signatures],
            "alignment": [identifier.as_json() for identifier in self.identifiers],
            "dmarc": self.ruling.as_json()
            | {
                "walk": [step.as_json() for step in self.discovery.steps],
                "older": self.older.as_json() if self.older else None,
            },
            "verdict": self.verdict,
            "advice": [advice.as_json() for advice in self.advice],
        }


async def judge(context: Context, mail: Mail) -> Judgement:
    """Everything about `mail`, in as many round trips as SPF's longest chain has. Never raises."""
    author = mail.author.domain
    names = tuple(dict.fromkeys((mail.spf_domain, *(s.domain for s in mail.signatures))))
    others = tuple(name for name in names if name and name != author)
    (mailfrom, helo), discovery, walks = await asyncio.gather(
        _spf(context, mail),
        discover_for(context, author),
        asyncio.gather(*(walk(context, name) for name in others)),
    )
    found = _authenticated(mail, mailfrom, helo)
    walked = [organization_of(one) for one in (discovery, *walks)]
    identifiers = compared(found, walked, discovery.record)
    ruling = rule(discovery, identifiers)
    older = await _older(context, discovery, ruling, found, identifiers)
    scope = scope_of(mail.ip, context.lesson)
    advice = advise(mail, scope, mailfrom.verdict if mailfrom else None, identifiers, ruling)
    return Judgement(
        mail, scope, mailfrom, helo, tuple(identifiers), discovery, ruling, older, advice
    )


async def _spf(context: Context, mail: Mail) -> tuple[SpfCheck | None, SpfCheck | None]:
    """Both identities (RFC 7208 §2.3, §2.4); those of a bounce are one and the same."""

    async def check(kind: str, identity: str, domain: str, sender: str) -> SpfCheck:
        verdict = await check_host(context.resolver, mail.ip, sender, mail.helo or domain)
        return SpfCheck(kind, identity, domain, verdict)

    async def helo() -> SpfCheck | None:
        if not mail.helo:
            return None
        return await check("helo", f"postmaster@{mail.helo}", mail.helo, "")

    if mail.sender is None:
        only = await helo()
        return only, only
    address = str(mail.sender)
    return await asyncio.gather(check("mailfrom", address, mail.sender.domain, address), helo())


def _authenticated(
    mail: Mail, mailfrom: SpfCheck | None, helo: SpfCheck | None
) -> list[Authenticated]:
    """DMARC takes HELO only where there is no MAIL FROM (RFC 9989 §4.4)."""
    found = []
    if mail.sender and mailfrom:
        found.append(Authenticated("mailfrom", mail.sender.domain, mailfrom.verdict.result.value))
    if helo:
        result, used = helo.verdict.result.value, mail.sender is None
        found.append(Authenticated("helo", mail.helo_domain, result, used))
    found += [Authenticated("dkim", s.domain, s.result) for s in mail.signatures]
    return found


def organization_of(found: Discovery) -> Organization:
    """The organizational domain, unless a name that was not answered may have moved it."""
    return Organization(found.domain, "" if found.failure else found.organizational_domain)


def compared(
    found: Sequence[Authenticated], organizations: Sequence[Organization], record: Record | None
) -> list[Identifier]:
    """Each with From, whose organization comes first, in the modes of the record in force."""
    known = {one.domain: one for one in organizations}
    author = organizations[0]
    return [
        compare(
            author,
            one,
            known.get(one.domain, Organization(one.domain)),
            record.get("adkim" if one.kind == "dkim" else "aspf") if record else "",
        )
        for one in found
    ]


async def _older(
    context: Context,
    discovery: Discovery,
    ruling: Ruling,
    found: Sequence[Authenticated],
    identifiers: Sequence[Identifier],
) -> Older | None:
    """The same mail at a receiver of RFC 7489: the list in the place of the tree walk."""
    if discovery.failure:
        return None
    listed = await suffixes.listed(context, discovery)
    names = dict.fromkeys((discovery.domain, *(one.domain for one in found if one.domain)))
    organizations = [
        Organization(name, await suffixes.organizational_domain(name)) for name in names
    ]
    by_list = compared(found, organizations, listed.record)
    return rule_older(discovery, ruling, listed, by_list, identifiers)
