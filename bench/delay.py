"""A proxy that makes a DNS server on this machine as far away as one on the internet.

    python bench/delay.py UPSTREAM_PORT MILLISECONDS

Prints the port on which it listens (UDP and TCP). Each message waits MILLISECONDS in all.
"""

from __future__ import annotations

import asyncio
import socket
import sys

import uvloop

HOST = "127.0.0.1"


def widen(transport: asyncio.BaseTransport) -> None:
    """The wire between two machines holds more than a socket's default buffer."""
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)


class Proxy(asyncio.DatagramProtocol):
    """UDP: a socket of its own to the server for each client, so that replies find their way."""

    def __init__(self, upstream: int, seconds: float) -> None:
        self.upstream, self.seconds = upstream, seconds
        self.back: dict[tuple[str, int], asyncio.DatagramTransport] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.front = transport
        widen(transport)

    def datagram_received(self, data: bytes, client: tuple[str, int]) -> None:
        # The delay is counted from the arrival, whatever the server takes.
        due = asyncio.get_running_loop().time() + self.seconds
        asyncio.ensure_future(self.forward(data, client, due))

    async def forward(self, data: bytes, client: tuple[str, int], due: float) -> None:
        loop = asyncio.get_running_loop()
        if client not in self.back:
            made = loop.create_future()
            self.back[client] = made
            transport, _ = await loop.create_datagram_endpoint(
                lambda: Returning(self, client), remote_addr=(HOST, self.upstream)
            )
            widen(transport)
            made.set_result(transport)
            self.back[client] = transport
        back = self.back[client]
        if isinstance(back, asyncio.Future):
            back = await asyncio.shield(back)
        loop.call_at(due - 0.0003, back.sendto, data)


class Returning(asyncio.DatagramProtocol):
    def __init__(self, proxy: Proxy, client: tuple[str, int]) -> None:
        self.proxy, self.client = proxy, client

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.proxy.front.sendto(data, self.client)


async def main(upstream: int, seconds: float) -> None:
    door = asyncio.Semaphore(2)  # name servers keep only a few waiting at theirs

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with door:
            there_reader, there_writer = await asyncio.open_connection(HOST, upstream)
            await asyncio.sleep(0.0005)

        async def pass_on(
            source: asyncio.StreamReader, sink: asyncio.StreamWriter, wait: float
        ) -> None:
            while data := await source.read(65536):
                await asyncio.sleep(wait)
                sink.write(data)
            sink.close()

        await asyncio.gather(
            pass_on(reader, there_writer, seconds),
            pass_on(there_reader, writer, 0),
            return_exceptions=True,
        )

    tcp = await asyncio.start_server(converse, HOST, 0, backlog=1024)
    port = tcp.sockets[0].getsockname()[1]
    await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Proxy(upstream, seconds), local_addr=(HOST, port)
    )
    print(port, flush=True)
    await asyncio.Event().wait()


uvloop.run(main(int(sys.argv[1]), float(sys.argv[2]) / 1000))
