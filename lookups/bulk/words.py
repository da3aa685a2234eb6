"""What pages and files call the words of lookups.bulk.summary."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .summary import COLUMNS

Text = str | Promise

TITLES: dict[str, str] = {
    "mx": "MX",
    "spf": "SPF",
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "mta_sts": "MTA-STS",
    "tls_rpt": "TLS-RPT",
    "dnssec": "DNSSEC",
    "dane": "DANE",
    "bimi": "BIMI",
}
FEATURE_TITLES: dict[str, Text] = {
    "spf": "SPF",
    "dkim": _("DKIM key found"),
    "dmarc": "DMARC",
    "enforced": _("DMARC with quarantine or reject"),
    "mta_sts": "MTA-STS",
    "tls_rpt": "TLS-RPT",
    "dnssec": "DNSSEC",
    "dane": "DANE",
    "bimi": "BIMI",
}
VERDICTS: dict[str, Text] = {
    "error": _("Broken"),
    "warning": _("Needs care"),
    "info": _("Note"),
    "good": _("In order"),
}
FAILURES: dict[str, Text] = {
    "no-dns": _("DNS gave no answer"),
    "crash": _("the check broke off"),
    "lost": _("the check was lost"),
    "opted-out": _("asks not to be checked"),
}
STATES: dict[str, Text] = {
    "waiting": pgettext_lazy("bulk", "waiting"),
    "running": pgettext_lazy("bulk", "being checked"),
    "paused": pgettext_lazy("bulk", "paused"),
    "done": pgettext_lazy("bulk", "done"),
    "failed": pgettext_lazy("bulk", "failed"),
    "cancelled": pgettext_lazy("bulk", "cancelled"),
}

# Words that records themselves use are left as they are.
_COMMON: dict[str, Text] = {
    "unknown": pgettext_lazy("bulk", "unknown"),
    "none": pgettext_lazy("bulk", "missing"),
    "missing": pgettext_lazy("bulk", "missing"),
    "invalid": pgettext_lazy("bulk", "faulty"),
    "found": pgettext_lazy("bulk", "there"),
}
_OWN: dict[str, dict[str, Text]] = {
    "mx": {
        "mx": pgettext_lazy("bulk", "there"),
        "implicit": pgettext_lazy("bulk", "implicit"),
        "null": pgettext_lazy("bulk", "takes no mail"),
    },
    "spf": {"fail": "-all", "softfail": "~all", "neutral": "?all", "pass": "+all"},
    "dkim": {
        "none": pgettext_lazy("bulk", "not found"),
        "hidden": pgettext_lazy("bulk", "selector unknown"),
    },
    "dmarc": {"none": "none", "quarantine": "quarantine", "reject": "reject"},
    "mta_sts": {"enforce": "enforce", "testing": "testing", "off": "none"},
    "dnssec": {
        "secure": pgettext_lazy("bulk", "signed"),
        "insecure": pgettext_lazy("bulk", "not signed"),
        "bogus": pgettext_lazy("bulk", "signatures wrong"),
    },
    "dane": {
        "usable": pgettext_lazy("bulk", "there"),
        "partly": pgettext_lazy("bulk", "some hosts"),
    },
}
_LEVELS = {"invalid": "error", "bogus": "error", "partly": "warning", "unknown": "quiet"}
_GOOD = {
    "mx": ("mx", "null"),
    "spf": ("fail", "softfail"),
    "dkim": ("found",),
    "dmarc": ("reject", "quarantine"),
    "mta_sts": ("enforce",),
    "tls_rpt": ("found",),
    "dnssec": ("secure",),
    "dane": ("usable",),
    "bimi": ("found",),
}
_WARNING = {
    "mx": ("none", "implicit"),
    "spf": ("none", "pass", "neutral"),
    "dmarc": ("missing", "none"),
    "mta_sts": ("testing",),
}


def word(column: str, value: str) -> Text:
    """The word in the reader's language; the value itself where a later version made it."""
    return _OWN.get(column, {}).get(value) or _COMMON.get(value) or value


def level(column: str, value: str) -> str:
    """The colour of a word: good, warning, error or quiet."""
    if value in _GOOD.get(column, ()):
        return "good"
    if value in _WARNING.get(column, ()):
        return "warning"
    return _LEVELS.get(value, "quiet")


def words_of(column: str) -> list[tuple[str, Text]]:
    """All words of a column, the most first."""
    return [(value, word(column, value)) for value in reversed(COLUMNS[column])]
