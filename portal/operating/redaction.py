"""Takes out of a text for the log what must not stand there: whoever reads logs is not to learn who
visits, what opens a report, or how to sign in.

It is a net below code that does not log such things: messages of libraries, tracebacks, the path of
a request that failed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from functools import cache
from urllib.parse import unquote, urlsplit

MAIL, ADDRESS, SECRET = "[mail address]", "[address]", "[secret]"
MIN_SECRET = 6  # characters; what is shorter would be found everywhere

_USERINFO = re.compile(r"(?<=//)[^\s/@'\"]+@")
_MAIL = re.compile(r"[^\s@<>()\[\]\"',;:=/]{1,64}@[^\s@<>()\"',;:=/]{1,253}")
_NAMED = re.compile(
    r"(?i)((?:pass(?:word|wd)?|secret|token|authorization|cookie|session(?:id)?|api[-_]?key|code)"
    r"[\"']?\s*[=:]\s*)(?:(?:bearer|basic)\s+)?[\"']?[^\s\"',;&]+"
)
_IP = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)"
)
_WORD = re.compile(r"[A-Za-z0-9_-]{20,}")
_HARMLESS = re.compile(
    r"[a-z_-]+|[A-Z_-]+"  # words
    r"|_*[a-z0-9]+(_+[a-z0-9]+)+_*"  # names of functions
    r"|[A-Z]?[a-z]+([A-Z][a-z]+)+"  # names of classes, and of scripts' functions
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # ids of tasks
    r"|xn--[a-z0-9-]+|[\d_-]+"
)


def redacted(text: str, secrets: Iterable[str] = (), known: frozenset[str] = frozenset()) -> str:
    """`text` without the very `secrets`, and without mail addresses, IP addresses that are neither
    `known` nor this machine's own, passwords in URLs and after their names, and long words that
    look drawn by chance."""
    for secret in secrets:
        text = text.replace(secret, SECRET)
    text = _USERINFO.sub(SECRET + "@", text)
    if "@" in text:
        text = _MAIL.sub(lambda m: m[0] if m[0].startswith(SECRET[1:]) else MAIL, text)
    text = _NAMED.sub(lambda m: m[1] + SECRET, text)
    text = _IP.sub(lambda m: m[0] if _is_known(m[0], known) else ADDRESS, text)
    return _WORD.sub(lambda m: m[0] if _HARMLESS.fullmatch(m[0]) else SECRET, text)


def _is_known(text: str, known: frozenset[str]) -> bool:
    try:
        address = ipaddress.ip_address(text.rstrip(".:") if text != "::" else text)
    except ValueError:
        return True  # no address at all
    return address.is_loopback or address.is_unspecified or str(address) in known


@cache
def site_secrets() -> tuple[str, ...]:
    """The secrets that this site was configured with, the longest first."""
    from django.conf import settings

    database = settings.DATABASES.get("default", {})
    found = {
        settings.SECRET_KEY,
        settings.EMAIL_HOST_PASSWORD,
        settings.METRICS_TOKEN,
        str(database.get("PASSWORD") or ""),
        unquote(urlsplit(settings.REDIS_URL).password or ""),
    }
    return tuple(sorted((s for s in found if len(s) >= MIN_SECRET), key=len, reverse=True))


@cache
def site_addresses() -> frozenset[str]:
    """The addresses of machines that the operator named: no visitors'."""
    from django.conf import settings

    database = settings.DATABASES.get("default", {})
    texts = [*settings.RESOLVERS, urlsplit(settings.REDIS_URL).hostname or ""]
    texts += [str(database.get("HOST") or ""), settings.EMAIL_HOST, settings.SPF_DNS]
    return frozenset(filter(None, map(_address, texts)))


def _address(text: str) -> str:
    """The address in "HOST[:PORT]"; nothing where HOST is a name."""
    for host in (text, text.rpartition(":")[0]):
        try:
            return str(ipaddress.ip_address(host.strip("[]")))
        except ValueError:
            continue
    return ""
