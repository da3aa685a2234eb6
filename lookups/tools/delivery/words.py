"""What a judgement says, in words of the active language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from lookups.engine.delivery import Identifier, Judgement, Ruling
from lookups.engine.dmarc.walk import Step
from lookups.engine.names import to_unicode
from lookups.templatetags.dmarc_tags import walk_words


def severity(verdict: str) -> str:
    """The severity whose colour and shape a verdict takes."""
    levels = {"pass": "good", "reject": "error", "quarantine": "error"}
    return levels.get(verdict, "warning")


def verdict_title(verdict: str) -> str:
    words = {
        "pass": _("Yes: it passes DMARC"),
        "reject": _("No: it is refused"),
        "quarantine": _("No: it goes to quarantine"),
        "monitor": _("It fails, and is delivered all the same"),
        "unprotected": _("DMARC has no say in it"),
        "later": _("Not decided: DNS gave no usable answer"),
    }
    return words[verdict]


def verdict_text(judged: Judgement) -> str:
    """Why, in a sentence or two."""
    names = {
        "author": to_unicode(judged.mail.author.domain),
        "holder": to_unicode(judged.ruling.record_domain),
        "policy": judged.ruling.effective,
        "proofs": _proofs(judged),
    }
    texts = {
        "pass": _("Passed and aligned with %(author)s: %(proofs)s. One such proof is enough."),
        "reject": _(
            "Nothing proves that it comes from %(author)s, and %(holder)s asks receivers to refuse "
            "such mail."
        ),
        "quarantine": _(
            "Nothing proves that it comes from %(author)s, and receivers are to treat such mail as "
            "suspicious: most put it into the spam folder."
        ),
        "monitor": _(
            "Nothing proves that it comes from %(author)s. But the policy in force is none: "
            "DMARC asks receivers for reports only. Their own filters may still hold it up."
        ),
        "unprotected": _(
            "No DMARC policy holds for %(author)s. Receivers judge by SPF, DKIM and their own "
            "filters; anybody may write this domain into From."
        ),
        "later": _(
            "A receiver can neither let the mail pass nor fail for now. Many ask the sender to try "
            "again later; others deliver without DMARC."
        ),
    }
    return texts[judged.verdict] % names


def _proofs(judged: Judgement) -> str:
    """The identifiers by which the mail passes."""
    found = dict.fromkeys(
        f"{identifier(one.kind)} ({to_unicode(one.domain)})"
        for one in judged.identifiers
        if one.counts
    )
    return _(" and ").join(found)


def identifier(kind: str) -> str:
    """What SPF or DKIM looked at; the names are those of the RFCs in every language."""
    return {"mailfrom": "SPF (MAIL FROM)", "helo": "SPF (HELO)", "dkim": "DKIM (d=)"}[kind]


def identifier_reason(row: Identifier) -> str:
    """Why it counts or does not."""
    words = {
        "counts": _("it passes and is aligned: it counts"),
        "not-passed": _("it is aligned, but does not pass"),
        "unverified": _("it is aligned, but nobody has verified the signature"),
        "stranger": _("it passes, but for another organization"),
        "strict": _("it is of the same organization, but the very same name is asked for"),
        "neither": _("it neither passes nor is aligned"),
        "failed": _("it does not pass"),
        "unknown": _("DNS left open to which organization it belongs"),
        "unused": _("DMARC looks at HELO only where MAIL FROM is empty"),
    }
    return words[row.reason]


def matched(matched: bool | None) -> str:
    """Whether a term of an SPF record matched; empty where that is no question."""
    if matched is None:
        return ""
    return _("matches") if matched else _("does not match")


def walked(step: Step) -> str:
    return walk_words(step.as_json())


def no_spf() -> str:
    return _(
        "MAIL FROM is empty, so SPF goes by the HELO name. It is not given, so there is nothing to "
        "check."
    )


def scope(scope: str) -> str:
    """A note on addresses that no receiver sees; empty for a public one."""
    words = {
        "private": _(
            "This is a private address. Receivers see the public one that your network or your "
            "provider sends from; check with that."
        ),
        "loopback": _(
            "This is an address of the machine itself. Receivers see the public one that the mail "
            "leaves from; check with that."
        ),
        "documentation": _("This address is kept for examples; no mail comes from it."),
        "reserved": _("This address is reserved; no mail comes from it on the internet."),
    }
    return words.get(scope, "")


def applied(judged: Judgement) -> str:
    """Which tag of which record the policy comes from, and why."""
    ruling, found = judged.ruling, judged.discovery
    if not ruling.record:
        return ""
    names = {
        "author": to_unicode(judged.mail.author.domain),
        "holder": to_unicode(ruling.record_domain),
        "tag": ruling.applied,
        "policy": ruling.policy,
    }
    if not ruling.policy:
        return (
            _(
                "The record of %(holder)s has a policy that does not exist, and no address for "
                "reports. Receivers treat it as if there were no DMARC."
            )
            % names
        )
    if not ruling.applied:
        return _("The record of %(holder)s names no usable policy, so it is none.") % names
    if not found.inherited:
        return _("%(holder)s has a record of its own. There p holds: p=%(policy)s.") % names
    if found.exists:
        text = {
            "sp": _(
                "%(author)s has no record of its own and exists in DNS. So sp of %(holder)s holds: "
                "sp=%(policy)s."
            ),
            "p": _(
                "%(author)s has no record of its own. %(holder)s has no sp, so p holds for its "
                "subdomains as well: p=%(policy)s."
            ),
        }
        return text[ruling.applied] % names
    if ruling.applied == "np":
        text_np = _("%(author)s does not exist in DNS. So np of %(holder)s holds: np=%(policy)s.")
        return text_np % names
    return (
        _(
            "%(author)s does not exist in DNS. %(holder)s has no np, so %(tag)s holds: "
            "%(tag)s=%(policy)s."
        )
        % names
    )


def testing(ruling: Ruling) -> str:
    """What t=y changes; empty where it is not there."""
    if not ruling.testing or not ruling.policy:
        return ""
    if ruling.policy == "none":
        return _("t=y stands in the record, but there is nothing below none.")
    return _(
        "t=y stands in the record: the owner is still testing. Receivers act one level more "
        "gently: %(effective)s instead of %(policy)s."
    ) % {"effective": ruling.effective, "policy": ruling.policy}


def disposition(ruling: Ruling) -> str:
    """What a receiver does that honours the policy."""
    if ruling.result == "none":
        return _("Without a policy, DMARC changes nothing: the receiver decides by itself.")
    if ruling.result == "fail" and ruling.disposition == "deliver":
        return _("none asks for reports only: a receiver delivers the mail, as far as DMARC goes.")
    words = {
        "deliver": _("A receiver delivers the mail, as far as DMARC goes."),
        "quarantine": _("A receiver that honours the policy puts the mail aside, mostly as spam."),
        "reject": _("A receiver that honours the policy refuses the mail."),
        "defer": _("A receiver defers the mail, or delivers it without DMARC."),
    }
    return words[ruling.disposition]


def older(judged: Judgement) -> tuple[str, ...]:
    """What receivers of RFC 7489 do otherwise, and why; empty where they do the same."""
    found = judged.older
    if found is None or not found.differs:
        return ()
    names = {
        "done": _done(found.ruling.disposition),
        "rest": _done(found.otherwise),
        "percentage": found.percentage,
        "organization": to_unicode(found.ruling.organizational_domain),
        "newer": to_unicode(judged.discovery.organizational_domain),
        "holder": to_unicode(found.ruling.record_domain) or "–",
        "policy": found.ruling.policy or "–",
    }
    if found.ruling.disposition == found.otherwise:
        first = _("Receivers that still go by RFC 7489 do otherwise: %(done)s.")
    else:
        first = _(
            "Receivers that still go by RFC 7489 do otherwise: of a hundred such mails, "
            "%(percentage)s are %(done)s, and the rest is %(rest)s."
        )
        names |= {"done": _treated(found.ruling.disposition), "rest": _treated(found.otherwise)}
    reasons = {
        "organization": _(
            "They find organizations by the Public Suffix List, here %(organization)s instead of "
            "%(newer)s, so other domains are aligned."
        ),
        "record": _(
            "They find the record of %(holder)s and the policy %(policy)s, since they look at the "
            "domain and its organization by the Public Suffix List only."
        ),
        "np": _("They do not know np and apply sp or p: %(policy)s."),
        "t": _("They do not know t, and apply the policy in full."),
        "pct": _("They still know pct=%(percentage)s, which RFC 9989 has removed."),
    }
    return tuple(text % names for text in (first, *(reasons[code] for code in found.reasons)))


def _done(disposition: str) -> str:
    words = {
        "deliver": _("they deliver the mail"),
        "quarantine": _("they put the mail aside"),
        "reject": _("they refuse the mail"),
        "defer": _("they defer the mail"),
    }
    return words[disposition]


def _treated(disposition: str) -> str:
    words = {
        "deliver": _("delivered"),
        "quarantine": _("put aside"),
        "reject": _("refused"),
        "defer": _("deferred"),
    }
    return words[disposition]
