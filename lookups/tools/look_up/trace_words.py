"""A trace told: each step in a sentence or two, how it ended, and what to do then."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lookups.engine.names import to_unicode
from lookups.engine.resolver import name_text
from lookups.engine.trace import Referral, State, Step, Trace
from lookups.tools.durations import duration

from .words import outcome_words


def kind_word(step: Step) -> str:
    """What a step gave, in a word or two."""
    words = {
        "referral": _("refers on"),
        "answer": _("answers"),
        "alias": _("an alias"),
        "nodata": _("no such type"),
        "nxdomain": _("no such name"),
        "failed": _("no help"),
    }
    return words[step.kind]


def level(step: Step) -> str:
    """The severity whose colour that takes."""
    return {"failed": "error", "nodata": "info", "nxdomain": "warning", "alias": "info"}.get(
        step.kind, "good"
    )


def source_words(source: str) -> str:
    """Where the address of a server comes from."""
    words = {
        "hints": _("known beforehand: every resolver has the list of the root servers"),
        "glue": _("given by the zone above (glue)"),
        "resolver": _("asked of the resolver"),
    }
    return words.get(source, source)


def sentences(step: Step, is_last: bool) -> Iterator[str]:
    """What the step says. `is_last`: the trace ended with it."""
    names = {"host": to_unicode(name_text(step.host)), "zone": _zone(name_text(step.zone))}
    if step.kind == "referral" and step.referral:
        yield from _referral(step.referral, names)
    elif step.kind == "answer":
        yield ngettext(
            "%(host)s speaks for %(zone)s and has the answer: %(count)d record.",
            "%(host)s speaks for %(zone)s and has the answer: %(count)d records.",
            len(step.records),
        ) % (names | {"count": len(step.records)})
        if step.ttl is not None:
            yield _("Resolvers may keep it for %(time)s.") % {"time": duration(step.ttl)}
    elif step.kind == "alias":
        yield (
            _("%(host)s speaks for %(zone)s and says that the name is an alias (CNAME) of another.")
            % names
        )
    elif step.kind == "nodata":
        yield (
            _("%(host)s speaks for %(zone)s and says: the name exists, but not with this type.")
            % names
        )
    elif step.kind == "nxdomain":
        yield _("%(host)s speaks for %(zone)s and says: there is no such name.") % names
    else:
        yield _failure(step) % names
        if not is_last:
            yield _("So the next server of the zone is tried, as a resolver would.")


def _referral(referral: Referral, names: dict[str, str]) -> Iterator[str]:
    count = len(referral.hosts) + referral.more
    more = {"count": count, "next": _zone(name_text(referral.zone))}
    yield ngettext(
        "%(host)s, a server of %(zone)s, does not have the answer, but knows who is in charge of "
        "%(next)s: %(count)d server.",
        "%(host)s, a server of %(zone)s, does not have the answer, but knows who is in charge of "
        "%(next)s: %(count)d servers.",
        count,
    ) % (names | more)
    glued = sum(bool(host.addresses) for host in referral.hosts)
    if glued == len(referral.hosts):
        yield _("It sends their addresses along (glue), so the way goes on at once.")
    elif glued:
        yield _("It sends the addresses of %(count)d of them along (glue).") % {"count": glued}
    else:
        yield _("It sends no addresses along: these stand in other zones, and are asked for first.")
    if referral.ignored:
        yield ngettext(
            "%(count)d address in the reply was ignored, as it is not this zone’s to say.",
            "%(count)d addresses in the reply were ignored, as they are not this zone’s to say.",
            referral.ignored,
        ) % {"count": referral.ignored}


def _failure(step: Step) -> str:
    if step.why == "not-authoritative":
        return _(
            "%(host)s replies without authority for %(zone)s, as if from a cache. That is not "
            "believed."
        )
    if step.why == "lame":
        return _("%(host)s is named as a server of %(zone)s, but knows nothing of it (lame).")
    if step.why in ("timeout", "tcp-failed"):
        return _("%(host)s does not reply.")
    words = outcome_words(step.why, step.answer.rcode).replace("%", "%%")
    return "%(host)s: " + words


def ending(trace: Trace) -> Iterator[str]:
    """How the trace ended, and what there is to do."""
    last = name_text(trace.steps[-1].zone) if trace.steps else name_text(trace.start.zone)
    zone = {"zone": _zone(last)}
    if trace.state is State.ANSWER:
        yield _("The way is whole: from the top down to the records.")
    elif trace.state is State.ALIAS:
        yield _("The way ends at an alias. A resolver begins anew with the name it leads to.")
    elif trace.state is State.NODATA:
        yield _("The way is whole, and the zone itself says that there is no such record.")
    elif trace.state is State.NXDOMAIN:
        yield (
            _(
                "The zone %(zone)s itself says that the name does not exist. If it should, it is "
                "missing there, or the delegation below is."
            )
            % zone
        )
    elif trace.state is State.STUCK and len({step.zone for step in trace.steps}) == 1:
        yield _("The trace is stuck at its very beginning: none of the servers at the top helped.")
        yield _(
            "Most likely something between them and this site answers in their place. That says "
            "nothing of the domain."
        )
    elif trace.state is State.STUCK:
        yield _("The trace is stuck: none of the servers tried for %(zone)s helped.") % zone
        yield _(
            "If the domain is yours: see that the servers which the zone above names are those "
            "that serve it, and that they answer. The full check names the faulty one."
        )
    elif trace.state is State.UNREACHABLE:
        yield _(
            "Nobody replied at all. Most likely questions to other servers than the resolver do "
            "not get out of the network that this site stands in."
        )
        yield _(
            "That says nothing of the domain. The operator of this site has to allow UDP and TCP "
            "to port 53 for a trace to work."
        )
    elif trace.state is State.LIMIT:
        yield _("The way is longer than this page follows.")
    else:
        yield _("The time was over before the way was at its end. Try again in a while.")


def _zone(name: str) -> str:
    return _("the root") if name == "." else to_unicode(name)
