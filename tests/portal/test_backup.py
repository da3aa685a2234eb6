"""Backup and restore, by the commands and on real databases: whole, or not at all."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from portal.backups import Failed, archive
from portal.management.commands.restore import judge
from tests import postgres

ROOT = Path(__file__).parents[2]
SAVE = """
from django.contrib.auth.models import User
from django.utils import timezone
from lookups.models import BlockedDomain, Report, Watch
owner = User.objects.create(username="anna", email="anna@example.com")
Report.objects.create(domain="kept.example", owner=owner, state="done", status="good",
    saved_at=timezone.now(), name="Kept", finished=timezone.now())
Report.objects.create(domain="begun.example", state="running", attempts=1)
Watch.objects.create(domain="kept.example", owner=owner)
BlockedDomain.objects.create(domain="blocked.example")
"""
COUNT = """
from django.contrib.auth.models import User
from lookups.models import BlockedDomain, Report, Watch
said.append([0, str([kind.objects.count() for kind in (User, Report, Watch, BlockedDomain)])])
"""
# With no Redis at all, as it is right after a restore.
VIEW = """
from django.test import Client, override_settings
from lookups.models import Report
report = Report.objects.get(domain="kept.example")
plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
with override_settings(STORAGES={"staticfiles": {"BACKEND": plain}}):
    answer = Client(SERVER_NAME="localhost").get(report.get_absolute_url())
said.append([answer.status_code, "kept.example" in answer.content.decode()])
"""
ALL = (0, "[1, 2, 1, 1]")
# One process for several commands: most of what a command costs is its start.
DRIVER = """
import io, json, sys
import django
from django.core.management import CommandError, call_command
django.setup()
said = []
for step in json.loads(sys.argv[1]):
    if isinstance(step, str):
        exec(step)
        continue
    out = io.StringIO()
    try:
        call_command(*step, stdout=out, verbosity=0)
        said.append([0, out.getvalue()])
    except CommandError as error:
        said.append([error.returncode, str(error)])
print(json.dumps(said))
"""


class Place:
    """A site of its own: a var folder and a database."""

    def __init__(self, var: Path, database: str = "", **extra: str) -> None:
        self.var = var
        var.mkdir(exist_ok=True)
        self.environment = {**os.environ, "MXPLAIN_VAR": str(var)}
        for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
            self.environment.pop(name, None)
        self.environment["DJANGO_SETTINGS_MODULE"] = "portal.settings"
        self.environment |= {"DATABASE_URL": database} if database else {}
        self.environment |= extra

    def run(self, *steps: list[str] | str, **options: Any) -> list[tuple[int, Any]]:
        """Runs commands and scripts in one process: exit code and output of each that has one."""
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", DRIVER, json.dumps(steps)],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            **options,
        )
        assert ran.returncode == 0, ran.stderr
        return [(code, text) for code, text in json.loads(ran.stdout)]


def test_sqlite(tmp_path):
    """Written, read, refused, restored: one walk, since what it costs is the starts of Django."""
    filled, fresh = Place(tmp_path / "filled"), Place(tmp_path / "fresh")
    (tmp_path / "backups").mkdir()
    file = tmp_path / "backups" / "one"
    backup, restore = ["backup", str(file)], ["restore", str(file)]

    done, again = filled.run(["migrate"], SAVE, backup, backup)[1:]
    assert done[0] == 0 and "whole and read again" in done[1]
    assert again[0] == 2 and "--force" in again[1]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["one"]
    with tarfile.open(file) as tar:
        assert tar.getnames() == ["manifest.json", "database", "secret-key"]

    full, nowhere = filled.run(
        ["backup", str(tmp_path / "full")],
        ["backup", str(tmp_path / "no" / "backup")],
        preexec_fn=_with_a_full_disk,
    )
    assert full[0] == 2 and "No backup was made" in full[1]
    assert nowhere[0] == 2 and "cannot write into" in nowhere[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backups", "filled", "fresh"]

    (fresh.var / "redis").mkdir()
    (fresh.var / "redis" / "appendonly.aof").touch()
    # `migrate` makes rows of its own, which are nobody's.
    steps = (["migrate"], restore, COUNT, VIEW, restore, [*restore, "--force"], COUNT)
    _, first, count, shown, mistake, forced, again = fresh.run(*steps)
    assert first[0] == 0 and count == ALL
    assert shown == (200, True)
    assert mistake[0] == 2 and "holds something" in mistake[1]
    assert forced[0] == 0 and again == ALL
    key = (filled.var / "secret-key").read_text()
    assert (fresh.var / "secret-key").read_text() == key
    assert not (fresh.var / "redis").exists()  # what it held was of another database

    fresh.environment["SECRET_KEY"] = "another"
    running = f"import fcntl; lock = open({str(fresh.var / 'serve.lock')!r}, 'a'); "
    running += "fcntl.flock(lock, fcntl.LOCK_EX)"
    told, refused = fresh.run([*restore, "--force"], running, [*restore, "--force"])
    assert told[0] == 0 and "SECRET_KEY_FALLBACKS" in told[1]
    assert refused[0] == 2 and "runs already" in refused[1]


def _with_a_full_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


@pytest.fixture
def written(tmp_path) -> Path:
    """A file as `backup` writes it, of a database that is none."""
    part = tmp_path / "part"
    part.write_bytes(os.urandom(5000))
    manifest = archive.Manifest("sqlite", ["lookups.0001_initial"])
    with archive.beside(tmp_path / "written") as folder:
        archive.write(tmp_path / "written", folder, manifest, {"database": part})
    return tmp_path / "written"


@pytest.mark.parametrize("damage", ["cut", "changed", "text", "empty", "missing"])
def test_a_damaged_file_is_known(written, tmp_path, damage):
    data = bytearray(written.read_bytes())
    file = tmp_path / "damaged"
    if damage == "changed":
        data[len(data) // 2] ^= 0xFF
    parts = {"cut": data[: len(data) // 2], "changed": data, "text": b"hello", "empty": b""}
    if damage in parts:
        file.write_bytes(parts[damage])
    with pytest.raises(Failed, match="damaged|No such file"):
        archive.read(file, tmp_path / "folder")


@pytest.mark.parametrize(
    "manifest",
    [
        b"[]",
        b"{}",
        b'{"schema": 2, "engine": "sqlite", "migrations": [], "parts": {"database": "0"}}',
        b'{"schema": 1, "engine": "sqlite", "migrations": [], "parts": {"../../etc/passwd": "0"}}',
        b'{"schema": 1, "engine": "sqlite", "migrations": [], "parts": {"database": "0"}, "x": 1}',
        b'{"schema": 1, "engine": "sqlite", "migrations": [], "parts": {"database": "0"}}',
    ],
)
def test_a_strange_archive_is_refused(tmp_path, manifest):
    with tarfile.open(tmp_path / "strange", "w:gz") as tar:
        for name, data in (("manifest.json", manifest), ("database", b"x")):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    with pytest.raises(Failed, match="no backup"):
        archive.read(tmp_path / "strange", tmp_path / "folder")


def test_neither_a_newer_version_nor_another_engine(written, tmp_path):
    manifest, _ = archive.read(written, tmp_path / "folder")
    judge(manifest, "sqlite")
    with pytest.raises(Failed, match="backup of sqlite"):
        judge(manifest, "postgresql")
    with pytest.raises(Failed, match="lookups.9999_from_afar"):
        judge(replace(manifest, migrations=["lookups.9999_from_afar"]), "sqlite")
    judge(replace(manifest, migrations=["gone.0001_initial"]), "sqlite")  # of a former app


def test_while_the_site_writes(tmp_path):
    """Each transaction writes two rows; a backup holds both of any or none."""
    place = Place(tmp_path / "var")
    database = place.var / "mxplain.sqlite3"
    go_on, written = threading.Event(), []
    go_on.set()

    def write() -> None:
        with closing(sqlite3.connect(database, timeout=20)) as live:
            live.execute("PRAGMA journal_mode=WAL")
            live.execute("CREATE TABLE django_migrations (id, app, name, applied)")
            live.execute("CREATE TABLE pairs (number INTEGER, filler TEXT)")
            with live:
                row = (1, "lookups", "0001_initial", "2026-01-01 00:00:00")
                live.execute("INSERT INTO django_migrations VALUES (?, ?, ?, ?)", row)
            while go_on.is_set():
                with live:
                    for _ in range(2):
                        row = (len(written), "x" * 2000)
                        live.execute("INSERT INTO pairs VALUES (?, ?)", row)
                written.append(1)
                time.sleep(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 20:
            time.sleep(0.01)
        [made] = place.run(["backup", str(tmp_path / "backup")])
        last = len(written)
    finally:
        go_on.clear()
        writer.join()
    assert made[0] == 0 and last > 20  # it went on writing
    _, parts = archive.read(tmp_path / "backup", tmp_path / "folder")
    with closing(sqlite3.connect(parts["database"])) as copy:
        pairs = copy.execute("SELECT count(*) FROM pairs GROUP BY number").fetchall()
    assert 20 <= len(pairs) <= last + 1 and set(pairs) == {(2,)}


@pytest.mark.skipif(not postgres.is_there(), reason="PostgreSQL is not installed")
def test_postgresql(tmp_path):
    url = postgres.start()
    with psycopg.connect(re.sub("^postgres:", "postgresql:", url), autocommit=True) as link:
        link.execute("CREATE DATABASE one")
        link.execute("CREATE DATABASE two")
    one, two = (
        Place(tmp_path / name, url[: url.rindex("/") + 1] + name) for name in ("one", "two")
    )
    file = str(tmp_path / "backup")
    assert one.run(["migrate"], SAVE, ["backup", file])[-1][0] == 0
    restore = ["restore", file]
    more = SAVE.replace("anna", "berta").replace("blocked", "another")
    steps = (restore, COUNT, VIEW, more, restore, [*restore, "--force"], COUNT)
    first, count, shown, mistake, forced, again = two.run(*steps)
    assert shown == (200, True)
    assert first[0] == 0, first
    assert count == again == ALL and forced[0] == 0
    assert mistake[0] == 2 and "holds something" in mistake[1]
