"""Backup and restore, by the commands and on real databases: whole, or not at all."""

from __future__ import annotations

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


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Place:
    """A site with rows, and its backup."""
    place = Place(tmp_path_factory.mktemp("filled"))
    file = str(place.var / "backups" / "one")
    (place.var / "backups").mkdir()
    done, again = place.run(["migrate"], SAVE, ["backup", file], ["backup", file])[1:]
    assert done[0] == 0 and "whole and read again" in done[1]
    assert again[0] == 2 and "--force" in again[1]
    return place


@pytest.fixture(scope="module")
def backup(filled) -> Path:
    return filled.var / "backups" / "one"


def test_only_the_owner_may_read_it_and_nothing_else_is_left(backup):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in backup.parent.iterdir()] == ["one"]
    with tarfile.open(backup) as tar:
        assert tar.getnames() == ["manifest.json", "database", "secret-key"]


def test_into_a_fresh_folder_and_never_by_mistake(filled, backup, tmp_path):
    fresh = Place(tmp_path)
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonly.aof").touch()
    restore = ["restore", str(backup)]
    # `migrate` makes rows of its own, which are nobody's.
    steps = (["migrate"], restore, COUNT, VIEW, restore, [*restore, "--force"], COUNT)
    _, first, count, shown, mistake, forced, again = fresh.run(*steps)
    assert shown == (200, True)
    assert first[0] == 0 and count == ALL
    assert mistake[0] == 2 and "holds something" in mistake[1]
    assert forced[0] == 0 and again == ALL
    assert (tmp_path / "secret-key").read_text() == (filled.var / "secret-key").read_text()
    assert not (tmp_path / "redis").exists()  # what it held was of another database


def test_another_key_is_told_and_a_running_site_left_alone(backup, tmp_path):
    fresh = Place(tmp_path, SECRET_KEY="another")
    running = f"import fcntl; lock = open({str(tmp_path / 'serve.lock')!r}, 'a'); "
    running += "fcntl.flock(lock, fcntl.LOCK_EX)"
    restore = ["restore", str(backup), "--force"]
    told, refused = fresh.run(restore, running, restore)
    assert told[0] == 0 and "SECRET_KEY_FALLBACKS" in told[1]
    assert refused[0] == 2 and "runs already" in refused[1]


@pytest.mark.parametrize("damage", ["cut", "changed", "text", "empty", "missing"])
def test_a_damaged_file_is_known(backup, tmp_path, damage):
    data = bytearray(backup.read_bytes())
    file = tmp_path / "damaged"
    if damage == "changed":
        data[len(data) // 2] ^= 0xFF
    parts = {"cut": data[: len(data) // 2], "changed": data, "text": b"hello", "empty": b""}
    if damage in parts:
        file.write_bytes(parts[damage])
    with pytest.raises(Failed, match="damaged|No such file"):
        archive.read(file, tmp_path / "folder")


def test_neither_a_newer_version_nor_another_engine(backup, tmp_path):
    manifest, _ = archive.read(backup, tmp_path / "folder")
    other = "postgresql" if manifest.engine == "sqlite" else "sqlite"
    with pytest.raises(Failed, match=f"backup of {other}"):
        judge(replace(manifest, engine=other), manifest.engine)
    newer = [*manifest.migrations, "lookups.9999_from_afar"]
    with pytest.raises(Failed, match="lookups.9999_from_afar"):
        judge(replace(manifest, migrations=newer), manifest.engine)
    judge(replace(manifest, migrations=[*manifest.migrations, "gone.0001_app"]), manifest.engine)


def test_while_the_site_writes(filled, tmp_path):
    """Each transaction writes two rows; a backup holds both of any or none."""
    database = filled.var / "mxplain.sqlite3"
    go_on, written = threading.Event(), []
    go_on.set()

    def write() -> None:
        with closing(sqlite3.connect(database, timeout=20)) as live:
            live.execute("CREATE TABLE pairs (number INTEGER, filler TEXT)")
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
        [made] = filled.run(["backup", str(tmp_path / "backup")])
        last = len(written)
    finally:
        go_on.clear()
        writer.join()
    assert made[0] == 0 and last > 20  # it went on writing
    _, parts = archive.read(tmp_path / "backup", tmp_path / "folder")
    with closing(sqlite3.connect(parts["database"])) as copy:
        pairs = copy.execute("SELECT count(*) FROM pairs GROUP BY number").fetchall()
    assert 20 <= len(pairs) <= last + 1 and set(pairs) == {(2,)}
    with closing(sqlite3.connect(database)) as live:
        live.execute("DROP TABLE pairs")


def test_a_full_disk_leaves_nothing(filled, tmp_path):
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    missing = str(tmp_path / "no" / "backup")
    full, nowhere = filled.run(
        ["backup", str(tmp_path / "backup")], ["backup", missing], preexec_fn=small
    )
    assert full[0] == nowhere[0] == 2
    assert "No backup was made" in full[1] and "cannot write into" in nowhere[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not postgres.is_there(), reason="PostgreSQL is not installed")
def test_postgresql(backup, tmp_path):
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
