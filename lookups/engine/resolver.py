"""Asks DNS on behalf of one report: never twice the same, never too long, and keeps the log.

NXDOMAIN, NODATA (RFC 2308 §2), SERVFAIL, REFUSED, silence, lame and malformed answers are kept
apart, because they mean different things to whoever has to mend them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from .transport import MalformedReply, Reply, Server, Transport, Unreachable

MAX_ALIASES = 12  # CNAMEs followed for one question; resolvers stop between 8 and 16
EDNS_PAYLOAD = 1232  # octets that pass nearly every path unfragmented (RFC 9715 §3)
MAX_TRIES = 3
MAX_EDE_TEXT = 200


class Outcome(StrEnum):
    """What became of a question."""

    ANSWER = "answer"
    NODATA = "nodata"  # the name exists, but not with this type
    NXDOMAIN = "nxdomain"  # the name does not exist
    SERVFAIL = "servfail"
    REFUSED = "refused"
    OTHER_RCODE = "other-rcode"
    TIMEOUT = "timeout"
    LAME = "lame"  # the server knows nothing of the zone and refers elsewhere (RFC 9499 §7)
    MALFORMED = "malformed"
    TCP_FAILED = "tcp-failed"  # truncated over UDP, and TCP did not work
    LOOP = "loop"  # aliases lead back to where they began, or on for too long
    BUDGET = "budget"  # not asked: the report had asked enough
    DEADLINE = "deadline"  # not asked or not waited for: the report's time was over

    @property
    def is_failure(self) -> bool:
        """True where DNS did not say what is there: neither records nor their absence."""
        return self not in (Outcome.ANSWER, Outcome.NODATA, Outcome.NXDOMAIN)


@dataclass(frozen=True, slots=True)
class ResolverSettings:
    """Whom to ask and when to stop. Times are seconds.

    `routes` maps a domain suffix to the servers that are asked for it instead of `servers`.
    """

    servers: tuple[Server, ...]
    routes: dict[str, tuple[Server, ...]] = field(default_factory=dict)
    query_timeout: float = 3.0
    report_timeout: float = 20.0
    max_queries: int = 300


@dataclass(frozen=True, slots=True)
class ExtendedError:
    """Why a resolver failed, in its own words (RFC 8914)."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS said to one question, after following aliases.

    `owner` is the name the records belong to: the end of `aliases`, or the name asked.
    `authoritative` tells that `ttl` is the zone's own and not what a cache has left of it.
    """

    name: dns.name.Name
    type: str
    outcome: Outcome
    rcode: str = ""
    records: tuple[Any, ...] = ()  # dnspython's rdata of `type`
    ttl: int | None = None
    authoritative: bool = False
    aliases: tuple[dns.name.Name, ...] = ()
    ede: tuple[ExtendedError, ...] = ()

    @property
    def owner(self) -> dns.name.Name:
        return self.aliases[-1] if self.aliases else self.name


@dataclass(slots=True)
class _Exchange:
    """One question with all its tries: what the log tells of it."""

    outcome: Outcome = Outcome.TIMEOUT
    reply: Reply | None = None
    server: Server | None = None
    transport: str = "udp"
    size: int = 0
    tries: int = 0


def name_text(name: dns.name.Name) -> str:
    """Presentation form in lower case without the final dot; "." for the root."""
    return name.to_text(omit_final_dot=True).lower()


class Resolver:
    """The questions of one report. `log` holds an entry for each that was sent."""

    def __init__(self, settings: ResolverSettings, transport: Transport) -> None:
        self.settings = settings
        self.log: list[dict[str, Any]] = []
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._asked = 0
        self._exchanges: dict[tuple[dns.name.Name, str], asyncio.Task[_Exchange]] = {}

    @property
    def asked(self) -> int:
        """How many questions were sent; retries and TCP repeats of one count once."""
        return self._asked

    @property
    def remaining(self) -> float:
        """Seconds until the report's deadline."""
        return self._began + self.settings.report_timeout - self._loop.time()

    def close(self) -> None:
        """Gives up whatever is still being asked."""
        for task in self._exchanges.values():
            task.cancel()

    async def query(self, name: dns.name.Name | str, rdtype: str) -> Answer:
        """The records of `rdtype` at `name`, aliases followed (RFC 1034 §3.6.2)."""
        asked = dns.name.from_text(name) if isinstance(name, str) else name
        aliases: list[dns.name.Name] = []
        while True:
            current = aliases[-1] if aliases else asked
            exchange = await self._exchange(current, rdtype)
            if exchange.reply is None or exchange.outcome is not Outcome.ANSWER:
                return _answer(asked, rdtype, exchange, aliases)
            known = len(aliases)
            found = _follow(exchange.reply.message, current, rdtype, aliases, asked)
            if found is Outcome.LOOP:
                return _answer(asked, rdtype, exchange, aliases, outcome=Outcome.LOOP)
            if isinstance(found, dns.rrset.RRset):
                return _answer(asked, rdtype, exchange, aliases, found)
            # The aliases lead to a name that this reply says nothing more of.
            absent = _absence(exchange.reply.message)
            if absent or len(aliases) == known:
                absent = absent or Outcome.NODATA
                return _answer(asked, rdtype, exchange, aliases, outcome=absent)

    async def _exchange(self, name: dns.name.Name, rdtype: str) -> _Exchange:
        """The one exchange for this question: in flight, done, or begun now."""
        key = (name.canonicalize(), rdtype)
        task = self._exchanges.get(key)
        if task is None:
            if self._asked >= self.settings.max_queries:
                return _Exchange(Outcome.BUDGET)
            if self.remaining <= 0:
                return _Exchange(Outcome.DEADLINE)
            self._asked += 1
            task = self._loop.create_task(self._ask(name, rdtype, self._asked))
            self._exchanges[key] = task
        return await asyncio.shield(task)

    async def _ask(self, name: dns.name.Name, rdtype: str, number: int) -> _Exchange:
        started = self._loop.time()
        allowed = min(self.settings.query_timeout, self.remaining)
        exchange = await self._try_servers(name, rdtype, allowed)
        if exchange.outcome is Outcome.TIMEOUT and allowed < self.settings.query_timeout:
            exchange.outcome = Outcome.DEADLINE
        self.log.append(
            _log_entry(number, name, rdtype, exchange)
            | {
                "started_ms": round((started - self._began) * 1000, 1),
                "ms": round((self._loop.time() - started) * 1000, 1),
            }
        )
        return exchange

    def _servers_for(self, name: dns.name.Name) -> tuple[Server, ...]:
        text = name_text(name)
        for suffix, servers in self.settings.routes.items():
            if text == suffix or text.endswith("." + suffix):
                return servers
        return self.settings.servers

    async def _try_servers(self, name: dns.name.Name, rdtype: str, allowed: float) -> _Exchange:
        """Asks one server after the other until one has a usable answer.

        A server that stays silent for its share of the time does not lose its chance: whatever
        answers first counts. With a single server the question is sent to it twice.
        """
        servers = self._servers_for(name)
        if not servers:
            return _Exchange()
        order = (servers * 2 if len(servers) == 1 else servers)[:MAX_TRIES]
        end = self._loop.time() + allowed
        failed: _Exchange | None = None
        running: set[asyncio.Task[_Exchange]] = set()
        try:
            for tries, server in enumerate(order, 1):
                running.add(self._loop.create_task(self._try(server, name, rdtype)))
                now = self._loop.time()
                share_end = now + (end - now) / (len(order) - tries + 1)
                while running and (share := share_end - self._loop.time()) > 0:
                    done, running = await asyncio.wait(
                        running, timeout=share, return_when=asyncio.FIRST_COMPLETED
                    )
                    for exchange in (task.result() for task in done):
                        exchange.tries = tries
                        if not exchange.outcome.is_failure:
                            return exchange
                        failed = failed or exchange
                if failed and len(servers) == 1:
                    break  # it has answered; asking it again would not change its mind
        finally:
            for task in running:
                task.cancel()
        return failed or _Exchange(server=order[0], tries=len(order))

    async def _try(self, server: Server, name: dns.name.Name, rdtype: str) -> _Exchange:
        """One server's answer: TCP on truncation, without EDNS on FORMERR (RFC 6891 §7)."""
        exchange = _Exchange(server=server)
        try:
            reply = await self._transport.udp(server, _wire(name, rdtype))
            if reply.message.rcode() == dns.rcode.FORMERR and reply.message.edns < 0:
                reply = await self._transport.udp(server, _wire(name, rdtype, edns=False))
            exchange.reply, exchange.size = reply, reply.size
            if reply.message.flags & dns.flags.TC:
                exchange.outcome, exchange.transport = Outcome.TCP_FAILED, "tcp"
                reply = await self._transport.tcp(server, _wire(name, rdtype))
                exchange.reply, exchange.size = reply, reply.size
            exchange.outcome = _outcome_of(reply.message)
        except MalformedReply as error:
            exchange.outcome, exchange.size, exchange.reply = Outcome.MALFORMED, error.size, None
        except Unreachable:
            pass  # UDP: silence by another name; TCP: the outcome says so already
        return exchange


def _wire(name: dns.name.Name, rdtype: str, edns: bool = True) -> bytes:
    """A query with recursion desired; AD asks for the resolver's word on DNSSEC (RFC 6840 §5.7)."""
    message = dns.message.make_query(
        name, rdtype, use_edns=0 if edns else False, payload=EDNS_PAYLOAD if edns else None
    )
    message.flags |= dns.flags.AD
    return message.to_wire()


def _outcome_of(message: dns.message.Message) -> Outcome:
    rcode = message.rcode()
    if rcode == dns.rcode.NOERROR:
        if message.answer:
            return Outcome.ANSWER
        return Outcome.LAME if _is_lame(message) else Outcome.NODATA
    if rcode == dns.rcode.NXDOMAIN:
        # Aliases in the reply were there; the name they lead to is not (RFC 6604 §3).
        return Outcome.ANSWER if message.answer else Outcome.NXDOMAIN
    named = {dns.rcode.SERVFAIL: Outcome.SERVFAIL, dns.rcode.REFUSED: Outcome.REFUSED}
    return named.get(rcode, Outcome.OTHER_RCODE)


def _is_lame(message: dns.message.Message) -> bool:
    """Neither an authority nor a resolver, and no SOA to prove an absence (RFC 2308 §2.2)."""
    if message.flags & (dns.flags.AA | dns.flags.RA):
        return False
    return not any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority)


def _follow(
    message: dns.message.Message,
    current: dns.name.Name,
    rdtype: str,
    aliases: list[dns.name.Name],
    asked: dns.name.Name,
) -> dns.rrset.RRset | Outcome | None:
    """The RRset asked for, with the aliases to it appended to `aliases`.

    LOOP when they lead in a circle or too far, None when they lead out of this message.
    """
    wanted = dns.rdatatype.from_text(rdtype)
    sets = {(rrset.name, rrset.rdtype): rrset for rrset in message.answer}
    while True:
        if rrset := sets.get((current, wanted)):
            return rrset
        alias = sets.get((current, dns.rdatatype.CNAME))
        if not alias:
            return None
        target = alias[0].target
        if target == asked or target in aliases or len(aliases) >= MAX_ALIASES:
            return Outcome.LOOP
        aliases.append(target)
        current = target


def _absence(message: dns.message.Message) -> Outcome | None:
    """What the reply proves of the last alias' target; None when it must be asked for."""
    if message.rcode() == dns.rcode.NXDOMAIN:
        return Outcome.NXDOMAIN
    has_soa = any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority)
    has_alias = any(rrset.rdtype == dns.rdatatype.CNAME for rrset in message.answer)
    return Outcome.NODATA if has_soa or not has_alias else None


def _extended_errors(message: dns.message.Message) -> tuple[ExtendedError, ...]:
    return tuple(
        ExtendedError(int(error.code), (error.text or "")[:MAX_EDE_TEXT])
        for error in message.extended_errors()[:5]
    )


def _answer(
    asked: dns.name.Name,
    rdtype: str,
    exchange: _Exchange,
    aliases: list[dns.name.Name],
    rrset: dns.rrset.RRset | None = None,
    outcome: Outcome | None = None,
) -> Answer:
    message = exchange.reply.message if exchange.reply else None
    return Answer(
        name=asked,
        type=rdtype,
        outcome=outcome or exchange.outcome,
        rcode=dns.rcode.to_text(message.rcode()) if message else "",
        records=tuple(rrset) if rrset else (),
        ttl=rrset.ttl if rrset else None,
        authoritative=bool(message and message.flags & dns.flags.AA),
        aliases=tuple(aliases),
        ede=_extended_errors(message) if message else (),
    )


def _log_entry(
    number: int, name: dns.name.Name, rdtype: str, exchange: _Exchange
) -> dict[str, Any]:
    """One line of the query log (docs/contracts.md)."""
    message = exchange.reply.message if exchange.reply else None
    ttls = [rrset.ttl for rrset in message.answer] if message else []
    outcome = exchange.outcome
    if message and outcome is Outcome.ANSWER and message.rcode() == dns.rcode.NXDOMAIN:
        outcome = Outcome.NXDOMAIN
    return {
        "number": number,
        "name": name_text(name),
        "type": rdtype,
        "outcome": outcome.value,
        "rcode": dns.rcode.to_text(message.rcode()) if message else "",
        "server": str(exchange.server) if exchange.server else "",
        "transport": exchange.transport,
        "ttl": min(ttls, default=None),
        "ad": bool(message and message.flags & dns.flags.AD),
        "bytes": exchange.size,
        "tries": exchange.tries,
        "ede": [{"code": e.code, "text": e.text} for e in _extended_errors(message)]
        if message
        else [],
    }
