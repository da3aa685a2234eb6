"""`manage.py api-token EMAIL`: a token for the API, without a browser."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.utils import timezone

from lookups.api import tokens
from lookups.api.models import SCOPES

BAD_INPUT = 2


class Command(BaseCommand):
    """Prints the secret and nothing else. Exit 2 where there is no such account, or too many."""

    help = "Make a token for the API and print its secret."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="whose token it is")
        parser.add_argument("--name", default="manage.py api-token", help="what to know it by")
        parser.add_argument(
            "--scopes", nargs="+", choices=list(SCOPES), default=list(SCOPES), metavar="SCOPE",
            help=f"what it may do, all by default: {', '.join(SCOPES)}",
        )  # fmt: skip
        parser.add_argument("--days", type=_days, help="how long it works; for ever by default")

    def handle(self, *args: Any, **options: Any) -> None:
        user = get_user_model().objects.filter(email__iexact=options["email"]).first()
        if user is None:
            self._refuse(f"there is no account of {options['email']}")
        if not 0 < len(options["name"]) <= 100:
            self._refuse("a name has 1 to 100 characters")
        days = options["days"]
        expires = timezone.now() + timedelta(days=days) if days else None
        try:
            _token, secret = tokens.make(user, options["name"], options["scopes"], expires)
        except tokens.TooMany:
            self._refuse(f"there are {tokens.MAX_TOKENS} tokens already; revoke one")
        self.stdout.write(secret)

    def _refuse(self, words: str) -> None:
        self.stderr.write(f"api-token: {words}")
        sys.exit(BAD_INPUT)


def _days(text: str) -> int:
    days = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < days <= 3650:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to 3650")
    return days
