"""Seconds in words: how long a TTL is."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def duration(seconds: int) -> str:
    """The two largest units that are not zero, in the active language."""
    if seconds <= 0:
        return _("0 seconds")
    pieces = []
    for size, unit in ((86_400, _days), (3600, _hours), (60, _minutes), (1, _seconds)):
        count, rest = divmod(seconds, size)
        if count:
            pieces.append(unit(count))
        elif pieces:
            break
        if len(pieces) == 2:
            break
        seconds = rest
    if len(pieces) == 1:
        return pieces[0]
    return _("%(first)s and %(second)s") % {"first": pieces[0], "second": pieces[1]}


def _days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


def _hours(count: int) -> str:
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}


def _minutes(count: int) -> str:
    return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}


def _seconds(count: int) -> str:
    return ngettext("%(count)d second", "%(count)d seconds", count) % {"count": count}
