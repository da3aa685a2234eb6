"""Carries DNS messages over UDP and TCP (RFC 1035 §4.2).

One connected UDP socket per server serves many questions at once. A reply is taken only from that
server, for a message id that is waiting, with the question that was asked (RFC 5452 §9).
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode

MAX_QUERIES_PER_PORT = 200  # then a fresh socket: its new port is one more thing to guess
_random = random.SystemRandom()


class MalformedReply(Exception):
    """Bytes came back that are no DNS message; `size` of them."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes that are no DNS message")
        self.size = size


class Unreachable(Exception):
    """The server's machine refuses the connection, or there is no way to it."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where questions are sent: an IP address and a port."""

    host: str
    port: int = 53

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reply:
    """A parsed message with its size in octets."""

    message: dns.message.Message
    size: int


def parse_reply(data: bytes, question: bytes) -> Reply | None:
    """The reply in `data`; None when it answers another question; raises MalformedReply.

    `question` is the question section as it was sent. Error replies may leave it out.
    """
    try:
        message = dns.message.from_wire(data, ignore_trailing=True)
    except Exception as error:  # hostile bytes may fail in any way the parser knows
        raise MalformedReply(len(data)) from error
    if not message.flags & dns.flags.QR:
        raise MalformedReply(len(data))
    echoed = data[12 : 12 + len(question)].lower() == question.lower()
    if not echoed and (message.question or message.rcode() == dns.rcode.NOERROR):
        return None
    return Reply(message, len(data))


@dataclass(slots=True)
class _Waiting:
    question: bytes
    reply: asyncio.Future[Reply]


@dataclass(slots=True, eq=False)
class _Channel(asyncio.DatagramProtocol):
    """One connected UDP socket and the questions that wait on it."""

    waiting: dict[int, _Waiting] = field(default_factory=dict)
    sent: int = 0
    socket: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self.socket = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        waiting = self.waiting.get(int.from_bytes(data[:2], "big"))
        if waiting is None or waiting.reply.done():
            return
        try:
            reply = parse_reply(data, waiting.question)
        except MalformedReply as error:
            waiting.reply.set_exception(error)
            return
        if reply is not None:
            waiting.reply.set_result(reply)

    def error_received(self, exc: Exception) -> None:
        self._fail(Unreachable(str(exc)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(Unreachable(str(exc)))

    def _fail(self, error: Exception) -> None:
        for waiting in self.waiting.values():
            if not waiting.reply.done():
                waiting.reply.set_exception(error)

    @property
    def is_fresh(self) -> bool:
        """Whether more questions may go out from this port."""
        if self.socket is None or self.socket.is_closing():
            return False
        return self.sent < MAX_QUERIES_PER_PORT

    def close_when_idle(self) -> None:
        if self.socket and not self.waiting:
            self.socket.close()


class Transport:
    """The sockets of one event loop, shared by every report that runs in it."""

    def __init__(self) -> None:
        self._channels: dict[Server, _Channel] = {}
        self._opening = asyncio.Lock()  # many questions at once must not open a socket each

    async def udp(self, server: Server, message: bytes) -> Reply:
        """Sends `message` under a fresh id and waits, for as long as the caller lets it.

        Raises MalformedReply or Unreachable.
        """
        channel = await self._channel(server)
        number = self._free_id(channel)
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        channel.waiting[number] = _Waiting(_question_of(message), reply)
        channel.sent += 1
        try:
            assert channel.socket is not None
            channel.socket.sendto(number.to_bytes(2, "big") + message[2:])
            return await reply
        finally:
            del channel.waiting[number]
            if channel is not self._channels.get(server):
                channel.close_when_idle()

    async def tcp(self, server: Server, message: bytes) -> Reply:
        """Asks over a connection of its own. Raises MalformedReply or Unreachable."""
        number = _random.getrandbits(16)
        try:
            reader, writer = await asyncio.open_connection(server.host, server.port)
        except OSError as error:
            raise Unreachable(str(error)) from error
        try:
            data = number.to_bytes(2, "big") + message[2:]
            writer.write(len(data).to_bytes(2, "big") + data)
            await writer.drain()
            size = int.from_bytes(await reader.readexactly(2), "big")
            received = await reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Unreachable(str(error)) from error
        finally:
            writer.close()
        if received[:2] != data[:2]:
            raise MalformedReply(size)
        reply = parse_reply(received, _question_of(message))
        if reply is None:
            raise MalformedReply(size)
        return reply

    def close(self) -> None:
        """Closes every socket. Questions still waiting fail as Unreachable."""
        for channel in self._channels.values():
            if channel.socket:
                channel.socket.close()
        self._channels.clear()

    async def _channel(self, server: Server) -> _Channel:
        async with self._opening:
            channel = self._channels.get(server)
            if channel and channel.is_fresh:
                return channel
            if channel:
                channel.close_when_idle()
            self._channels[server] = await self._open(server)
            return self._channels[server]

    async def _open(self, server: Server) -> _Channel:
        try:
            _, opened = await asyncio.get_running_loop().create_datagram_endpoint(
                _Channel, remote_addr=(server.host, server.port)
            )
        except OSError as error:
            raise Unreachable(str(error)) from error
        return opened

    @staticmethod
    def _free_id(channel: _Channel) -> int:
        while (number := _random.getrandbits(16)) in channel.waiting:
            pass
        return number


def _question_of(message: bytes) -> bytes:
    """The question section of a query: a name without compression, a type and a class."""
    end = 12
    while message[end]:
        end += 1 + message[end]
    return message[12 : end + 5]
