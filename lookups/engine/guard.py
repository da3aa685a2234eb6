"""The one door to other people's machines: every HTTP and SMTP connection goes through it.

A name that a visitor typed may lead anywhere, also into the network that this site runs in. So an
address is judged after it was resolved, and the address that was judged is the one connected to.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from .addresses import Address, Scope, is_classroom, scope_of
from .resolver import Resolver
from .transport import Server

MAX_ADDRESSES = 4  # of one host that are tried
CONNECT_SECONDS = 4.0
STREAM_LIMIT = 1 << 16  # octets of one line or chunk that are held in memory


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
    there; `classroom_ca` is the PEM file of the authority that signs their certificates."""

    classroom: Mapping[int, Server] = field(default_factory=dict)
    classroom_ca: str = ""


@dataclass(slots=True, eq=False)
class Connection:
    """An open connection to `address`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: Address

    def close(self) -> None:
        self.writer.close()

    @property
    def tls(self) -> ssl.SSLObject | None:
        found: ssl.SSLObject | None = self.writer.get_extra_info("ssl_object")
        return found


class Guard:
    """Opens connections for one report. `lesson`: the domain belongs to the classroom."""

    def __init__(self, resolver: Resolver, settings: GuardSettings, lesson: bool) -> None:
        self._resolver = resolver
        self._settings = settings
        self._lesson = lesson

    def context(self, verify: bool = True) -> ssl.SSLContext:
        """TLS settings: the machine's authorities, and in lessons the classroom's as well."""
        context = ssl.create_default_context()
        if self._lesson and self._settings.classroom_ca:
            context.load_verify_locations(self._settings.classroom_ca)
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    async def addresses(self, host: str) -> list[Address]:
        """The public addresses of `host`, IPv6 first. Raises GuardError."""
        answers = await asyncio.gather(
            self._resolver.query(host, "AAAA"), self._resolver.query(host, "A")
        )
        found = [ipaddress.ip_address(r.address) for a in answers for r in a.records]
        if not found:
            failed = any(answer.outcome.is_failure for answer in answers)
            raise GuardError("dns" if failed else "no-address")
        public = [address for address in found if self.allows(address)]
        if not public:
            raise GuardError("forbidden", str(found[0]))
        return public[:MAX_ADDRESSES]

    def allows(self, address: Address) -> bool:
        """Whether `address` may be connected to at all."""
        return scope_of(address, self._lesson) is Scope.PUBLIC

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

        Raises GuardError.
        """
        if not self.allows(address):
            raise GuardError("forbidden", str(address))
        server = self._server(address, port)
        seconds = max(0.01, min(timeout, self._resolver.remaining))
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_connection(
                    server.host,
                    server.port,
                    limit=STREAM_LIMIT,
                    ssl=tls,
                    server_hostname=server_name if tls else None,
                )
        except TimeoutError as error:
            raise GuardError("timeout", str(address)) from error
        except (ssl.SSLError, ssl.CertificateError) as error:
            raise GuardError("tls", str(address), _reason(error)) from error
        except ConnectionRefusedError as error:
            raise GuardError("refused", str(address)) from error
        except OSError as error:
            raise GuardError("network", str(address), error.strerror or "") from error
        return Connection(reader, writer, address)

    async def open_any(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, server_name: str = ""
    ) -> Connection:
        """Connects to the first address of `host` that answers. Raises the first GuardError."""
        first: GuardError | None = None
        for address in await self.addresses(host):
            try:
                return await self.open(address, port, tls=tls, server_name=server_name)
            except GuardError as error:
                first = first or error
        raise first or GuardError("no-address")

    def _server(self, address: Address, port: int) -> Server:
        if self._lesson and is_classroom(address):
            played = self._settings.classroom.get(port)
            if played is None:
                raise GuardError("refused", str(address))
            return played
        return Server(str(address), port)


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's own words, without its source lines."""
    message = getattr(error, "verify_message", "") or error.reason or str(error)
    return str(message)[:200]
