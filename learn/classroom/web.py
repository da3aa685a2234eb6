"""The classroom's HTTPS server: policies, logos and certificates of the lessons, by SNI.

`web/<host>/<path>` is what https://<host>/<path> gives; web.toml says who deviates from that, and
how. Everything is read once; no path that a client sends ever reaches the file system.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import h11

from learn.classroom import marks
from learn.classroom.authority import Authority

HERE = Path(__file__).parent
APEX = "classroom.test"
MAX_CONNECTIONS = 256
IDLE_SECONDS = 10.0
TRICKLE_SECONDS = 0.2  # between two octets
MEDIA_TYPES = {
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".pem": "application/pem-certificate-chain",
    ".html": "text/html; charset=utf-8",
}
_OWN_POLICY = re.compile(rf"mta-sts\.([a-z]+\.zone\.{re.escape(APEX)})/\.well-known/mta-sts\.txt")
GARBAGE = b"\x16\x03 220 this is no web server\r\n\xff\xfe\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Deviation:
    """How a host, or one file of it, deviates; web.toml explains each."""

    days_left: float | None = None
    names: tuple[str, ...] = ()
    self_signed: bool = False
    status: int = 200
    location: str = ""
    media_type: str = ""
    content_encoding: str = ""
    delay: float = 0.0
    trickle: bool = False
    octets: int = 0
    garbage: bool = False


NO_DEVIATION = Deviation()


@cache
def files() -> dict[str, bytes]:
    """Every file by "<host>/<path>"."""
    root = HERE / "web"
    paths = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


@cache
def deviations() -> dict[str, Deviation]:
    """By host or "<host>/<path>"."""
    tables = tomllib.loads((HERE / "web.toml").read_text("utf-8"))
    return {key: _deviation(table) for key, table in tables.items()}


def _deviation(table: dict[str, Any]) -> Deviation:
    return Deviation(**table | {"names": tuple(table.get("names", ()))})


class WebServer:
    """Serves the files over TLS. `host` and `port` are set once it has started."""

    def __init__(self, authority: Authority) -> None:
        self.host, self.port = "", 0
        self._authority = authority
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Binds the port; 0 takes a free one. Raises OSError where that is not possible."""
        context = self._authority.context(f"web.{APEX}")
        context.sni_callback = self._on_server_name
        self._server = await asyncio.start_server(
            self._on_connection, host, port, ssl=context, ssl_shutdown_timeout=1.0
        )
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _on_server_name(
        self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext
    ) -> None:
        """RFC 6066 §3: the certificate is that of the host which the client names."""
        if name and f".{name.lower()}".endswith(f".{APEX}"):
            its = deviations().get(name.lower(), NO_DEVIATION)
            connection.context = self._authority.context(
                name, days_left=its.days_left, names=its.names, self_signed=its.self_signed
            )

    def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            writer.close()
            return
        task = asyncio.ensure_future(_converse(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request, one response."""
    http = h11.Connection(h11.SERVER)
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            request = await _request(http, reader)
        if request is not None:
            await _respond(http, request, writer)
    except (TimeoutError, OSError, h11.ProtocolError):
        pass  # the client went away, said nothing for too long, or speaks no HTTP
    finally:
        writer.close()


async def _request(http: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    while (event := http.next_event()) is h11.NEED_DATA:
        http.receive_data(await reader.read(4096))
    return event if isinstance(event, h11.Request) else None


async def _respond(
    http: h11.Connection, request: h11.Request, writer: asyncio.StreamWriter
) -> None:
    hosts = [value for name, value in request.headers if name == b"host"]
    host = hosts[0].decode("latin-1").lower().removesuffix(":443") if hosts else ""
    key = host + request.target.decode("latin-1").partition("?")[0]
    its = deviations().get(key) or deviations().get(host, NO_DEVIATION)
    await asyncio.sleep(its.delay)
    if its.garbage:
        writer.write(GARBAGE)
        return
    status, body = _found(key, its)
    for octets in _response(http, request, status, body, _headers(key, its)):
        if its.trickle:
            await _trickle(octets, writer)
        writer.write(b"" if its.trickle else octets)
        await asyncio.wait_for(writer.drain(), IDLE_SECONDS)


def _found(key: str, its: Deviation) -> tuple[int, bytes]:
    body = marks.minted(key) or files().get(key) or _own_policy(key)
    if its.status != 200:
        return its.status, f"{its.status}\n".encode()
    if body is None:
        return 404, b"404\n"
    return 200, body.ljust(its.octets)


def _own_policy(key: str) -> bytes | None:
    """The MTA-STS policy (RFC 8461 §3.2) of a learner's own zone: its own hosts take its mail."""
    if not (found := _OWN_POLICY.fullmatch(key)):
        return None
    mode = "version: STSv1\r\nmode: enforce\r\n"
    return f"{mode}mx: *.{found[1]}\r\nmax_age: 1209600\r\n".encode()


def _headers(key: str, its: Deviation) -> list[tuple[str, str]]:
    suffix = "." + key.rpartition(".")[2]
    usual = MEDIA_TYPES.get(suffix, "application/octet-stream")
    headers = [("Content-Type", its.media_type or usual), ("Connection", "close")]
    if its.location:
        headers.append(("Location", its.location))
    if its.content_encoding:
        headers.append(("Content-Encoding", its.content_encoding))
    return headers


def _response(
    http: h11.Connection,
    request: h11.Request,
    status: int,
    body: bytes,
    headers: list[tuple[str, str]],
) -> Iterable[bytes]:
    length = [("Content-Length", str(len(body)))]
    yield http.send(h11.Response(status_code=status, headers=[*headers, *length])) or b""
    if request.method != b"HEAD":
        yield http.send(h11.Data(data=body)) or b""
    yield http.send(h11.EndOfMessage()) or b""


async def _trickle(octets: bytes, writer: asyncio.StreamWriter) -> None:
    for octet in octets:
        writer.write(bytes([octet]))
        await asyncio.wait_for(writer.drain(), IDLE_SECONDS)
        await asyncio.sleep(TRICKLE_SECONDS)
