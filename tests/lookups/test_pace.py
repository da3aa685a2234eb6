"""What one machine is asked at most, by all processes together: counted at the machine."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import dns.message
import dns.name
import pytest
import redis

from lookups import pace
from lookups.engine.context import Context
from lookups.engine.courtesy import CONNECTION, QUESTION, Crowded
from lookups.engine.guard import Guard, GuardSettings
from lookups.engine.names import parse_domain
from lookups.engine.report import report
from lookups.engine.resolver import Outcome, Resolver, ResolverSettings
from lookups.engine.transport import Server, Transport
from lookups.pace import TRUST, Cap, Pace

ROOT = Path(__file__).parents[2]


class Counted:
    """A name server that says NXDOMAIN, and remembers when it was asked."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.moments = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                wire, client = self.socket.recvfrom(4096)
            except OSError:
                return
            self.moments.append(time.monotonic())
            reply = dns.message.make_response(dns.message.from_wire(wire))
            reply.set_rcode(3)
            self.socket.sendto(reply.to_wire(), client)

    @property
    def seconds(self):
        return self.moments[-1] - self.moments[0]


@pytest.fixture
def counted():
    server = Counted()
    yield server
    server.socket.close()


def caps(rate, burst):
    return lambda: {QUESTION: Cap(rate, burst), CONNECTION: Cap(rate, burst)}


def always(host):
    return False


def test_two_processes_together_stay_under_the_cap(counted):
    command = [sys.executable, "-m", "tests.lookups.pace_asker", str(counted.port), "120"]
    environment = os.environ | {"MXPLAIN_SERVER_QUERIES": "20"}  # and a burst of 40
    running = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [json.loads(process.communicate(timeout=60)[0]) for process in running]
    asked = len(counted.moments)
    assert asked <= 40 + 20 * counted.seconds + 2 * TRUST
    assert asked >= 40
    # Nothing is told of the server that was not asked; every question has an end.
    assert all(set(each) == {"nxdomain", "crowded"} for each in ended)
    assert sum(each["nxdomain"] for each in ended) == asked
    assert sum(map(sum, (each.values() for each in ended))) == 240


async def outcomes(port, count, courtesy):
    transport = Transport(courtesy)
    resolver = Resolver(ResolverSettings((Server("127.0.0.1", port),)), transport)
    names = (dns.name.from_text(f"n{number}.test") for number in range(count))
    ended = await asyncio.gather(*(resolver.exchange(name, "A") for name in names))
    resolver.close()
    transport.close()
    return [each.outcome for each in ended], resolver.log


def test_a_few_questions_wait_for_nothing(counted):
    ended, _ = asyncio.run(outcomes(counted.port, 20, Pace(always, caps(50, 100))))
    assert set(ended) == {Outcome.NXDOMAIN} and len(counted.moments) == 20


def test_without_redis_a_process_keeps_to_the_cap_alone(counted):
    def away(wanting, limits):
        raise redis.ConnectionError

    ended, log = asyncio.run(outcomes(counted.port, 100, Pace(always, caps(10, 20), away)))
    assert len(counted.moments) <= 20 + 10 * counted.seconds + TRUST
    assert {Outcome.NXDOMAIN, Outcome.CROWDED} == set(ended)
    assert {entry["outcome"] for entry in log} == {"nxdomain", "crowded"}


def test_own_machines_are_free(counted, settings):
    settings.SERVER_QUERIES = 1
    ended, _ = asyncio.run(outcomes(counted.port, 60, pace.pace()))
    assert set(ended) == {Outcome.NXDOMAIN} and pace.is_own("127.0.0.1")
    assert not pace.is_own("192.0.2.1")


def test_no_cap(counted, settings):
    settings.SERVER_QUERIES = 0
    ended, _ = asyncio.run(outcomes(counted.port, 60, Pace(always)))
    assert set(ended) == {Outcome.NXDOMAIN}


class Closed:
    """Nothing goes anywhere."""

    def take(self, kind, host):
        return 0.0 if kind == QUESTION else 60.0


def test_a_connection_that_has_no_turn_is_no_fault_of_the_machine():
    async def walk():
        transport = Transport(Closed())
        resolver = Resolver(ResolverSettings(()), transport)
        guard = Guard(resolver, GuardSettings(), lesson=False)
        with pytest.raises(Crowded):
            await guard.open(pace.ipaddress.ip_address("1.1.1.1"), 443)
        resolver.close()

    asyncio.run(walk())


def test_a_report_says_that_it_did_not_ask(classroom):
    from lookups.runtime import context_for

    async def walk():
        transport = Transport(Closed())
        context: Context = context_for(parse_domain("perfect.classroom.test"), transport)
        made = {s.topic: s async for s in report(context, ("mx", "mta-sts", "smtp"), hold=0)}
        transport.close()
        return made

    made = asyncio.run(walk())
    assert made["mx"].failed == ""
    assert made["mta-sts"].failed == made["smtp"].failed == "crowded"
    severe = {finding.id for topic in ("mta-sts", "smtp") for finding in made[topic].findings}
    assert not any("unreachable" in id or "silent" in id or "timeout" in id for id in severe)
