"""Whom the guarded door lets connect: public addresses, and from a lesson only what is played."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from lookups.engine.guard import Guard, GuardError, GuardSettings

from .scripted import answer, resolving

INSIDE = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"]
INSIDE += ["64:ff9b::a00:1", "2002:a00:1::", "0.0.0.0", "224.0.0.1", "255.255.255.255"]


@pytest.mark.parametrize("lesson", [False, True])
@pytest.mark.parametrize("address", INSIDE)
async def test_nothing_inside_is_connected_to(address, lesson):
    async with resolving(lambda q, t: answer(q)) as (resolver, _):
        guard = Guard(resolver, GuardSettings(), lesson)
        assert not guard.allows(ip_address(address))
        with pytest.raises(GuardError) as refused:
            await guard.open(ip_address(address), 443)
    assert refused.value.code == "forbidden"


async def test_a_lesson_reaches_played_machines_only():
    """Learners write zones of their own: these must not make the site talk to strangers."""
    async with resolving(lambda q, t: answer(q)) as (resolver, _):
        lesson, real = (Guard(resolver, GuardSettings(), of) for of in (True, False))
    assert lesson.allows(ip_address("198.18.1.1")) and not lesson.allows(ip_address("9.9.9.9"))
    assert real.allows(ip_address("9.9.9.9")) and not real.allows(ip_address("198.18.1.1"))


async def test_a_name_with_one_public_address_among_others():
    def decide(query, transport):
        name = query.question[0].name
        if query.question[0].rdtype == 28:
            return answer(query, f"{name} 60 IN AAAA ::1")
        return answer(query, f"{name} 60 IN A 10.0.0.1", f"{name} 60 IN A 9.9.9.9")

    async with resolving(decide) as (resolver, _):
        found = await Guard(resolver, GuardSettings(), False).addresses("a.test")
    assert [str(address) for address in found] == ["9.9.9.9"]
