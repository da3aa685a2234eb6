"""What is kept of learners' own zones, and of the exercises that people with accounts solved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dns.name
from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from learn.classroom.own import PARENT, networks

KEEP_DAYS = 7  # a zone that is not looked at for so long is deleted


class OwnZoneQuerySet(models.QuerySet["OwnZone"]):
    """The questions that pages and tasks ask of zones."""

    def expired(self) -> OwnZoneQuerySet:
        return self.filter(used__lt=timezone.now() - timedelta(days=KEEP_DAYS))

    def free(self) -> OwnZoneQuerySet:
        """Those that belong to no exercise."""
        return self.filter(exercise="")


class OwnZone(models.Model):
    """One zone of one learner: whoever has the account, or the session with the secret."""

    label = models.CharField(max_length=8, unique=True)
    block = models.PositiveSmallIntegerField(unique=True)  # of addresses, classroom.own.networks
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="own_zones"
    )
    holder = models.CharField(max_length=64, blank=True, db_index=True)  # digest of the secret
    exercise = models.CharField(max_length=40, blank=True)

    text = models.TextField()
    signed = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    # What undoing the last save brings back; null where there is nothing to undo.
    text_before = models.TextField(null=True)
    signed_before = models.BooleanField(default=False)

    created = models.DateTimeField(default=timezone.now)
    used = models.DateTimeField(default=timezone.now, db_index=True)

    objects = OwnZoneQuerySet.as_manager()

    def __str__(self) -> str:
        return self.domain

    def get_absolute_url(self) -> str:
        return reverse("own-zone", args=[self.label])

    @property
    def origin(self) -> dns.name.Name:
        return dns.name.Name((self.label.encode(), *PARENT.labels))

    @property
    def domain(self) -> str:
        return self.origin.to_text(omit_final_dot=True)

    @property
    def addresses(self) -> dict[str, str]:
        """What stands for {four1} and the like in zone texts: addresses of the zone's own."""
        four, six = networks(self.block)
        numbered = {f"four{n}": str(four[n]) for n in range(1, four.num_addresses)}
        return numbered | {f"six{n}": str(six[n]) for n in range(1, 4)}

    @property
    def networks(self) -> dict[str, Any]:
        four, six = networks(self.block)
        return {"first": four[0], "last": four[-1], "six": six}

    @property
    def expires(self) -> Any:
        return self.used + timedelta(days=KEEP_DAYS)


class SolvedExercise(models.Model):
    """One exercise that one person has solved. For who has no account, the session keeps it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="solved_exercises"
    )
    exercise = models.CharField(max_length=40)
    solved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "exercise"], name="one_mark_an_exercise")
        ]

    def __str__(self) -> str:
        return self.exercise
