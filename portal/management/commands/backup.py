"""`manage.py backup FILE`: the database and the site's key, while the site goes on."""

from __future__ import annotations

import argparse
import sqlite3
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder

from portal.backups import Failed, archive, engines

BAD = 2


class Command(BaseCommand):
    """Exit 0 when the file is whole and was read again; 2, and no file, otherwise."""

    help = "Write a backup of the database and the site's key to FILE; the site may go on."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a new file, such as mxplain.backup")
        parser.add_argument("--force", action="store_true", help="replace FILE if it is there")

    def handle(self, *args: Any, file: Path, force: bool, **options: Any) -> None:
        target = file.absolute()
        if target.exists() and not force:
            raise CommandError(
                f"{file} is there already. Add --force to replace it.", returncode=BAD
            )
        try:
            _back_up(target)
        except (Failed, OSError, sqlite3.Error, DatabaseError) as error:
            reason = getattr(error, "strerror", None) or error
            message = f"No backup was made: {reason}"
            raise CommandError(message, returncode=BAD) from error
        size = target.stat().st_size / 1e6
        self.stdout.write(f"{file}: {size:.1f} MB, whole and read again")


def _back_up(target: Path) -> None:
    with archive.beside(target) as folder:
        database = folder / "copy"
        engines.dump(database)
        applied = MigrationRecorder(connection).applied_migrations()
        names = sorted(f"{app}.{name}" for app, name in applied)
        if not names:
            raise Failed("the database is empty.")
        parts = {archive.DATABASE: database}
        key = settings.VAR_DIR / "secret-key"
        if key.exists():  # else the operator keeps it
            parts[archive.KEY] = key
        archive.write(target, folder, archive.Manifest(connection.vendor, names), parts)
