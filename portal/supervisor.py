"""Runs the parts of the site as child processes: one log, restarts, and nothing left behind."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

from lookups.plain_text import printable
from portal.operating.parts import NAMED_BY_SUPERVISOR

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds before a part that died starts again
STEADY_AFTER = 30.0  # a part that lived this long is steady: its pause begins at the first again
# Until a part that was told to stop is killed: a worker ends the report that it is at, which may
# take 20 seconds and some more to be written down.
STOP_SECONDS = 35.0
MAX_LINE = 64 * 1024
_PR_SET_PDEATHSIG = 1

Say = Callable[[str, str], None]


def print_line(name: str, line: str) -> None:
    """One line of the common log: who says it, and what. In JSON, where that was asked for."""
    if os.environ.get("MXPLAIN_LOG_FORMAT", "").lower() == "json":
        print(line if _is_json(line) else _as_json(name, line), flush=True)
    else:
        print(f"{name:>9} | {printable(line.expandtabs())}", flush=True)


def _is_json(line: str) -> bool:
    try:
        return line.startswith("{") and "time" in json.loads(line)
    except ValueError:
        return False


def _as_json(name: str, line: str) -> str:
    """For what a part says without a logger: Redis, a traceback of the interpreter."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": time, "level": "INFO", "part": name, "message": line})


@dataclass(slots=True)
class Part:
    """A program of the site. `is_ready` tells from a line of its output that it works; `stands` how
    high it stands on others: when all stop, the highest do so first."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: re.Pattern[str] | None = None
    quiet: re.Pattern[str] | None = None  # lines that are left out of the log
    stands: int = 0
    process: asyncio.subprocess.Process | None = None
    ready: asyncio.Future[re.Match[str] | None] | None = None


def _die_with_parent() -> None:
    """On Linux the kernel ends a part whose supervisor was killed with SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Supervisor:
    """Keeps parts running until `stop` is called."""

    def __init__(self, say: Say = print_line) -> None:
        self._say = say
        self._parts: list[Part] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False
        self.was_hurried = False

    async def start(self, part: Part, wait: float = 0) -> re.Match[str] | None:
        """Starts a part and keeps it running. `wait`: seconds to wait until it is ready.

        Raises TimeoutError when it is not ready by then.
        """
        part.ready = asyncio.get_running_loop().create_future()
        self._parts.append(part)
        self._keepers.append(asyncio.create_task(self._keep(part)))
        if not wait:
            return None
        return await asyncio.wait_for(asyncio.shield(part.ready), wait)

    async def stop(self) -> None:
        """Ends all parts, those first that stand on others; SIGKILL for those that do not go."""
        self._stopping = True
        top_first = sorted(self._parts, key=attrgetter("stands"), reverse=True)
        for _, group in groupby(top_first, key=attrgetter("stands")):
            parts = list(group)
            for part in parts:
                _signal(part, signal.SIGKILL if self.was_hurried else signal.SIGTERM)
            await self._gone(parts)
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def hurry(self) -> None:
        """Ends all parts at once, whatever they are at: somebody asked to stop a second time."""
        self.was_hurried = True
        for part in self._parts:
            _signal(part, signal.SIGKILL)

    async def _gone(self, parts: Sequence[Part]) -> None:
        waits = [asyncio.create_task(p.process.wait()) for p in parts if p.process]
        if not waits:
            return
        _, late = await asyncio.wait(waits, timeout=STOP_SECONDS)
        if late:
            for part in parts:
                _signal(part, signal.SIGKILL)
            await asyncio.wait(late)

    async def _keep(self, part: Part) -> None:
        """Starts the part again, after a growing pause, whenever it ends by itself."""
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while not self._stopping:
            started = loop.time()
            code = await self._run(part)
            if self._stopping:
                return
            if loop.time() - started > STEADY_AFTER:
                pause = FIRST_PAUSE
            self._say(part.name, f"{_ending(code)}; starts again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run(self, part: Part) -> int:
        part.process = await asyncio.create_subprocess_exec(
            *part.command,
            env={**os.environ, NAMED_BY_SUPERVISOR: part.name, **part.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal goes to the supervisor alone
            preexec_fn=_die_with_parent,
            limit=MAX_LINE,
        )
        assert part.process.stdout is not None
        while True:
            try:
                line = await part.process.stdout.readline()
            except ValueError:  # longer than MAX_LINE
                continue
            if not line:
                break
            self._hear(part, line.decode("utf-8", "replace").rstrip())
        return await part.process.wait()

    def _hear(self, part: Part, line: str) -> None:
        if part.is_ready and part.ready and not part.ready.done():
            match = part.is_ready.search(line)
            if match:
                part.ready.set_result(match)
                return
        if line.strip() and not (part.quiet and part.quiet.search(line)):
            self._say(part.name, line)


def _signal(part: Part, number: int) -> None:
    """To the part's whole session: a part may have children of its own."""
    if part.process and part.process.returncode is None:
        try:
            os.killpg(part.process.pid, number)
        except ProcessLookupError:
            pass


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"stopped with exit code {code}"
