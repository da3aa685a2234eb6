"""Sentences on proofs, deliveries and policies."""

from __future__ import annotations

from django.utils.translation import gettext as _

from lookups.engine.ownership import Seen
from lookups.hosted import intake
from lookups.hosted.intake import Refused, Taken
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
