"""For somebody who lost phone, passkeys and recovery codes: removes the second factor."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.mail import send_mail
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from lookups.models import AlertSettings
from portal.accounts import record, sessions


class Command(BaseCommand):
    help = (
        "Removes the second factor (app, passkeys, recovery codes) of the account with ADDRESS, "
        "ends its sessions, and tells the address. The password stays. Make sure by other means "
        "than a mail that it is the owner who asks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="the email address of the account")
        parser.add_argument("--noinput", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        address = options["address"].strip()
        found = EmailAddress.objects.filter(email__iexact=address, verified=True)
        row = found.select_related("user").first()
        if row is None:
            raise CommandError(f"No account has the confirmed address {address!a}.")
        factors = Authenticator.objects.filter(user=row.user)
        if not factors.exists():
            raise CommandError(f"The account of {row.email!a} has no second factor.")
        if not options["noinput"]:
            answer = input(f"Remove the second factor of {row.email!a}? Type yes: ")
            if answer.strip() != "yes":
                raise CommandError("Nothing was changed.")
        with transaction.atomic():
            factors.delete()
            sessions.end_all(row.user)
            record.write(row.user, record.FACTORS_RESET)
        _tell(row)
        self.stdout.write(f"The second factor of {row.email!a} is removed.")


def _tell(row: EmailAddress) -> None:
    """In the language in which the person is told of everything else."""
    known = AlertSettings.objects.filter(user=row.user).values_list("language", flat=True).first()
    context = {"timestamp": timezone.now(), "public_url": settings.PUBLIC_URL}
    with translation.override(known or settings.LANGUAGE_CODE):
        texts = [
            render_to_string(f"mfa/email/factors_reset_{part}.txt", context).strip()
            for part in ("subject", "message")
        ]
        send_mail(*texts, None, [row.email])
