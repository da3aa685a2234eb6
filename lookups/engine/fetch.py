"""HTTPS to machines that nobody here knows: over the guarded door, bounded in size, time and steps.

`get` fetches what a domain publishes: policies (RFC 8461 §3.3) and logos, which are small files.
`post` hands a message over. The certificate must match, only port 443 is spoken to, and whatever is
unusual is an error with a name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

import h11

from .addresses import Address
from .guard import Connection, Guard, GuardError

HTTPS_PORT, HTTP_PORT = 443, 80
USER_AGENT = "MXplain"
MAX_URL = 2048  # characters
MAX_HEADERS = 16 * 1024  # octets of one response's header section
MAX_PIECES = 4000  # parts in which a body may come: each costs time, however small it is
MAX_INFORMATIONAL = 4  # 1xx responses before the real one
MAX_DETAIL = 300  # characters
READ_SIZE = 16 * 1024

_URL = re.compile(r"[\x21-\x7e]+")  # RFC 3986 §2: neither spaces nor anything beyond ASCII
# Names end in a word: what ends in a number is an odd spelling of an address for some programs
# (2130706433, 0177.0.0.1, 127.1, 0x7f.1), so that nobody can tell where it leads.
_NUMBER = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


class FetchError(Exception):
    """Why there is nothing. `code` is one of CODES; `detail` is hostile text, bounded.

    Beside the codes of GuardError: "not-https"; "bad-url"; "status" (`detail` is the number);
    "redirect" (`detail` is where to); "too-large"; "timeout"; "protocol" (no HTTP, cut off, or
    compressed although that was not asked for).
    """

    CODES = (
        *GuardError.CODES,
        *("not-https", "bad-url", "status", "redirect", "too-large", "protocol"),
    )

    def __init__(self, code: str, detail: str = "", address: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail, self.address = code, detail[:MAX_DETAIL], address


@dataclass(frozen=True, slots=True)
class Fetched:
    """A response with status 200. `url` is the one that gave it, after redirects; `media_type` is
    in small letters without parameters, empty where the server named none."""

    url: str
    status: int
    media_type: str
    body: bytes
    certificate_not_after: datetime | None
    address: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A response with any status, also a redirect; `body` is its beginning."""

    status: int
    body: bytes
    address: str


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL taken apart: whom to ask for what."""

    url: str
    host: str
    address: Address | None  # where the host is an IP literal
    path: str
    plain: bool = False  # without TLS


class _Redirect(Exception):
    def __init__(self, url: str, address: str) -> None:
        super().__init__(url)
        self.url, self.address = url, address


async def get(
    guard: Guard,
    url: str,
    *,
    max_octets: int,
    seconds: float = 8,
    accept: str = "*/*",
    redirects: int = 0,
) -> Fetched:
    """The file at `url`, of at most `max_octets`, within `seconds` all in all. Raises FetchError.

    Follows up to `redirects` redirects; each is judged from the start like the first URL. What the
    guard pretends is given as text/plain, without an address or a certificate.
    """
    if (pretended := guard.pretended(url)) is not None:
        if len(pretended) > max_octets:
            raise FetchError("too-large", str(max_octets))
        return Fetched(url, 200, "text/plain", pretended, None, "")
    with _counted(guard):
        return await _get(guard, url, max_octets, seconds, accept, redirects)


@contextmanager
def _counted(guard: Guard) -> Iterator[None]:
    code = "cut-off"
    try:
        yield
        code = "ok"
    except FetchError as error:
        code = error.code
        raise
    finally:
        guard.counts.fetches[code] += 1


async def _get(
    guard: Guard, url: str, max_octets: int, seconds: float, accept: str, redirects: int
) -> Fetched:
    try:
        async with asyncio.timeout(max(0.0, min(seconds, guard.remaining))):
            while True:
                try:
                    return await _get_once(guard, _target(url), max_octets, accept)
                except _Redirect as redirect:
                    if redirects <= 0:
                        raise FetchError("redirect", redirect.url, redirect.address) from None
                    redirects -= 1
                    url = redirect.url
    except TimeoutError:
        raise FetchError("timeout", f"{seconds:g}") from None


async def post(
    guard: Guard,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    max_octets: int = 4096,
    seconds: float = 10,
    plain: bool = False,
) -> Posted:
    """Hands `body` to whoever serves `url`. Follows no redirect. Raises FetchError.

    Of the response `max_octets` are read. `headers` are the caller's own, free of hostile text.
    With `plain` also http:// is spoken to, at port 80.
    """
    with _counted(guard):
        return await _post(guard, url, body, headers, max_octets, seconds, plain)


async def _post(
    guard: Guard,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    max_octets: int,
    seconds: float,
    plain: bool,
) -> Posted:
    try:
        async with asyncio.timeout(max(0.0, min(seconds, guard.remaining))):
            target = _target(url, plain)
            more = {**headers, "Accept": "*/*", "Content-Length": str(len(body))}
            connection = await _connect(guard, target)
            try:
                return await _hand_over(
                    connection, _request(target, "POST", more), body, max_octets
                )
            finally:
                connection.abort()
    except TimeoutError:
        raise FetchError("timeout", f"{seconds:g}") from None


def check_url(url: str, plain: bool = False) -> str:
    """The host of a URL that `post` would take. Raises FetchError."""
    return _target(url, plain).host


def _target(url: str, plain: bool = False) -> _Target:
    """RFC 3986 §3, as far as it is allowed here. Raises FetchError."""
    if len(url) > MAX_URL or not _URL.fullmatch(url):
        raise FetchError("bad-url", url)
    try:
        split = urlsplit(url)
        host, port = (split.hostname or "").removesuffix("."), split.port
    except ValueError:
        raise FetchError("bad-url", url) from None
    without_tls = plain and split.scheme == "http"
    if split.scheme != "https" and not without_tls:
        raise FetchError("not-https", url)
    usual = HTTP_PORT if without_tls else HTTPS_PORT
    if "@" in split.netloc or "%" in host or port not in (None, usual):
        raise FetchError("bad-url", url)
    path = (split.path or "/") + (f"?{split.query}" if split.query else "")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _HOST.fullmatch(host) or _NUMBER.fullmatch(host):
            raise FetchError("bad-url", url) from None
        return _Target(url, host, None, path, without_tls)
    return _Target(url, str(address), address, path, without_tls)


async def _get_once(guard: Guard, target: _Target, max_octets: int, accept: str) -> Fetched:
    connection = await _connect(guard, target)
    try:
        with _named_errors(connection):
            return await _converse(connection, target, max_octets, accept)
    finally:
        connection.abort()


@contextmanager
def _named_errors(connection: Connection) -> Iterator[None]:
    """Whatever goes wrong in a conversation, as FetchError."""
    try:
        yield
    except h11.RemoteProtocolError as error:
        raise FetchError("protocol", str(error), str(connection.address)) from error
    except ssl.SSLError as error:
        raise FetchError("tls", error.reason or "", str(connection.address)) from error
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise
        raise FetchError("network", error.strerror or "", str(connection.address)) from error


async def _hand_over(
    connection: Connection, head: h11.Request, body: bytes, max_octets: int
) -> Posted:
    """One request with a body, and the beginning of what is said to it."""
    with _named_errors(connection):
        exchange = _Exchange(connection)
        await exchange.send(head, body)
        response = await exchange.response()
        said = await exchange.beginning(max_octets)
    return Posted(response.status_code, said, str(connection.address))


async def _connect(guard: Guard, target: _Target) -> Connection:
    tls = None if target.plain else guard.context()
    port = HTTP_PORT if target.plain else HTTPS_PORT
    try:
        if target.address is not None:
            return await guard.open(target.address, port, tls=tls, server_name=target.host)
        return await guard.open_any(target.host, port, tls=tls, server_name=target.host)
    except GuardError as error:
        raise FetchError(error.code, error.detail, error.address) from error


async def _converse(
    connection: Connection, target: _Target, max_octets: int, accept: str
) -> Fetched:
    """One request and its response (RFC 9112), then the connection is done with."""
    exchange = _Exchange(connection)
    await exchange.send(_request(target, "GET", {"Accept": accept}))
    response = await exchange.response()
    address = str(connection.address)
    headers = {name.lower(): value for name, value in reversed(response.headers)}
    if 300 <= response.status_code < 400 and b"location" in headers:
        raise _Redirect(_joined(target.url, headers[b"location"].decode("latin-1")), address)
    if response.status_code != 200:
        raise FetchError("status", str(response.status_code), address)
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding != b"identity":
        raise FetchError("protocol", f"Content-Encoding: {encoding.decode('latin-1')}", address)
    if int(headers.get(b"content-length", b"0")) > max_octets:
        raise FetchError("too-large", str(max_octets), address)
    return Fetched(
        url=target.url,
        status=response.status_code,
        media_type=_media_type(headers.get(b"content-type", b"")),
        body=await exchange.body(max_octets),
        certificate_not_after=connection.certificate_not_after,
        address=address,
    )


def _request(target: _Target, method: str, more: Mapping[str, str]) -> h11.Request:
    host = f"[{target.host}]" if ":" in target.host else target.host
    headers = [
        ("Host", host),
        ("User-Agent", USER_AGENT),
        *more.items(),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    return h11.Request(method=method, target=target.path, headers=headers)


def _joined(base: str, location: str) -> str:
    """Where a redirect leads; an unusable location stays as it is, to be refused by name."""
    try:
        return urljoin(base, location[: MAX_URL + 1])
    except ValueError:
        return location[: MAX_URL + 1]


def _media_type(value: bytes) -> str:
    """RFC 9110 §8.3.1, without parameters."""
    return value.partition(b";")[0].strip().lower().decode("latin-1")[:100]


class _Exchange:
    """HTTP/1.1 over one connection, with h11 for the syntax."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADERS)

    async def send(self, request: h11.Request, body: bytes = b"") -> None:
        writer = self._connection.writer
        data = (h11.Data(data=body),) if body else ()
        for event in (request, *data, h11.EndOfMessage()):
            writer.write(self._http.send(event) or b"")
        await writer.drain()

    async def response(self) -> h11.Response:
        """The final response, without its body."""
        for _ in range(MAX_INFORMATIONAL + 1):
            event = await self._next()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                break
        raise FetchError("protocol", "no response", str(self._connection.address))

    async def body(self, max_octets: int) -> bytes:
        found = bytearray()
        for _ in range(MAX_PIECES):
            event = await self._next()
            if not isinstance(event, h11.Data):
                return bytes(found)
            found += event.data
            if len(found) > max_octets:
                raise FetchError("too-large", str(max_octets), str(self._connection.address))
        raise FetchError("protocol", "too many pieces", str(self._connection.address))

    async def beginning(self, max_octets: int) -> bytes:
        """At most `max_octets` of the body; a long one is left unread."""
        found = bytearray()
        for _ in range(MAX_PIECES):
            event = await self._next()
            if not isinstance(event, h11.Data):
                break
            found += event.data
            if len(found) >= max_octets:
                break
        return bytes(found[:max_octets])

    async def _next(self) -> h11.Event | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._connection.reader.read(READ_SIZE))
        return event  # type: ignore[return-value]
