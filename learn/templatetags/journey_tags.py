"""Words for the pictures of a letter's journey."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def place_words(place: str) -> str:
    """What one of `learn.journey.scenes.PLACES` is called."""
    words = {
        "mailbox": _("Inbox"),
        "junk": _("Junk folder"),
        "returned": _("Refused, sent back"),
        "waiting": _("In the sender’s queue"),
    }
    return words.get(place, _("for the receiver to decide"))
