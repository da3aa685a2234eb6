"""What is kept of a reader who has an account: the articles that they have done."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from .own_zones.models import OwnZone, SolvedExercise  # noqa: F401 found here by Django


class Progress(models.Model):
    """One article that one person has marked as done, or whose quiz they have answered rightly."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="progress"
    )
    slug = models.CharField(max_length=80)
    done_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "slug"], name="one_mark_an_article")]

    def __str__(self) -> str:
        return self.slug
