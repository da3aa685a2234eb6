"""Counts the round trips of a report, without a clock: replies are held back round by round."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import dns.rdatatype

from lookups.engine.resolver import name_text
from lookups.engine.transport import Question, Reply, Server, Transport

SETTLED = 100  # turns of the loop in which all that follows from a round's replies has happened


class Rounds(Transport):
    """A transport on which a round's questions are only sent once no further one comes up.

    `levels` says in which round (from 0) a question was asked, by name and type.
    """

    def __init__(self) -> None:
        super().__init__()
        self.round = 0
        self.levels: dict[tuple[str, str], int] = {}
        self._gate = asyncio.Event()
        self._waiting = 0  # questions of the round that is coming
        self._open = 0  # questions of the round that is under way

    def start(self, server: Server, question: Question) -> None:
        """Nothing is sent at once: `udp` holds it back."""

    async def udp(self, server: Server, question: Question) -> Reply:
        await self._wait(question)
        try:
            reply = super().start(server, question)
            assert reply is not None
            return await reply
        finally:
            self._open -= 1

    async def tcp(self, server: Server, question: Question) -> Reply:
        await self._wait(question)
        try:
            return await super().tcp(server, question)
        finally:
            self._open -= 1

    async def _wait(self, question: Question) -> None:
        key = (name_text(question.name), dns.rdatatype.to_text(question.type))
        self.levels.setdefault(key, self.round)
        self._waiting += 1
        gate = self._gate
        await gate.wait()

    async def drive(self) -> None:
        """Lets one round after the other go."""
        while True:
            for _ in range(SETTLED):
                await asyncio.sleep(0)
            if not self._waiting:
                await asyncio.sleep(0.001)  # a connection, or a thread
                continue
            self.round += 1
            self._open, self._waiting = self._waiting, 0
            gate, self._gate = self._gate, asyncio.Event()
            gate.set()
            while self._open:
                await asyncio.sleep(0.0005)


@asynccontextmanager
async def rounds():
    """A transport whose rounds go by themselves."""
    transport = Rounds()
    driving = asyncio.create_task(transport.drive())
    try:
        yield transport
    finally:
        driving.cancel()
        transport.close()
