"""A door before a server: shut, it puts the server out of reach for whoever came through it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Door:
    """Relays connections to a loopback port on to the unix socket at `path`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._ends: set[socket.socket] = set()
        self._listener = self._listen(0)
        self.port = self._listener.getsockname()[1]

    @contextlib.contextmanager
    def shut(self) -> Iterator[None]:
        """Nobody comes in, and those inside are thrown out."""
        self.close()
        try:
            yield
        finally:
            self._listener = self._listen(self.port)

    def close(self) -> None:
        for end in (self._listener, *self._ends):
            _end(end)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), backlog=64)
        threading.Thread(target=self._admit, args=(listener,), daemon=True).start()
        return listener

    def _admit(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                guest, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                self._ends |= {guest, server}
                for source, target in ((guest, server), (server, guest)):
                    threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            _end(end)
            self._ends.discard(end)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
