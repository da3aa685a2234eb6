"""Sentences on proofs, deliveries and policies."""

from __future__ import annotations

from django.utils.translation import gettext as _

from lookups.engine.ownership import Seen
from lookups.hosted import intake
from lookups.hosted.intake import Refused, Taken
from lookups.hosted.policies import Advice
from lookups.tools.reports import words as report_words


def seen(found: Seen) -> str:
    """What was found where the record of proof should be."""
    if found.state == "found":
        return _("The record is there. The domain is proven to be yours.")
    if found.state == "other":
        return _(
            "There is a TXT record at this name, but with another text. Compare it with the one "
            "below, letter by letter. A host’s form may have added or cut something."
        )
    if found.state == "failed":
        return _(
            "DNS gave no usable answer (%(outcome)s). That says nothing about the record: try "
            "again in a few minutes."
        ) % {"outcome": found.outcome}
    return _(
        "The record is not there yet. Many hosts need some minutes, and resolvers remember for a "
        "while that there was nothing. If it stays away, look whether your host has put the "
        "domain behind the name twice."
    )


def trouble(state: str) -> str:
    """The same, shorter, of a look that lies back."""
    return {
        "other": _("another text stood there"),
        "failed": _("DNS gave no usable answer"),
        "missing": _("it was not there"),
    }.get(state, "")


def refusal(refused: Refused) -> str:
    """Why something that was delivered was not taken."""
    if refused.code == intake.FOREIGN:
        return _("The report is about %(domain)s, which is not watched here.") % {
            "domain": refused.domain or "?"
        }
    if refused.code == intake.KIND:
        return _("Failure reports are not taken, since they quote mail.")
    if refused.code == intake.FULL:
        return _("The report is too large, or the mailbox is full.")
    return report_words.refusal(refused.code)


def delivery(taken: Taken) -> str:
    """What is said to whoever delivered."""
    lines = [
        _("Taken: %(new)d. Known already: %(known)d.") % {"new": taken.new, "known": taken.known}
    ]
    return "\n".join([*lines, *dict.fromkeys(refusal(each) for each in taken.refused)])


def advice(step: Advice) -> str:
    """The next step with a hosted policy."""
    known = dict(step.parameters)
    if date := known.get("date"):
        known["date"] = f"{date:%Y-%m-%d %H:%M} UTC"
    return _advice(step.code) % known


def _advice(code: str) -> str:
    texts = {
        "unknown": _("DNS gave no usable answer. Look again in a few minutes."),
        "publish": _(
            "Senders do not know of the policy yet. Publish the CNAME record first and, once the "
            "policy answers there, the TXT record."
        ),
        "id": _(
            "The TXT record has the id %(found)s, the policy has %(id)s. Publish the TXT record "
            "below, so that senders fetch the policy anew."
        ),
        "unreachable": _(
            "Senders find the record, but no policy that they can use at %(host)s. See below what "
            "happens there: mostly the CNAME record is missing, or the certificate."
        ),
        "differs": _(
            "%(host)s serves another policy than the one here. Let the name lead to this site, or "
            "wait a minute after a change."
        ),
        "uncovered": _(
            "No pattern allows %(hosts)s, which the MX records name. Add them before anything else."
        ),
        "wait": _(
            "It works. Stay with testing until %(date)s and read the TLS reports meanwhile: they "
            "name servers whose TLS would stop mail."
        ),
        "enforce": _(
            "It has worked for two weeks. If the TLS reports show no failures, change to enforce."
        ),
        "longer-later": _(
            "It works and protects. Keep max_age short until %(date)s, then make it longer."
        ),
        "longer": _(
            "It has been enforced for two weeks. Make max_age a month or longer: senders then "
            "hold on to the policy even where an attacker suppresses DNS."
        ),
        "done": _("Everything is in place. Change the patterns here before you change MX records."),
        "leaving": _(
            "The policy is being withdrawn. Leave both records in place until %(date)s: until then "
            "senders may hold an earlier policy, and must be able to fetch the new one."
        ),
        "remove": _(
            "No sender holds an earlier policy any more. Remove the TXT record, then the CNAME "
            "record, and switch the hosting off."
        ),
    }
    return texts[code]


def unusable(code: str, term: str) -> str:
    """Why a source of an SPF record cannot be written out."""
    texts = {
        "missing": _("There is no SPF record that can be used at %(term)s."),
        "failed": _("DNS gave no usable answer for “%(term)s”."),
        "cut": _("The record leads to more records than are followed: “%(term)s”."),
        "loop": _("“%(term)s” leads in a circle."),
        "everyone": _("The record permits everybody (+all). Mend that first."),
        "order": _("“%(term)s” excludes before it permits, in a way that cannot be written out."),
        "macro": _("“%(term)s” depends on the message, so the record cannot be written out."),
        "size": _("The networks fill more records than can be included."),
    }
    other = _("“%(term)s” leads to no SPF record that can be used.")
    return texts.get(code, other) % {"term": term[:100] or "?"}
