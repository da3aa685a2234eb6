"""The sockets of the DNS server: UDP and TCP on one port, on asyncio."""

from __future__ import annotations

import asyncio
import socket
from time import monotonic

from lookups.hosted.dns import answers
from lookups.hosted.dns.answers import HEADER, Zone
from lookups.hosted.dns.limits import RateLimit
from lookups.hosted.dns.store import Source

MAX_QUERY = 4096  # octets over TCP; no sensible query comes near
MAX_CONNECTIONS = 256
IDLE_SECONDS = 10.0  # RFC 7766 §6.2.3 advises a few seconds
PORT_ATTEMPTS = 50


class DnsServer:
    """`host` and `port` are set once it has started."""

    def __init__(self, zone: Zone, source: Source, limit: RateLimit | None = None) -> None:
        self.host, self.port = "", 0
        self.zone, self.source = zone, source
        self.limit = limit or RateLimit()
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Binds both sockets; port 0 takes a free one. Raises OSError where that fails."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self.host = str(found[0][4][0])
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                return await self._bind(port)
            except OSError:
                # A port that is free for TCP may be taken for UDP: try another.
                if port or attempt == PORT_ATTEMPTS:
                    raise

    async def stop(self) -> None:
        if self._udp:
            self._udp.close()
        if self._tcp:
            self._tcp.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def reply(self, packet: bytes, tcp: bool) -> bytes | None:
        return answers.reply(self.zone, self.source, packet, tcp)

    async def _bind(self, port: int) -> None:
        tcp = await asyncio.start_server(self._on_connection, self.host, port)
        self.port = int(tcp.sockets[0].getsockname()[1])
        try:
            self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=(self.host, self.port)
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
        """Answers the queries of one connection in their order."""
        try:
            while packet := await asyncio.wait_for(_read(reader), IDLE_SECONDS):
                wire = self.reply(packet, True)
                if wire is None:
                    break
                writer.write(len(wire).to_bytes(2, "big") + wire)
                await asyncio.wait_for(writer.drain(), IDLE_SECONDS)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, or said nothing for too long
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        wire = self._server.reply(data, False)
        if wire is None or self._transport.is_closing():
            return
        verdict = self._server.limit.judge(str(addr[0]), monotonic())
        if verdict == "answer":
            self._transport.sendto(wire, addr)
        elif verdict == "shorten":
            self._transport.sendto(answers.shortened(wire), addr)


async def _read(reader: asyncio.StreamReader) -> bytes | None:
    """The next message (RFC 1035 §4.2.2); None for one whose length makes no sense."""
    length = int.from_bytes(await reader.readexactly(2), "big")
    return await reader.readexactly(length) if HEADER <= length <= MAX_QUERY else None
