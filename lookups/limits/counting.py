"""Counts what is asked in moving windows: one round trip to Redis, whatever is counted.

What may be asked is written as the library `limits` reads it: "30/minute;300/hour". While Redis is
away nothing is counted and nobody is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from limits import RateLimitItem, parse_many

from lookups import stream

OFF = ("", "off")  # what an operator writes for no limit


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be counted: `cost` units for `whose`, under a name that tells limits apart."""

    name: str
    rates: str
    whose: str
    cost: int = 1


@dataclass(frozen=True, slots=True)
class State:
    """One window after that. `seconds`: until the quota is whole again; `wait`: until there is
    room again for what was asked."""

    name: str
    quota: int
    window: int
    left: int
    seconds: int
    wait: int
    refused: bool = False


@cache
def rates_of(text: str) -> tuple[RateLimitItem, ...]:
    """Raises ValueError for what is no rate."""
    return () if text.strip().lower() in OFF else tuple(parse_many(text))


@cache
def _script() -> Any:
    return stream.client().register_script(Path(__file__).with_name("windows.lua").read_text())


def count(*asks: Ask) -> list[State]:
    """Counts each of `asks` that has room in all of its windows; says how they stand."""
    windows = [(ask, rate) for ask in asks for rate in rates_of(ask.rates)]
    if not windows:
        return []
    keys, arguments = [], []
    for ask, rate in windows:
        seconds = rate.get_expiry()
        keys.append(f"limit:{ask.name}:{ask.whose}:{seconds}")
        cost = min(ask.cost, rate.amount)
        arguments += [rate.amount, seconds * 1000, cost, f"{ask.name}:{ask.whose}"]
    told = stream.tolerate(lambda: _script()(keys=keys, args=arguments))
    if told is None:
        return []
    return [
        State(
            name=ask.name,
            quota=rate.amount,
            window=rate.get_expiry(),
            left=max(0, rate.amount - used),
            seconds=max(1, math.ceil(whole / 1000)),
            wait=math.ceil(wait / 1000),
            refused=not is_in,
        )
        for (ask, rate), (is_in, used, wait, whole) in zip(windows, _in_fours(told), strict=True)
    ]


def _in_fours(told: list[int]) -> list[list[int]]:
    return [told[at : at + 4] for at in range(0, len(told), 4)]


def seconds_to_wait(states: Sequence[State]) -> int:
    """0 where nothing was refused."""
    refused = [state for state in states if state.refused]
    return max(1, *(state.wait for state in refused)) if refused else 0
