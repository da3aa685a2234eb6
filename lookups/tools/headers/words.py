"""The analysis of a message in words of the active language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lookups.engine.mail.arc import Chain, Part
from lookups.engine.mail.keys import Key
from lookups.engine.mail.message import MAX_BYTES, MAX_HEADER_BYTES
from lookups.engine.mail.received import Hop
from lookups.engine.mail.signatures import Signature
from lookups.engine.mail.verify import Verdict


def refusal(code: str) -> str:
    """Why this is no message; `code` is that of a MessageError."""
    words = {
        "empty": _("There is nothing to read: paste a header or choose a file."),
        "too-large": _("That is too large: at most %(limit)s MB. The header alone is enough.")
        % {"limit": MAX_BYTES // 1_000_000},
        "header-too-large": _("This header is larger than %(limit)s kB. No honest message has one.")
        % {"limit": MAX_HEADER_BYTES // 1024},
        "html": _(
            "This is a web page, not a message. Look for “Show original” or “View source” in your "
            "mail program and copy from there."
        ),
        "outlook": _(
            "This is a .msg file of Outlook. Open the message there, choose File, then Properties, "
            "and paste what stands under “Internet headers”."
        ),
        "binary": _("This is no message: it begins with binary data."),
        "no-header": _(
            "There is no message header in this. One begins with lines such as “Received: …” or "
            "“From: …”."
        ),
    }
    return words.get(code, code)


def duration(seconds: int) -> str:
    """A span of time in its two largest units."""
    sign, rest = ("−" if seconds < 0 else ""), abs(seconds)
    units = ((86400, _("%d d")), (3600, _("%d h")), (60, _("%d min")), (1, _("%d s")))
    parts = []
    for size, unit in units:
        count, rest = divmod(rest, size)
        if count or (size == 1 and not parts):
            parts.append(unit % count)
    return sign + " ".join(parts[:2])


def moment(time: datetime | None) -> str:
    """A time as its server wrote it, with its zone."""
    if time is None:
        return ""
    return f"{time.year:04}-{time:%m-%d %H:%M:%S %z}"


# --- the way ----------------------------------------------------------------------------------
def delay(hop: Hop) -> str:
    if hop.delay is None:
        return ""
    if hop.delay < 0:
        return _("%(time)s: clocks differ") % {"time": duration(hop.delay)}
    return duration(hop.delay)


def encryption(hop: Hop) -> str:
    """Whether this step was encrypted, as its field tells."""
    if hop.kind in ("loopback", "local"):
        return _("inside one machine")
    if hop.encrypted:
        return " ".join(filter(None, [hop.tls or "TLS", hop.cipher]))
    return _("not encrypted") if hop.encrypted is False else _("not told")


def network(hop: Hop) -> str:
    words = {
        "internet": _("public address"),
        "internal": _("private address: internal"),
        "loopback": _("internal: loopback"),
        "local": _("internal"),
    }
    return words.get(hop.kind, "")


def step(hop: Hop) -> str:
    """One line for the picture."""
    return " · ".join(filter(None, [delay(hop), hop.tls or encryption(hop)]))


# --- DKIM --------------------------------------------------------------------------------------
def signature_title(verdict: Verdict) -> str:
    words = {
        "pass": _("valid"),
        "header-only": _("fits the header"),
        "body-changed": _("body changed"),
        "fail": _("does not fit"),
        "expired": _("expired"),
        "future": _("from the future"),
        "weak": _("too weak"),
        "mismatch": _("key does not fit"),
        "skipped": _("not checked"),
        "unusable": _("not usable"),
    }
    return words.get(verdict.state) or key_title(verdict.key)


def key_title(key: Key | None) -> str:
    words = {
        "none": _("no key"),
        "dns": _("key not known"),
        "revoked": _("key revoked"),
        "unusable": _("key not usable"),
    }
    return words.get(key.state if key else "", _("not checked"))


def signature_level(state: str) -> str:
    if state == "pass":
        return "good"
    if state in ("header-only", "skipped"):
        return "info"
    return "error" if state in ("fail", "body-changed", "weak") else "warning"


def signature(verdict: Verdict) -> str:
    """What the verdict means, in a sentence or two."""
    domain = {"domain": verdict.signature.domain}
    words = {
        "pass": _(
            "%(domain)s vouches for this message: the signed fields and the body are as they were "
            "signed."
        )
        % domain,
        "header-only": _(
            "The signed fields are as %(domain)s signed them. Whether the body is, cannot be told: "
            "it was not given."
        )
        % domain,
        "body-changed": _(
            "The signed fields are as %(domain)s signed them, but the body was changed on the way, "
            "as mailing lists and some gateways do."
        )
        % domain,
        "fail": _(
            "The signature does not fit the fields it covers: they were changed on the way, or it "
            "was made with another key than the one published now."
        ),
        "expired": _("The signature says itself that it holds no more (x=)."),
        "future": _("The signature says that it will be made in the future (t=)."),
        "weak": _(
            "Receivers must not accept it: SHA-1 and RSA keys below 1024 bits prove nothing "
            "(RFC 8301)."
        ),
        "mismatch": _(
            "The key published is of another kind than the signature, or forbids its i=."
        ),
        "skipped": _("It was not checked: the message has too many fields, or time ran out."),
        "unusable": _problem(verdict.signature),
    }
    text = words.get(verdict.state) or key(verdict.key)
    if verdict.state == "fail" and verdict.body is False:
        text += " " + _("The body is not as it was signed, either.")
    elif verdict.state == "fail" and verdict.body:
        text += " " + _("The body is as it was signed.")
    return text


def _problem(signature: Signature) -> str:
    detail = {"detail": signature.detail}
    words = {
        "syntax": _("The field cannot be read as a list of tags."),
        "missing": _("The tag %(detail)s is missing or empty, which a signature must have."),
        "version": _("Version “%(detail)s” is not known; it must be 1."),
        "algorithm": _("“%(detail)s” is not a way of signing that receivers know."),
        "domain": _("“%(detail)s” is no domain whose key could be asked for."),
        "identity": _("i= names %(detail)s, which does not lie in the domain of d=."),
        "too-large": _("The field is larger than any that is looked at."),
        "query": _("q=%(detail)s is not a way of finding keys that receivers know."),
    }
    text = words.get(signature.problem, "")
    return text % detail if "%(detail)s" in text else text


def key(found: Key | None) -> str:
    if found is None:
        return _("Its key was not looked for.")
    words = {
        "none": _("DNS has no key at %(name)s. It was never published, or removed since."),
        "dns": _("DNS gave no usable answer for %(name)s: the signature cannot be checked now."),
        "revoked": _("The key at %(name)s is revoked: its p= is empty."),
        "unusable": _("The record at %(name)s is no key that receivers could use."),
        "limit": _("Too many keys would have to be asked for; this one was not."),
    }
    return words.get(found.state, "") % {"name": found.name}


def dangers(signature: Signature) -> Iterator[str]:
    """What a valid signature does not protect."""
    if signature.length is not None:
        yield _(
            "l=%(count)d: only so many octets of the body are signed. Anybody may append more, "
            "which then looks signed."
        ) % {"count": signature.length}
    open_names = [c.name for c in signature.covers if c.state == "no"]
    if open_names:
        yield _("Not covered, so anybody may change it: %(names)s.") % {
            "names": ", ".join(open_names)
        }


def covered(signature: Signature) -> str:
    return ", ".join(c.name for c in signature.covers if c.state in ("yes", "over"))


def oversigned(signature: Signature) -> str:
    """Fields that nobody can add a second time."""
    return ", ".join(c.name for c in signature.covers if c.state in ("over", "absent-over"))


# --- ARC --------------------------------------------------------------------------------------
def chain(found: Chain) -> str:
    at = {"at": found.at}
    if found.state == "pass":
        return ngettext(
            "The chain holds: one server passed the message on and sealed what it had seen. "
            "Whether that counts is for the receiver to decide: anybody can make a chain.",
            "The chain holds: %(count)d servers passed the message on and sealed what they had "
            "seen. Whether that counts is for the receiver to decide: anybody can make a chain.",
            len(found.sets),
        ) % {"count": len(found.sets)}
    if found.state == "header-only":
        return _("The chain holds as far as the header tells; the body was not given.")
    words = {
        "instances": _("The chain is broken: its sets are not numbered from 1 without a gap."),
        "structure": _("The chain is broken: set %(at)d does not have its three fields once each."),
        "cv": _("The chain is broken: the seal of set %(at)d says of it what cannot be."),
        "reported": _("Set %(at)d says that the chain was broken already when it arrived there."),
        "signature": _(
            "The chain is broken: the message was changed after set %(at)d had been added."
        ),
        "seal": _("The chain is broken: the seal of set %(at)d does not fit."),
        "key": _("The chain cannot be verified: the key of set %(at)d is missing or not usable."),
        "dns": _("The chain cannot be verified now: DNS did not give the key of set %(at)d."),
        "skipped": _("The chain was not checked: too many fields, or time ran out."),
    }
    text = words.get(found.reason, "")
    return text % at if "%(at)d" in text else text


def chain_level(found: Chain) -> str:
    if found.state in ("pass", "header-only"):
        return "good" if found.state == "pass" else "info"
    return "info" if found.reason == "skipped" else "warning"


def part(found: Part) -> str:
    """The state of a seal or a message signature of the chain."""
    words = {
        "pass": _("valid"),
        "fail": _("does not fit"),
        "body-changed": _("body changed since"),
        "header-only": _("fits the header"),
        "syntax": _("malformed"),
    }
    return words.get(found.state) or key_title(found.key)


def part_level(found: Part) -> str:
    return {"pass": "good", "header-only": "info", "fail": "warning"}.get(found.state, "warning")


# --- what servers noted -------------------------------------------------------------------------
def result(method: str, value: str) -> str:
    """A result of Authentication-Results in words (RFC 8601 §2.7)."""
    names = {
        "spf": "SPF", "dkim": "DKIM", "dmarc": "DMARC", "arc": "ARC", "iprev": _("reverse DNS"),
        "auth": _("sign-in"), "bimi": "BIMI", "compauth": _("Microsoft’s own judgement"),
        "dkim-adsp": "ADSP", "sender-id": "Sender ID", "dnswl": _("allow list"),
        "x-tls": "TLS", "smime": "S/MIME", "dane": "DANE",
    }  # fmt: skip
    results = {
        "pass": _("passed"),
        "fail": _("failed"),
        "hardfail": _("failed"),
        "softfail": _("failed softly: probably not permitted"),
        "neutral": _("says nothing either way"),
        "none": _("nothing to check"),
        "policy": _("valid, but not accepted by local policy"),
        "temperror": _("could not be checked just then"),
        "permerror": _("could not be checked: a record or a field is wrong"),
        "bestguesspass": _("passed by guess, there being no policy"),
        "skipped": _("not checked"),
    }
    said = results.get(value, _("result: %s") % value)
    return f"{names.get(method, method)}: {said}"


def result_level(value: str) -> str:
    if value == "pass":
        return "good"
    if value in ("fail", "hardfail", "permerror"):
        return "error"
    return "warning" if value in ("softfail", "temperror", "policy") else "info"
