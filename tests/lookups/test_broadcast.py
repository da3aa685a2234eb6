"""One telling for all who listen, however they come and go."""

from __future__ import annotations

import asyncio

from lookups import broadcast as module
from lookups.broadcast import DONE, Chunk, broadcast


class Teller:
    """Says what the test has it say."""

    def __init__(self) -> None:
        self.begun = self.cancelled = 0
        self.queue: asyncio.Queue[list[Chunk] | None] = asyncio.Queue()

    async def tell(self, say) -> None:
        self.begun += 1
        try:
            while chunks := await self.queue.get():
                say(chunks)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def say(self, *named: tuple[str, str]) -> None:
        self.queue.put_nowait([Chunk(kind, id, f"{kind}@{id}") for kind, id in named])

    def end(self, id: str) -> None:
        self.say((DONE, id))
        self.queue.put_nowait(None)


async def heard(teller: Teller, last: str = "", key: str = "key", final: bool = False) -> list[str]:
    texts = broadcast(key, teller.tell, is_final=final).listen(last)
    return [text async for text in texts if not text.startswith(("retry:", ":"))]


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_many_hear_one_telling():
    teller = Teller()
    listening = [asyncio.create_task(heard(teller)) for _ in range(50)]
    await settled()
    teller.say(("mx", "1-0"))
    await settled()
    teller.end("2-0")
    told = await asyncio.gather(*listening)
    assert told == [["mx@1-0", "done@2-0"]] * 50 and teller.begun == 1


async def test_who_comes_late_hears_the_newest_of_each():
    teller = Teller()
    first = asyncio.create_task(heard(teller))
    await settled()
    teller.say(("mx", "1-0"), ("spf", "1-1"))
    await settled()
    teller.say(("mx", "2-0"))
    await settled()
    late = asyncio.create_task(heard(teller))
    await settled()
    teller.end("3-0")
    assert await late == ["spf@1-1", "mx@2-0", "done@3-0"]
    assert await first == ["mx@1-0", "spf@1-1", "mx@2-0", "done@3-0"]


async def test_who_comes_back_hears_what_is_new_and_in_the_end_all():
    """A connection may have been lost after an event’s id, before its neighbours."""
    teller = Teller()
    first = asyncio.create_task(heard(teller))
    await settled()
    teller.say(("mx", "1-0"), ("spf", "9-0"))
    await settled()
    back = asyncio.create_task(heard(teller, last="9-0"))
    await settled()
    teller.say(("mx", "10-0"))
    await settled()
    teller.end("10-0")
    assert await back == ["mx@10-0", "spf@9-0", "done@10-0"]
    await first


async def test_when_the_last_one_leaves_the_telling_stops():
    teller = Teller()
    listening = [asyncio.create_task(heard(teller, key="left")) for _ in range(3)]
    await settled()
    for task in listening[:2]:
        task.cancel()
    await settled()
    assert not teller.cancelled
    listening[2].cancel()
    await settled()
    assert teller.cancelled == 1
    again = asyncio.create_task(heard(teller, key="left"))
    await settled()
    assert teller.begun == 2
    teller.end("1-0")
    await again


async def test_the_end_serves_others_only_where_it_is_final(monkeypatch):
    monkeypatch.setattr(module, "LINGER_SECONDS", 30.0)
    teller = Teller()
    teller.end("1-0")
    assert await heard(teller, key="end", final=True) == ["done@1-0"]
    assert await heard(teller, key="end", final=True) == ["done@1-0"] and teller.begun == 1
    teller.end("2-0")
    assert await heard(teller, key="end") == ["done@2-0"] and teller.begun == 2


async def test_a_telling_that_breaks_off_ends_its_streams():
    async def broken(say) -> None:
        raise ValueError

    texts = broadcast("broken", broken, is_final=False).listen("")
    assert [text async for text in texts] == ["retry: 1000\n\n"]
