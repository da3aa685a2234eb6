"""Invitations: who may be asked, the mail, and what becomes of it."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from lookups.teams.models import Invitation, InvitationQuerySet, Membership, Team
from lookups.teams.words import ROLES

MAX_OPEN = 50  # invitations of one team
MAX_MAILS = 20  # of one person in one day
DAY = 86_400

logger = logging.getLogger(__name__)


class Refused(Exception):
    """Nobody was invited. `message`: why, in the active language."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def addresses_of(user: Any) -> list[str]:
    """The confirmed addresses of an account, in small letters."""
    found = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return [email.lower() for email in found]


def invitations_for(user: Any) -> InvitationQuerySet:
    """The open invitations that this person can accept, the newest first."""
    mine = Invitation.objects.open().filter(email__in=addresses_of(user))
    return mine.select_related("team", "invited_by").order_by("-created", "-id")


def invite(team: Team, email: str, role: str, inviter: Any) -> Invitation:
    """Asks `email` to join, by mail in the active language. Raises Refused."""
    email = email.lower()
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)
        _check(team, email)
        invitation = Invitation.objects.create(
            team=team, email=email, role=role, invited_by=inviter
        )
    try:
        _count_mail(inviter)
        _send(invitation, inviter)
    except Refused:
        invitation.delete()
        raise
    except (SMTPException, OSError) as error:
        logger.exception("the invitation to a team was not sent")
        invitation.delete()
        text = _("The email could not be sent just now. Try again in a few minutes.")
        raise Refused(text) from error
    return invitation


def _check(team: Team, email: str) -> None:
    members = EmailAddress.objects.filter(verified=True, user__memberships__team=team)
    if members.filter(email__iexact=email).exists():
        raise Refused(_("This person is in the team already."))
    waiting = Invitation.objects.open().filter(team=team)
    if waiting.filter(email=email).exists():
        raise Refused(
            _("This address is invited already. Withdraw that invitation to send another one.")
        )
    if waiting.count() >= MAX_OPEN:
        text = _("A team can have %(count)d open invitations. Withdraw some first.")
        raise Refused(text % {"count": MAX_OPEN})


def _count_mail(inviter: Any) -> None:
    """Neither withdrawing invitations nor beginning another team gives further mails."""
    key = f"team-mails:{inviter.pk}"
    cache.add(key, 0, DAY)
    if cache.incr(key) > MAX_MAILS:
        text = _("You have sent %(count)d invitations in one day. Send further ones tomorrow.")
        raise Refused(text % {"count": MAX_MAILS})


def _send(invitation: Invitation, inviter: Any) -> None:
    context = {
        "invitation": invitation,
        "inviter": inviter.email,
        "role": ROLES[invitation.role],
        "public_url": settings.PUBLIC_URL,
        "link": settings.PUBLIC_URL + invitation.get_absolute_url(),
    }
    text = render_to_string("lookups/teams/mail.txt", context)
    # The name of the team is anybody's words, so it stays out of the subject.
    send_mail(_("You are invited to a team on MXplain"), text, None, [invitation.email])


def accept(invitation: Invitation, user: Any) -> bool:
    """Makes `user` a member. False where the invitation has ended meanwhile."""
    with transaction.atomic():
        if not _end(invitation):
            return False
        Membership.objects.get_or_create(
            team_id=invitation.team_id, user=user, defaults={"role": invitation.role}
        )
    return True


def end(invitation: Invitation) -> bool:
    """Declines or withdraws it. False where it has ended meanwhile."""
    return _end(invitation)


def _end(invitation: Invitation) -> bool:
    """One of those who end it at the same moment succeeds."""
    still = Invitation.objects.open().filter(pk=invitation.pk)
    return bool(still.update(ended_at=timezone.now()))
