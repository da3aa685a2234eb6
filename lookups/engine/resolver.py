"""Asks DNS on behalf of one report: never twice the same, never too long, and keeps the log."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import dns.name
import dns.rcode
import dns.rdatatype

from . import pretence
from .addresses import Address, Network, is_classroom, may_be_reached
from .counts import Counts
from .courtesy import CONNECTION, admit
from .exchange import SIGNED as SIGNED
from .exchange import Asking, Exchange, Key, rdatatype
from .exchange import Outcome as Outcome
from .message import AA, AD, CD, RD, Message, RRset
from .private_names import is_private
from .rdata import FormatError, name_key
from .transport import Server, Transport

MAX_ALIASES = 12  # CNAMEs followed for one question; resolvers stop between 8 and 16
MAX_SHARED = 5000  # questions kept for other reports
MAX_EDE_TEXT = 200
# The option by which the classroom's one server is told whom it shall play (RFC 6891 §9 leaves
# 65001 to 65534 to local use): the octets of an IPv4 or IPv6 address.
PLAYED_SERVER = 65001
# Types that the DNSSEC check must see even where they do not validate (CD, RFC 4035 §3.2.2).
UNCHECKED = frozenset({"SOA", "DS", "DNSKEY", "NSEC3PARAM", "CDS"})

_PLAIN = re.compile(rb"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class ResolverSettings:
    """Whom to ask and when to stop. Times are seconds.

    `routes` maps a domain suffix to the servers that are asked for it instead of `servers`.
    `classroom` plays every authoritative server whose address is one of the classroom's.
    `as_if` holds records that are taken for published: by name (lower case, without the final dot)
    and type, in presentation form; an empty tuple takes what is there away. They cost no question.
    `share_seconds` is how long an answer serves other reports too, when its TTL allows; 0 for zones
    that change at any time. `never` are networks that are not reached although they are public;
    `private_names`: whether names are asked that only a network of its own knows.
    """

    servers: tuple[Server, ...]
    routes: dict[str, tuple[Server, ...]] = field(default_factory=dict)
    classroom: Server | None = None
    query_timeout: float = 3.0
    report_timeout: float = 20.0
    max_queries: int = 400
    share_seconds: float = 2.0
    as_if: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    never: tuple[Network, ...] = ()
    private_names: bool = False


@dataclass(frozen=True, slots=True)
class ExtendedError:
    """Why a resolver failed, in its own words (RFC 8914)."""

    code: int
    text: str


@dataclass(slots=True, eq=False)
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


@lru_cache(maxsize=4096)
def _absolute(name: str) -> dns.name.Name:
    return dns.name.from_text(name)


class _Waiter:
    """A question of this report: its exchange once it is known, and who waits for it."""

    __slots__ = ("exchange", "listeners")

    def __init__(self) -> None:
        self.exchange: Exchange | None = None
        self.listeners: list[asyncio.Future[Exchange]] = []

    def settle(self, exchange: Exchange) -> None:
        self.exchange = exchange
        for listener in self.listeners:
            if not listener.done():
                listener.set_result(exchange)
        self.listeners.clear()


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
        self._waiters: dict[Key, _Waiter] = {}
        self._answers: dict[Key, Answer] = {}
        self._as_if = pretence.replies(settings.as_if)
        self._expirations: list[Callable[[], None]] = []
        self._waited_for: list[Asking] = []
        self._alarm = self._loop.call_later(settings.report_timeout, self._expire)

    @property
    def asked(self) -> int:
        """How many questions the report has; retries and TCP repeats of one count once."""
        return self._asked

    @property
    def counts(self) -> Counts:
        """Those of the transport: what all reports of its event loop asked."""
        return self._transport.counts

    @property
    def remaining(self) -> float:
        """Seconds until the report's deadline."""
        return self._began + self.settings.report_timeout - self._loop.time()

    def pretends(self, name: dns.name.Name, rdtype: str) -> bool:
        """Whether `as_if` answers this question. Such an answer has no signatures: whoever judges
        them takes it for signed as its zone signs everything else."""
        return bool(self._as_if) and (name_key(name), rdtype) in self._as_if

    def close(self) -> None:
        """Gives up whatever is still being asked. What other reports wait for goes on."""
        self._alarm.cancel()
        self._expirations.clear()
        for question in self._waited_for:
            question.waiting -= 1
            if not question.waiting:
                question.cancel()
        self._waited_for.clear()

    async def query(self, name: dns.name.Name | str, rdtype: str) -> Answer:
        """The records of `rdtype` at `name`, aliases followed (RFC 1034 §3.6.2)."""
        asked = _absolute(name) if isinstance(name, str) else name
        key = self._key(asked, rdtype)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = await self._query(asked, key)
        return answer

    async def queries(self, *pairs: tuple[dns.name.Name | str, str]) -> list[Answer]:
        """The answers to several questions (name and type), asked at once, in their order.

        The same as gathering `query` of each, but without a task for each.
        """
        for name, rdtype in pairs:
            asked = _absolute(name) if isinstance(name, str) else name
            self._begin(self._key(asked, rdtype), asked)
        return [await self.query(name, rdtype) for name, rdtype in pairs]

    async def _query(self, asked: dns.name.Name, key: Key) -> Answer:
        rdtype = key.type
        aliases: list[dns.name.Name] = []
        while True:
            current = aliases[-1] if aliases else asked
            if aliases:
                key = self._key(current, rdtype)
            exchange = await self._exchange(key, current)
            if exchange.reply is None or exchange.outcome is not Outcome.ANSWER:
                return _answer(asked, rdtype, exchange, aliases)
            known = len(aliases)
            found = _follow(exchange.reply.message, current, rdtype, aliases, asked)
            if found is Outcome.LOOP:
                return _answer(asked, rdtype, exchange, aliases, outcome=Outcome.LOOP)
            if any(map(self._is_withheld, aliases[known:])):
                # Somebody's alias must not show what this site's resolver knows of its network.
                return _answer(asked, rdtype, exchange, aliases, outcome=Outcome.NXDOMAIN)
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
        asked = _absolute(name) if isinstance(name, str) else name
        server, options = self._authority(address)
        key = Key(
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
        found = message.find(message.answer, asked, rdatatype(rdtype))
        if found is None:
            return _answer(asked, rdtype, exchange, [], outcome=Outcome.NODATA)
        return _answer(asked, rdtype, exchange, [], found)

    async def exchange(
        self,
        name: dns.name.Name,
        rdtype: str,
        to: Address | Server | None = None,
        *,
        flags: int = RD | AD,
        dnssec: bool = False,
        tcp: bool = False,
    ) -> Exchange:
        """One question just as it is put, and what came back, unread.

        `to` is an authoritative server's or another resolver's address; those that are not public
        raise ValueError. A Server is asked whoever it is: it must be one that the operator named.
        None: the configured resolvers. `flags` are the header's, `dnssec` sets DO.
        """
        servers, options = self._servers_for(name), b""
        if isinstance(to, Server):
            servers = (to,)
        elif to is not None:
            server, options = self._authority(to)
            servers = (server,)
        via = "tcp" if tcp else "udp"
        key = Key(name_key(name), rdtype, servers, flags, options, via, dnssec)
        return await self._exchange(key, name)

    async def admit_connection(self, host: str) -> None:
        """Waits until one more connection may go to the address `host`. Raises Crowded."""
        await admit(self._transport.courtesy, CONNECTION, host, self.remaining)

    def is_routed(self, name: dns.name.Name) -> bool:
        """Whether `name` belongs to a suffix that has servers of its own: the classroom."""
        return self._servers_for(name) is not self.settings.servers

    def may_reach(self, address: Address, lesson: bool = False) -> bool:
        """Whether anything may be sent to `address`; `lesson` as in `may_be_reached`."""
        return may_be_reached(address, lesson, self.settings.never)

    def _is_withheld(self, name: dns.name.Name) -> bool:
        return is_private(name) and not self.settings.private_names

    def _authority(self, address: Address) -> tuple[Server, bytes]:
        """Where an authoritative server is reached, and the EDNS options that go with it."""
        if self.settings.classroom and is_classroom(address):
            played = PLAYED_SERVER << 16 | len(address.packed)
            return self.settings.classroom, played.to_bytes(4, "big") + address.packed
        if not self.may_reach(address):
            raise ValueError(str(address))
        return Server(str(address)), b""

    def _key(self, name: dns.name.Name, rdtype: str) -> Key:
        flags = RD | AD | (CD if rdtype in UNCHECKED else 0)
        return Key(name_key(name), rdtype, self._servers_for(name), flags)

    def _servers_for(self, name: dns.name.Name) -> tuple[Server, ...]:
        if self.settings.routes:
            text = name_text(name)
            for suffix, servers in self.settings.routes.items():
                if text == suffix or text.endswith("." + suffix):
                    return servers
        return self.settings.servers

    async def _exchange(self, key: Key, name: dns.name.Name) -> Exchange:
        """The one exchange for this question: in flight, done, or begun now."""
        waiter = self._begin(key, name)
        if waiter.exchange is not None:
            return waiter.exchange
        listener: asyncio.Future[Exchange] = self._loop.create_future()
        waiter.listeners.append(listener)
        return await listener

    def _begin(self, key: Key, name: dns.name.Name) -> _Waiter:
        """Asks, unless that has been done or must not be done any more."""
        waiter = self._waiters.get(key)
        if waiter is not None:
            return waiter
        waiter = _Waiter()
        pretended = self._as_if.get((key.name, key.type)) if self._as_if else None
        if pretended is not None:
            self._waiters[key] = waiter
            waiter.settle(Exchange(Outcome.ANSWER, pretended))
        elif self._is_withheld(name):
            self._waiters[key] = waiter
            waiter.settle(Exchange(Outcome.NXDOMAIN, pretence.absence(name, key.type)))
        elif self._asked >= self.settings.max_queries:
            waiter.settle(Exchange(Outcome.BUDGET))
        elif self.remaining <= 0:
            waiter.settle(Exchange(Outcome.DEADLINE))
        else:
            self._asked += 1
            self._waiters[key] = waiter
            self._join(key, name, waiter, self._asked)
        return waiter

    def _join(self, key: Key, name: dns.name.Name, waiter: _Waiter, number: int) -> None:
        """Takes the answer that another report has, waits with it for one, or asks."""
        shared, now = self._transport.shared, self._loop.time()
        known: Asking | None = shared.get(key)
        joined = known is not None and (known.exchange is None or known.expires > now)
        counts = self._transport.counts
        counts.asked += 1
        counts.shared += joined
        if known is None or not joined:
            known = shared[key] = Asking(self._transport, key, name, self.settings.query_timeout)
            shared.move_to_end(key)
            if len(shared) > MAX_SHARED:
                shared.popitem(last=False)
        asking = known

        def settle(exchange: Exchange) -> None:
            asking.expires = max(asking.expires, exchange.ended + self._keep(exchange))
            if waiter.exchange is None:
                self._note(number, key, name, exchange, now, joined)
                waiter.settle(exchange)

        def expire() -> None:
            if waiter.exchange is None:
                server = key.servers[0] if key.servers else None
                late = Exchange(Outcome.DEADLINE, server=server, tries=1)
                self._note(number, key, name, late, now, joined)
                waiter.settle(late)

        asking.when_done(settle)
        if waiter.exchange is None:
            asking.waiting += 1
            self._waited_for.append(asking)
            self._expirations.append(expire)

    def _keep(self, exchange: Exchange) -> float:
        """Seconds for which other reports may have this answer."""
        if exchange.outcome.is_failure or exchange.reply is None:
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
        key: Key,
        name: dns.name.Name,
        exchange: Exchange,
        started: float,
        shared: bool,
    ) -> None:
        entry = _log_entry(number, key, name, exchange)
        took = max(0.0, min(self._loop.time(), exchange.ended or float("inf")) - started)
        entry["started_ms"] = round((started - self._began) * 1000, 1)
        entry["ms"] = round(took * 1000, 1)
        entry["shared"] = shared
        self.log.append(entry)


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
    wanted = int(rdatatype(rdtype))
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
    exchange: Exchange,
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


def _log_entry(number: int, key: Key, name: dns.name.Name, exchange: Exchange) -> dict[str, Any]:
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


def _shown_server(key: Key, exchange: Exchange) -> str:
    """The server's address; in the classroom, that of the server which was played."""
    if key.options:
        return str(Server(str(ipaddress.ip_address(key.options[4:]))))
    return str(exchange.server) if exchange.server else ""
