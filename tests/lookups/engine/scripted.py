"""A DNS server whose every answer a test decides, on real UDP and TCP sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.transport import Server, Transport

Decide = Callable[[dns.message.Message, str], bytes | dns.message.Message | None]


class Scripted(asyncio.DatagramProtocol):
    """`decide(query, "udp"|"tcp")` gives the reply; None keeps silent (over TCP: closes).

    `asked` lists the questions, `last` is the last query in octets.
    """

    def __init__(self, decide: Decide) -> None:
        self.decide = decide
        self.asked: list[tuple[str, str, str]] = []
        self.ports: set[int] = set()

    async def start(self) -> None:
        while True:  # until a port is found that is free for both
            try:
                await self._bind()
                return
            except OSError:
                self.tcp.close()

    async def _bind(self) -> None:
        self.tcp = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        port = self.tcp.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        self.udp, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", port)
        )
        self.server = Server("127.0.0.1", port)

    def stop(self) -> None:
        self.udp.close()
        self.tcp.close()

    def _reply(self, data: bytes, transport: str) -> bytes | None:
        self.last = data
        query = dns.message.from_wire(_small(data))
        question = query.question[0]
        type = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((question.name.to_text(), type, transport))
        reply = self.decide(query, transport)
        return as_asked(reply, data) if isinstance(reply, dns.message.Message) else reply

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.ports.add(addr[1])
        if (reply := self._reply(data, "udp")) is not None:
            self.udp.sendto(reply, addr)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        if (reply := self._reply(await reader.readexactly(size), "tcp")) is not None:
            writer.write(len(reply).to_bytes(2, "big") + reply)
            await writer.drain()
        writer.close()


def _question(data: bytes) -> slice:
    """Where the name of the first question stands."""
    end = 12
    while data[end]:
        end += 1 + data[end]
    return slice(12, end)


def _small(data: bytes) -> bytes:
    """The query with its question in small letters: what `decide` sees and compares."""
    where = _question(data)
    return data[: where.start] + data[where].lower() + data[where.stop :]


def as_asked(reply: dns.message.Message, data: bytes) -> bytes:
    """The reply's octets, with the question spelled as the resolver spelled it (0x20)."""
    wire, where = reply.to_wire(max_size=65535), _question(data)
    if wire[where] == data[where].lower():
        return wire[: where.start] + data[where] + wire[where.stop :]
    return wire


def answer(
    query: dns.message.Message,
    *records: str,
    rcode: int = dns.rcode.NOERROR,
    authority: str = "",
    flags: int = dns.flags.AA | dns.flags.RA,
) -> dns.message.Message:
    """A reply whose answer section holds `records`, such as "a.test. 60 IN A 198.18.0.1"."""
    reply = dns.message.make_response(query)
    reply.flags |= flags
    reply.set_rcode(rcode)
    for section, texts in ((reply.answer, records), (reply.authority, filter(None, [authority]))):
        for text in texts:
            name, ttl, cls, type, data = text.split(maxsplit=4)
            section.append(dns.rrset.from_text(name, int(ttl), cls, type, data))
    return reply


@asynccontextmanager
async def resolving(*decides: Decide, **settings: Any):
    """A Resolver over one Scripted server for each of `decides`; yields it with the servers."""
    servers = [Scripted(decide) for decide in decides]
    for server in servers:
        await server.start()
    transport = Transport()
    chosen = ResolverSettings(tuple(server.server for server in servers), **settings)
    resolver = Resolver(chosen, transport)
    try:
        yield resolver, servers
    finally:
        resolver.close()
        transport.close()
        for server in servers:
            server.stop()
