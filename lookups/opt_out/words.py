"""What is said of a domain that asks not to be checked."""

from __future__ import annotations

from django.utils.translation import gettext as _

from lookups.engine.names import to_unicode
from lookups.engine.opt_out import LABEL


def message(domain: str, name: str = "") -> str:
    """Why `domain` is not checked, in the active language. `name` has the record, if known."""
    said = _(
        "%(domain)s asks not to be checked by sites like this one, and this site does as it asks."
    ) % {"domain": to_unicode(domain)}
    if not name:
        return said
    where = _("The TXT record at %(name)s says so.") % {"name": f"{LABEL}.{to_unicode(name)}"}
    return f"{said} {where}"
