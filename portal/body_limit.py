"""Bodies that nobody wants are refused before the ASGI handler spools them to disk."""

from __future__ import annotations

from typing import Any

MAX_BODY = 64_000_000  # octets; what the largest tool takes is less


class BodyLimit:
    """An ASGI application around another. A body that declares more than `limit` is answered with
    413; one that declares nothing is cut off where it goes beyond."""

    def __init__(self, application: Any, limit: int = MAX_BODY) -> None:
        self.application = application
        self.limit = limit

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.application(scope, receive, send)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.limit:
            kind, body = _refusal(scope["path"])
            headers = [(b"content-type", kind), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            return await send({"type": "http.response.body", "body": body})
        taken = 0

        async def bounded() -> Any:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= self.limit else {"type": "http.disconnect"}

        await self.application(scope, bounded, send)


def _refusal(path: str) -> tuple[bytes, bytes]:
    """Media type and body: programs get a problem (RFC 9457), as everywhere in the API."""
    if path.startswith("/api/v1/"):
        problem = b'{"type": "about:blank", "title": "Content Too Large", "status": 413}'
        return b"application/problem+json", problem
    return b"text/plain; charset=utf-8", b"Content too large\n"
