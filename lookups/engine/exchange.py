"""One question and its tries: from a name and a type to what became of it.

NXDOMAIN, NODATA (RFC 2308 §2), SERVFAIL, REFUSED, silence, lame and malformed answers are kept
apart, because they mean different things to whoever has to mend them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import NamedTuple

import dns.name
import dns.rcode
import dns.rdatatype

from .courtesy import Crowded
from .message import AA, AD, RA, RD, TC, Message
from .rdata import NameKey
from .transport import MalformedReply, Question, Reply, Server, Transport, Unreachable

MAX_TRIES = 3
RETRY_SECONDS = 1.0  # of silence, then the question is sent again or to the next server

# Types whose signatures somebody looks at: asked with DO, so that nothing is asked twice.
SIGNED = frozenset({"A", "AAAA", "MX", "SOA", "DS", "DNSKEY", "TLSA", "NSEC3PARAM", "CDS"})


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
    CROWDED = "crowded"  # not asked: this site has asked the server enough just now

    @property
    def is_failure(self) -> bool:
        """True where DNS did not say what is there: neither records nor their absence."""
        return self not in (Outcome.ANSWER, Outcome.NODATA, Outcome.NXDOMAIN)

    @property
    def is_unasked(self) -> bool:
        """True where that says nothing of the server: it was not asked, or not waited for."""
        return self in (Outcome.BUDGET, Outcome.DEADLINE, Outcome.CROWDED)


@dataclass(slots=True)
class Exchange:
    """One question with all its tries: what the log tells of it. Times are the loop's."""

    outcome: Outcome = Outcome.TIMEOUT
    reply: Reply | None = None
    server: Server | None = None
    transport: str = "udp"
    size: int = 0
    tries: int = 0
    started: float = 0.0
    ended: float = 0.0


class Key(NamedTuple):
    """What makes two questions the same. `dnssec`: whether DO is set; None: as SIGNED says."""

    name: NameKey
    type: str
    servers: tuple[Server, ...]
    flags: int = RD | AD
    options: bytes = b""
    transport: str = "udp"
    dnssec: bool | None = None


rdatatype = cache(dns.rdatatype.from_text)


class Asking:
    """A question on its way, for whoever waits for it.

    Nearly always one datagram goes there and one comes back; that costs no task. Whatever else
    happens (silence, failure, truncation) a task takes over. `expires` is until when the finished
    exchange may serve others, `waiting` how many wait.
    """

    __slots__ = (
        "exchange", "expires", "waiting", "_allowed", "_begun", "_key", "_listeners", "_loop",
        "_question", "_started", "_task", "_timer", "_transport",
    )  # fmt: skip

    def __init__(self, transport: Transport, key: Key, name: dns.name.Name, allowed: float) -> None:
        self.exchange: Exchange | None = None
        self.expires = 0.0
        self.waiting = 0
        self._transport, self._key, self._allowed = transport, key, allowed
        self._listeners: list[Callable[[Exchange], None]] = []
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._question = _question(key, name)
        self._task: asyncio.Task[Exchange] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._begun: asyncio.Future[Reply] | None = None
        if not key.servers:
            self._finish(Exchange())
            return
        if key.transport == "udp":
            self._begun = transport.start(key.servers[0], self._question)
        if self._begun is None:
            self._take_over()
            return
        others = len(_order(key)) - 1
        share_end = _share_end(self._started, self._started + allowed, others)
        self._timer = self._loop.call_at(share_end, self._take_over)
        self._begun.add_done_callback(self._replied)

    def when_done(self, listener: Callable[[Exchange], None]) -> None:
        """Calls `listener` with the exchange as soon as it is known."""
        if self.exchange is not None:
            listener(self.exchange)
        else:
            self._listeners.append(listener)

    def cancel(self) -> None:
        """Nobody waits any more. Whoever asks the same from now on must ask anew."""
        self._listeners.clear()
        if self.exchange is None:
            self.exchange = Exchange()
        if self._timer:
            self._timer.cancel()
        if self._task:
            self._task.cancel()
        if self._begun:
            self._begun.cancel()

    def _replied(self, begun: asyncio.Future[Reply]) -> None:
        if self._task is not None or begun.cancelled():
            return
        assert self._timer is not None
        self._timer.cancel()
        plain = _plain(self._key.servers[0], begun)
        if plain is not None:
            self._finish(plain)
        else:
            self._take_over()

    def _take_over(self) -> None:
        asking = _ask_servers(
            self._transport, self._key, self._question, self._begun, self._started, self._allowed
        )
        self._task = self._loop.create_task(asking)
        self._task.add_done_callback(
            lambda task: self._finish(Exchange() if task.cancelled() else task.result())
        )

    def _finish(self, exchange: Exchange) -> None:
        exchange.started, exchange.ended = self._started, self._loop.time()
        self.exchange = exchange
        self._count(exchange)
        for listener in self._listeners:
            listener(exchange)
        self._listeners.clear()

    def _count(self, exchange: Exchange) -> None:
        counts = self._transport.counts
        counts.seconds += exchange.ended - self._started
        counts.tries += exchange.tries
        counts.outcomes[exchange.outcome.value, exchange.transport] += 1
        if exchange.transport != self._key.transport:
            counts.tcp_fallbacks += 1


def _question(key: Key, name: dns.name.Name) -> Question:
    dnssec = key.dnssec
    if dnssec is None:
        dnssec = key.type in SIGNED and not key.options
    return Question(
        name,
        rdatatype(key.type),
        key.flags,
        dnssec=dnssec,
        options=key.options,
    )


def _order(key: Key) -> tuple[Server, ...]:
    """With a single server the question is sent to it twice."""
    return (key.servers * 2 if len(key.servers) == 1 else key.servers)[:MAX_TRIES]


def _plain(server: Server, begun: asyncio.Future[Reply]) -> Exchange | None:
    """The exchange of a reply that needs no second look; None for any other."""
    if begun.exception():
        return None
    reply = begun.result()
    if reply.folded or reply.message.flags & TC or reply.message.rcode == dns.rcode.FORMERR:
        return None
    exchange = Exchange(server=server, tries=1)
    _received(exchange, reply)
    return None if exchange.outcome.is_failure else exchange


async def _ask_servers(
    transport: Transport,
    key: Key,
    question: Question,
    begun: asyncio.Future[Reply] | None,
    started: float,
    allowed: float,
) -> Exchange:
    """A server that stays silent for its share of the time does not lose its chance: whatever
    answers first counts. `begun` is the first server's reply, where it was asked already.
    """
    loop = asyncio.get_running_loop()
    order, end = _order(key), started + allowed
    failed: Exchange | None = None
    running: set[asyncio.Future[Exchange]] = set()
    try:
        for tries, server in enumerate(order, 1):
            trying = _try(transport, server, question, key.transport, begun, end)
            running.add(loop.create_task(trying))
            share_end = _share_end(started if begun else loop.time(), end, len(order) - tries)
            begun = None
            while running and (share := share_end - loop.time()) > 0:
                done, running = await asyncio.wait(
                    running, timeout=share, return_when=asyncio.FIRST_COMPLETED
                )
                for exchange in (task.result() for task in done):
                    exchange.tries = tries
                    if not exchange.outcome.is_failure:
                        return exchange
                    failed = failed or exchange
            if failed and len(key.servers) == 1:
                break  # it has answered; asking it again would not change its mind
    finally:
        for task in running:
            task.cancel()
    return failed or Exchange(server=order[0], tries=len(order), transport=key.transport)


def _share_end(now: float, end: float, others: int) -> float:
    """Until when one server is waited for alone, while `others` have not been asked yet."""
    share_end = now + (end - now) / (others + 1)
    return min(share_end, now + RETRY_SECONDS) if others else share_end


async def _try(
    transport: Transport,
    server: Server,
    question: Question,
    via: str,
    begun: asyncio.Future[Reply] | None,
    end: float,
) -> Exchange:
    """One server's answer: TCP on truncation, without EDNS on FORMERR (RFC 6891 §7).

    What waits for its turn waits for half of the time until `end`, so that some is left to ask.
    """
    exchange = Exchange(server=server, transport=via)
    patience = (end - asyncio.get_running_loop().time()) / 2
    try:
        if via == "udp":
            reply = await _udp(transport, server, question, begun, patience)
            _received(exchange, reply)
            if not reply.message.flags & TC and not reply.folded:
                return exchange
            # Truncated; or the question's capitals were lost, perhaps by a forger, and TCP is
            # not so easily forged. Where it does not work, an answer in small letters will do.
            exchange.transport = "tcp"
            if reply.message.flags & TC:
                exchange.outcome = Outcome.TCP_FAILED
        await transport.admit(server, patience)
        _received(exchange, await transport.tcp(server, question))
    except MalformedReply as error:
        exchange.outcome, exchange.size, exchange.reply = Outcome.MALFORMED, error.size, None
    except Unreachable:
        pass  # UDP: silence by another name; TCP: the outcome says so already
    except Crowded:
        if exchange.reply is None or exchange.outcome is Outcome.TCP_FAILED:
            exchange.outcome = Outcome.CROWDED
    return exchange


async def _udp(
    transport: Transport,
    server: Server,
    question: Question,
    begun: asyncio.Future[Reply] | None,
    patience: float,
) -> Reply:
    if begun is None:
        await transport.admit(server, patience)
    reply = await (begun or transport.udp(server, question))
    if reply.message.rcode == dns.rcode.FORMERR and not reply.message.has_edns:
        await transport.admit(server, patience)
        plain = Question(question.name, question.type, question.flags, edns=False)
        return await transport.udp(server, plain)
    return reply


def _received(exchange: Exchange, reply: Reply) -> None:
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
