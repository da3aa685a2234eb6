"""Asks DNS on behalf of one report: never twice the same, never too long, and keeps the log.

NXDOMAIN, NODATA (RFC 2308 §2), SERVFAIL, REFUSED, silence, lame and malformed answers are kept
apart, because they mean different things to whoever has to mend them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import dns.name
import dns.rcode
import dns.rdatatype

from .addresses import Address, Scope, is_classroom, scope_of
from .message import AA, AD, CD, RA, RD, TC, FormatError, Message, RRset, name_key
from .transport import MalformedReply, Question, Reply, Server, Transport, Unreachable

MAX_ALIASES = 12  # CNAMEs followed for one question; resolvers stop between 8 and 16
MAX_TRIES = 3
RETRY_SECONDS = 1.0  # of silence, then the question is sent again or to the next server
MAX_SHARED = 5000  # questions kept for other reports
MAX_EDE_TEXT = 200
# The option by which the classroom's one server is told whom it shall play (RFC 6891 §9 leaves
# 65001 to 65534 to local use): the octets of an IPv4 or IPv6 address.
PLAYED_SERVER = 65001

# Types whose signatures somebody looks at: asked with DO, so that nothing is asked twice.
SIGNED = frozenset({"A", "AAAA", "MX", "SOA", "DS", "DNSKEY", "TLSA", "NSEC3PARAM", "CDS"})
# Types that the DNSSEC check must see even where they do not validate (CD, RFC 4035 §3.2.2).
UNCHECKED = frozenset({"SOA", "DS", "DNSKEY", "NSEC3PARAM", "CDS"})


_PLAIN = re.compile(rb"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


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
    `classroom` plays every authoritative server whose address is one of the classroom's.
    `share_seconds` is how long an answer serves other reports too, when its TTL allows.
    """

    servers: tuple[Server, ...]
    routes: dict[str, tuple[Server, ...]] = field(default_factory=dict)
    classroom: Server | None = None
    query_timeout: float = 3.0
    report_timeout: float = 20.0
    max_queries: int = 400
    share_seconds: float = 2.0


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
    `message` is the last reply, `rrset` the records in it: for signatures, referrals and proofs.
    `ms` is how long the last reply took.
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
    message: Message | None = None
    rrset: RRset | None = None
    ms: float = 0.0

    @property
    def owner(self) -> dns.name.Name:
        return self.aliases[-1] if self.aliases else self.name

    @property
    def signatures(self) -> tuple[Any, ...]:
        """The RRSIG records over `records`."""
        return self.message.signatures(self.rrset) if self.message and self.rrset else ()


@dataclass(slots=True)
class _Exchange:
    """One question with all its tries: what the log tells of it. Times are the loop's."""

    outcome: Outcome = Outcome.TIMEOUT
    reply: Reply | None = None
    server: Server | None = None
    transport: str = "udp"
    size: int = 0
    tries: int = 0
    started: float = 0.0
    ended: float = 0.0


@dataclass(frozen=True, slots=True)
class _Key:
    """What makes two questions the same. `name` is a name's key (`name_key`)."""

    name: bytes
    type: str
    servers: tuple[Server, ...]
    flags: int = RD | AD
    options: bytes = b""
    transport: str = "udp"


@dataclass(slots=True)
class _Shared:
    """A question that several reports have in common: in flight, or answered until `expires`."""

    task: asyncio.Task[_Exchange]
    expires: float = float("inf")
    waiting: int = 0  # reports that wait for it


def name_text(name: dns.name.Name) -> str:
    """Presentation form in lower case without the final dot; "." for the root."""
    joined = b".".join(name.labels[:-1])
    # Nothing to escape (RFC 4343 §2.1), also no dot within a label: nearly every name.
    if _PLAIN.fullmatch(joined) and joined.count(b".") == len(name.labels) - 2:
        return joined.decode("ascii").lower()
    return name.to_text(omit_final_dot=True).lower()


class Resolver:
    """The questions of one report. `log` holds an entry for each that it relied on."""

    def __init__(self, settings: ResolverSettings, transport: Transport) -> None:
        self.settings = settings
        self.log: list[dict[str, Any]] = []
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._asked = 0
        self._waiters: dict[_Key, asyncio.Future[_Exchange]] = {}
        self._expirations: list[Callable[[], None]] = []
        self._waited_for: list[_Shared] = []
        self._alarm = self._loop.call_later(settings.report_timeout, self._expire)

    @property
    def asked(self) -> int:
        """How many questions the report has; retries and TCP repeats of one count once."""
        return self._asked

    @property
    def remaining(self) -> float:
        """Seconds until the report's deadline."""
        return self._began + self.settings.report_timeout - self._loop.time()

    def close(self) -> None:
        """Gives up whatever is still being asked. What other reports wait for goes on."""
        self._alarm.cancel()
        self._expirations.clear()
        for question in self._waited_for:
            question.waiting -= 1
            if not question.waiting:
                question.task.cancel()
        self._waited_for.clear()

    async def query(self, name: dns.name.Name | str, rdtype: str) -> Answer:
        """The records of `rdtype` at `name`, aliases followed (RFC 1034 §3.6.2)."""
        asked = dns.name.from_text(name) if isinstance(name, str) else name
        aliases: list[dns.name.Name] = []
        while True:
            current = aliases[-1] if aliases else asked
            exchange = await self._exchange(self._key(current, rdtype), current)
            if exchange.reply is None or exchange.outcome is not Outcome.ANSWER:
                return _answer(asked, rdtype, exchange, aliases)
            known = len(aliases)
            found = _follow(exchange.reply.message, current, rdtype, aliases, asked)
            if found is Outcome.LOOP:
                return _answer(asked, rdtype, exchange, aliases, outcome=Outcome.LOOP)
            if isinstance(found, RRset):
                return _answer(asked, rdtype, exchange, aliases, found)
            # The aliases lead to a name that this reply says nothing more of.
            absent = _absence(exchange.reply.message)
            if absent or len(aliases) == known:
                absent = absent or Outcome.NODATA
                return _answer(asked, rdtype, exchange, aliases, outcome=absent)

    async def ask(
        self,
        address: Address,
        name: dns.name.Name | str,
        rdtype: str,
        *,
        tcp: bool = False,
        recursion: bool = False,
    ) -> Answer:
        """What the server at `address` itself says, as it stands: aliases are not followed.

        `recursion` sets RD, to see whether the server resolves for strangers. Raises ValueError
        for an address that is not public: nothing inside a network is ever asked for a visitor.
        """
        asked = dns.name.from_text(name) if isinstance(name, str) else name
        server, options = self._authority(address)
        key = _Key(
            name_key(asked),
            rdtype,
            (server,),
            RD if recursion else 0,
            options,
            "tcp" if tcp else "udp",
        )
        exchange = await self._exchange(key, asked)
        if exchange.reply is None or exchange.outcome is not Outcome.ANSWER:
            return _answer(asked, rdtype, exchange, [])
        message = exchange.reply.message
        found = message.find(message.answer, asked, dns.rdatatype.from_text(rdtype))
        if found is None:
            return _answer(asked, rdtype, exchange, [], outcome=Outcome.NODATA)
        return _answer(asked, rdtype, exchange, [], found)

    def _authority(self, address: Address) -> tuple[Server, bytes]:
        """Where an authoritative server is reached, and the EDNS options that go with it."""
        if self.settings.classroom and is_classroom(address):
            played = PLAYED_SERVER << 16 | len(address.packed)
            return self.settings.classroom, played.to_bytes(4, "big") + address.packed
        if scope_of(address) is not Scope.PUBLIC:
            raise ValueError(str(address))
        return Server(str(address)), b""

    def _key(self, name: dns.name.Name, rdtype: str) -> _Key:
        flags = RD | AD | (CD if rdtype in UNCHECKED else 0)
        return _Key(name_key(name), rdtype, self._servers_for(name), flags)

    def _servers_for(self, name: dns.name.Name) -> tuple[Server, ...]:
        if self.settings.routes:
            text = name_text(name)
            for suffix, servers in self.settings.routes.items():
                if text == suffix or text.endswith("." + suffix):
                    return servers
        return self.settings.servers

    async def _exchange(self, key: _Key, name: dns.name.Name) -> _Exchange:
        """The one exchange for this question: in flight, done, or begun now."""
        waiter = self._waiters.get(key)
        if waiter is None:
            if self._asked >= self.settings.max_queries:
                return _Exchange(Outcome.BUDGET)
            if self.remaining <= 0:
                return _Exchange(Outcome.DEADLINE)
            self._asked += 1
            waiter = self._waiters[key] = self._loop.create_future()
            self._join(key, name, waiter, self._asked)
        return waiter.result() if waiter.done() else await asyncio.shield(waiter)

    def _join(
        self, key: _Key, name: dns.name.Name, waiter: asyncio.Future[_Exchange], number: int
    ) -> None:
        """Takes the answer that another report has, waits with it for one, or asks."""
        shared, now = self._transport.shared, self._loop.time()
        found: _Shared | None = shared.get(key)
        joined = found is not None and (not found.task.done() or found.expires > now)
        if found is None or not joined:
            asking = _ask(self._transport, key, name, self.settings.query_timeout)
            found = shared[key] = _Shared(self._loop.create_task(asking))
            shared.move_to_end(key)
            if len(shared) > MAX_SHARED:
                shared.popitem(last=False)
        question = found

        def settle(task: asyncio.Task[_Exchange]) -> None:
            exchange = _Exchange() if task.cancelled() else task.result()
            question.expires = exchange.ended + self._keep(key, exchange)
            if not waiter.done():
                self._note(number, key, name, exchange, now, joined)
                waiter.set_result(exchange)

        def expire() -> None:
            if not waiter.done():
                late = _Exchange(
                    Outcome.DEADLINE, server=key.servers[0] if key.servers else None, tries=1
                )
                self._note(number, key, name, late, now, joined)
                waiter.set_result(late)

        if found.task.done():
            settle(found.task)
        else:
            found.waiting += 1
            self._waited_for.append(found)
            self._expirations.append(expire)
            found.task.add_done_callback(settle)

    def _keep(self, key: _Key, exchange: _Exchange) -> float:
        """Seconds for which other reports may have this answer; lessons change at any time."""
        if exchange.outcome.is_failure or exchange.reply is None:
            return 0.0
        if self.settings.classroom in key.servers or key.servers in self.settings.routes.values():
            return 0.0
        message = exchange.reply.message
        ttls = [rrset.ttl for rrset in (*message.answer, *message.authority)]
        return min(self.settings.share_seconds, *ttls) if ttls else 0.0

    def _expire(self) -> None:
        """The report's time is over: whoever waits is told so."""
        for expire in self._expirations:
            expire()

    def _note(
        self,
        number: int,
        key: _Key,
        name: dns.name.Name,
        exchange: _Exchange,
        started: float,
        shared: bool,
    ) -> None:
        entry = _log_entry(number, key, name, exchange)
        took = max(0.0, min(self._loop.time(), exchange.ended or float("inf")) - started)
        entry["started_ms"] = round((started - self._began) * 1000, 1)
        entry["ms"] = round(took * 1000, 1)
        entry["shared"] = shared
        self.log.append(entry)


async def _ask(transport: Transport, key: _Key, name: dns.name.Name, allowed: float) -> _Exchange:
    """Asks one server after the other until one has a usable answer."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    exchange = _Exchange()
    if key.servers:
        exchange = await _ask_servers(transport, key, _question(key, name), started + allowed)
    exchange.started, exchange.ended = started, loop.time()
    return exchange


def _question(key: _Key, name: dns.name.Name) -> Question:
    return Question(
        name,
        dns.rdatatype.from_text(key.type),
        key.flags,
        dnssec=key.type in SIGNED and not key.options,
        options=key.options,
    )


async def _ask_servers(
    transport: Transport, key: _Key, question: Question, end: float
) -> _Exchange:
    """A server that stays silent for its share of the time does not lose its chance: whatever
    answers first counts. With a single server the question is sent to it twice.
    """
    loop = asyncio.get_running_loop()
    servers = key.servers
    order = (servers * 2 if len(servers) == 1 else servers)[:MAX_TRIES]
    failed: _Exchange | None = None
    running: set[asyncio.Future[_Exchange]] = set()
    try:
        for tries, server in enumerate(order, 1):
            running.add(loop.create_task(_try(transport, server, question, key.transport)))
            share_end = _share_end(loop.time(), end, len(order) - tries)
            while running and (share := share_end - loop.time()) > 0:
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
    return failed or _Exchange(server=order[0], tries=len(order), transport=key.transport)


def _share_end(now: float, end: float, others: int) -> float:
    """Until when one server is waited for alone, while `others` have not been asked yet."""
    share_end = now + (end - now) / (others + 1)
    return min(share_end, now + RETRY_SECONDS) if others else share_end


async def _try(transport: Transport, server: Server, question: Question, via: str) -> _Exchange:
    """One server's answer: TCP on truncation, without EDNS on FORMERR (RFC 6891 §7)."""
    exchange = _Exchange(server=server, transport=via)
    try:
        if via == "udp":
            reply = await _udp(transport, server, question)
            _received(exchange, reply)
            if not reply.message.flags & TC and not reply.folded:
                return exchange
            # Truncated; or the question's capitals were lost, perhaps by a forger, and TCP is
            # not so easily forged. Where it does not work, an answer in small letters will do.
            exchange.transport = "tcp"
            if reply.message.flags & TC:
                exchange.outcome = Outcome.TCP_FAILED
        _received(exchange, await transport.tcp(server, question))
    except MalformedReply as error:
        exchange.outcome, exchange.size, exchange.reply = Outcome.MALFORMED, error.size, None
    except Unreachable:
        pass  # UDP: silence by another name; TCP: the outcome says so already
    return exchange


async def _udp(transport: Transport, server: Server, question: Question) -> Reply:
    reply = await transport.udp(server, question)
    if reply.message.rcode == dns.rcode.FORMERR and not reply.message.has_edns:
        plain = Question(question.name, question.type, question.flags, edns=False)
        return await transport.udp(server, plain)
    return reply


def _received(exchange: _Exchange, reply: Reply) -> None:
    exchange.reply, exchange.size = reply, reply.size
    exchange.outcome = _outcome_of(reply.message)


def _outcome_of(message: Message) -> Outcome:
    rcode = message.rcode
    if rcode == dns.rcode.NOERROR:
        if message.answer:
            return Outcome.ANSWER
        return Outcome.LAME if _is_lame(message) else Outcome.NODATA
    if rcode == dns.rcode.NXDOMAIN:
        # Aliases in the reply were there; the name they lead to is not (RFC 6604 §3).
        return Outcome.ANSWER if message.answer else Outcome.NXDOMAIN
    named = {int(dns.rcode.SERVFAIL): Outcome.SERVFAIL, int(dns.rcode.REFUSED): Outcome.REFUSED}
    return named.get(rcode, Outcome.OTHER_RCODE)


def _is_lame(message: Message) -> bool:
    """Neither an authority nor a resolver, and no SOA to prove an absence (RFC 2308 §2.2)."""
    if message.flags & (AA | RA):
        return False
    return not any(rrset.type == dns.rdatatype.SOA for rrset in message.authority)


def _follow(
    message: Message,
    current: dns.name.Name,
    rdtype: str,
    aliases: list[dns.name.Name],
    asked: dns.name.Name,
) -> RRset | Outcome | None:
    """The RRset asked for, with the aliases to it appended to `aliases`.

    LOOP when they lead in a circle or too far, None when they lead out of this message.
    """
    wanted = int(dns.rdatatype.from_text(rdtype))
    while True:
        if rrset := message.find(message.answer, current, wanted):
            return rrset
        alias = message.find(message.answer, current, dns.rdatatype.CNAME)
        if not alias or not alias.readable:
            return None
        target = alias.readable[0].target
        if target == asked or target in aliases or len(aliases) >= MAX_ALIASES:
            return Outcome.LOOP
        aliases.append(target)
        current = target


def _absence(message: Message) -> Outcome | None:
    """What the reply proves of the last alias' target; None when it must be asked for."""
    if message.rcode == dns.rcode.NXDOMAIN:
        return Outcome.NXDOMAIN
    has_soa = any(rrset.type == dns.rdatatype.SOA for rrset in message.authority)
    has_alias = any(rrset.type == dns.rdatatype.CNAME for rrset in message.answer)
    return Outcome.NODATA if has_soa or not has_alias else None


def _extended_errors(message: Message) -> tuple[ExtendedError, ...]:
    if not message.options:
        return ()
    return tuple(
        ExtendedError(int(error.code), (error.text or "")[:MAX_EDE_TEXT])
        for error in message.extended_errors()[:5]
    )


def _answer(
    asked: dns.name.Name,
    rdtype: str,
    exchange: _Exchange,
    aliases: list[dns.name.Name],
    rrset: RRset | None = None,
    outcome: Outcome | None = None,
) -> Answer:
    message = exchange.reply.message if exchange.reply else None
    outcome, records = outcome or exchange.outcome, ()
    if rrset:
        try:
            records = rrset.records
        except FormatError:
            outcome, rrset = Outcome.MALFORMED, None
    return Answer(
        name=asked,
        type=rdtype,
        outcome=outcome,
        rcode=message.rcode_text if message else "",
        records=records,
        ttl=rrset.ttl if rrset else None,
        authoritative=bool(message and message.flags & AA),
        aliases=tuple(aliases),
        ede=_extended_errors(message) if message else (),
        message=message,
        rrset=rrset,
        ms=(exchange.ended - exchange.started) * 1000,
    )


def _log_entry(number: int, key: _Key, name: dns.name.Name, exchange: _Exchange) -> dict[str, Any]:
    """One line of the query log (docs/contracts.md)."""
    message = exchange.reply.message if exchange.reply else None
    outcome = exchange.outcome
    if message and outcome is Outcome.ANSWER and message.rcode == dns.rcode.NXDOMAIN:
        outcome = Outcome.NXDOMAIN
    return {
        "number": number,
        "name": name_text(name),
        "type": key.type,
        "outcome": outcome.value,
        "rcode": message.rcode_text if message else "",
        "server": _shown_server(key, exchange),
        "transport": exchange.transport,
        "ttl": min((rrset.ttl for rrset in message.answer), default=None) if message else None,
        "ad": bool(message and message.flags & AD),
        "bytes": exchange.size,
        "tries": exchange.tries,
        "ede": [{"code": e.code, "text": e.text} for e in _extended_errors(message)]
        if message
        else [],
    }


def _shown_server(key: _Key, exchange: _Exchange) -> str:
    """The server's address; in the classroom, that of the server which was played."""
    if key.options:
        return str(Server(str(ipaddress.ip_address(key.options[4:]))))
    return str(exchange.server) if exchange.server else ""
