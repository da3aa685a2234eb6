"""Threads that are lent to requests: used again, bounded, and not held by streams."""

from __future__ import annotations

import asyncio
import threading

from asgiref.sync import sync_to_async

from portal.web_threads import WebThreads


class Site:
    """An application that notes its threads and answers when it is told to."""

    def __init__(self, kind: bytes) -> None:
        self.kind, self.seen, self.go = kind, [], asyncio.Event()
        self.inside = self.most = 0

    async def __call__(self, scope, receive, send) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.seen.append(await sync_to_async(threading.current_thread)())
        headers = [(b"Content-Type", self.kind)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await self.go.wait()
        assert await sync_to_async(threading.current_thread)() in self.seen
        self.inside -= 1


async def nothing(*message) -> None:
    pass


async def ask(application) -> None:
    await application({"type": "http"}, nothing, nothing)


async def test_threads_are_used_again():
    site = Site(b"text/html")
    site.go.set()
    application = WebThreads(site, 8)
    for _ in range(5):
        await ask(application)
    assert len({id(thread) for thread in site.seen}) == 1


async def test_requests_beyond_them_wait():
    site = Site(b"text/html")
    application = WebThreads(site, 3)
    asking = [asyncio.create_task(ask(application)) for _ in range(9)]
    while len(site.seen) < 3:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert len(site.seen) == 3
    site.go.set()
    await asyncio.gather(*asking)
    assert len(site.seen) == 9 and site.most == 3


async def test_open_streams_hold_none():
    site = Site(b"text/event-stream; charset=utf-8")
    application = WebThreads(site, 2)
    asking = [asyncio.create_task(ask(application)) for _ in range(20)]
    while site.inside < 20:
        await asyncio.sleep(0.01)
    site.go.set()
    await asyncio.gather(*asking)
    assert len({id(thread) for thread in site.seen}) <= 2


async def test_a_request_that_breaks_gives_its_thread_back():
    class Broken(Site):
        async def __call__(self, scope, receive, send) -> None:
            raise ValueError

    application = WebThreads(Broken(b""), 1)
    for _ in range(3):
        try:
            await asyncio.wait_for(ask(application), 5)
        except ValueError:
            continue
        raise AssertionError
