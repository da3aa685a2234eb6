"""What an operator relies on: secrets from files, former keys, signs of life, valid units."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core import signing
from django.core.management import call_command

from lookups import stream
from portal import celery, tasks
from portal.management.commands import alive as alive_command

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """Who is silent here stays silent."""
    monkeypatch.setattr(alive_command, "WAIT", 0.5)


def alive(part: str) -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("alive", part, stderr=said)
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    return 0, said.getvalue()


def test_secrets_in_files(tmp_path):
    """A file wins over the variable; a line's end is no part of it; former keys are a list."""
    files = {
        "SECRET_KEY": "from a file\n",
        "SECRET_KEY_FALLBACKS": "older, oldest\n",
        "DATABASE_URL": "postgres://mxplain:word@host:5433/name\n",
        "REDIS_URL": "redis://:word@host:6380/1\n",
        "EMAIL_HOST_PASSWORD": "pass word\n",
    }
    environment = {**os.environ, "MXPLAIN_VAR": str(tmp_path), "SECRET_KEY": "not this one"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        environment[f"{name}_FILE"] = str(tmp_path / name)
    script = (
        "from portal import settings as s; print([s.SECRET_KEY, s.SECRET_KEY_FALLBACKS,"
        " s.DATABASES['default']['PORT'], s.REDIS_URL, s.EMAIL_HOST_PASSWORD])"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    wanted = ["from a file", ["older", "oldest"], 5433, "redis://:word@host:6380/1", "pass word"]
    assert said.stdout.strip() == str(wanted), said.stderr
    assert not (tmp_path / "secret-key").exists()


def test_former_keys_still_count(settings):
    signed = signing.dumps("mine")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    assert signing.loads(signed) == "mine"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(signing.BadSignature):
        signing.loads(signed)


def test_the_clock_is_alive_while_its_work_is_done():
    assert alive("beat") == (1, "beat: its work was never done\n")
    stream.note_clock(datetime.now(UTC))
    assert alive("beat")[0] == 0
    stream.client().set("clock", (datetime.now(UTC) - timedelta(minutes=3)).isoformat())
    assert alive("beat")[0] == 1


def test_a_dns_server_is_alive_while_it_knows_its_zone(classroom, settings):
    assert alive("classroom") == (0, "")
    settings.SPF_DNS = settings.CLASSROOM  # which is not the server of this zone's names
    settings.SPF_ZONE = "stranger.example"
    assert "does not know stranger.example" in alive("spf-dns")[1]
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        settings.CLASSROOM = f"127.0.0.1:{silent.getsockname()[1]}"
    assert "does not answer" in alive("classroom")[1]


def test_no_worker_is_told():
    assert alive("worker") == (1, f"worker: none of *@{socket.gethostname()} answers\n")


def test_a_clock_that_starts_mends_what_redis_lost(monkeypatch):
    """An empty Redis is filled from the database at once, not when the time has come."""
    sent: list[str] = []
    monkeypatch.setattr(celery.app, "send_task", sent.append)
    tasks.mend()
    assert sent == list(tasks.AT_ONCE)
    celery.app.loader.import_default_modules()
    assert set(sent) <= set(celery.app.tasks)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_units_are_valid(tmp_path):
    for path in UNITS.iterdir():
        text = path.read_text().replace("/srv/mxplain/.venv/bin/python", sys.executable)
        (tmp_path / path.name.replace("@.", "@1.")).write_text(text)
    units = [str(path) for path in tmp_path.iterdir() if path.suffix in (".service", ".timer")]
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:/lib/systemd/system"},
        capture_output=True,
        text=True,
    )
    ours = [line for line in checked.stderr.splitlines() if "mxplain" in line]
    assert ours == []
