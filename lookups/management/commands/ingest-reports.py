"""`manage.py ingest-reports`: takes one mail with a report from standard input, for the pipe of a
mail server. A stable face: docs/hosting.md, docs/contracts.md."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError

from lookups.engine.reports import mime
from lookups.hosted import intake, words

# Of sysexits.h, which mail servers understand.
TAKEN, EX_DATAERR, EX_NOUSER, EX_TEMPFAIL = 0, 65, 67, 75
# Who the mail is for, the most reliable first; a mailing tool may have written the last two.
FIELDS = ("X-Original-To", "Delivered-To", "Envelope-To", "To", "Cc")
MAX_RECIPIENTS = 20


class Command(BaseCommand):
    """Exit 0: taken, or known already; 65: no report that can be taken; 67: no such mailbox; 75:
    try again later, for example while the database is away."""

    help = "Take a mail with a DMARC or TLS report from standard input."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--to", default="", metavar="ADDRESS", help="whom the mail is for")

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(self._handled(options["to"]))

    def _handled(self, to: str) -> int:
        data = sys.stdin.buffer.read(intake.MAX_FILE + 1)
        if len(data) > intake.MAX_FILE:
            return self._refuse(EX_DATAERR, f"more than {intake.MAX_FILE} octets")
        try:
            return self._delivered(data, to)
        except DatabaseError as error:
            return self._refuse(EX_TEMPFAIL, f"the database is away ({error})")
        except Exception as error:  # a mail is never lost for a mistake of ours
            return self._refuse(EX_TEMPFAIL, repr(error))

    def _delivered(self, data: bytes, to: str) -> int:
        boxes = [box for token in _tokens(data, to) if (box := intake.open_box(token))]
        if not boxes:
            return self._refuse(EX_NOUSER, "no mailbox for this recipient")
        taken = [intake.take(box, data) for box in boxes]
        if any(each.is_good for each in taken):
            return TAKEN
        reasons = dict.fromkeys(words.refusal(one) for each in taken for one in each.refused)
        return self._refuse(EX_DATAERR, " ".join(reasons))

    def _refuse(self, code: int, reason: str) -> int:
        self.stderr.write(f"ingest-reports: {reason}")
        return code


def _tokens(data: bytes, to: str) -> list[str]:
    """Whom the mail is for: as the mail server says, else as the first field that names it."""
    if to:
        return list(dict.fromkeys(intake.tokens_in(to)))[:MAX_RECIPIENTS]
    header, _body = mime.split(data)
    for name in FIELDS:
        text = " ".join(str(value)[:2000] for value in header.get_all(name, []))
        if found := list(dict.fromkeys(intake.tokens_in(text))):
            return found[:MAX_RECIPIENTS]
    return []
