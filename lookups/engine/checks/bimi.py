"""Topic bimi: the logo that mailboxes show beside a domain's mail, and who vouches for it.

draft-brand-indicators-for-message-identification §7.2 (discovery), draft-svg-tiny-ps-abrotman (the
picture), draft-fetch-validation-vmc-wchuang (the certificate), RFC 9989 (DMARC, which must hold).
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .. import fetch
from ..context import Context
from ..fetch import Fetched, FetchError
from ..finding import Partial, Section
from ..records import bimi, svg_tiny_ps, vmc
from ..records.bimi import Assertion
from ..records.svg_tiny_ps import Logo
from ..records.txt import raw_record, text_of
from ..records.vmc import MarkCertificate, UnreadableError
from ..resolver import Answer
from . import bimi_rules
from .dmarc import Discovery, discover

TOPIC = "bimi"
MAX_RECORDS = 10  # TXT records of one name that are read
REDIRECTS = 2  # of the web server, which no draft forbids
# In lessons the classroom's own authority counts as one of those for marks.
LESSON_ISSUERS = (*vmc.KNOWN_ISSUERS, "MXplain classroom")


@dataclass(slots=True)
class LogoFile:
    """What became of the file that `l` names."""

    url: str
    error: FetchError | None = None
    fetched: Fetched | None = None
    logo: Logo | None = None

    @property
    def state(self) -> str:
        if self.error:
            return "failed"
        return "pending" if not self.logo else "valid" if self.logo.is_valid else "invalid"

    def as_json(self) -> dict[str, Any]:
        shape: dict[str, Any] = {"url": self.url, "state": self.state}
        if not self.logo or not self.fetched:
            return shape
        logo = self.logo
        return shape | {
            "octets": logo.octets,
            "compressed": logo.compressed,
            "media_type": self.fetched.media_type,
            "title": logo.title,
            "width": logo.width,
            "height": logo.height,
            "sha256": logo.sha256,
            "image": base64.b64encode(logo.copy.encode()).decode() if logo.copy else "",
            "problems": [
                {"code": p.code, "element": p.element, "value": p.value, "line": p.line}
                for p in logo.problems
            ],
        }


@dataclass(slots=True)
class EvidenceFile:
    """What became of the file that `a` names."""

    url: str
    error: FetchError | None = None
    unreadable: str = ""
    certificate: MarkCertificate | None = None
    faults: list[str] = field(default_factory=list)  # ids of findings, without "bimi-certificate-"
    is_known: bool = False

    @property
    def state(self) -> str:
        if self.error:
            return "failed"
        if self.unreadable:
            return "invalid"
        return "pending" if not self.certificate else "invalid" if self.faults else "valid"

    def as_json(self) -> dict[str, Any]:
        shape: dict[str, Any] = {"url": self.url, "state": self.state}
        if not self.certificate:
            return shape
        found = self.certificate
        return shape | {
            "kind": found.kind,
            "mark_type": found.mark_type,
            "subject": found.subject,
            "issuer": found.issuer,
            "known": self.is_known,
            "names": list(found.names[:20]),
            "not_before": found.not_before.isoformat(),
            "not_after": found.not_after.isoformat(),
            "chain": list(found.chain),
            "faults": list(self.faults),
        }


@dataclass(slots=True)
class Case:
    """What is known so far. `state` as docs/contracts.md lists it."""

    context: Context
    dmarc: Discovery
    answers: list[Answer]
    state: str = "none"
    name: str = ""
    domain: str = ""
    texts: list[str] = field(default_factory=list)
    assertion: Assertion | None = None
    logo: LogoFile | None = None
    evidence: EvidenceFile | None = None

    @property
    def answer(self) -> Answer:
        """The one that the verdict rests on: the last that was asked for."""
        return self.answers[-1]

    @property
    def inherited(self) -> bool:
        return self.domain != self.context.domain.ascii

    @property
    def domains(self) -> list[str]:
        """Those that a certificate may be for."""
        own = self.context.domain.ascii
        return list(dict.fromkeys([own, self.domain, self.dmarc.organizational_domain]))

    def section(self, complete: bool) -> Section:
        findings = bimi_rules.findings(self) if complete else ()
        return Section(TOPIC, self._records(), tuple(findings), complete)

    def _records(self) -> dict[str, Any]:
        ready, obstacle = bimi_rules.readiness(self.dmarc)
        found: dict[str, Any] = {
            "state": self.state,
            "domain": self.domain,
            "inherited": self.inherited,
            "raw": [raw_record(self.name, text, bimi.parts(text)) for text in self.texts],
            "dmarc": {
                "ready": ready,
                "policy": self.dmarc.policy,
                "domain": self.dmarc.record_domain,
                "obstacle": obstacle,
            },
            "avatar": self.assertion.avatar if self.assertion else "",
            "logo": self.logo.as_json() if self.logo else None,
            "certificate": self.evidence.as_json() if self.evidence else None,
        }
        if mended := self._mended():
            found["ready"] = [{"name": self.name, "type": "TXT", "value": mended}]
        return found

    def _mended(self) -> str:
        """The record written rightly, where its addresses are usable as they are."""
        found = self.assertion
        if not found or not found.problems or not found.location:
            return ""
        avatar = "" if found.avatar == bimi.AVATARS[0] else found.avatar
        return bimi.generate(found.location, found.evidence, avatar)


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields the record as soon as it is there, and the whole once its files are."""
    case = await _discover(context)
    _read(case)
    if case.logo or case.evidence:
        yield partial(case.section, complete=False)
        await asyncio.gather(_fetch_logo(case), _fetch_evidence(case))
        _compare(case)
    yield case.section(complete=True)


async def _discover(context: Context) -> Case:
    """The domain's own record, else that of its organizational domain (the draft §7.2)."""
    own = context.domain.ascii
    dmarc, answer = await asyncio.gather(
        discover(context), context.query(f"{bimi.SELECTOR}._bimi.{own}", "TXT")
    )
    case = Case(context, dmarc, [answer])
    _take(case, own, answer)
    parent = dmarc.organizational_domain
    if case.state == "none" and parent and parent != own:
        answer = await context.query(f"{bimi.SELECTOR}._bimi.{parent}", "TXT")
        case.answers.append(answer)
        _take(case, parent, answer)
    return case


def _take(case: Case, domain: str, answer: Answer) -> None:
    """What one answer holds: one BIMI record counts, several count as none."""
    own = case.context.domain.ascii
    texts = [text_of(record.strings) for record in answer.records[:MAX_RECORDS]]
    records = [text for text in texts if bimi.is_assertion(text)]
    meant = [text for text in texts if bimi.is_like_assertion(text)]
    if answer.outcome.is_failure:
        case.state = "failed"
    elif records:
        case.state = "record" if len(records) == 1 else "multiple"
    elif meant:
        case.state = "ignored"
    case.texts = records or meant
    case.domain = domain if case.texts or answer.outcome.is_failure else own
    case.name = f"{bimi.SELECTOR}._bimi.{case.domain}"


def _read(case: Case) -> None:
    if case.state not in ("record", "ignored") or len(case.texts) != 1:
        return
    case.assertion = bimi.parse(case.texts[0])
    if case.state != "record":
        return
    if case.assertion.is_declined:
        case.state = "declined"
    if case.assertion.location:
        case.logo = LogoFile(case.assertion.location)
    if case.assertion.evidence:
        case.evidence = EvidenceFile(case.assertion.evidence)


async def _fetch_logo(case: Case) -> None:
    if not (file := case.logo):
        return
    try:
        file.fetched = await fetch.get(
            case.context.guard,
            file.url,
            max_octets=svg_tiny_ps.MAX_OCTETS,
            accept="image/svg+xml",
            redirects=REDIRECTS,
        )
    except FetchError as error:
        file.error = error
    else:
        file.logo = svg_tiny_ps.examine(file.fetched.body)


async def _fetch_evidence(case: Case) -> None:
    if not (file := case.evidence):
        return
    try:
        fetched = await fetch.get(
            case.context.guard, file.url, max_octets=vmc.MAX_OCTETS, redirects=REDIRECTS
        )
        file.certificate = vmc.parse(fetched.body)
    except FetchError as error:
        file.error = error
    except UnreadableError as error:
        file.unreadable = error.code


def _compare(case: Case) -> None:
    """What can only be said of the certificate with all the rest at hand."""
    file = case.evidence
    if not file or not file.certificate:
        return
    known = LESSON_ISSUERS if case.context.lesson else vmc.KNOWN_ISSUERS
    file.is_known = vmc.is_known(file.certificate.issuer, known)
    logo = case.logo.logo if case.logo else None
    file.faults = bimi_rules.certificate_faults(
        file.certificate, case.domains, logo, case.context.now
    )
