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
from typing import Any, NamedTuple

import dns.name

from . import message as messages
from .counts import Counts
from .courtesy import QUESTION, Courtesy, admit
from .message import Message
from .rdata import FormatError

EDNS_PAYLOAD = 1232  # octets that pass nearly every path unfragmented (RFC 9715 §3)
MAX_QUERIES_PER_PORT = 200  # then a fresh socket: its new port is one more thing to guess
MAX_IN_FLIGHT = 128  # questions that wait on one server at once; more could drown its socket
MAX_CHANNELS = 64  # servers whose sockets stay open
RECEIVE_BUFFER = 1 << 20  # octets; the system may grant less
MAX_READS = 64  # datagrams taken in a row, before others have their turn
_DO = 0x8000
# What makes a small letter a capital: one bit. Length octets are below 64, so they are no letters.
_LETTERS = bytes(0x20 if 97 <= octet <= 122 else 0 for octet in range(256))
_buffer = memoryview(bytearray(65535))
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


class Question(NamedTuple):
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

    @property
    def size(self) -> int:
        """Octets of the name."""
        return sum(map(len, self.name.labels)) + len(self.name.labels)

    def section_of(self, wire: bytes) -> bytes:
        """The question section of `wire`, as `wire()` made it."""
        end = len(wire) - (11 + len(self.options) if self.edns else 0)
        return wire[messages.HEADER : end]


class Reply(NamedTuple):
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


class _Waiting(NamedTuple):
    question: bytes
    name: dns.name.Name
    reply: asyncio.Future[Reply]


class _Channel:
    """One connected UDP socket and the questions that wait on it."""

    def __init__(self, server: Server) -> None:
        """Raises OSError where there is no way to `server`."""
        self.waiting: dict[int, _Waiting] = {}
        self.sent = 0
        self.is_open = True
        self._queue: deque[asyncio.Future[None]] = deque()
        self._loop = asyncio.get_running_loop()
        family = sockets.AF_INET6 if ":" in server.host else sockets.AF_INET
        self._socket = sockets.socket(family, sockets.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, RECEIVE_BUFFER)
            self._socket.connect((server.host, server.port))
        except OSError:
            self._socket.close()
            raise
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def send(self, wire: bytes) -> None:
        """A datagram that finds no room in the socket is lost, as on any network: the question is
        sent again when nothing comes back."""
        self.sent += 1
        try:
            self._socket.send(wire)
        except BlockingIOError:
            pass
        except OSError as error:
            self._fail(Unreachable(str(error)))

    def _readable(self) -> None:
        """Everything that has come, so that a burst wakes the loop once."""
        for _ in range(MAX_READS):
            try:
                size = self._socket.recv_into(_buffer)
            except BlockingIOError:
                return
            except OSError as error:  # the server's machine says that nobody listens
                self._fail(Unreachable(str(error)))
                return
            self._received(bytes(_buffer[:size]))

    def _received(self, data: bytes) -> None:
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

    def _fail(self, error: Exception) -> None:
        for waiting in self.waiting.values():
            if not waiting.reply.done():
                waiting.reply.set_exception(error)

    async def wait_for_room(self) -> None:
        """Until one of the questions in flight has ended."""
        turn: asyncio.Future[None] = self._loop.create_future()
        self._queue.append(turn)
        await turn

    def make_room(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    @property
    def is_fresh(self) -> bool:
        """Whether more questions may go out from this port."""
        return self.is_open and self.sent < MAX_QUERIES_PER_PORT

    def close_when_idle(self) -> None:
        if not self.waiting:
            self.close()

    def close(self) -> None:
        """Questions still waiting fail as Unreachable."""
        if self.is_open:
            self.is_open = False
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._fail(Unreachable("closed"))


class Transport:
    """The sockets of one event loop, shared by every report that runs in it.

    `shared` is where resolvers keep the questions that several reports have in common, and `counts`
    what was asked and what came of it. `courtesy` is asked before anything goes out.
    """

    def __init__(self, courtesy: Courtesy | None = None) -> None:
        self.courtesy = courtesy
        self.shared: OrderedDict[Any, Any] = OrderedDict()
        self.counts = Counts()
        self._channels: OrderedDict[Server, _Channel] = OrderedDict()

    def start(self, server: Server, question: Question) -> asyncio.Future[Reply] | None:
        """Sends `question` under a fresh id at once; None where that takes a moment: see `udp`.

        The future ends with a Reply, MalformedReply or Unreachable; cancelling it is allowed.
        """
        try:
            channel = self._channel(server)
        except OSError:
            return None
        if not _has_room(channel):
            return None
        if self.courtesy is not None and self.courtesy.take(QUESTION, server.host) > 0:
            return None
        return self._send(channel, server, question)

    async def udp(self, server: Server, question: Question) -> Reply:
        """Sends `question` and waits, for as long as the caller lets it; see `admit` before.

        Raises MalformedReply or Unreachable.
        """
        try:
            while not _has_room(channel := self._channel(server)):
                await channel.wait_for_room()
        except OSError as error:
            raise Unreachable(str(error)) from error
        return await self._send(channel, server, question)

    def _send(self, channel: _Channel, server: Server, question: Question) -> asyncio.Future[Reply]:
        drawn = _random.getrandbits(8 * question.size + 16)
        number = drawn & 0xFFFF
        while number in channel.waiting:
            number = _random.getrandbits(16)
        wire = question.wire(number, drawn >> 16)
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        channel.waiting[number] = _Waiting(question.section_of(wire), question.name, reply)

        def forget(_: asyncio.Future[Reply]) -> None:
            del channel.waiting[number]
            channel.make_room()
            if channel is not self._channels.get(server):
                channel.close_when_idle()

        reply.add_done_callback(forget)
        channel.send(wire)
        return reply

    async def admit(self, server: Server, seconds: float) -> None:
        """Waits until one more question may go to `server`. Raises Crowded after `seconds`."""
        await admit(self.courtesy, QUESTION, server.host, seconds)

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
            channel.close()
        self._channels.clear()
        self.shared.clear()

    def _channel(self, server: Server) -> _Channel:
        """The socket for `server`, a fresh one now and then. Raises OSError."""
        channel = self._channels.get(server)
        if channel is not None and channel.is_fresh:
            return channel
        opened = self._channels[server] = _Channel(server)
        if channel is not None:
            channel.close_when_idle()
        # Servers that were met long ago and are waited for no more.
        while len(self._channels) > MAX_CHANNELS:
            _, oldest = self._channels.popitem(last=False)
            oldest.close_when_idle()
        return opened


def _has_room(channel: _Channel) -> bool:
    return len(channel.waiting) < MAX_IN_FLIGHT
