"""What to do so that a mail passes: codes and parameters, in the order of their use.

Nothing here asks DNS, and no sentence stands here: lookups/tools/delivery/words.py has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..addresses import Scope
from ..spf import Result, Verdict
from .alignment import Identifier
from .mail import Mail
from .ruling import Ruling

MAX_RECORD = 450  # characters of a record that is proposed whole


@dataclass(frozen=True, slots=True)
class Advice:
    """`code` is one of CODES."""

    code: str
    parameters: dict[str, str] = field(default_factory=dict)

    CODES = (
        "all-set",  # there is nothing to do
        "forged",  # if the mail is not the owner's: nothing is to be done, or the policy raised
        "try-again",
        "public-address",
        "own-sender",
        "helo-name",
        "helo-unknown",
        "permit",
        "forwarded",
        "publish-spf",
        "mend-spf",
        "spf-again",
        "sign",
        "sign-own",
        "mend-dkim",
        "verify-dkim",
        "relax",
        "sign-too",
        "publish-dmarc",
        "mend-dmarc",
        "raise-policy",
        "end-testing",
    )

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, **self.parameters}


def advise(
    mail: Mail,
    scope: Scope,
    verdict: Verdict | None,
    identifiers: Sequence[Identifier],
    ruling: Ruling,
) -> tuple[Advice, ...]:
    """`verdict` is that of the identity that DMARC looks at, None where there is no such."""
    spf = next((one for one in identifiers if one.used and one.kind != "dkim"), None)
    dkim = [one for one in identifiers if one.kind == "dkim"]
    return tuple(_advise(mail, scope, verdict, spf, dkim, ruling)) or (Advice("all-set"),)


def _advise(
    mail: Mail,
    scope: Scope,
    verdict: Verdict | None,
    spf: Identifier | None,
    dkim: Sequence[Identifier],
    ruling: Ruling,
) -> Iterator[Advice]:
    proved = [one for one in (spf, *dkim) if one and one.counts]
    if ruling.result == "temperror":
        yield Advice("try-again")
    if scope is not Scope.PUBLIC and not proved:
        yield Advice("public-address", {"ip": str(mail.ip), "scope": scope.value})
    if not proved and ruling.result == "fail":
        yield Advice("forged", {"disposition": ruling.disposition})
    if not (spf and spf.counts) and scope not in (Scope.PRIVATE, Scope.LOOPBACK):
        yield from _spf(mail, verdict, spf, bool(proved))
    if not any(one.counts for one in dkim):
        yield from _dkim(mail, dkim, bool(proved))
    yield from _policy(mail, ruling)


def _spf(
    mail: Mail, verdict: Verdict | None, spf: Identifier | None, proved: bool
) -> Iterator[Advice]:
    """How SPF comes to pass for a domain that is aligned; not needed where DKIM does already."""
    author = mail.author.domain
    if spf is None or verdict is None:
        yield Advice("helo-unknown", {"domain": author})
        return
    if proved and not spf.aligned:
        return
    if spf.reason == "strict":
        yield Advice("relax", {"tag": "aspf", "domain": spf.domain, "author": author})
    if spf.aligned is False:
        code = "own-sender" if mail.sender else "helo-name"
        yield Advice(code, {"domain": author, "given": spf.domain or mail.helo})
        return
    about = {"domain": spf.domain, "term": _term(mail)}
    if verdict.result in (Result.FAIL, Result.SOFTFAIL, Result.NEUTRAL):
        # A forwarder is not to be permitted: DKIM has carried the mail over.
        code = "forwarded" if proved else "permit"
        yield Advice(code, about | {"record": _with_term(verdict, _term(mail))})
    elif verdict.result is Result.NONE:
        yield Advice("publish-spf", about)
    elif verdict.result is Result.PERMERROR:
        last = verdict.trace[-1]  # which has ended the evaluation
        yield Advice("mend-spf", about | {"why": last.why, "detail": last.detail})
    elif verdict.result is Result.TEMPERROR:
        yield Advice("spf-again", about)


def _term(mail: Mail) -> str:
    """The mechanism that matches the client (RFC 7208 §5.6)."""
    ip = getattr(mail.ip, "ipv4_mapped", None) or mail.ip
    return f"ip{ip.version}:{ip}"


def _with_term(verdict: Verdict, term: str) -> str:
    """The domain's record with `term` in front, where nothing stands before it; "" if too long."""
    text = verdict.checks[0].record if verdict.checks else ""
    version, _, rest = text.partition(" ")
    made = f"{version} {term} {rest}".rstrip()
    return made if rest and len(made) <= MAX_RECORD else ""


def _dkim(mail: Mail, dkim: Sequence[Identifier], proved: bool) -> Iterator[Advice]:
    author = mail.author.domain
    aligned = [one for one in dkim if one.aligned]
    for one in aligned[:1]:
        code = "verify-dkim" if one.reason == "unverified" else "mend-dkim"
        yield Advice(code, {"domain": one.domain, "result": one.result})
    if aligned:
        return
    strict = next((one for one in dkim if one.reason == "strict"), None)
    if strict and not proved:
        yield Advice("relax", {"tag": "adkim", "domain": strict.domain, "author": author})
    if dkim:
        yield Advice("sign-own", {"domain": author, "given": dkim[0].domain})
    else:
        yield Advice("sign-too" if proved else "sign", {"domain": author})


def _policy(mail: Mail, ruling: Ruling) -> Iterator[Advice]:
    """How forged mail is kept from passing as the domain's."""
    if ruling.result == "none":
        about = {"domain": ruling.record_domain or mail.author.domain}
        yield Advice("mend-dmarc" if ruling.record else "publish-dmarc", about)
    elif ruling.result != "temperror" and ruling.policy == "none":
        yield Advice("raise-policy", {"domain": ruling.record_domain, "tag": ruling.applied or "p"})
    elif ruling.testing and ruling.policy:
        yield Advice("end-testing", {"domain": ruling.record_domain, "policy": ruling.policy})
