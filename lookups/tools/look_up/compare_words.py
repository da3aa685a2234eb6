"""A comparison in words: what comes of it, and what each one said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lookups.engine.compare import Comparison, Kind, Verdict, Voice
from lookups.tools.durations import duration

from .words import outcome_words

# The finding that explains why a server of the zone was of no use.
FINDINGS = {
    "lame": "delegation-lame",
    "refused": "delegation-lame",
    "servfail": "delegation-lame",
    "not-authoritative": "delegation-not-authoritative",
    "timeout": "delegation-server-silent",
    "tcp-failed": "delegation-no-tcp",
}
LEVELS = {
    Verdict.NOBODY: "error",
    Verdict.AUTHORITIES_DIFFER: "error",
    Verdict.RESOLVERS_FAIL: "error",
    Verdict.OLD_COPIES: "warning",
    Verdict.AUTHORITIES_FAIL: "warning",
    Verdict.RESOLVERS_DIFFER: "warning",
    Verdict.AGREE: "good",
}


def clock(moment: datetime) -> str:
    """A time of day; the date with it where it is not today's."""
    return f"{moment:%H:%M:%S} UTC"


def until(moment: datetime, seconds: int) -> str:
    """The time at which something has run out, with the date where that is another day."""
    end = moment + timedelta(seconds=seconds)
    return f"{end:%H:%M} UTC" if end.date() == moment.date() else f"{end:%Y-%m-%d %H:%M} UTC"


def verdict(found: Comparison, when: datetime) -> Iterator[str]:
    """What comes of it: a sentence or two, then what to do."""
    told = [v for v in found.voices if v.told]
    count = {"count": len(told)}
    if found.verdict is Verdict.NOBODY:
        yield _("Nobody gave a usable answer.")
        yield _("A full check of the domain tells where it fails.")
    elif found.verdict is Verdict.AUTHORITIES_DIFFER:
        yield _("The zone’s own servers disagree among themselves.")
        yield _(
            "What a visitor gets depends on which server is asked. Waiting does not help: one of "
            "the servers has an old version of the zone, or should not be in the delegation."
        )
    elif found.verdict is Verdict.RESOLVERS_FAIL:
        yield ngettext(
            "The zone’s own servers agree, but %(count)d resolver gets no usable answer.",
            "The zone’s own servers agree, but %(count)d resolvers get no usable answer.",
            len(found.failing),
        ) % {"count": len(found.failing)}
        yield _("SERVFAIL from resolvers that validate points at DNSSEC; look there first.")
    elif found.verdict is Verdict.OLD_COPIES:
        yield from _old(found, when)
    elif found.verdict is Verdict.AUTHORITIES_FAIL:
        yield ngettext(
            "Whoever answers agrees, but %(count)d of the zone’s own servers is of no use.",
            "Whoever answers agrees, but %(count)d of the zone’s own servers are of no use.",
            len(found.useless),
        ) % {"count": len(found.useless)}
        yield _("Resolvers that ask them lose time. Mend them, or take them out of the delegation.")
    elif found.verdict is Verdict.RESOLVERS_DIFFER:
        yield _("The resolvers differ, and the zone’s own servers could not be asked who is right.")
    else:
        yield ngettext("There is one answer only.", "All %(count)d agree.", len(told)) % count
        if not any(v.told for v in found.authorities):
            yield _("The zone’s own servers, though, could not be asked.")
    yield from _beside(found)


def _old(found: Comparison, when: datetime) -> Iterator[str]:
    yield ngettext(
        "%(count)d resolver says something else than the zone’s own servers.",
        "%(count)d resolvers say something else than the zone’s own servers.",
        len(found.old),
    ) % {"count": len(found.old)}
    if found.old_for is not None:
        yield _(
            "If the record was changed, these are old copies, and the last of them may hold until "
            "%(time)s. Until then there is nothing to do but to wait."
        ) % {"time": until(when, found.old_for)}
    yield _(
        "Some domains answer differently on purpose, by where the question comes from. Then this "
        "is no fault."
    )


def _beside(found: Comparison) -> Iterator[str]:
    if len(found.serials) > 1:
        yield _(
            "The servers have different versions of the zone: their serial numbers are %(serials)s."
        ) % {"serials": ", ".join(map(str, sorted(found.serials)))}
    if found.silent:
        yield _("%(count)d did not reply.") % {"count": len(found.silent)}


def said(voice: Voice) -> str:
    """What one of them said, where it is not records."""
    if voice.outcome == "not-authoritative":
        return _("It replies, but does not speak for the zone.")
    if voice.outcome == "nodata":
        return _("There is no such record (NODATA).")
    if voice.outcome == "nxdomain":
        return _("There is no such name (NXDOMAIN).")
    if voice.outcome == "answer":
        return ""
    return outcome_words(voice.outcome, _("ERROR"))


def copy(found: Comparison, voice: Voice, when: datetime) -> str:
    """How old a resolver's copy is, or until when it may last."""
    if voice.whom.kind is Kind.AUTHORITY or not voice.told or voice.ttl is None:
        return ""
    if voice in found.old:
        return _("may last until %(time)s") % {"time": until(when, voice.ttl)}
    age = found.age(voice)
    if age is not None:
        fetched = clock(when - timedelta(seconds=age))
        return _("fetched %(time)s at the latest") % {"time": fetched}
    if found.zone_ttl is not None and voice.ttl > found.zone_ttl:
        return _("fetched when the TTL was longer")
    return _("for another %(time)s") % {"time": duration(voice.ttl)}
