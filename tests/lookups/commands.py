"""manage.py as a program meets it: in a process of its own, with no classroom running."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"MXPLAIN_QUERY_TIMEOUT": "0.5"},
        capture_output=True,
        text=True,
        timeout=60,
    )
