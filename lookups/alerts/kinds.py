"""What people are told of."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    NEW = "finding-new", _("A new finding")
    GONE = "finding-gone", _("A finding that is gone")
    RECORD = "record-changed", _("A record that came, went or changed")
    EXPIRY = "expiry-near", _("A certificate or signature that ends soon")
    FAILED = "failed", _("A check that failed")


def all_kinds() -> list[str]:
    return list(Kind.values)
