"""One conversation with a mail server: greeting, EHLO, STARTTLS, and nothing of a mail.

RFC 5321 §3.1 and §3.2 (opening), §4.3.2 (replies), RFC 3207 (STARTTLS). Each host is spoken to
once a report, at one address of each family, and every check that asks shares the result.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
import warnings
from dataclasses import dataclass, field
from functools import cache

from cryptography.x509.verification import Store

from ..addresses import Address
from ..addresses import parse as parse_address
from ..context import Context
from ..guard import SMTP_PORT, GuardError
from . import certificates
from .certificates import Facts
from .dialogue import Dialogue, Line, Reply, SmtpError, clean

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0  # of one conversation
PARTING_SECONDS = 2.0  # for the server to agree to the end of TLS
MARGIN_SECONDS = 0.5  # before the report's deadline, to say what is known
MAX_EXTENSIONS = 40

_HOST = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


@dataclass(slots=True)
class Probe:
    """What a mail server showed at one address.

    `error` is empty where the conversation came to its end, else one of GuardError.CODES (no
    connection), SmtpError.CODES, or "turned-away": a greeting other than 220, or EHLO refused;
    `ehlo_code` tells the two apart. `certificates` are DER, the server's own first, whether they
    are `verified` (valid today, for `host`, by an authority of this machine) or not: `problems` is
    then some of "name", "expired", "not-yet-valid", "self-signed", "untrusted", "weak-key" and
    "unreadable", and `verify_error` the first of them.
    """

    host: str
    address: str = ""
    error: str = ""
    detail: str = ""
    banner: str = ""
    greeting_code: int = 0
    ehlo: tuple[str, ...] = ()  # extension lines, as announced last
    ehlo_code: int = 0
    starttls: bool = False
    tls_version: str = ""
    cipher: str = ""
    certificates: tuple[bytes, ...] = ()
    verified: bool = False
    verify_error: str = ""
    verify_detail: str = ""
    problems: tuple[str, ...] = ()
    facts: Facts | None = None
    lines: list[Line] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """The host names in the certificate."""
        return self.facts.names if self.facts else ()

    @property
    def connected(self) -> bool:
        return self.error not in GuardError.CODES


async def probe(context: Context, host: str) -> Probe | None:
    """What the mail server `host` showed, at the address where it showed most (IPv4 when equal).

    None where the operator has mail servers not spoken to (`context.options.smtp`).
    """
    found = await probes(context, host)
    return max(found, key=_progress) if found else None


async def probes(context: Context, host: str) -> tuple[Probe, ...]:
    """One Probe for each address family of `host`, IPv4 first; one with an error where none is
    reachable at all. Empty where mail servers are not spoken to."""
    if not speaks(context):
        return ()
    host = host.lower().rstrip(".")
    return await context.once(("smtp", host), lambda: _probe_all(context, host))


def speaks(context: Context) -> bool:
    """Whether mail servers are spoken to. A lesson's are played by the classroom or not at all."""
    playable = not context.lesson or SMTP_PORT in context.guard_settings.classroom
    return context.options.smtp and playable


def _progress(probe: Probe) -> tuple[bool, bool, bool, bool]:
    return bool(probe.certificates), probe.starttls, bool(probe.ehlo_code), probe.connected


async def _probe_all(context: Context, host: str) -> tuple[Probe, ...]:
    if not _HOST.fullmatch(host):
        return (Probe(host, error="no-address"),)
    try:
        await context.guard.addresses(host)
    except GuardError as error:
        return (Probe(host, error.address, error.code, error.detail),)
    chosen = await asyncio.gather(*(_address(context, host, type) for type in ("A", "AAAA")))
    talks = (_probe(context, host, address) for address in chosen if address)
    found = tuple(await asyncio.gather(*talks))
    for probe in found:
        context.guard.counts.probes[probe.error or "ok"] += 1
    return found


async def _address(context: Context, host: str, rdtype: str) -> Address | None:
    """The address of this family that is spoken to; None where none may be connected to."""
    answer = await context.query(host, rdtype)
    found = (parse_address(record.address) for record in answer.records)
    return min(filter(context.guard.allows, found), key=int, default=None)


async def _probe(context: Context, host: str, address: Address) -> Probe:
    probe = Probe(host, str(address))
    try:
        dialogue = await _open(context, address)
    except GuardError as error:
        probe.error, probe.detail = error.code, clean(error.detail)
        return probe
    probe.lines = dialogue.lines
    try:
        await _converse(context, dialogue, probe)
    except SmtpError as error:
        probe.error, probe.detail = error.code, error.detail
        if error.code == "closed" and isinstance(error.__cause__, ConnectionResetError):
            # A reset before the first word is what a closed port behind a relay looks like.
            probe.error = probe.error if probe.greeting_code else "refused"
    finally:
        _part(dialogue)
    if probe.certificates:
        await _judge(context, probe)
    return probe


async def _open(context: Context, address: Address) -> Dialogue:
    """A connection to the very address that was judged. Raises GuardError."""
    loop = asyncio.get_running_loop()
    end = loop.time() + min(TOTAL_SECONDS, context.resolver.remaining - MARGIN_SECONDS)
    seconds = max(0.01, min(CONNECT_SECONDS, end - loop.time()))
    connection = await context.guard.open(address, SMTP_PORT, timeout=seconds)
    return Dialogue(connection, lambda: end - loop.time())


async def _converse(context: Context, dialogue: Dialogue, probe: Probe) -> None:
    """As far as a sender goes before MAIL FROM. Raises SmtpError."""
    if not await _greet(context, dialogue, probe):
        return
    if probe.starttls:
        await _start_tls(dialogue, probe, _any_tls())
        await _say_hello(context, dialogue, probe)
    dialogue.say("QUIT")


async def _greet(context: Context, dialogue: Dialogue, probe: Probe) -> bool:
    """Greeting and EHLO; whether the server goes along with both."""
    greeting = await dialogue.reply()
    probe.greeting_code, probe.banner = greeting.code, greeting.text
    if greeting.code != 220:
        probe.error = "turned-away"
        dialogue.say("QUIT")
        return False
    if not await _say_hello(context, dialogue, probe):
        probe.error = "turned-away"
        dialogue.say("QUIT")
        return False
    return True


async def _say_hello(context: Context, dialogue: Dialogue, probe: Probe) -> bool:
    """EHLO (RFC 5321 §4.1.1.1), whose first line names the server and the others extensions."""
    reply = await dialogue.command(f"EHLO {ehlo_name(context.options.ehlo)}")
    probe.ehlo_code = reply.code
    if reply.code != 250:
        probe.detail = reply.text
        return False
    probe.ehlo = reply.lines[1 : 1 + MAX_EXTENSIONS]
    probe.starttls = probe.starttls or _offers_tls(reply)
    return True


def _offers_tls(reply: Reply) -> bool:
    return any(line.split()[:1] in (["STARTTLS"], ["starttls"]) for line in reply.lines[1:])


async def _start_tls(dialogue: Dialogue, probe: Probe, context: ssl.SSLContext) -> None:
    """RFC 3207 §4: 220, then the handshake on the same connection."""
    reply = await dialogue.command("STARTTLS")
    if reply.code != 220:
        raise SmtpError("starttls-failed", f"{reply.code} {reply.text}".strip())
    await dialogue.start_tls(context, probe.host)
    tls = dialogue.connection.tls
    cipher = tls.cipher() if tls else None
    probe.tls_version = (tls.version() if tls else "") or ""
    probe.cipher = cipher[0] if cipher else ""
    probe.certificates = certificates.chain_of(tls)


async def _judge(context: Context, probe: Probe) -> None:
    """Whether a sender that insists on a valid certificate would deliver."""
    store = await context.once("tls-authorities", lambda: _authorities(context))
    probe.facts = found = certificates.facts(probe.certificates[0])
    if found is None:
        probe.problems = ("unreadable",)
    else:
        untrusted = certificates.trust_error(probe.certificates, store, context.now)
        own = found.self_signed and bool(untrusted)
        problems = {
            "name": not certificates.is_for(probe.host, found.names),
            "expired": context.now > found.not_after,
            "not-yet-valid": context.now < found.not_before,
            "self-signed": own,
            "untrusted": bool(untrusted) and bool(found.names) and not own and not found.weak,
            "weak-key": found.weak,
        }
        probe.verify_detail = untrusted
        probe.problems = tuple(problem for problem, applies in problems.items() if applies)
    probe.verify_error = probe.problems[0] if probe.problems else ""
    probe.verified = not probe.problems


async def _authorities(context: Context) -> Store:
    """In a thread the first time, while everything else goes on."""
    return await asyncio.to_thread(lambda: certificates.authorities(context.guard.context()))


async def accepts_old_tls(context: Context, probe: Probe) -> bool | None:
    """Whether the server takes TLS 1.0 or 1.1 when nothing newer is offered (RFC 8996).

    A second conversation. None where this machine's OpenSSL cannot offer them, or it failed
    before the handshake.
    """
    old = _old_tls()
    if old is None or not probe.tls_version:
        return None
    again = Probe(probe.host, probe.address)
    try:
        dialogue = await _open(context, ipaddress.ip_address(probe.address))
    except GuardError:
        return None
    try:
        if not await _greet(context, dialogue, again) or not again.starttls:
            return None
        await _start_tls(dialogue, again, old)
        dialogue.say("QUIT")
    except SmtpError as error:
        reached = error.code == "starttls-failed" and "NO_PROTOCOLS" not in error.detail
        return False if reached else None
    finally:
        _part(dialogue)
    return bool(again.tls_version)


def _part(dialogue: Dialogue) -> None:
    """Closes in good manners, and for good a little later: the other side may never agree."""
    dialogue.connection.close()
    asyncio.get_running_loop().call_later(PARTING_SECONDS, dialogue.connection.abort)


def ehlo_name(name: str) -> str:
    """The argument of EHLO: a host name, or an address literal (RFC 5321 §4.1.3, §4.1.4)."""
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return name.lower() if _HOST.fullmatch(name.lower()) else "localhost"
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"


@cache
def _any_tls() -> ssl.SSLContext:
    """Takes whatever the server has, however old or weak, to be able to tell what it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


@cache
def _old_tls() -> ssl.SSLContext | None:
    """Offers nothing newer than TLS 1.1; None where OpenSSL was built without it."""
    if not ssl.HAS_TLSv1_1:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is what is tested here
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context
