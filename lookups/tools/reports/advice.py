"""Which senders to mend, in sentences, with the tools that help."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from lookups.engine.reports.mend import Sender

from . import words

_SPF, _DKIM, _WOULD = "spf-generator", "dkim-generator", "would-it-pass"
_TOOLS = {
    "own-server": (_SPF, _DKIM, _WOULD),
    "spf-error": (_SPF, _WOULD),
    "service-as-itself": (_DKIM, _WOULD),
    "dkim-broken": (_DKIM, _WOULD),
    "unsigned": (_DKIM, _WOULD),
    "signs-as-itself": (_DKIM, _WOULD),
    "own-not-in-spf": (_SPF, _WOULD),
    "unknown": (_WOULD,),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """One sender as the page shows it. `links` are titles and addresses of tools."""

    sender: Sender
    title: str
    text: str
    links: tuple[tuple[str, str], ...]


def advice(sender: Sender) -> Advice:
    known = {
        "name": sender.name or "?",
        "author": sender.header_from or "?",
        "foreign": sender.foreign or "?",
        "spf": sender.spf_domain or sender.header_from or "?",
    }
    text = _text(sender.code) % known
    if sender.selector and sender.code in ("dkim-broken", "altered"):
        more = _("The selector is “%(selector)s”.") % {"selector": sender.selector}
        text = words.sentences(text, more)
    return Advice(sender, title(sender.code), text, _links(sender))


def title(code: str) -> str:
    titles = {
        "own-server": _("A server of yours, without SPF and DKIM"),
        "spf-error": _("SPF could not be evaluated"),
        "service-as-itself": _("A service that vouches for itself, not for you"),
        "dkim-broken": _("Your signature does not verify"),
        "unsigned": _("Mail without a signature"),
        "signs-as-itself": _("Signed with the service’s own domain"),
        "own-not-in-spf": _("A server of yours that SPF does not know"),
        "unknown": _("Forged or forgotten"),
        "altered": _("Your signature, broken on the way"),
        "list": _("Forwarded or a mailing list, says the receiver"),
        "return-path": _("DKIM passes; bounces go to the service"),
        "forwarded": _("Forwarded"),
    }
    return titles[code]


def _text(code: str) -> str:
    texts = {
        "own-server": _(
            "%(name)s carries your domain in its name, but sends as %(author)s without SPF and "
            "DKIM. Add its addresses to the SPF record of %(author)s, and have it sign."
        ),
        "spf-error": _(
            "Receivers could not evaluate the SPF record of %(spf)s: it has a mistake, needs more "
            "than ten lookups, or DNS did not answer. Mend that record first."
        ),
        "service-as-itself": _(
            "The mail proves that it comes from %(foreign)s, but its author is at %(author)s, so "
            "DMARC does not count that. If you use this service, have it sign with your domain "
            "(d=%(author)s). If not, it uses your name without asking."
        ),
        "dkim-broken": _(
            "SPF passes, but the signature of %(author)s does not verify. Compare the key in DNS "
            "with that of the server; until then every forwarded copy fails."
        ),
        "unsigned": _(
            "SPF passes, but nothing is signed, so every forwarded copy fails DMARC. Turn on DKIM "
            "for %(author)s at %(name)s."
        ),
        "signs-as-itself": _(
            "SPF passes. The signature is that of %(foreign)s, which does not count for "
            "%(author)s. Set up DKIM with your own domain there, so that forwarded copies pass too."
        ),
        "own-not-in-spf": _(
            "%(name)s signs for %(author)s, but SPF does not pass. Add its addresses to the SPF "
            "record of %(author)s."
        ),
        "unknown": _(
            "Nothing proves that this comes from %(author)s. If you know %(name)s, give it SPF and "
            "DKIM. If not, somebody forges your domain: under p=quarantine or p=reject receivers "
            "keep such mail away."
        ),
        "altered": _(
            "It carries a signature of %(author)s that does not verify any more. Mailing lists and "
            "forwarders that change mail cause that: nothing to do. If %(name)s sends for you, "
            "compare its key with DNS."
        ),
        "list": _("The receiver knows the way that this mail took. Nothing to do."),
        "return-path": _(
            "DKIM passes, which is enough. The return path is at %(spf)s; if the service offers "
            "one below %(author)s, SPF passes too."
        ),
        "forwarded": _(
            "The signature survived, SPF did not: that is what forwarding does. Nothing to do, "
            "unless %(name)s is a server or service of yours; then add it to SPF."
        ),
    }
    return texts[code]


def _links(sender: Sender) -> tuple[tuple[str, str], ...]:
    """The tools that there are, with what is known filled in."""
    from lookups.tools import registry  # which knows this tool as well

    address = sender.addresses[0] if sender.addresses else ""
    author = sender.header_from
    known = {
        "domain": author,
        "ip": address,
        "address": address,
        "addresses": " ".join(sender.addresses),
        "selector": sender.selector,
        "header_from": f"postmaster@{author}" if author else "",
        "mail_from": f"postmaster@{sender.spf_domain}" if sender.spf_domain else "",
    }
    links = []
    for slug in _TOOLS.get(sender.code, ()):
        tool = registry.tool(slug)
        if tool is None:
            continue
        filled = {name: known[name] for name in tool.form.base_fields if known.get(name)}
        link = reverse("tool", args=[slug]) + (f"?{urlencode(filled)}" if filled else "")
        links.append((str(tool.title), link))
    return tuple(links)
