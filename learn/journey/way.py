"""From the writer to the last name server: what a resolver asks on its way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from django.utils.translation import gettext as _

from lookups.engine.names import to_unicode
from lookups.engine.resolver import name_text
from lookups.engine.trace import State, Trace, Zone
from lookups.engine.trace import Step as Asked

from . import dig, words
from .scenes import Actor, talk
from .tale import FORGED, GENUINE, Step, Tale


def letter(tale: Tale) -> Step:
    """Who writes to whom."""
    names = {"sender": tale.sender, "domain": tale.domain}
    step = Step(_("A letter is written"))
    step.say(_("Alice writes to bob@%(domain)s. Her address is alice@%(sender)s.") % names, GENUINE)
    step.say(
        _(
            "Somebody writes to bob@%(domain)s and puts alice@%(sender)s on the letter. Nothing"
            " in SMTP stops that: anybody can write any sender."
        )
        % names,
        FORGED,
    )
    step.say(
        _(
            "The mail program hands the letter to a mail server, which now has to find out one "
            "thing: who takes mail for %(domain)s?"
        )
        % names
    )
    sending = Actor(_("Sending mail server"), "", "server")
    for when, role in ((GENUINE, _("Mail program of Alice")), (FORGED, _("A forger"))):
        writer = Actor(role, f"alice@{tale.sender}", "letter")
        to = f"To: bob@{tale.domain}"
        step.pictures.append(talk(writer, sending, to, _("taken, on its way"), when=when))
    step.links = tale.links("message-journey", "mail-server")
    return step


def resolver(tale: Tale) -> Step:
    """The one question of the mail server."""
    step = Step(_("The mail server asks its resolver"))
    step.say(
        _(
            "The mail server does not search by itself. It puts one question to a resolver: "
            "which MX records does %(domain)s have?"
        )
        % {"domain": tale.domain}
    )
    step.say(
        _(
            "A resolver that was asked before knows the answer from its cache. Here it begins "
            "with nothing but the addresses of the servers at the top."
        )
    )
    sending = Actor(_("Sending mail server"), "", "server")
    resolver = Actor(_("Resolver"), "", "dns")
    step.pictures.append(talk(sending, resolver, f"{tale.domain} MX?", _("one moment …")))
    step.links = tale.links("dns-server", "ttl-caching")
    return step


def zones(tale: Tale) -> Iterator[Step]:
    """A step for each zone; by the resolver's word alone where nobody on the way talked."""
    found = tale.facts.trace
    is_lesson = found.start.source != "hints"  # whose servers are this site's own
    if not found.steps or not (is_lesson or any(asked.kind != "failed" for asked in found.steps)):
        yield _no_way(tale, found)
        for zone in tale.facts.zones:
            yield _known_zone(tale, zone)
        return
    groups = [list(group) for _zone, group in groupby(found.steps, lambda asked: asked.zone)]
    for group in groups:
        yield _asked_zone(tale, found, group)


def _no_way(tale: Tale, found: Trace) -> Step:
    step = Step(_("The way is told, not walked"))
    if any(asked.replied for asked in found.steps):
        step.say(
            _(
                "The servers at the top did not reply as they should: probably something "
                "between them and this site answers in their place. Such replies are not used."
            )
        )
    else:
        step.say(
            _(
                "The servers at the top did not reply: from where this site stands, questions "
                "to other servers do not get out."
            )
        )
    step.say(
        _(
            "So this site could not walk the way itself. What comes next was asked of its "
            "resolver, which knows the way."
        )
    )
    for asked in found.steps[:2]:
        step.show(dig.of_step(asked, tale.facts.domain.ascii, "MX"))
    server = found.steps[0].host if found.steps else found.start.zone
    resolver = Actor(_("Resolver"), "", "dns")
    top = Actor(words.zone_role(name_text(found.start.zone)), name_text(server), "dns")
    reply = _("no usable answer")
    step.pictures.append(talk(resolver, top, f"{tale.domain} MX?", reply, "bad"))
    step.links = tale.links("name-resolution")
    return step


def _known_zone(tale: Tale, zone: Zone) -> Step:
    name = name_text(zone.name)
    step = Step(words.zone_known_title(name))
    step.say(
        _(
            "The resolver knows the servers in charge of %(zone)s: %(count)s. A resolver "
            "without a cache would be sent on to them by the zone above."
        )
        % {"zone": words.shown_zone(name), "count": len(zone.hosts)}
    )
    hosts = [name_text(host) for host in zone.hosts]
    records = [dig.record(name, zone.ttl, "NS", dig.absolute(host)) for host in hosts]
    step.show(dig.exchange((name, "NS"), "NOERROR", [("ANSWER", records)]))
    asked = Actor(_("Resolver"), "", "dns")
    site = Actor(_("This site"), "", "server")
    reply = hosts[0] if hosts else ""
    step.pictures.append(talk(site, asked, f"{name} NS?", reply, "good"))
    step.links = tale.links("ns-record", "name-resolution")
    return step


def _asked_zone(tale: Tale, found: Trace, group: Sequence[Asked]) -> Step:
    last = group[-1]
    zone = name_text(last.zone)
    step = Step(words.zone_title(zone))
    if tale.facts.lesson and last.zone == found.start.zone:
        step.say(
            _(
                "Lessons begin here. The root and test know nothing of classroom.test, which "
                "lives on this site alone; so the way starts at its own servers."
            )
        )
    for asked in group:
        if asked.kind == "failed":
            step.say(words.failed(asked))
        step.show(dig.of_step(asked, tale.facts.domain.ascii, "MX"))
    for text in _said(tale, found, last):
        step.say(text)
    if last is found.steps[-1] and not found.state.is_told:
        step.say(_end(found))
    resolver = Actor(_("Resolver"), "", "dns")
    server = Actor(words.zone_role(zone), name_text(last.host), "dns")
    reply, mark = words.reply_of(last)
    step.pictures.append(talk(resolver, server, f"{tale.domain} MX?", reply, mark))
    told = "mx-record" if last.kind == "answer" else "ns-record"
    step.links = tale.links("name-resolution", told)
    return step


def _said(tale: Tale, found: Trace, asked: Asked) -> Iterator[str]:
    """What the last server of a zone said, in words."""
    names = {
        "host": name_text(asked.host),
        "domain": tale.domain,
        "zone": words.shown_zone(name_text(asked.zone)),
    }
    if referral := asked.referral:
        child = words.shown_zone(name_text(referral.zone))
        count = len(referral.hosts) + referral.more
        yield (
            _(
                "%(host)s does not know the answer, but knows who looks after %(child)s, and "
                "sends the resolver on: a referral. Servers named: %(count)s."
            )
            % {**names, "child": child, "count": count}
        )
        yield words.glue(asked)
        return
    if asked.kind == "answer":
        text = _(
            "%(host)s is in charge of the answer and gives it itself (aa: authoritative "
            "answer). MX records: %(count)s. The resolver may keep them for %(ttl)s seconds."
        )
        yield text % {**names, "count": len(asked.records), "ttl": asked.ttl}
    elif asked.kind == "nodata":
        yield _("%(host)s is in charge: %(domain)s exists, but has no MX record.") % names
    elif asked.kind == "nxdomain":
        yield (
            _("%(host)s is in charge of %(zone)s and says: there is no %(domain)s. (NXDOMAIN)")
            % names
        )
    elif asked.kind == "alias" and found.alias is not None:
        yield (
            _(
                "%(host)s says that %(domain)s is only another name for %(target)s (CNAME). The"
                " search begins anew with that name; what follows is the resolver’s answer."
            )
            % {**names, "target": to_unicode(name_text(found.alias))}
        )


def _end(found: Trace) -> str:
    """Why the way was not walked to its end."""
    if found.state is State.STUCK:
        return _(
            "No server in charge was found that answers. What follows is what the resolver says."
        )
    return _("Here the time for the search was over. What follows is what the resolver says.")
