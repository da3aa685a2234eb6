"""Which part of the site this process is, told from its command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

PARTS = ("web", "worker", "beat", "classroom", "spf-dns", "serve", "command")
NAMED_BY_SUPERVISOR = "MXPLAIN_PART"
_MANAGED = {"runserver": "web", "classroom": "classroom", "spf-dns": "spf-dns", "serve": "serve"}
_SERVERS = ("uvicorn", "gunicorn", "hypercorn", "daphne", "granian")


def this_part(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """One of PARTS."""
    arguments = sys.argv if arguments is None else arguments
    named = (os.environ if environment is None else environment).get(NAMED_BY_SUPERVISOR, "")
    if named in PARTS:
        return named
    path, words = PurePath(arguments[0] if arguments else ""), arguments[1:]
    program = path.parent.name if path.name == "__main__.py" else path.name
    if program == "celery":
        return next((word for word in words if word in ("worker", "beat")), "command")
    if program in _SERVERS:
        return "web"
    return _MANAGED.get(words[0], "command") if words else "command"


def revision(folder: Path) -> str:
    """The short name of the git revision in `folder`; "unknown" where it is no checkout."""
    try:
        git = folder / ".git"
        if git.is_file():  # a work tree
            git = (folder / git.read_text().partition(":")[2].strip()).resolve()
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head[:12]
        name = head.removeprefix("ref: ")
        shared = git / "commondir"
        common = (git / shared.read_text().strip()).resolve() if shared.exists() else git
        if (common / name).exists():
            return (common / name).read_text().strip()[:12]
        packed = (common / "packed-refs").read_text().splitlines()
        return next(line[:12] for line in packed if line.endswith(" " + name))
    except (OSError, StopIteration, ValueError):
        return "unknown"
