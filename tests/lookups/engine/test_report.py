"""The graph of checks: what is shown when, and what one broken check costs."""

from __future__ import annotations

import asyncio

import pytest

from lookups.engine import report as engine_report
from lookups.engine.context import Context
from lookups.engine.finding import Section
from lookups.engine.names import parse_domain
from lookups.engine.report import report

from .scripted import answer, resolving


async def sections(monkeypatch, check, hold: float = 0.05, **limits):
    """What a report of one topic yields whose check is `check`."""
    monkeypatch.setitem(engine_report.CHECKS, "mx", check)
    async with resolving(lambda q, t: answer(q), **limits) as (resolver, _):
        context = Context(resolver, parse_domain("a.test"))
        return [section async for section in report(context, ["mx"], hold=hold)]


def partial(**records):
    return lambda: Section("mx", records, complete=False)


async def test_what_is_incomplete_is_not_made_when_the_rest_comes_soon(monkeypatch):
    async def check(context):
        yield pytest.fail  # it would be called
        yield Section("mx", {"all": True})

    [only] = await sections(monkeypatch, check)
    assert only.complete and only.records == {"all": True}


async def test_what_is_incomplete_is_shown_when_the_rest_takes_its_time(monkeypatch):
    async def check(context):
        yield partial(step=1)
        yield partial(step=2)  # the newest counts
        await asyncio.sleep(0.2)
        yield Section("mx", {"step": 3})

    found = await sections(monkeypatch, check)
    assert [(s.complete, s.records["step"]) for s in found] == [(False, 2), (True, 3)]


async def test_without_holding_everything_is_shown(monkeypatch):
    async def check(context):
        yield partial(step=1)
        yield Section("mx", {"step": 2})

    found = await sections(monkeypatch, check, hold=0)
    assert [s.complete for s in found] == [False, True]


async def test_a_check_that_breaks_keeps_what_it_knew(monkeypatch, caplog):
    async def check(context):
        yield partial(step=1)
        raise ZeroDivisionError

    found = await sections(monkeypatch, check)
    assert found[-1].complete and found[-1].failed == "crash" and found[-1].records == {"step": 1}
    assert "the check of mx broke on a.test" in caplog.text


async def test_a_check_that_never_ends_is_ended(monkeypatch):
    async def check(context):
        yield partial(step=1)
        await asyncio.sleep(60)

    monkeypatch.setattr(engine_report, "GRACE_SECONDS", 0.1)
    found = await sections(monkeypatch, check, report_timeout=0.2)
    assert found[-1].complete and found[-1].failed == "deadline"


async def test_what_checks_share_is_made_once():
    made = []

    async def make():
        made.append(1)
        await asyncio.sleep(0)
        return len(made)

    async with resolving(lambda q, t: answer(q)) as (resolver, _):
        context = Context(resolver, parse_domain("a.test"))
        results = await asyncio.gather(*(context.once("key", make) for _ in range(5)))
        assert results == [1] * 5 and await context.once(("key", 2), make) == 2
