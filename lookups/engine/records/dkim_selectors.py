"""Selectors that mail services and servers are known to use, and how a selector is spelled.

No question lists the selectors of a domain (RFC 6376 §3.1 lets its owner choose them freely), so
what a domain signs with can only be guessed, or be read in the DKIM-Signature header of its mail.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_SELECTORS = 10  # that a visitor may name
MAX_LENGTH = 100

# A selector is made of labels (RFC 6376 §3.1); the underscore is against the grammar, but in use.
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")

# Asked first: what most domains use.
COMMON: dict[str, str] = {
    "default": "cPanel, OpenDKIM, Xserver",
    "google": "Google Workspace",
    "selector1": "Microsoft 365",
    "selector2": "Microsoft 365",
    "s1": "SendGrid, Tuta",
    "k1": "Mailchimp, Mailgun",
}

# Asked where something exists under _domainkey.
OTHERS: dict[str, str] = {
    "mail": "Yandex 360, Brevo, Postfix",
    "dkim": "mailcow, iRedMail, Mailu, Hetzner",
    "s2": "SendGrid, Tuta",
    "smtpapi": "SendGrid",
    "k2": "Mailchimp",
    "k3": "Mailchimp",
    "mandrill": "Mailchimp Transactional",
    "mte1": "Mailchimp Transactional",
    "smtp": "Mailgun",
    "mx": "Mailgun",
    "email": "Mailgun",
    "mailo": "Mailgun",
    "krs": "Mailgun",
    "brevo1": "Brevo",
    "brevo2": "Brevo",
    "mailjet": "Mailjet",
    "pm": "Postmark",
    "resend": "Resend",
    "api": "Elastic Email",
    "rwmt1": "Mailtrap",
    "turbo-smtp": "turboSMTP",
    "acdkim1": "ActiveCampaign",
    "kl": "Klaviyo",
    "cm": "Campaign Monitor",
    "ctct1": "Constant Contact",
    "everlytickey1": "Everlytic",
    "m1": "Adobe Marketo Engage",
    "200608": "Salesforce Account Engagement",
    "intercom": "Intercom",
    "zendesk1": "Zendesk",
    "zendesk2": "Zendesk",
    "fm1": "Fastmail",
    "fm2": "Fastmail",
    "fm3": "Fastmail",
    "protonmail": "Proton Mail",
    "protonmail2": "Proton Mail",
    "protonmail3": "Proton Mail",
    "zoho": "Zoho Mail",
    "zmail": "Zoho Mail",
    "sig1": "iCloud Mail",
    "key1": "Migadu",
    "key2": "Migadu",
    "gm1": "Gandi",
    "gm2": "Gandi",
    "mbo0001": "mailbox.org",
    "titan1": "Titan",
    "hostingermail-a": "Hostinger",
    "s1-ionos": "IONOS",
    "s2-ionos": "IONOS",
    "cf2024-1": "Cloudflare Email Routing",
    "s1024": "Yahoo",
    "s2048": "Yahoo",
    "20230601": "Gmail",
}

# Not here: Amazon SES, HubSpot, Postmark and SparkPost, whose selectors hold a hash, a number or a
# date of the customer's own. Nobody can guess them.

USUAL_AT = COMMON | OTHERS


class SelectorError(ValueError):
    """`code` is "characters", "too-long" or "too-many"; `selector` the one it is about."""

    def __init__(self, code: str, selector: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.selector = selector


def read_selector(text: str) -> str:
    """The selector in "s1", or in the name of its record "s1._domainkey.example.com"."""
    selector = text.strip().lower().removesuffix(".").split("._domainkey")[0]
    if len(selector) > MAX_LENGTH:
        raise SelectorError("too-long", selector[:MAX_LENGTH])
    if not all(_LABEL.fullmatch(label) for label in selector.split(".")):
        raise SelectorError("characters", selector)
    return selector


def read_selectors(texts: Sequence[str]) -> tuple[str, ...]:
    """Each selector once, in the order given; raises SelectorError."""
    found = tuple(dict.fromkeys(read_selector(text) for text in texts))
    if len(found) > MAX_SELECTORS:
        raise SelectorError("too-many")
    return found
