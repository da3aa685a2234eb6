"""What the receiving server asks of the sender’s domain, and where the letter ends up."""

from __future__ import annotations

from django.utils.translation import gettext as _

from lookups.engine.names import to_unicode
from lookups.engine.spf.result import Result

from . import dig, scenes, words
from .asking import STRANGER
from .scenes import Actor, Scene, talk
from .tale import FORGED, GENUINE, Step, Tale


def spf(tale: Tale) -> Step:
    """Who may send for the sender’s domain (RFC 7208)."""
    facts = tale.facts
    step = Step(_("At the door: SPF"))
    step.say(
        _(
            "The receiving server sees which address connects, and which sender is named: "
            "alice@%(sender)s. It asks that domain which addresses may send."
        )
        % {"sender": tale.sender}
    )
    _say_later(step)
    own = facts.own
    if own is None:
        step.say(_("No address is known from which mail of this domain might come."), GENUINE)
    else:
        address = {"address": facts.own_address}
        step.say(words.spf_words(own) % address, GENUINE)
    step.say(
        _("A forger connects from an address of their own, say %(address)s.")
        % {"address": STRANGER},
        FORGED,
    )
    step.say(words.spf_words(facts.stranger) % {"address": STRANGER}, FORGED)
    raw = facts.spf.get("raw") or ()
    name = facts.sender.ascii
    step.show(dig.of_texts(name, raw, facts.status(name, "TXT")))
    for when, verdict in ((GENUINE, own), (FORGED, facts.stranger)):
        result = verdict.result.value if verdict else Result.NONE.value
        question = f"{tale.sender} TXT?"
        step.pictures.append(_door(tale, question, f"spf={result}", words.spf_mark(result), when))
    step.links = tale.links("spf", "email-authentication")
    return step


def dkim(tale: Tale) -> Step:
    """Whether the signature holds (RFC 6376)."""
    facts = tale.facts
    key = tale.key()
    step = Step(_("At the door: DKIM"))
    step.say(
        _(
            "A signature in the head of the letter names a domain and a selector. Under these "
            "the receiver finds the public key, with which it checks the signature."
        )
    )
    _say_later(step)
    question = f"{key['selector'] if key else 'selector'}._domainkey.{tale.sender} TXT?"
    if key:
        step.say(
            _(
                "Suppose the sending server signed with the selector “%(selector)s”: the public "
                "key is there, so the signature holds."
            )
            % {"selector": key["selector"]},
            GENUINE,
        )
        status = facts.status(key["name"], "TXT")
        step.show(dig.of_texts(key["name"], facts.dkim.get("raw") or (), status))
    elif facts.dkim.get("kind") == "none":
        step.say(
            _("%(sender)s has no DKIM key in DNS, so its letters bear no signature to check.")
            % {"sender": tale.sender},
            GENUINE,
        )
    else:
        step.say(
            _(
                "Among the usual selectors no key was found. Only a letter tells which "
                "selector it was signed with, so this remains open here."
            ),
            GENUINE,
        )
    step.say(_("A forger does not have the private key. No signature of theirs can hold."), FORGED)
    result = "pass" if key else "none"
    step.pictures.append(
        _door(tale, question, f"dkim={result}", "good" if key else "warn", GENUINE)
    )
    step.pictures.append(_door(tale, question, "dkim=none", "bad", FORGED))
    step.links = tale.links("dkim", "email-authentication")
    return step


def dmarc(tale: Tale) -> Step:
    """What the sender’s domain wants done (RFC 9989)."""
    facts = tale.facts
    step = Step(_("At the door: DMARC"))
    step.say(
        _(
            "DMARC asks whether SPF or DKIM passed for the very domain that the reader sees as "
            "sender, and what that domain wants done with letters for which neither did."
        )
    )
    _say_later(step)
    step.say(_policy(tale))
    if facts.dmarc.get("kind") == "inherited":
        step.say(
            _("The record stands at %(domain)s and holds for the names below it, too.")
            % {"domain": to_unicode(facts.dmarc.get("record_domain") or "")}
        )
    question = f"_dmarc.{facts.dmarc.get('record_domain') or facts.sender.ascii}"
    raw = facts.dmarc.get("raw") or ()
    step.show(dig.of_texts(question, raw, facts.status(question, "TXT")))
    for when in (GENUINE, FORGED):
        result = tale.dmarc(when)
        step.say(words.dmarc_words(result), when)
        asked = facts.dmarc.get("policy")
        reply = f"p={asked}, dmarc={result}" if tale.policy else f"dmarc={result}"
        mark = {"pass": "good", "fail": "bad"}.get(result, "warn")
        step.pictures.append(_door(tale, f"{question} TXT?", reply, mark, when))
    step.links = tale.links("dmarc", "dmarc-policy", "alignment")
    return step


def _policy(tale: Tale) -> str:
    """What the sender's domain wants done with letters that fail."""
    if (tale.facts.dmarc.get("kind") or "unknown") == "unknown":
        return _("DNS gave no answer to that, so no policy is known.")
    if not tale.policy:
        return _("%(sender)s has no DMARC policy in force: the receiver must decide alone.") % {
            "sender": tale.sender
        }
    return words.policy_words(tale.policy)


def mailbox(tale: Tale) -> Step:
    """Inbox, junk folder, or back."""
    step = Step(_("Where the letter ends up"))
    for when in (GENUINE, FORGED):
        fate = tale.fate(when)
        step.say(words.fate_words(fate, forged=when == FORGED), f"if-some {when}")
        step.pictures.append(scenes.ending(fate, f"if-some {when}"))
    step.say(
        _("As long as no host answers, the letter lies in the sender’s queue and waits."),
        "if-all",
    )
    step.pictures.append(scenes.ending("waiting", "if-all"))
    step.say(
        _(
            "The content, and what the receiver knows of the sender, count as well. DNS "
            "decides only so far."
        ),
        "if-some",
    )
    step.links = tale.links("dmarc-enforcement", "forwarding", "message-journey")
    return step


def _door(tale: Tale, question: str, reply: str, mark: str, when: str) -> Scene:
    receiver = Actor(_("Receiving mail server"), "", "server")
    asked = Actor(_("DNS of the sender’s domain"), tale.sender, "dns")
    return talk(receiver, asked, question, reply, mark, when)


def _say_later(step: Step) -> None:
    step.say(_("This comes once a host answers again; until then the letter waits."), "if-all")
