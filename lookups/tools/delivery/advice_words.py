"""What to do so that a mail passes, in words of the active language, with where to go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from lookups.engine.delivery import Advice
from lookups.engine.names import to_unicode
from lookups.spf_words import reason
from lookups.tools.base import Tool

Names = Mapping[str, str]

# Articles and tools that each advice leads to.
ARTICLES = {
    "forged": ("dmarc-policy",),
    "own-sender": ("alignment",),
    "helo-name": ("alignment",),
    "helo-unknown": ("spf",),
    "permit": ("spf",),
    "forwarded": ("forwarding",),
    "publish-spf": ("spf",),
    "mend-spf": ("spf", "spf-limit"),
    "sign": ("dkim",),
    "sign-own": ("dkim",),
    "mend-dkim": ("dkim",),
    "verify-dkim": ("dkim",),
    "relax": ("alignment",),
    "sign-too": ("forwarding",),
    "publish-dmarc": ("dmarc",),
    "mend-dmarc": ("dmarc-policy",),
    "raise-policy": ("dmarc-enforcement",),
    "end-testing": ("dmarc-enforcement",),
}
TOOLS = {
    "permit": "spf-generator",
    "publish-spf": "spf-generator",
    "mend-spf": "spf-generator",
    "sign": "dkim-generator",
    "sign-own": "dkim-generator",
    "sign-too": "dkim-generator",
    "mend-dkim": "headers",
    "verify-dkim": "headers",
    "relax": "dmarc-generator",
    "publish-dmarc": "dmarc-generator",
    "mend-dmarc": "dmarc-generator",
    "raise-policy": "dmarc-generator",
    "end-testing": "dmarc-generator",
}


@dataclass(frozen=True, slots=True)
class Told:
    """`record` is a TXT record that would mend it, if any."""

    code: str
    text: str
    record: str
    articles: tuple[tuple[str, str], ...]
    tool: Tool | None


def told(advice: Advice) -> Told:
    given = advice.parameters
    names = {
        k: to_unicode(v) if k in ("domain", "given", "author") else v for k, v in given.items()
    }
    if advice.code == "mend-spf":
        names["reason"] = reason(given["why"], given["detail"])
    text = _texts()[advice.code](names)
    articles = tuple((slug, article(slug)) for slug in ARTICLES.get(advice.code, ()))
    record = given.get("record", "") if advice.code == "permit" else ""
    return Told(advice.code, text, record, articles, known_tool(TOOLS.get(advice.code, "")))


def known_tool(slug: str) -> Tool | None:
    from lookups.tools import registry  # which imports the tools, and so this

    return registry.tool(slug)


def article(slug: str) -> str:
    """What a link to the article says."""
    titles = {
        "alignment": _("On alignment"),
        "dkim": _("On DKIM"),
        "dmarc": _("On DMARC"),
        "dmarc-enforcement": _("On the way to p=reject"),
        "dmarc-policy": _("On policies"),
        "forwarding": _("On forwarding"),
        "spf": _("On SPF"),
        "spf-limit": _("On the limits of SPF"),
    }
    return titles[slug]


def _texts() -> dict[str, Callable[[Names], str]]:
    return {code: _formatted(text) for code, text in _plain().items()} | {"forged": _forged}


def _formatted(text: str) -> Callable[[Names], str]:
    return lambda names: text % names


def _forged(names: Names) -> str:
    if names["disposition"] == "deliver":
        return _(
            "If the mail is not yours, somebody is using your domain, and this policy does not "
            "hinder it."
        )
    return _(
        "If the mail is not yours, nothing is to be done: DMARC stops it, as it shall. If it is "
        "yours, read on; one of the ways is enough."
    )


def _plain() -> dict[str, str]:
    return _general() | _for_spf() | _for_dkim() | _for_dmarc()


def _general() -> dict[str, str]:
    return {
        "all-set": _("Nothing is to be done: two proofs hold, and forged mail is stopped."),
        "try-again": _(
            "Judge the mail again in a while. If DNS goes on failing, check the name servers of "
            "the domains involved."
        ),
        "public-address": _("Check with the public address that receivers see instead of %(ip)s."),
        "relax": _(
            "Remove %(tag)s=s from the DMARC record: with relaxed alignment %(domain)s fits "
            "%(author)s."
        ),
    }


def _for_spf() -> dict[str, str]:
    return {
        "own-sender": _(
            "By SPF: send with a MAIL FROM at %(domain)s instead of %(given)s, and let the SPF "
            "record there permit the server. Services call this a custom return path."
        ),
        "helo-name": _(
            "By SPF: a bounce is judged by its HELO name. Let the server greet with a name at "
            "%(domain)s that has an SPF record permitting it, such as “v=spf1 a -all”."
        ),
        "helo-unknown": _(
            "By SPF: fill in the HELO name, which stands in for the empty MAIL FROM. It should lie "
            "in %(domain)s and have an SPF record of its own."
        ),
        "permit": _("By SPF: add %(term)s to the record of %(domain)s, before what ends it."),
        "forwarded": _(
            "SPF does not pass, as is usual for forwarded mail; DKIM carries it over. Only if the "
            "server is your own, add %(term)s to the SPF record of %(domain)s."
        ),
        "publish-spf": _("By SPF: publish a record at %(domain)s that has %(term)s in it."),
        "mend-spf": _(
            "By SPF: mend the record of %(domain)s. It cannot be used for this sender: %(reason)s."
        ),
        "spf-again": _(
            "DNS failed while SPF was checked for %(domain)s. Try again, and check the names that "
            "its record leads to."
        ),
    }


def _for_dkim() -> dict[str, str]:
    return {
        "sign": _("By DKIM: sign with d=%(domain)s. That also survives forwarding."),
        "sign-own": _(
            "By DKIM: have the mail signed with d=%(domain)s, not only with %(given)s. Services "
            "offer this as domain authentication."
        ),
        "mend-dkim": _(
            "By DKIM: the signature of %(domain)s does not hold (%(result)s). Look at the message "
            "for its selector and for what was changed on the way."
        ),
        "verify-dkim": _(
            "By DKIM: find out whether the signature of %(domain)s holds. The message itself tells "
            "it; then choose the result above."
        ),
        "sign-too": _(
            "Sign with d=%(domain)s as well: SPF breaks when the mail is forwarded, DKIM mostly "
            "does not."
        ),
    }


def _for_dmarc() -> dict[str, str]:
    return {
        "publish-dmarc": _(
            "Publish a DMARC record for %(domain)s. Begin with p=none and an address for reports."
        ),
        "mend-dmarc": _("Mend the DMARC record of %(domain)s: its policy is none of the three."),
        "raise-policy": _(
            "Raise %(tag)s in the DMARC record of %(domain)s, once the reports show that your own "
            "mail passes: to quarantine, then to reject."
        ),
        "end-testing": _(
            "Remove t=y from the DMARC record of %(domain)s, once the reports show that your own "
            "mail passes: then p=%(policy)s holds in full."
        ),
    }
