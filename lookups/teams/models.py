"""Teams, who belongs to them, and what belongs to them."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

INVITATION_DAYS = 14

M = TypeVar("M", bound=models.Model)


def new_token() -> str:
    """128 random bits in 22 URL-safe characters."""
    return secrets.token_urlsafe(16)


class TeamQuerySet(models.QuerySet["Team"]):
    def of(self, user: Any, *roles: str) -> TeamQuerySet:
        """The teams that `user` belongs to, in one of `roles` (any, if none is given)."""
        memberships = Membership.objects.filter(user=user)
        if roles:
            memberships = memberships.filter(role__in=roles)
        return self.filter(id__in=memberships.values("team_id"))


class Team(models.Model):
    """People who share lists of domains."""

    token = models.CharField(max_length=22, unique=True, default=new_token)
    name = models.CharField(max_length=100)
    created = models.DateTimeField(default=timezone.now)

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("team", args=[self.token])


class Membership(models.Model):
    """One person in one team. An owner invites, changes roles, and deletes the team."""

    class Role(models.TextChoices):
        OWNER = "owner"
        EDITOR = "editor"
        VIEWER = "viewer"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    since = models.DateTimeField(default=timezone.now)
    muted = models.BooleanField(default=False)  # no mail about the team's domains

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="once_in_a_team")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role}) in {self.team}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> InvitationQuerySet:
        """Those that can still be accepted."""
        since = timezone.now() - timedelta(days=INVITATION_DAYS)
        return self.filter(ended_at=None, created__gte=since)


class Invitation(models.Model):
    """An address that was asked to join. Only the account with that address can accept."""

    token = models.CharField(max_length=22, unique=True, default=new_token)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()  # in small letters
    role = models.CharField(max_length=10, choices=Membership.Role.choices)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)  # accepted, declined or withdrawn

    objects = InvitationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["email"])]

    def __str__(self) -> str:
        return f"{self.email} to {self.team}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None and self.ends >= timezone.now()

    @property
    def ends(self) -> datetime:
        return self.created + timedelta(days=INVITATION_DAYS)

    def get_absolute_url(self) -> str:
        return reverse("invitation", args=[self.token])


class OwnedQuerySet(models.QuerySet[M]):
    """Of things that have an owner, and perhaps a team."""

    def visible_to(self, user: Any) -> OwnedQuerySet[M]:
        """Those of one's own and of one's teams."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(owner=user) | Q(team__in=Team.objects.of(user)))

    def editable_by(self, user: Any) -> OwnedQuerySet[M]:
        """Those of one's own, and of the teams in which one may change things."""
        if not user.is_authenticated:
            return self.none()
        teams = Team.objects.of(user, Membership.Role.OWNER, Membership.Role.EDITOR)
        return self.filter(Q(owner=user) | Q(team__in=teams))


class Owned(models.Model):
    """Something that somebody made, alone or for a team. It goes with its owner's account, unless
    a team has it: then the team keeps it (`owner` is empty)."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="%(class)ss"
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="%(class)ss"
    )

    class Meta:
        abstract = True
