"""The one door to other people's machines: every HTTP and SMTP connection goes through it.

A name that a visitor typed may lead anywhere, also into the network that this site runs in. So an
address is judged after it was resolved, and the address that was judged is the one connected to.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from .addresses import Address, is_classroom
from .addresses import parse as parse_address
from .counts import Counts
from .resolver import Resolver
from .transport import Server

MAX_ADDRESSES = 4  # of one host that are tried
CONNECT_SECONDS = 4.0
SHUTDOWN_SECONDS = 1.0  # for the other side to say that it ends TLS as well
SMTP_PORT = 25
PORTS = frozenset({SMTP_PORT, 80, 443})  # no others are ever connected to
STREAM_LIMIT = 1 << 16  # octets of one line or chunk that are held in memory
# Which of several addresses' errors says most about the host, the least telling first.
_TELLING = ("no-address", "dns", "forbidden", "network", "timeout", "refused", "tls")


class GuardError(Exception):
    """Why there is no connection. `code` is one of CODES; `address` the one that was tried.

    "no-address": the name has none; "dns": DNS left that open; "forbidden": none is public;
    "refused", "timeout", "network": the network's word; "tls": no TLS, or a certificate that is
    not trusted for the name (`detail` says why).
    """

    CODES = ("no-address", "dns", "forbidden", "refused", "timeout", "network", "tls")

    def __init__(self, code: str, address: str = "", detail: str = "") -> None:
        super().__init__(f"{code} {address} {detail}".strip())
        self.code, self.address, self.detail = code, address, detail


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """`classroom` maps a port to the server on this machine that plays the classroom's machines
    there; `classroom_ca` is the PEM file of the authority that signs their certificates. `files`
    are taken for what HTTPS serves, by address, before anybody does: nobody is asked for them."""

    classroom: Mapping[int, Server] = field(default_factory=dict)
    classroom_ca: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Connection:
    """An open connection to `address`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: Address

    def close(self) -> None:
        """Ends the connection in good manners, which the other side may draw out a little."""
        self.writer.close()

    def abort(self) -> None:
        """Ends the connection at once."""
        self.writer.transport.abort()

    @property
    def tls(self) -> ssl.SSLObject | None:
        found: ssl.SSLObject | None = self.writer.get_extra_info("ssl_object")
        return found

    @property
    def certificate_not_after(self) -> datetime | None:
        """Until when the certificate is valid; None without TLS or where it was not verified."""
        certificate = self.tls.getpeercert() if self.tls else None
        end = certificate.get("notAfter") if certificate else None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(end)), UTC) if end else None


class Guard:
    """Opens connections for one report. `lesson`: the domain belongs to the classroom."""

    def __init__(self, resolver: Resolver, settings: GuardSettings, lesson: bool) -> None:
        self._resolver = resolver
        self._settings = settings
        self._lesson = lesson

    @property
    def counts(self) -> Counts:
        return self._resolver.counts

    @property
    def remaining(self) -> float:
        """Seconds until the report's deadline."""
        return self._resolver.remaining

    def pretended(self, url: str) -> bytes | None:
        """What is taken for the file at `url`; None where that must be fetched."""
        return self._settings.files.get(url)

    def context(self, verify: bool = True) -> ssl.SSLContext:
        """TLS settings: the machine's authorities, and in lessons the classroom's as well.

        All reports share them: whoever gets them must not change them.
        """
        return tls_context(self._settings.classroom_ca if self._lesson else "", verify)

    async def addresses(self, host: str) -> list[Address]:
        """The public addresses of `host`, IPv6 first. Raises GuardError."""
        answers = await self._resolver.queries((host, "AAAA"), (host, "A"))
        found = [parse_address(r.address) for a in answers for r in a.records]
        if not found:
            failed = any(answer.outcome.is_failure for answer in answers)
            raise GuardError("dns" if failed else "no-address")
        public = [address for address in found if self.allows(address)]
        if not public:
            raise GuardError("forbidden", str(found[0]))
        return public[:MAX_ADDRESSES]

    def allows(self, address: Address) -> bool:
        """Whether `address` may be connected to at all."""
        return self._resolver.may_reach(address, self._lesson)

    async def open(
        self,
        address: Address,
        port: int,
        *,
        timeout: float = CONNECT_SECONDS,
        tls: ssl.SSLContext | None = None,
        server_name: str = "",
    ) -> Connection:
        """Connects to `address` itself; `server_name` is what its certificate must be for.

        Raises GuardError, and Crowded where this site has troubled it enough just now.
        """
        if port not in PORTS or not self.allows(address):
            raise GuardError("forbidden", str(address))
        server = self._server(address, port)
        await self._resolver.admit_connection(server.host)
        seconds = max(0.01, min(timeout, self._resolver.remaining))
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_connection(
                    server.host,
                    server.port,
                    limit=STREAM_LIMIT,
                    ssl=tls,
                    server_hostname=server_name if tls else None,
                    ssl_shutdown_timeout=SHUTDOWN_SECONDS if tls else None,
                )
        except TimeoutError as error:
            raise GuardError("timeout", str(address)) from error
        except (ssl.SSLError, ssl.CertificateError) as error:
            raise GuardError("tls", str(address), _reason(error)) from error
        except ConnectionRefusedError as error:
            raise GuardError("refused", str(address)) from error
        except OSError as error:
            raise GuardError("network", str(address), error.strerror or "") from error
        if port == SMTP_PORT and self._is_played(address):
            writer.write(_played_machine(address))
        return Connection(reader, writer, address)

    async def open_any(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, server_name: str = ""
    ) -> Connection:
        """Connects to the first address of `host` that answers; raises the most telling error."""
        worst: GuardError | None = None
        for address in await self.addresses(host):
            try:
                return await self.open(address, port, tls=tls, server_name=server_name)
            except GuardError as error:
                if worst is None or _TELLING.index(error.code) > _TELLING.index(worst.code):
                    worst = error
        raise worst or GuardError("no-address")

    def _server(self, address: Address, port: int) -> Server:
        if self._is_played(address):
            played = self._settings.classroom.get(port)
            if played is None:
                raise GuardError("refused", str(address))
            return played
        return Server(str(address), port)

    def _is_played(self, address: Address) -> bool:
        """Whether the classroom plays the machine at `address`."""
        return self._lesson and is_classroom(address)


def _played_machine(address: Address) -> bytes:
    """Tells the classroom's mail server whom it plays, by the PROXY protocol (version 1): SMTP
    itself names no server, as HTTP and TLS do."""
    family, source = ("TCP4", "127.0.0.1") if address.version == 4 else ("TCP6", "::1")
    return f"PROXY {family} {source} {address} 0 {SMTP_PORT}\r\n".encode("ascii")


@lru_cache(maxsize=8)
def tls_context(authority: str, verify: bool) -> ssl.SSLContext:
    """Kept, since reading the machine's authorities takes longer than a whole report."""
    context = ssl.create_default_context()
    if authority:
        context.load_verify_locations(authority)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's own words, without its source lines."""
    message = getattr(error, "verify_message", "") or error.reason or str(error)
    return str(message)[:200]
