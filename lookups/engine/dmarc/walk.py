"""Policy discovery by the DNS tree walk (RFC 9989 §4.10): which record holds for a domain.

Receivers ask one name after the other; here all are asked at once, which costs the same questions
and a fraction of the time. What a receiver would not have asked any more is not used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import dns.name

from ..context import Context
from ..records import dmarc
from ..records.dmarc import POLICIES, Record
from ..records.txt import text_of
from ..resolver import Answer, Outcome

MAX_STEPS = 8  # questions of one walk (RFC 9989 §4.10)
MAX_RECORDS = 20  # TXT records of one name that are read
# The classroom plays a registry: above it is nothing that a lesson could be asked about.
CLASSROOM = "classroom.test"


class Asks(Protocol):
    """A Context or a Resolver."""

    def query(self, name: dns.name.Name | str, rdtype: str) -> Awaitable[Answer]: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One name of the walk. `state` is one of STATES; `texts` are the TXT records found there."""

    name: str
    answer: Answer
    state: str
    texts: tuple[str, ...] = ()
    record: Record | None = None

    STATES = (
        "record",
        "none",
        "ignored",  # TXT records, none of which is a DMARC record
        "multiple",  # several DMARC records: all are discarded (RFC 9989 §4.10)
        "failed",  # DNS left it open
        "beyond",  # the walk had stopped below
    )

    @property
    def question(self) -> str:
        return f"_dmarc.{self.name}"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "question": self.question,
            "state": self.state,
            "outcome": self.answer.outcome.value,
            "policy": self.record.policy if self.record else "",
            "psd": self.record.psd if self.record else "",
            "records": sum(dmarc.is_record(text) for text in self.texts),
        }


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a walk found. Names are in A-label form without the final dot.

    `policy` is the one in force for the domain, as its owner asks for it: "none", "quarantine",
    "reject"; "" where there is no record, or one that switches DMARC off. `subdomain_policy` and
    `nonexistent_policy` hold for names below `record_domain`. `testing` (t=y) asks receivers to
    act one level more gently: see `effective`. `failure` is the answer that left open which
    record holds. `exists` is False where the domain itself does not exist.
    """

    domain: str
    steps: tuple[Step, ...]
    record: Record | None = None
    record_domain: str = ""
    organizational_domain: str = ""
    policy: str = ""
    subdomain_policy: str = ""
    nonexistent_policy: str = ""
    testing: bool = False
    exists: bool = True
    stopped: str = "top"  # or "psd", "failed"
    failure: Answer | None = None

    @property
    def inherited(self) -> bool:
        return bool(self.record) and self.record_domain != self.domain

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Those that were used, from the domain up."""
        return tuple(step.answer for step in self.steps if step.state != "beyond")

    @property
    def own(self) -> Step:
        """The step at the domain itself."""
        return self.steps[0]

    @property
    def record_step(self) -> Step | None:
        """The step that found the record in force."""
        return next((step for step in self.steps if step.name == self.record_domain), None)

    @property
    def skipped(self) -> int:
        """Names of a long domain that the walk leaves out (RFC 9989 §4.10)."""
        full = len(self.steps) == MAX_STEPS
        return max(0, self.domain.count(".") + 1 - MAX_STEPS) if full else 0

    @property
    def effective(self) -> str:
        """The policy with testing taken into account (RFC 9989 §4.7, tag t)."""
        return lowered(self.policy) if self.testing else self.policy


def lowered(policy: str) -> str:
    """One level below `policy`."""
    return POLICIES[max(0, POLICIES.index(policy) - 1)] if policy else ""


def rank(policy: str) -> int:
    """How strict a policy is; no policy is the least strict."""
    return POLICIES.index(policy) if policy else -1


def walk_names(domain: str) -> list[str]:
    """The names whose _dmarc record is asked for, from the domain up (RFC 9989 §4.10).

    After the first, a name of eight labels or more is cut to seven.
    """
    labels = domain.split(".")
    rest = labels[1:] if len(labels) < MAX_STEPS else labels[-(MAX_STEPS - 1) :]
    names = [domain, *(".".join(rest[index:]) for index in range(len(rest)))]
    if f".{domain}".endswith(f".{CLASSROOM}"):
        names = [name for name in names if f".{name}".endswith(f".{CLASSROOM}")]
    return names


async def discover(context: Context) -> Discovery:
    """The policy in force for the domain of the report; found once for all checks."""
    return await context.once("dmarc", lambda: discover_for(context, context.domain.ascii))


async def walk(asks: Asks, domain: str) -> Discovery:
    """The tree walk alone, which takes the domain for one that exists: enough to know the
    organizational domain of any `domain` (A-labels, no final dot)."""
    answers = await asyncio.gather(*(_ask(asks, name) for name in walk_names(domain)))
    return evaluate(domain, answers)


async def discover_for(asks: Asks, domain: str) -> Discovery:
    """The policy in force for any `domain` (A-labels, no final dot)."""
    discovery = await walk(asks, domain)
    answers = [step.answer for step in discovery.steps]
    if not discovery.inherited:
        return discovery
    # Whether `sp` or `np` holds depends on the domain's existence (RFC 9989 §4.10.1).
    exists = (await asks.query(domain, "MX")).outcome is not Outcome.NXDOMAIN
    return evaluate(domain, answers, exists)


async def _ask(asks: Asks, name: str) -> Answer:
    """The TXT records below _dmarc; a name too long to be asked for cannot have any."""
    domain = dns.name.from_text(name)
    try:
        question = dns.name.Name((b"_dmarc", *domain.labels))
    except dns.name.NameTooLong:
        return Answer(domain, "TXT", Outcome.NODATA)
    return await asks.query(question, "TXT")


def evaluate(domain: str, answers: Sequence[Answer], exists: bool = True) -> Discovery:
    """What the answers to the questions of `walk_names` say together. Asks nothing."""
    steps, stopped = _steps(walk_names(domain), answers)
    found = {step.name: step.record for step in steps if step.record}
    failure = next((step.answer for step in steps if step.state == "failed"), None)
    organization = _organizational(domain, found)
    chosen = _chosen(domain, organization, found)
    if failure and chosen != domain:
        # A name that was not answered may hold the record: only the domain's own is certain.
        return Discovery(
            domain, steps, None, "", organization, exists=exists, stopped=stopped, failure=failure
        )
    record = found.get(chosen)
    if record is None:
        return Discovery(domain, steps, None, "", organization, exists=exists, stopped=stopped)
    policy = record.policy
    if chosen != domain:
        policy = record.subdomain_policy if exists else record.nonexistent_policy
    return Discovery(
        domain=domain,
        steps=steps,
        record=record,
        record_domain=chosen,
        organizational_domain=organization,
        policy=policy,
        subdomain_policy=record.subdomain_policy,
        nonexistent_policy=record.nonexistent_policy,
        testing=record.testing,
        exists=exists,
        stopped=stopped,
        failure=failure,
    )


def texts_of(answer: Answer) -> tuple[str, ...]:
    """TXT records as text, in alphabetical order: the strings of each joined (RFC 9989 §4.5)."""
    return tuple(sorted(text_of(record.strings) for record in answer.records[:MAX_RECORDS]))


def _steps(names: Sequence[str], answers: Sequence[Answer]) -> tuple[tuple[Step, ...], str]:
    """The walk in its order. It stops at a record with psd=y or psd=n (RFC 9989 §4.10)."""
    steps: list[Step] = []
    stopped = "top"
    for name, answer in zip(names, answers, strict=True):
        step = step_at(name, answer)
        if stopped == "psd":
            step = Step(name, answer, "beyond", step.texts)
        elif step.record and step.record.psd != "u":
            stopped = "psd"
        steps.append(step)
    if stopped == "top" and any(step.state == "failed" for step in steps):
        stopped = "failed"
    return tuple(steps), stopped


def step_at(name: str, answer: Answer) -> Step:
    """What one answer of the walk holds."""
    if answer.outcome.is_failure:
        return Step(name, answer, "failed")
    texts = texts_of(answer)
    records = [text for text in texts if dmarc.is_record(text)]
    if len(records) == 1:
        return Step(name, answer, "record", texts, dmarc.parse(records[0]))
    state = "multiple" if records else "ignored" if texts else "none"
    return Step(name, answer, state, texts)


def _organizational(domain: str, found: dict[str, Record]) -> str:
    """RFC 9989 §4.10.2: the first psd=n from below, or one label below a psd=y that is not the
    domain itself; otherwise the highest name with a record; otherwise the domain."""
    for name, record in found.items():
        if record.psd == "n":
            return name
        if record.psd == "y" and name != domain:
            return _below(domain, name)
    return next(reversed(found), domain)


def _below(domain: str, suffix: str) -> str:
    """The name one label below `suffix` on the way to `domain`."""
    labels = domain.split(".")
    return ".".join(labels[-(suffix.count(".") + 2) :])


def _chosen(domain: str, organization: str, found: dict[str, Record]) -> str:
    """RFC 9989 §4.10.1: the domain's own record, that of the organizational domain, that of the
    public suffix domain above it; "" where there is none."""

    def candidates() -> Iterator[str]:
        yield domain
        yield organization
        yield from (name for name, record in found.items() if record.psd == "y")

    return next((name for name in candidates() if name in found), "")
