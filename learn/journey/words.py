"""Sentences and single words for what DNS said, in the reader’s language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from lookups.engine.names import to_unicode
from lookups.engine.resolver import name_text
from lookups.engine.spf.result import Result, Verdict
from lookups.engine.trace import Step as Asked


def is_usable(host: dict[str, Any]) -> bool:
    """Whether a sender can connect. It follows an alias, too, which should not be there."""
    reachable = any(address["scope"] == "public" for address in host["addresses"])
    return host["state"] in ("ok", "alias") and reachable


def shown_zone(zone: str) -> str:
    return _("the root") if zone == "." else to_unicode(zone)


def zone_title(zone: str) -> str:
    if zone == ".":
        return _("A root server is asked")
    return _("A server of %(zone)s is asked") % {"zone": shown_zone(zone)}


def zone_known_title(zone: str) -> str:
    if zone == ".":
        return _("Who looks after the root")
    return _("Who looks after %(zone)s") % {"zone": shown_zone(zone)}


def zone_role(zone: str) -> str:
    if zone == ".":
        return _("Root server")
    return _("Name server of %(zone)s") % {"zone": shown_zone(zone)}


def failed(asked: Asked) -> str:
    """A sentence on a server that was of no help."""
    names = {"host": name_text(asked.host), "address": str(asked.address)}
    if asked.why == "timeout":
        return _("%(host)s (%(address)s) gave no answer in time.") % names
    if asked.why == "refused":
        return _("%(host)s (%(address)s) refused to answer.") % names
    if asked.why == "servfail":
        return _("%(host)s (%(address)s) failed to answer (SERVFAIL).") % names
    if asked.why in ("lame", "not-authoritative"):
        return _("%(host)s (%(address)s) is not in charge, so its reply does not count.") % names
    return _("%(host)s (%(address)s) gave no answer of use.") % names


def glue(asked: Asked) -> str:
    """A sentence on the addresses that came with a referral."""
    referral = asked.referral
    count = sum(bool(host.addresses) for host in referral.hosts) if referral else 0
    if count:
        return _(
            "It sends addresses along (glue), so that the next question can be asked at once. "
            "Servers with an address: %(count)s."
        ) % {"count": count}
    if referral and referral.ignored:
        return _(
            "The addresses that came along are of hosts outside its zone, and are not believed: a "
            "server may speak only for its own part of the tree. They are looked up separately."
        )
    return _("It names no addresses; they are looked up separately.")


def reply_of(asked: Asked) -> tuple[str, str]:
    """The reply along the arrow, and its mark."""
    if asked.referral:
        return f"→ {shown_zone(name_text(asked.referral.zone))}", "none"
    if asked.kind == "answer":
        first = min(asked.records, key=_preference, default="")
        return first, "good"
    words = {
        "nodata": (_("no MX record"), "warn"),
        "nxdomain": (_("no such name"), "bad"),
        "alias": ("CNAME", "warn"),
    }
    return words.get(asked.kind, (_("no usable answer"), "bad"))


def _preference(text: str) -> int:
    number = text.split(" ", 1)[0]
    return int(number) if number.isdigit() else 0


def obstacle(host: dict[str, Any]) -> str:
    """Why a host cannot get the letter."""
    names = {"host": host["unicode"]}
    sentences = {
        "missing": _("There is no %(host)s: the MX record points nowhere."),
        "no-address": _("%(host)s has no address."),
        "unreachable": _("%(host)s has no address that the world can reach."),
        "literal": _("%(host)s is an address where a name belongs."),
        "invalid": _("%(host)s is no valid name of a host."),
    }
    return sentences.get(host["state"], _("For %(host)s DNS gave no usable answer.")) % names


def obstacle_in_short(host: dict[str, Any]) -> str:
    words = {
        "missing": _("does not exist"),
        "no-address": _("has no address"),
        "unreachable": _("no public address"),
        "literal": _("an address, no name"),
        "invalid": _("no valid host name"),
    }
    return words.get(host["state"], _("DNS does not answer"))


def spf_words(verdict: Verdict) -> str:
    """A sentence on a result, with %(address)s in it."""
    sentences = {
        Result.PASS: _("%(address)s is among the addresses that may send: SPF passes."),
        Result.FAIL: _("%(address)s may not send, says the record: SPF fails."),
        Result.SOFTFAIL: _("%(address)s probably may not send, says the record (softfail)."),
        Result.NEUTRAL: _("The record takes no side on %(address)s (neutral)."),
        Result.NONE: _("There is no SPF record, so nothing can be said of %(address)s."),
        Result.PERMERROR: _("The record is broken; for %(address)s it says nothing (permerror)."),
        Result.TEMPERROR: _("DNS gave no answer, so %(address)s could not be judged (temperror)."),
    }
    return sentences[verdict.result]


def spf_mark(result: str) -> str:
    return {"pass": "good", "fail": "bad"}.get(result, "warn")


def policy_words(policy: str) -> str:
    return {
        "reject": _("The domain asks receivers to refuse such letters."),
        "quarantine": _("The domain asks receivers to put such letters aside."),
    }.get(policy, _("The domain only watches: such letters are to be treated as ever."))


def dmarc_words(result: str) -> str:
    return {
        "pass": _("DMARC passes."),
        "fail": _("Neither passed for this domain: DMARC fails."),
        "open": _("Whether it passes depends on a signature that only a real letter has."),
    }.get(result, _("So DMARC says nothing of this letter."))


def fate_words(fate: str, forged: bool) -> str:
    if fate == "mailbox" and forged:
        return _(
            "DMARC passed although the letter is forged, since the SPF record lets anybody send. "
            "It goes to Bob’s inbox."
        )
    return {
        "mailbox": _("DMARC passed: the sender is who the letter says. It goes to Bob’s inbox."),
        "junk": _("DMARC failed, and the domain asked for it: the letter goes to the junk folder."),
        "returned": _(
            "DMARC failed, and the domain asked for it: the receiving server refuses the letter "
            "while the sender is still on the line."
        ),
    }.get(
        fate,
        _("No rule of the sender’s domain decides. The receiver may deliver, file or refuse it."),
    )
