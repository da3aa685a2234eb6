"""A classroom that serves learners' own zones, for the tests of these."""

from __future__ import annotations

import time

import dns.message
import dns.query
import pytest
from django.conf import settings as django_settings

from learn.classroom import server
from learn.classroom.own import OwnZones
from learn.classroom.own_store import RedisSource

_started: list[server.Classroom] = []


@pytest.fixture
def own_classroom(settings):
    """The classroom's servers with own zones from Redis, started once; the DNS server's address."""
    if not _started:
        own = OwnZones(RedisSource(django_settings.REDIS_URL))
        _started.append(server._start_thread(own))
    classroom = _started[0]
    played = {number: "{}:{}".format(*address) for number, address in classroom.machines.items()}
    settings.CLASSROOM = f"{classroom.dns.host}:{classroom.dns.port}"
    settings.CLASSROOM_WEB, settings.CLASSROOM_MAIL = played[443], played[25]
    settings.CLASSROOM_CA = classroom.authority_path
    return classroom.dns.host, classroom.dns.port


def ask(server: tuple[str, int], name: str, rdtype: str, **options) -> dns.message.Message:
    """One question to the DNS server, over UDP."""
    query = dns.message.make_query(name, rdtype, **options)
    return dns.query.udp(query, server[0], timeout=5, port=server[1])


def wait_until(check, seconds: float = 20):
    """The first true value of `check`, asked again and again."""
    end = time.monotonic() + seconds
    while not (value := check()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)
    return value
