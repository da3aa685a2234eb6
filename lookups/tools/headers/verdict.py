"""The verdict on a message, in a sentence, and what limits it."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lookups.engine.mail.analysis import Analysis
from lookups.engine.names import to_unicode


def verdict(found: Analysis) -> tuple[str, str]:
    """Level and sentence of the summary."""
    dmarc = found.dmarc
    if dmarc is None:
        return "error", _("No author: From names no address, so DMARC has no domain to go by.")
    level, text = _proven(found) if dmarc.proven else _unproven(found)
    return level, text % {"domain": to_unicode(dmarc.domain)}


def verdict_word(level: str) -> str:
    """One or two words beside the mark of the verdict."""
    words = {
        "good": _("Proven"),
        "info": _("Proven in part"),
        "warning": _("Not certain"),
        "error": _("Not proven"),
    }
    return words[level]


def _proven(found: Analysis) -> tuple[str, str]:
    if found.rests_on_header:
        return "info", _(
            "The header is as %(domain)s signed it. Whether the body is too, only the whole "
            "message can tell."
        )
    if found.unsigned:
        return "warning", _(
            "%(domain)s vouches for this message, but not for the end of its body, which is not "
            "signed."
        )
    if found.authors > 1:
        return "warning", _("%(domain)s vouches for this message, but From names several domains.")
    level = "info" if found.rests_on_spf else "good"  # then a guess is part of it
    if found.dmarc and found.dmarc.ruling.result == "none":
        return level, _(
            "This message is proven to come from %(domain)s, though that domain publishes no DMARC "
            "policy."
        )
    return level, _("This message is proven to come from %(domain)s.")


def _unproven(found: Analysis) -> tuple[str, str]:
    ruling = found.dmarc.ruling if found.dmarc else None
    result, policy = (ruling.result, ruling.effective) if ruling else ("none", "")
    if result == "temperror":
        return "warning", _("DNS left it open whether this message is from %(domain)s.")
    if result == "none":
        return "warning", _(
            "Nothing proves that this message comes from %(domain)s, and that domain publishes no "
            "DMARC policy against it."
        )
    text = {
        "reject": _(
            "Nothing proves now that this message comes from %(domain)s, whose owner asks "
            "receivers to refuse such mail."
        ),
        "quarantine": _(
            "Nothing proves now that this message comes from %(domain)s, whose owner asks "
            "receivers to treat such mail as suspicious."
        ),
    }.get(
        policy,
        _(
            "Nothing proves now that this message comes from %(domain)s; its owner asks for "
            "reports only."
        ),
    )
    if arc_vouches(found):
        return "warning", text + " " + _(
            "Whoever passed it on says in a valid ARC chain that it was proven when it arrived "
            "there."
        )
    return ("warning" if policy == "none" else "error"), text


def arc_vouches(found: Analysis) -> bool:
    """The chain holds, and its first set says that the message passed DMARC."""
    if found.chain.state != "pass":
        return False
    return any(result.result == "pass" for result in found.chain.sets[0].results.of("dmarc"))


def disposition(found: Analysis) -> str:
    """What receivers that honour the policy do with the message."""
    ruling = found.dmarc.ruling if found.dmarc else None
    if ruling is None or ruling.result == "temperror":
        return ""
    if ruling.result == "none":
        return _("No policy is published: receivers decide by themselves.")
    if ruling.result == "pass":
        return _("DMARC passes: the policy does not apply.")
    words = {
        "reject": _("DMARC fails: receivers are asked to refuse the message."),
        "quarantine": _("DMARC fails: receivers are asked to put it where spam goes."),
    }
    reports = _("DMARC fails: receivers are asked to report it and treat it as usual.")
    return words.get(ruling.disposition, reports)


def caveats(found: Analysis) -> Iterator[str]:
    """What limits the verdict."""
    if not found.has_body:
        yield _(
            "Only the header was given: the body hash of signatures cannot be checked. Give the "
            "whole message (.eml) for that."
        )
    if found.rests_on_spf:
        yield _(
            "This rests on SPF alone, and so on the guess where the message entered the receiver’s "
            "network."
        )
    if found.spf and found.border and not found.border.safe:
        yield _(
            "SPF is left aside: a server may have been taken for the receiver’s own by the name it "
            "gave itself."
        )
    if found.from_fields > 1:
        yield _("There are several From fields, which RFC 5322 forbids; receivers often refuse it.")
    if found.authors > 1:
        yield _(
            "From names addresses of several domains. Receivers may refuse that; RFC 9989 lets "
            "them look at one or at all (here: the first)."
        )
    if found.message.cut:
        yield _("The header has more fields than are read; signatures were not checked.")
    if found.message.junk:
        yield ngettext(
            "One line of the header is no field and was left aside.",
            "%(count)d lines of the header are no fields and were left aside.",
            found.message.junk,
        ) % {"count": found.message.junk}
    if found.timed_out:
        yield _("Checking the signatures took too long and was given up.")
    if any(v.passed for v in found.signatures) or found.spf:
        yield _("Keys and policies are those of today; at delivery they may have been others.")
