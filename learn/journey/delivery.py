"""From the MX records to a mail server that takes the letter, or to none."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from . import dig, scenes, words
from .scenes import Actor, talk
from .tale import PERMANENT, Step, Tale


@dataclass(frozen=True, slots=True)
class _Found:
    """What the answer to the MX question means. `records` are values of MX records."""

    title: str
    text: str
    reply: str
    mark: str
    links: tuple[str, str]
    records: tuple[str, ...] = ()


def order(tale: Tale) -> Step:
    """The MX records, sorted (RFC 5321 §5.1); or what it means that there are none."""
    found = _found(tale)
    step = Step(found.title)
    step.say(found.text)
    preferences = [host["preference"] for host in tale.hosts]
    if len(set(preferences)) < len(preferences):
        step.say(_("Hosts with the same number share the mail; chance decides which is first."))
    name = tale.facts.domain.ascii
    ttl = tale.facts.mx.get("ttl")
    answers = [dig.record(name, ttl, "MX", value) for value in found.records]
    step.show(dig.exchange((name, "MX"), tale.facts.status(name, "MX"), [("ANSWER", answers)]))
    sending = Actor(_("Sending mail server"), "", "server")
    resolver = Actor(_("Resolver"), "", "dns")
    question = f"{tale.domain} MX?"
    step.pictures.append(talk(sending, resolver, question, found.reply, found.mark))
    step.links = tale.links(*found.links)
    return step


def _found(tale: Tale) -> _Found:
    """By the kind of topic mx (docs/contracts.md)."""
    kind = tale.facts.mx.get("kind") or "unknown"
    names = {"domain": tale.domain}
    if kind == "mx":
        return _found_hosts(tale)
    if kind == "null":
        text = _(
            "The host is a single dot: a null MX. With it %(domain)s says plainly that it takes no "
            "mail (RFC 7505)."
        )
        links = ("no-mail-domains", "mx-record")
        return _Found(_("No mail is taken here"), text % names, "0 .", "bad", links, ("0 .",))
    if kind == "implicit":
        text = _(
            "There is no MX record, but %(domain)s has an address of its own. Then the domain "
            "itself counts as its only mail server (RFC 5321 §5.1)."
        )
        title, links = _("The domain itself stands in"), ("mx-record", "mail-record")
        return _Found(title, text % names, _("no MX record"), "warn", links)
    if kind == "none":
        text = _(
            "The resolver found neither an MX record nor an address for %(domain)s. So there is no "
            "mail server, and that is certain."
        )
        title, links = _("There is nowhere to go"), ("mx-record", "mail-record")
        return _Found(title, text % names, _("nothing there"), "bad", links)
    text = _(
        "The resolver could not find out which servers take mail for %(domain)s: servers were "
        "silent, or their answers were of no use."
    )
    title, links = _("The resolver found no answer"), ("name-resolution", "dns-server")
    return _Found(title, text % names, _("no usable answer"), "bad", links)


def _found_hosts(tale: Tale) -> _Found:
    first = tale.hosts[0]
    text = _(
        "The resolver hands the MX records over. The lowest number comes first: %(host)s with "
        "%(preference)s."
    ) % {"host": first["unicode"], "preference": first["preference"]}
    values = tuple(f"{h['preference']} {dig.absolute(h['exchange'])}" for h in tale.hosts)
    title, links = _("The mail servers in their order"), ("mx-record", "mx-preference")
    return _Found(title, text, values[0], "good", links, values)


def addresses(tale: Tale) -> Step:
    """A and AAAA of the hosts."""
    step = Step(_("From names to addresses"))
    step.say(
        _(
            "An MX record holds a name, never an address. So each name is asked for once more: "
            "A for IPv4, AAAA for IPv6."
        )
    )
    for host in tale.hosts[: scenes.MAX_ROWS]:
        if not words.is_usable(host):
            step.say(words.obstacle(host))
    records = [
        dig.record(
            host["exchange"],
            address["ttl"],
            "A" if address["family"] == 4 else "AAAA",
            address["address"],
        )
        for host in tale.hosts
        for address in host["addresses"]
    ]
    first = tale.hosts[0]
    status = tale.facts.status(first["exchange"], "A")
    step.show(dig.exchange((first["exchange"], "A, AAAA"), status, [("ANSWER", records)]))
    sending = Actor(_("Sending mail server"), "", "server")
    resolver = Actor(_("Resolver"), "", "dns")
    found = first["addresses"]
    reply = found[0]["address"] if found else _("no address")
    mark = "good" if words.is_usable(first) else "bad"
    question = f"{first['unicode']} A, AAAA?"
    step.pictures.append(talk(sending, resolver, question, reply, mark))
    step.links = tale.links("a-record", "aaaa-record")
    return step


def knocking(tale: Tale) -> Step:
    """The hosts are tried, as many of them being down as the reader chooses."""
    step = Step(_("Knocking at the door"))
    step.say(
        _(
            "The sending server connects to port 25, the first host first. This page asks DNS "
            "only and opens no connection; choose above which hosts shall be down."
        )
    )
    for down in tale.choices:
        step.say(_delivered(tale, down), f"if-{down}")
        step.pictures.append(scenes.postmans_round(_tried(tale, down), f"if-{down}"))
    if not tale.choices:
        step.say(_("None of the hosts can be reached: there is no door to knock at."))
        step.pictures.append(scenes.postmans_round(_tried(tale, "up")))
    step.links = tale.links("mx-preference", "mail-server", "fcrdns")
    return step


def _delivered(tale: Tale, down: str) -> str:
    """Who takes the letter when so many are down."""
    taker = tale.taker(down)
    if taker is None:
        return _(
            "No host answers. The letter stays in the queue of the sending server, which tries all "
            "of them again and again, usually for some days, before it gives up (RFC 5321 "
            "§4.5.4.1)."
        )
    names = {"down": tale.usable[0]["unicode"], "host": taker["unicode"]}
    if down == "first":
        return (
            _(
                "%(down)s does not answer, so the next in order gets the letter: %(host)s. Nobody "
                "has to do anything for that."
            )
            % names
        )
    if taker is not tale.hosts[-1]:
        return _("%(host)s answers and takes the letter. The others are not bothered.") % names
    return _("%(host)s answers and takes the letter.") % names


def _tried(tale: Tale, down: str) -> list[tuple[str, str, str, str]]:
    """Rows of the round: preference, name, words, mark."""
    taker = tale.taker(down)
    implicit = tale.facts.mx.get("kind") == "implicit"
    rows, done = [], False
    for host in tale.hosts:
        if done:
            said, mark = _("not needed"), "none"
        elif host is taker:
            said, mark, done = _("takes the letter"), "good", True
        elif words.is_usable(host):
            said, mark = _("does not answer"), "bad"
        else:
            said, mark = words.obstacle_in_short(host), "bad"
        preference = "" if implicit else str(host["preference"])
        rows.append((preference, host["unicode"], said, mark))
    return rows


def nowhere(tale: Tale) -> Step:
    """The letter gets to no door: it goes back, or it waits."""
    kind = tale.facts.mx.get("kind") or "unknown"
    open_hosts = any(host["state"] not in PERMANENT for host in tale.hosts)
    if kind == "unknown" or open_hosts:
        step = Step(_("The letter waits"))
        step.say(
            _(
                "No answer is not a “no”. The letter stays in the queue of the sending server, "
                "which asks again for some days, and only then gives up."
            )
        )
        step.pictures.append(scenes.ending("waiting"))
    else:
        step = Step(_("Back to the sender"))
        step.say(
            _(
                "That is final, so there is nothing to wait for: the sending server returns "
                "the letter to alice@%(sender)s at once, with a note why."
            )
            % {"sender": tale.sender}
        )
        step.pictures.append(scenes.ending("returned"))
    step.links = tale.links("message-journey", "no-mail-domains")
    return step
