"""Carries DNS messages over UDP and TCP (RFC 1035 §4.2).

One connected UDP socket per server serves many questions at once. A reply is taken only from that
server, for a message id that is waiting, with the question that was asked (RFC 5452 §9), spelled
with the capitals that were chosen by chance ("0x20"): one more thing that a forger must guess.
"""

from __future__ import annotations

import asyncio
import random
import socket as sockets
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import dns.name

from . import message as messages
from .message import FormatError, Message

EDNS_PAYLOAD = 1232  # octets that pass nearly every path unfragmented (RFC 9715 §3)
MAX_QUERIES_PER_PORT = 200  # then a fresh socket: its new port is one more thing to guess
MAX_IN_FLIGHT = 128  # questions that wait on one server at once; more could drown its socket
MAX_CHANNELS = 64  # servers whose sockets stay open
RECEIVE_BUFFER = 1 << 20  # octets; the system may grant less
_DO = 0x8000
# What makes a small letter a capital: one bit. Length octets are below 64, so they are no letters.
_LETTERS = bytes(0x20 if 97 <= octet <= 122 else 0 for octet in range(256))
_NAME_BITS = 255 * 8
_random = random.SystemRandom()


class MalformedReply(Exception):
    """Bytes came back that are no DNS message; `size` of them."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes that are no DNS message")
        self.size = size


class Unreachable(Exception):
    """The server's machine refuses the connection, or there is no way to it."""


def name_octets(name: dns.name.Name) -> bytes:
    """The name in wire form and small letters, without compression."""
    return b"".join([bytes((len(label),)) + label for label in name.labels]).lower()


class Server(NamedTuple):
    """Where questions are sent: an IP address and a port."""

    host: str
    port: int = 53

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `flags` are the header's; `dnssec` sets DO (RFC 3225 §3).

    `options` are EDNS options in octets, sent as they are.
    """

    name: dns.name.Name
    type: int
    flags: int
    dnssec: bool = False
    edns: bool = True
    options: bytes = b""

    def wire(self, number: int, capitals: int) -> bytes:
        """The query with the id `number`. `capitals` has a bit in each octet (0x20) that says
        whether a letter there is large."""
        name = name_octets(self.name)
        letters = int.from_bytes(name.translate(_LETTERS), "big")
        spelled = int.from_bytes(name, "big") ^ (letters & capitals)
        head = number << 80 | self.flags << 64 | 1 << 48 | (1 if self.edns else 0)
        wire = head.to_bytes(12, "big") + spelled.to_bytes(len(name), "big")
        wire += (self.type << 16 | 1).to_bytes(4, "big")
        if self.edns:
            opt = messages.OPT << 64 | EDNS_PAYLOAD << 48 | (_DO if self.dnssec else 0) << 16
            wire += b"\0" + (opt | len(self.options)).to_bytes(10, "big") + self.options
        return wire

    def section_of(self, wire: bytes) -> bytes:
        """The question section of `wire`, as `wire()` made it."""
        end = len(wire) - (11 + len(self.options) if self.edns else 0)
        return wire[messages.HEADER : end]


@dataclass(frozen=True, slots=True)
class Reply:
    """A parsed message with its size in octets. `folded`: the question came back in small letters,
    as from a server that loses capitals, or from a forger who cannot see them."""

    message: Message
    size: int
    folded: bool = False


def parse_reply(data: bytes, question: bytes, name: dns.name.Name | None = None) -> Reply | None:
    """The reply in `data`; None when it answers another question; raises MalformedReply.

    `question` is the question section as it was sent, `name` the name in it. Error replies may
    leave it out.
    """
    end = messages.HEADER + len(question)
    echo = data[messages.HEADER : end]
    if echo == question:
        # Names that are compressed onto the question must not show its capitals.
        data = data[: messages.HEADER] + _small(question) + data[end:]
    try:
        message = messages.parse(data, name if echo == question else None)
    except FormatError as error:
        raise MalformedReply(len(data)) from error
    if not message.flags & messages.QR:
        raise MalformedReply(len(data))
    if echo == question:
        return Reply(message, len(data))
    has_question = data[4:6] != b"\0\0"
    if has_question and _small(echo) == _small(question):
        return Reply(message, len(data), folded=True)
    return None if has_question or message.rcode == 0 else Reply(message, len(data))


def _small(question: bytes) -> bytes:
    """The question section with its name in small letters; type and class as they are."""
    return question[:-4].lower() + question[-4:]


@dataclass(slots=True)
class _Waiting:
    question: bytes
    name: dns.name.Name
    reply: asyncio.Future[Reply]


@dataclass(slots=True, eq=False)
class _Channel(asyncio.DatagramProtocol):
    """One connected UDP socket and the questions that wait on it."""

    waiting: dict[int, _Waiting] = field(default_factory=dict)
    sent: int = 0
    socket: asyncio.DatagramTransport | None = None
    queue: deque[asyncio.Future[None]] = field(default_factory=deque)

    def connection_made(self, transport: Any) -> None:
        self.socket = transport
        if raw := transport.get_extra_info("socket"):
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, RECEIVE_BUFFER)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        waiting = self.waiting.get(int.from_bytes(data[:2], "big"))
        if waiting is None or waiting.reply.done():
            return
        try:
            reply = parse_reply(data, waiting.question, waiting.name)
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

    async def wait_for_room(self) -> None:
        """Until one of the questions in flight has ended."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append(turn)
        await turn

    def make_room(self) -> None:
        while self.queue:
            turn = self.queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return

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
    """The sockets of one event loop, shared by every report that runs in it.

    `shared` is where resolvers keep the questions that several reports have in common.
    """

    def __init__(self) -> None:
        self.shared: OrderedDict[Any, Any] = OrderedDict()
        self._channels: OrderedDict[Server, _Channel] = OrderedDict()
        self._opening: dict[Server, asyncio.Lock] = {}

    def start(self, server: Server, question: Question) -> asyncio.Future[Reply] | None:
        """Sends `question` under a fresh id at once; None where that takes a moment: see `udp`.

        The future ends with a Reply, MalformedReply or Unreachable; cancelling it is allowed.
        """
        channel = self._channels.get(server)
        if channel is None or not channel.is_fresh or len(channel.waiting) >= MAX_IN_FLIGHT:
            return None
        return self._send(channel, server, question)

    async def udp(self, server: Server, question: Question) -> Reply:
        """Sends `question` and waits, for as long as the caller lets it.

        Raises MalformedReply or Unreachable.
        """
        while (reply := self.start(server, question)) is None:
            channel = await self._channel(server)
            if len(channel.waiting) >= MAX_IN_FLIGHT:
                await channel.wait_for_room()
        return await reply

    def _send(self, channel: _Channel, server: Server, question: Question) -> asyncio.Future[Reply]:
        number = self._free_id(channel)
        wire = question.wire(number, _random.getrandbits(_NAME_BITS))
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        channel.waiting[number] = _Waiting(question.section_of(wire), question.name, reply)
        channel.sent += 1

        def forget(_: asyncio.Future[Reply]) -> None:
            del channel.waiting[number]
            channel.make_room()
            if channel is not self._channels.get(server):
                channel.close_when_idle()

        reply.add_done_callback(forget)
        assert channel.socket is not None
        channel.socket.sendto(wire)
        return reply

    async def tcp(self, server: Server, question: Question) -> Reply:
        """Asks over a connection of its own. Raises MalformedReply or Unreachable."""
        wire = question.wire(_random.getrandbits(16), 0)
        try:
            reader, writer = await asyncio.open_connection(server.host, server.port)
        except OSError as error:
            raise Unreachable(str(error)) from error
        try:
            writer.write(len(wire).to_bytes(2, "big") + wire)
            await writer.drain()
            size = int.from_bytes(await reader.readexactly(2), "big")
            received = await reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Unreachable(str(error)) from error
        finally:
            writer.close()
        if received[:2] != wire[:2]:
            raise MalformedReply(size)
        reply = parse_reply(received, question.section_of(wire), question.name)
        if reply is None:
            raise MalformedReply(size)
        return reply

    def close(self) -> None:
        """Closes every socket. Questions still waiting fail as Unreachable."""
        for channel in self._channels.values():
            if channel.socket:
                channel.socket.close()
        self._channels.clear()
        self.shared.clear()

    async def _channel(self, server: Server) -> _Channel:
        # Many questions at once must not open a socket each.
        async with self._opening.setdefault(server, asyncio.Lock()):
            channel = self._channels.get(server)
            if channel and channel.is_fresh:
                return channel
            opened = self._channels[server] = await self._open(server)
            if channel:
                channel.close_when_idle()
            self._drop_oldest()
            return opened

    def _drop_oldest(self) -> None:
        """Closes the sockets of servers that were met long ago and are waited for no more."""
        while len(self._channels) > MAX_CHANNELS:
            server, channel = self._channels.popitem(last=False)
            channel.close_when_idle()
            self._opening.pop(server, None)

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
