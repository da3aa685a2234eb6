"""The evaluation of SPF records for one message (RFC 7208 §4.6, §5, §6)."""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..addresses import Address
from ..records.spf import ASKING, Mechanism, Record, SPFError, parse
from ..records.spf_macros import MacroError, MacroString, parse_macro_string
from ..resolver import Resolver
from .lookups import MAX_LOOKUPS, Lookups, Stop, ascii_domain, is_checkable, spf_texts
from .macros import MAX_TEXT, Message, expand, target_name
from .result import Check, Result, Step, Verdict

SECONDS = 20.0  # that an evaluation may take in all; §4.6.4 wants at least 20
MAX_STEPS = 200  # that are kept
MAX_SHOWN = 300  # characters of a term in the trace
MAX_RECORD = 2000  # characters of a record in the trace


async def check_host(
    resolver: Resolver,
    ip: Address,
    sender: str,
    helo: str,
    *,
    receiver: str = "unknown",
    now: datetime | None = None,
    seconds: float = SECONDS,
) -> Verdict:
    """The result for a client at `ip` that greets as `helo` and sends MAIL FROM:<sender>.

    An empty sender stands for postmaster at the HELO name (§2.4); so does a missing local part
    for postmaster (§4.3). Never raises.
    """
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped  # §5: to be treated as IPv4
    local_part, _, domain = sender.rpartition("@")
    domain = ascii_domain(domain or helo).removesuffix(".")
    timestamp = int((now or datetime.now(UTC)).timestamp())
    message = Message(ip, f"{local_part or 'postmaster'}@{domain}", helo, receiver, timestamp)
    return await _Evaluation(resolver, message).run(domain, seconds)


@dataclass(slots=True)
class _Outcome:
    """What one record gave: `exp` belongs to the record whose `domain` decided."""

    result: Result
    mechanism: str = ""
    domain: str = ""
    exp: MacroString | None = None


@dataclass(slots=True)
class _Evaluation:
    resolver: Resolver
    message: Message
    trace: list[Step] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    current: int = 0  # index of the check that is under way
    lookups: Lookups = field(init=False)

    def __post_init__(self) -> None:
        self.lookups = Lookups(self.resolver, self.message.ip)

    async def run(self, domain: str, seconds: float) -> Verdict:
        loop = asyncio.get_running_loop()
        end = loop.time() + min(seconds, max(0.0, self.resolver.remaining))
        try:
            async with asyncio.timeout_at(end):
                outcome = await self._check(domain)
        except Stop as stop:
            outcome = _Outcome(stop.result)
        except TimeoutError:
            self._step(domain, "", None, "deadline")
            outcome = _Outcome(Result.TEMPERROR)
        counts = self.lookups.count, self.lookups.void
        explanation = ""
        if outcome.result is Result.FAIL and outcome.exp:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    explanation = await self._explanation(outcome, outcome.exp)
        told = tuple(self.trace), tuple(self.checks)
        return Verdict(outcome.result, explanation, outcome.mechanism, *counts, *told)

    async def _check(self, domain: str) -> _Outcome:
        """check_host() for one domain; its steps are told apart from those of other domains."""
        before, self.current = self.current, len(self.checks)
        self.checks.append(Check(domain[:MAX_SHOWN]))
        try:
            return await self._judge(domain)
        finally:
            self.current = before

    async def _judge(self, domain: str) -> _Outcome:
        """The record is found, read and evaluated."""
        record = await self._record(domain)
        if record is None:
            return _Outcome(Result.NONE)
        exp = record.modifier("exp")
        for mechanism in record.effective:
            if await self._matches(mechanism, domain):
                result = Result(mechanism.result)
                return _Outcome(result, mechanism.text, domain, exp.value if exp else None)
        if redirect := record.redirect:
            return await self._redirect(redirect.value, redirect.text, domain)
        self._step(domain, "", None, "default")
        return _Outcome(Result.NEUTRAL, "default", domain)

    async def _record(self, domain: str) -> Record | None:
        """§4.3 to §4.6: None where there is no record; Stop where it cannot be used."""
        if not is_checkable(domain):
            self._step(domain, "", None, "not-a-domain")
            return None
        answer = await self.lookups.record(domain)
        if answer.outcome.is_failure:
            raise self._stop(domain, "", Result.TEMPERROR, f"dns-{answer.outcome.value}")
        texts = spf_texts(answer.records)
        if not texts:
            self._step(domain, "", None, "no-record")
            return None
        if len(texts) > 1:
            raise self._stop(domain, "", Result.PERMERROR, "multiple-records")
        self.checks[self.current] = Check(domain[:MAX_SHOWN], texts[0][:MAX_RECORD])
        try:
            return parse(texts[0])
        except SPFError as error:
            term, place = error.problem.text, str(error.problem.column)
            raise self._stop(domain, term, Result.PERMERROR, "syntax", place) from None

    async def _redirect(self, target: MacroString, text: str, domain: str) -> _Outcome:
        """§6.1: the other domain's result is this one's; no record there is an error."""
        try:
            self.lookups.spend()
            number = self.lookups.count
            name = await self._target(target, domain)
        except Stop as stop:
            raise self._stop(domain, text, stop.result, stop.why, stop.detail) from None
        opens = len(self.checks)
        self._step(domain, text, None, "redirect", name, opens=opens, lookup=number)
        outcome = await self._check(name)
        if outcome.result is Result.NONE:
            raise Stop(Result.PERMERROR, "no-record", name)
        return outcome

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        """Whether the mechanism matches; the step is noted, and an error with its reason."""
        number, checks, void = 0, len(self.checks), self.lookups.void

        def note(matched: bool | None, why: str, detail: str) -> None:
            opened = len(self.checks) > checks
            vain = self.lookups.void if not opened and self.lookups.void > void else 0
            opens = checks if opened else None
            text = mechanism.text
            self._step(domain, text, matched, why, detail, opens=opens, lookup=number, void=vain)

        try:
            if mechanism.name in ASKING:
                self.lookups.spend()
                number = self.lookups.count
            matched, why, detail = await self._evaluate(mechanism, domain)
        except Stop as stop:
            note(None, stop.why, stop.detail)
            raise
        except asyncio.CancelledError:  # time ran out while this term was looked at
            note(None, "deadline", "")
            raise
        note(matched, why, detail)
        return matched

    async def _evaluate(self, mechanism: Mechanism, domain: str) -> tuple[bool, str, str]:
        """Whether it matches, and why."""
        ip, network = self.message.ip, mechanism.network
        if mechanism.name == "all":
            return True, "always", ""
        if network is not None:
            inside = ip.version == network.version and ip in network
            return inside, "in-network" if inside else "not-in-network", str(network)
        target = await self._target(mechanism.domain, domain)
        if mechanism.name == "include":
            return await self._include(target)
        if mechanism.name == "exists":
            there = await self.lookups.exists(target)
            return there, "exists" if there else "not-exists", target
        if mechanism.name == "ptr":
            return await self._ptr(target)
        asking = self.lookups.addresses if mechanism.name == "a" else self.lookups.mx_addresses
        prefix = mechanism.cidr4 if ip.version == 4 else mechanism.cidr6
        for address in await asking(target):
            if int(ip) >> (ip.max_prefixlen - prefix) == int(address) >> (
                ip.max_prefixlen - prefix
            ):
                return True, "address", str(address)
        return False, "no-address", target

    async def _include(self, target: str) -> tuple[bool, str, str]:
        """§5.2: a pass matches; fail, softfail and neutral do not; the rest are errors."""
        result = (await self._check(target)).result
        if result is Result.NONE:
            raise Stop(Result.PERMERROR, "include-none", target)
        return result is Result.PASS, f"include-{result.value}", target

    async def _ptr(self, target: str) -> tuple[bool, str, str]:
        """§5.5: a validated name that is the target or lies below it."""
        low = target.lower()
        names = await self.lookups.names(count_void=True)
        found = next((n for n in names if n == low or n.endswith("." + low)), None)
        return found is not None, "name" if found else "no-name", found or target

    async def _target(self, spec: MacroString | None, domain: str) -> str:
        if spec is None:
            return domain
        return await target_name(spec, self.message, domain, self.lookups.best_name)

    async def _explanation(self, outcome: _Outcome, exp: MacroString) -> str:
        """§6.2: whatever goes wrong with an explanation, it is as if there were none."""
        # Limits of the evaluation do not count any more: it has its result.
        self.lookups.count = min(self.lookups.count, MAX_LOOKUPS - 2)
        find_name = self.lookups.best_name
        try:
            name = await target_name(exp, self.message, outcome.domain, find_name)
            text = await self.lookups.text(name)
            if text is None or len(text) > MAX_TEXT:
                return ""
            spec = parse_macro_string(text, explanation=True)
            return (await expand(spec, self.message, outcome.domain, find_name))[:MAX_TEXT]
        except (Stop, MacroError):
            return ""

    def _step(
        self,
        domain: str,
        term: str,
        matched: bool | None,
        why: str,
        detail: str = "",
        *,
        opens: int | None = None,
        lookup: int = 0,
        void: int = 0,
    ) -> None:
        if len(self.trace) < MAX_STEPS:
            shown = domain[:MAX_SHOWN], term[:MAX_SHOWN], matched, why, detail[:MAX_SHOWN]
            self.trace.append(Step(*shown, self.current, opens, lookup, void))

    def _stop(self, domain: str, term: str, result: Result, why: str, detail: str = "") -> Stop:
        """The exception that ends everything, its reason noted."""
        self._step(domain, term, None, why, detail)
        return Stop(result, why, detail)
