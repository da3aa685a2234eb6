"""The classroom's servers on asyncio, without Django: DNS itself, and all others with it."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable

from learn.classroom import authority
from learn.classroom.answers import HEADER, Authority, Reply
from learn.classroom.mail import MailServer
from learn.classroom.own import OwnZones
from learn.classroom.web import WebServer
from learn.classroom.zone_files import load

MAX_QUERY = 4096  # octets over TCP; no sensible query comes near
MAX_CONNECTIONS = 256
IDLE_SECONDS = 10.0  # RFC 7766 §6.2.3 advises a few seconds
PORT_ATTEMPTS = 50


class ClassroomServer:
    """An authoritative server for the lessons: UDP and TCP on one port.

    `own` answers for the zones of learners. `host` and `port` are set once it has started.
    """

    def __init__(self, own: OwnZones | None = None) -> None:
        self.host = ""
        self.port = 0
        self._own = own
        self._authority = Authority(load())
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Bind both sockets; port 0 takes a free one. Raises OSError where that is not possible."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self.host = str(found[0][4][0])
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                await self._bind(port)
                return
            except OSError:
                # A port that is free for TCP may be taken for UDP: try another.
                if port or attempt == PORT_ATTEMPTS:
                    raise

    async def stop(self) -> None:
        """Close the sockets and every open connection."""
        if self._udp:
            self._udp.close()
        if self._tcp:
            self._tcp.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _reply(self, packet: bytes, tcp: bool, client: str) -> Reply:
        own = self._own.reply(packet, tcp, client) if self._own else None
        return own or self._authority.reply(packet, tcp)

    async def _bind(self, port: int) -> None:
        tcp = await asyncio.start_server(self._on_connection, self.host, port)
        self.port = int(tcp.sockets[0].getsockname()[1])
        try:
            self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(self._reply), local_addr=(self.host, self.port)
            )
        except OSError:
            tcp.close()
            raise
        self._tcp = tcp

    def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            writer.close()
            return
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the queries of one connection in their order."""
        try:
            while packet := await asyncio.wait_for(_read(reader), IDLE_SECONDS):
                peer = writer.get_extra_info("peername")
                reply = self._reply(packet, True, str(peer[0]) if peer else "")
                await asyncio.sleep(reply.delay)
                if reply.close:
                    break
                if reply.wire is not None:
                    writer.write(len(reply.wire).to_bytes(2, "big") + reply.wire)
                    await asyncio.wait_for(writer.drain(), IDLE_SECONDS)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, or said nothing for too long
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, reply: Callable[[bytes, bool, str], Reply]) -> None:
        self._reply = reply

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._reply(data, False, str(addr[0]))
        if reply.delay:
            asyncio.get_running_loop().call_later(reply.delay, self._send, reply, addr)
        else:
            self._send(reply, addr)

    def _send(self, reply: Reply, addr: tuple[str, int]) -> None:
        if reply.wire is not None and not self._transport.is_closing():
            self._transport.sendto(reply.wire, addr)


async def _read(reader: asyncio.StreamReader) -> bytes | None:
    """The next message (RFC 1035 §4.2.2); None for one whose length makes no sense."""
    length = int.from_bytes(await reader.readexactly(2), "big")
    return await reader.readexactly(length) if HEADER <= length <= MAX_QUERY else None


class Classroom:
    """Every machine of the lessons: a DNS, a web and a mail server that play all of them.

    `own`: the zones of learners, where they are to be had.
    """

    def __init__(self, own: OwnZones | None = None) -> None:
        self._authority = authority.Authority()
        self.dns = ClassroomServer(own)
        self.web = WebServer(self._authority)
        self.mail = MailServer(self._authority, own.host_at if own else None)

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, web_port: int = 0, mail_port: int = 0
    ) -> None:
        """Starts all; a port 0 takes a free one. Raises OSError where that is not possible."""
        await self.web.start(host, web_port)
        await self.mail.start(host, mail_port)
        await self.dns.start(host, port)

    async def stop(self) -> None:
        await asyncio.gather(self.dns.stop(), self.web.stop(), self.mail.stop())

    @property
    def authority_path(self) -> str:
        """The PEM file of the authority that signs the certificates."""
        return str(self._authority.path)

    @property
    def machines(self) -> dict[int, tuple[str, int]]:
        """Where the machines of the lessons are played, by the port that they seem to have."""
        return {
            443: (self.web.host, self.web.port),
            25: (self.mail.host, self.mail.port),
        }


class _Background:
    """What `start_in_background` started, and in which process: a fork has no thread."""

    lock = threading.Lock()
    process = 0
    classroom: Classroom | None = None


def start_in_background() -> tuple[str, int]:
    """Start the classroom on a daemon thread, once per process; host and port of its DNS server."""
    dns = _background().dns
    return dns.host, dns.port


def machines_in_background() -> tuple[dict[int, tuple[str, int]], str]:
    """`Classroom.machines` and its `authority_path`, of what `start_in_background` starts."""
    classroom = _background()
    return classroom.machines, classroom.authority_path


def _background() -> Classroom:
    with _Background.lock:
        if _Background.classroom is None or _Background.process != os.getpid():
            _Background.classroom = _start_thread()
            _Background.process = os.getpid()
        return _Background.classroom


def _start_thread(own: OwnZones | None = None) -> Classroom:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="classroom", daemon=True).start()
    classroom = Classroom(own)
    asyncio.run_coroutine_threadsafe(classroom.start(), loop).result(timeout=10)
    return classroom
