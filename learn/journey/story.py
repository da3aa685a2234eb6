"""The journey as a sequence of steps, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator

from . import delivery, door, way
from .asking import Facts
from .tale import Journey, Step, Tale


def tell(facts: Facts, language: str) -> Journey:
    """The journey that the facts make."""
    tale = Tale(facts, language)
    return Journey(tuple(_steps(tale)), tale.choices, tale.arrives)


def _steps(tale: Tale) -> Iterator[Step]:
    yield way.letter(tale)
    yield way.resolver(tale)
    yield from way.zones(tale)
    yield delivery.order(tale)
    if tale.hosts:
        yield delivery.addresses(tale)
        yield delivery.knocking(tale)
    if not tale.arrives:
        yield delivery.nowhere(tale)
        return
    yield door.spf(tale)
    yield door.dkim(tale)
    yield door.dmarc(tale)
    yield door.mailbox(tale)
