"""manage.py as a program meets it: words go in, text and an exit code come out."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import connections
from django.test import override_settings
from django.utils import translation

ROOT = Path(__file__).parents[2]
Done = subprocess.CompletedProcess


def manage(*arguments: str) -> Done[str]:
    """Runs it in this process, with no classroom known: a new one costs a second each time."""
    out, error, code = io.StringIO(), io.StringIO(), 0
    no_classroom = {"CLASSROOM": "", "CLASSROOM_WEB": "", "CLASSROOM_MAIL": "", "CLASSROOM_CA": ""}
    with (
        override_settings(QUERY_TIMEOUT=2.0, **no_classroom),
        translation.override(settings.LANGUAGE_CODE),
        mock.patch.object(connections, "close_all"),  # the test goes on with them
        redirect_stdout(out),
        redirect_stderr(error),
    ):
        try:
            execute_from_command_line(["manage.py", *arguments])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Done(arguments, code, out.getvalue(), error.getvalue())


def manage_alone(*arguments: str) -> Done[str]:
    """The same in a process of its own."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
