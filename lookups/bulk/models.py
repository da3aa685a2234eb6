"""A list of domains that is checked as a whole, and what came out for each of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from lookups.engine.names import to_unicode
from lookups.json_field import JSONField
from lookups.teams.models import Owned, OwnedQuerySet, new_token


class BulkQuerySet(OwnedQuerySet["Bulk"]):
    def going(self) -> BulkQuerySet:
        """Those that a worker should be at."""
        return self.filter(state__in=[Bulk.State.WAITING, Bulk.State.RUNNING])


class Bulk(Owned):
    """One list. `done` and `failed` count the items that have ended, so that nobody has to."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        CANCELLED = "cancelled"

    token = models.CharField(max_length=22, unique=True, default=new_token)
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # What reading the list left out: {"duplicates", "refused", "lines": [[number, text, code]]}.
    left_out = JSONField(default=dict)

    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    served = models.DateTimeField(null=True)  # when its last items were handed out

    # What was counted when the last item ended (lookups.bulk.figures); None until then.
    figures = JSONField(null=True)
    public_token = models.CharField(max_length=22, unique=True, null=True)
    published_at = models.DateTimeField(null=True)
    with_list = models.BooleanField(default=False)  # whether the single domains are public too

    objects = BulkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(owner=None, team__isnull=False) | Q(owner__isnull=False, team=None),
                name="bulk_has_one_holder",
            ),
        ]
        indexes = [models.Index(fields=["state"])]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    def get_absolute_url(self) -> str:
        return reverse("bulk", args=[self.token])

    @property
    def public_path(self) -> str:
        """Where everybody reads the figures, once they are published."""
        return reverse("adoption", args=[self.public_token]) if self.public_token else ""

    @property
    def ended(self) -> int:
        """Items of which no more will be heard, whichever way they ended."""
        return self.done + self.failed

    @property
    def left(self) -> int:
        return max(0, self.total - self.ended)

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.total if self.total else 0

    @property
    def is_going(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.CANCELLED)


class BulkItem(models.Model):
    """One domain of a list. `summary` has what lookups.bulk.summary makes of a report."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Failure(models.TextChoices):
        CRASH = "crash"  # the check itself broke: a fault of ours
        LOST = "lost"  # its worker went away too often
        NO_DNS = "no-dns"  # what DNS says of the domain cannot be found out
        OPTED_OUT = "opted-out"  # the domain asks not to be checked

    bulk = models.ForeignKey(Bulk, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    domain = models.CharField(max_length=253)
    country = models.CharField(max_length=60, blank=True, default="")
    industry = models.CharField(max_length=60, blank=True, default="")

    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    lease = models.CharField(max_length=16, blank=True, default="")  # who is at it
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=10, choices=Failure.choices, blank=True, default="")
    status = models.CharField(max_length=10, blank=True, default="")
    score = models.PositiveSmallIntegerField(null=True)
    summary = JSONField(default=dict)
    finished = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)  # its turn comes later, to spare its servers

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bulk", "position"], name="bulk_position_once")
        ]
        indexes = [
            models.Index(fields=["bulk", "state", "position"]),
            models.Index(fields=["bulk", "finished"]),
            models.Index(fields=["state", "lease"]),
        ]

    def __str__(self) -> str:
        return f"{self.domain} ({self.state})"

    @property
    def unicode(self) -> str:
        return to_unicode(self.domain)
