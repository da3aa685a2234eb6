"""Lines of SMTP (RFC 5321 §4.2): what a server says, bounded in size and time, and what is said.

The server is a stranger's. It may talk without end, dribble, or speak something else altogether.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from ..guard import Connection

REPLY_SECONDS = 8.0  # RFC 5321 §4.5.3.2 gives a server minutes; a visitor does not wait so long
MAX_LINE = 2048  # octets; RFC 5321 §4.5.3.1.5 allows 512, servers exceed it
MAX_LINES = 64  # of one reply
MAX_TEXT = 300  # characters of a line that are kept

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class SmtpError(Exception):
    """Why a conversation ended early.

    "silent": no reply in time; "closed": the server hung up; "protocol": what it
    said is no SMTP; "starttls-failed": TLS did not come about after it was offered.
    """

    CODES = ("silent", "closed", "protocol", "starttls-failed")

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Reply:
    """A code and the text of each line."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(line for line in self.lines if line)[:MAX_TEXT]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the conversation; `sender` is "server", "client", or "tls" for the handshake."""

    sender: str
    text: str


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """A stranger's text without characters that move the cursor or turn the direction."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text[:limit])


def parse_line(octets: bytes) -> tuple[int, bool, str]:
    """Code, whether it is the reply's last line, and text (RFC 5321 §4.2). Raises SmtpError."""
    match = _REPLY_LINE.fullmatch(octets.rstrip(b"\r\n"))
    if match is None:
        shown = clean(octets[:MAX_TEXT].decode("utf-8", "replace").strip())
        raise SmtpError("protocol", shown)
    code, mark, text = match.groups()
    return int(code), mark != b"-", clean((text or b"").decode("utf-8", "replace").rstrip())


@dataclass(slots=True)
class Dialogue:
    """One conversation. `seconds` tells how much time is left for all of it."""

    connection: Connection
    seconds: Callable[[], float]
    lines: list[Line] = field(default_factory=list)

    async def reply(self) -> Reply:
        """The server's next reply, with all its lines. Raises SmtpError."""
        try:
            async with asyncio.timeout(max(0.01, min(REPLY_SECONDS, self.seconds()))):
                return await self._read()
        except TimeoutError as error:
            raise SmtpError("silent") from error
        except (asyncio.IncompleteReadError, OSError) as error:
            raise SmtpError("closed") from error

    async def command(self, text: str) -> Reply:
        """Says `text`, which holds no line break, and returns the reply. Raises SmtpError."""
        self.say(text)
        return await self.reply()

    def say(self, text: str) -> None:
        if not text.isascii() or not text.isprintable():
            raise ValueError(text)
        self.lines.append(Line("client", text))
        self.connection.writer.write(text.encode("ascii") + b"\r\n")

    async def start_tls(self, context: ssl.SSLContext, server_name: str) -> None:
        """The handshake after the server's 220 (RFC 3207 §4). Raises SmtpError.

        What came in the clear behind the 220 would pass for the server's protected words: then
        there is no handshake (CVE-2011-0411).
        """
        if getattr(self.connection.reader, "_buffer", b""):
            raise SmtpError("starttls-failed", "data before the handshake")
        seconds = max(0.01, min(REPLY_SECONDS, self.seconds()))
        try:
            await self.connection.writer.start_tls(
                context, server_hostname=server_name, ssl_handshake_timeout=seconds
            )
        except ssl.SSLError as error:
            raise SmtpError("starttls-failed", clean(error.reason or str(error))) from error
        except OSError as error:
            raise SmtpError("starttls-failed", clean(error.strerror or "closed")) from error
        tls = self.connection.tls
        cipher = tls.cipher() if tls else None
        shown = f"{tls.version()} {cipher[0]}" if tls and cipher else ""
        self.lines.append(Line("tls", shown))

    async def _read(self) -> Reply:
        texts: list[str] = []
        first = 0
        while len(texts) < MAX_LINES:
            code, last, text = parse_line(await self._line())
            if first and code != first:
                raise SmtpError("protocol", f"{first}, {code}")
            first = code
            texts.append(text)
            self.lines.append(Line("server", f"{code}{' ' if last else '-'}{text}"))
            if last:
                return Reply(code, tuple(texts))
        raise SmtpError("protocol", f"> {MAX_LINES}")

    async def _line(self) -> bytes:
        try:
            line = await self.connection.reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            raise SmtpError("protocol", f"> {MAX_LINE}") from error
        if len(line) > MAX_LINE:
            raise SmtpError("protocol", f"> {MAX_LINE}")
        return line
