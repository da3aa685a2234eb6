"""`manage.py restore FILE`: puts a backup in the place of what is there, while the site stands."""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import redis
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from lookups import stream
from portal.backups import Failed, archive, engines
from portal.management.commands.serve import Refused, hold_var

BAD = 2
# What `migrate` itself fills.
MADE_BY_MIGRATE = {"contenttypes.contenttype", "auth.permission"}


class Command(BaseCommand):
    """Exit 0 when the site can be started again; 2, and all as before, otherwise."""

    help = "Restore a backup. Stop the site before; an empty Redis is enough afterwards."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file that `backup` has written")
        parser.add_argument(
            "--force", action="store_true", help="delete what the database holds now"
        )

    def handle(self, *args: Any, file: Path, force: bool, **options: Any) -> None:
        try:
            with hold_var():
                manifest = _restore(file.absolute(), force)
                emptied = _empty_redis()
        except (Failed, Refused, OSError, sqlite3.Error, DatabaseError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CommandError(f"Nothing was restored: {reason}", returncode=BAD) from error
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write(f"The backup of {manifest.made} is restored.")
        if word := _about_the_key(manifest):
            self.stdout.write(word)
        if not emptied:
            self.stdout.write("Redis was not reached: empty it before you start the site.")


def _restore(source: Path, force: bool) -> archive.Manifest:
    # Where there is room for it: in a container, what is kept in memory is small.
    roomy = os.access(source.parent, os.W_OK)
    with archive.beside(source if roomy else settings.VAR_DIR / "restore") as folder:
        manifest, parts = archive.read(source, folder)
        judge(manifest, connection.vendor)
        if not force and (where := _what_is_there()):
            raise Failed(f"the database holds something ({where}). Add --force to replace it.")
        engines.load(parts[archive.DATABASE])
        if manifest.key_is_here:
            shutil.move(parts[archive.KEY], settings.VAR_DIR / "secret-key")
    return manifest


def _about_the_key(manifest: archive.Manifest) -> str:
    """What is to be done about it; empty where it came with the backup and will be read."""
    if not manifest.key_is_here:
        return "It holds no key: set SECRET_KEY to the one of that site."
    kept = (settings.VAR_DIR / "secret-key").read_text()
    if kept in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS) or not _key_is_given():
        return ""
    return (
        "SECRET_KEY is set to another key than the backup's, which now is in"
        f" {settings.VAR_DIR / 'secret-key'}: add that one to SECRET_KEY_FALLBACKS."
    )


def _key_is_given() -> bool:
    return any(os.environ.get(name) for name in ("SECRET_KEY", "SECRET_KEY_FILE"))


def judge(manifest: archive.Manifest, engine: str) -> None:
    """Raises Failed where this version cannot take it into a database of `engine`."""
    if manifest.engine != engine:
        raise Failed(f"it is a backup of {manifest.engine}, but DATABASE_URL names {engine}.")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    own = {label.split(".")[0] for label in known}
    newer = [
        name for name in manifest.migrations if name not in known and name.split(".")[0] in own
    ]
    if newer:
        raise Failed(f"it was made by a newer version, which knows {', '.join(newer)}.")


def _what_is_there() -> str:
    """A kind of rows that somebody made; empty where there is none."""
    tables = set(connection.introspection.table_names())
    for model in apps.get_models():
        mine = model._meta.managed and not model._meta.proxy
        if not mine or model._meta.label_lower in MADE_BY_MIGRATE:
            continue
        if model._meta.db_table in tables and model._base_manager.exists():
            return str(model._meta.verbose_name_plural)
    return ""


def _empty_redis() -> bool:
    """What it holds belongs to what was there before: queues, streams, leases, the cache."""
    own = settings.VAR_DIR / "redis"
    if f"unix://{own / 'redis.sock'}" == settings.REDIS_URL:  # stands still, as the site does
        shutil.rmtree(own, ignore_errors=True)
        return True
    try:
        stream.client().flushdb()
    except redis.RedisError:
        return False
    return True
