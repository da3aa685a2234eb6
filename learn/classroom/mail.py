"""The classroom's SMTP server: one port that plays every mail server of the lessons.

The first line of a connection says which machine is meant (PROXY protocol version 1, "PROXY TCP4
<source> <machine> 0 25"); who sends none, such as a curious visitor with openssl, meets DEFAULT.
The server takes no mail: it greets, offers TLS (RFC 3207), and refuses MAIL (RFC 5321 §4.1.1.2).
How single machines misbehave stands in mail.toml.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import struct
import tempfile
import tomllib
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from dns.rdatatype import AAAA, MX, A

from learn.classroom.authority import Authority, host_key
from learn.classroom.zone_files import load

DEFAULT = "mx1.perfect.classroom.test"
MAX_LINE = 512  # octets of a command (RFC 5321 §4.5.3.1.4)
MAX_COMMANDS = 50
MAX_CONNECTIONS = 128
PROXY_SECONDS = 1.0
IDLE_SECONDS = 20.0
EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
MODERN = ("1.2", "1.3")
TLS_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


@dataclass(frozen=True, slots=True)
class Machine:
    """One mail server. Each field is explained in mail.toml."""

    host: str
    greeting: str = ""
    resets: bool = False
    silent: bool = False
    garbage: bool = False
    hangs_up: bool = False
    ehlo: str = ""
    starttls: bool = True
    starttls_fails: bool = False
    tls: tuple[str, str] = MODERN
    names: tuple[str, ...] = ()
    days_left: float | None = None
    starts_in: float | None = None
    self_signed: bool = False
    stranger: bool = False
    weak_key: bool = False


class MailServer:
    """Plays the machines. `host` and `port` are set once it has started.

    `host_at` knows the machines that stand in no lesson: the name at an address, or nothing.
    """

    def __init__(self, authority: Authority, host_at: Callable[[str], str] | None = None) -> None:
        self.host, self.port = "", 0
        self._authority = authority
        self._host_at = host_at
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()
        self._context = lru_cache(256)(self._make_context)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0 takes a free one. Raises OSError."""
        self._server = await asyncio.start_server(self._on_connection, host, port, limit=4096)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        for task in self._conversations:
            task.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._conversations) >= MAX_CONNECTIONS:
            writer.close()
            return
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            machine = self._machine(await _proxied(reader))
            if machine.resets:
                _reset(writer)
                return
            await _Session(machine, reader, writer, self.tls_context).run()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away, said too much, or nothing for too long
        finally:
            writer.close()

    def _machine(self, address: str) -> Machine:
        host = self._host_at(address) if self._host_at else ""
        return Machine(host) if host else machine_at(address)

    def tls_context(self, machine: Machine) -> ssl.SSLContext:
        """TLS settings of `machine`; kept for a day."""
        return self._context(machine, datetime.now(UTC).toordinal())

    def _make_context(self, machine: Machine, today: int) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if machine.weak_key or machine.tls != MODERN:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL refuses what is shown here
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = TLS_VERSIONS[machine.tls[0]]
            context.maximum_version = TLS_VERSIONS[machine.tls[1]]
        with tempfile.NamedTemporaryFile() as file:  # OpenSSL reads chains from files alone
            file.write(b"".join(self._certificate(machine)))
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _certificate(self, machine: Machine) -> Sequence[bytes]:
        now = datetime.now(UTC)
        options: dict[str, Any] = {"names": machine.names or None}
        options["self_signed"] = machine.self_signed
        if machine.days_left is not None:
            options["not_after"] = now + timedelta(days=machine.days_left)
        if machine.starts_in is not None:
            options["not_before"] = now + timedelta(days=machine.starts_in)
        if machine.weak_key:
            options["key"] = rsa.generate_private_key(65537, 1024)
        chain, key = self._authority.certificate(machine.host, **options)
        return (_signed_by_stranger(chain) if machine.stranger else chain), key


@dataclass(slots=True)
class _Session:
    machine: Machine
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    context: Any
    secured: bool = False

    async def run(self) -> None:
        if self.machine.silent:
            await asyncio.sleep(IDLE_SECONDS)
            return
        if self.machine.garbage:
            await self._write(b"SSH-2.0-OpenSSH_9.2\r\n")
            return
        greeting = self.machine.greeting or f"220 {self.machine.host} ESMTP"
        await self._say(greeting)
        for _ in range(MAX_COMMANDS):
            async with asyncio.timeout(IDLE_SECONDS):
                line = await self.reader.readuntil(b"\n")
            if len(line) > MAX_LINE:
                await self._say("500 5.5.6 Line too long")
            elif not await self._obey(line.decode("ascii", "replace").strip()):
                return

    async def _obey(self, command: str) -> bool:
        """Answers one command; whether the conversation goes on."""
        verb = command.split(" ", 1)[0].upper()
        if verb in ("EHLO", "HELO") and self.machine.hangs_up:
            return False
        if verb == "EHLO":
            await self._hello()
        elif verb == "STARTTLS" and self._offers_tls:
            return await self._start_tls()
        elif verb == "QUIT":
            await self._say("221 2.0.0 Bye")
            return False
        else:
            known = {"HELO": f"250 {self.machine.host}", "NOOP": "250 2.0.0 OK"}
            known |= {"RSET": "250 2.0.0 OK", "MAIL": "550 5.7.1 The classroom takes no mail"}
            await self._say(known.get(verb, "502 5.5.1 Command not implemented"))
        return True

    @property
    def _offers_tls(self) -> bool:
        return self.machine.starttls and not self.secured

    async def _hello(self) -> None:
        if self.machine.ehlo:
            await self._say(self.machine.ehlo)
            return
        lines = [self.machine.host, *EXTENSIONS, *(["STARTTLS"] if self._offers_tls else [])]
        *first, last = lines
        await self._say(*(f"250-{line}" for line in first), f"250 {last}")

    async def _start_tls(self) -> bool:
        await self._say("220 2.0.0 Ready to start TLS")
        if self.machine.starttls_fails:
            return False
        await self.writer.start_tls(self.context(self.machine), ssl_handshake_timeout=IDLE_SECONDS)
        self.secured = True
        return True

    async def _say(self, *lines: str) -> None:
        await self._write("".join(f"{line}\r\n" for line in lines).encode("ascii"))

    async def _write(self, octets: bytes) -> None:
        self.writer.write(octets)
        async with asyncio.timeout(IDLE_SECONDS):
            await self.writer.drain()


def _signed_by_stranger(chain: bytes) -> bytes:
    """The first certificate of `chain` as an authority that nobody knows would have issued it."""
    leaf = x509.load_pem_x509_certificate(chain)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Corner shop authority")])
    builder = x509.CertificateBuilder(name, leaf.subject, leaf.public_key(), leaf.serial_number)
    builder = builder.not_valid_before(leaf.not_valid_before_utc)
    builder = builder.not_valid_after(leaf.not_valid_after_utc)
    for extension in leaf.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(host_key("stranger"), hashes.SHA256()).public_bytes(Encoding.PEM)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Closes so that the other side sees what a port without a listener sends: a reset."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _proxied(reader: asyncio.StreamReader) -> str:
    """The address of the machine that is meant; empty where nobody says."""
    with suppress(TimeoutError, ValueError):
        async with asyncio.timeout(PROXY_SECONDS):
            line = await reader.readuntil(b"\n")
        words = line.decode("ascii", "replace").split()
        if len(words) == 6 and words[0] == "PROXY":
            return str(ipaddress.ip_address(words[3]))
    return ""


def machine_at(address: str) -> Machine:
    """The machine with this address in the lessons' zones, as mail.toml has it."""
    host = _hosts().get(address, DEFAULT)
    machine = Machine(host)
    labels = host.split(".")
    for index in range(len(labels)):
        if changes := _deviations().get(".".join(labels[index:])):
            return replace(machine, **changes)
    return machine


@cache
def _hosts() -> dict[str, str]:
    """The name of the machine at each address: that of an MX record where several have it."""
    zones = load().data.zones.values()
    rrsets = {name: types for zone in zones for name, types in zone.rrsets.items()}
    exchanges = {rdata.exchange for types in rrsets.values() for rdata in types.get(MX, ())}
    found: dict[str, str] = {}
    for name in sorted(rrsets, key=lambda name: (name in exchanges, name), reverse=True):
        for rdtype in (A, AAAA):
            for rdata in rrsets[name].get(rdtype, ()):
                text = name.to_text(omit_final_dot=True).lower()
                found.setdefault(str(ipaddress.ip_address(rdata.address)), text)
    return found


@cache
def _deviations() -> dict[str, dict[str, Any]]:
    """The tables of mail.toml by host or domain."""
    tables = tomllib.loads((Path(__file__).parent / "mail.toml").read_text("utf-8"))
    lists = ("tls", "names")
    return {
        name: {key: tuple(value) if key in lists else value for key, value in table.items()}
        for name, table in tables.items()
    }
