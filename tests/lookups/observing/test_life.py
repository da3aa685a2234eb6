"""Signs of life, how the resolvers are, what happened lately, and being told to end twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.flags
import dns.rcode
import pytest

from lookups import stream
from lookups.engine.transport import Transport
from lookups.event_loop import event_loop
from lookups.observing import exposition, heart, lately, leaving, resolvers
from tests.lookups.engine.scripted import Scripted, answer

ROOT = Path(__file__).parents[3]
SOA = ". 86400 IN SOA a.root-servers.net. nstld.verisign-grs.com. 1 1800 900 604800 86400"


def test_a_sign_of_life():
    calls = []
    beating = heart.Heart("worker", lambda: calls.append(1), queues=["bulk"], version="1")
    beating._beat()
    [one] = heart.alive()
    assert (one.part, one.pid, one.queues, one.leaving) == ("worker", os.getpid(), ("bulk",), False)
    assert 0 < stream.client().ttl(beating._key) <= heart.KEEP_SECONDS
    beating.start().stop()
    assert heart.alive() == [] and calls


def test_a_heart_outlives_redis(monkeypatch):
    def away():
        raise stream.redis.ConnectionError

    beating = heart.Heart("web", lambda: 1 / 0)
    monkeypatch.setattr(stream, "client", away)
    beating.start()
    beating.stop()
    assert not beating._thread.is_alive()


async def test_how_resolvers_are(settings, monkeypatch):
    monkeypatch.setattr(resolvers, "WAIT_SECONDS", 1.0)
    servers = [
        Scripted(lambda query, _: answer(query, SOA, flags=dns.flags.RA | dns.flags.AD)),
        Scripted(lambda query, _: answer(query, SOA)),
        Scripted(lambda query, _: answer(query, rcode=dns.rcode.SERVFAIL)),
        Scripted(lambda query, _: None),
    ]
    for server in servers:
        await server.start()
    settings.RESOLVERS = [str(server.server) for server in servers]
    transport = Transport()
    found = await resolvers.ask_all(transport)
    transport.close()
    for server in servers:
        server.stop()
    words = [(one.outcome, one.answers, one.validates) for one in found]
    assert words[0] == ("answer", True, True) and words[1] == ("answer", True, False)
    assert words[2][0] == "servfail" and words[2][2] is False
    assert words[3] == ("timeout", False, False)


def test_one_worker_looks_for_all(settings):
    settings.RESOLVERS = ["127.0.0.1:9"]
    loop = event_loop()
    resolvers.look(loop.loop, loop.transport)
    [known] = resolvers.known()
    assert known.server == "127.0.0.1:9" and not known.answers
    stream.client().delete("resolvers:health")
    resolvers.look(loop.loop, loop.transport)  # within half a minute
    assert resolvers.known() is None


def test_what_happened_lately():
    for n in range(lately.MAX_REPORTS + 5):
        lately.note_report(n != 7, 10 if n else None, 20, 1, Counter(answer=2, timeout=1))
    lately.note_domains(3)
    found = lately.reports()
    assert found.reports == lately.MAX_REPORTS and found.asked == 3 * found.reports
    assert found.outcomes == {"answer": 1000, "timeout": 500} and found.shared == 500
    now = datetime.now(UTC)
    hours = lately.hours(now)
    assert len(hours) == 24 and sum(hour.done + hour.failed for hour in hours) == 505
    assert sum(hour.failed for hour in hours) == 1 and sum(hour.domains for hour in hours) == 3
    assert not any(hour.done for hour in lately.hours(now + timedelta(hours=30)))
    for key in stream.client().keys("lately:hour:*"):
        assert stream.client().ttl(key) > 0


def test_errors_do_not_wait_for_redis(monkeypatch):
    monkeypatch.setattr(lately, "_last_failure", 0.0)
    asked = []

    def away():
        asked.append(1)
        raise stream.redis.ConnectionError

    monkeypatch.setattr(stream, "client", away)
    for _ in range(3):
        lately.note_error("now", "web", "x", "broken")
    assert asked == [1]


@pytest.mark.parametrize(("seconds", "code"), [("0", 0), ("-2", leaving.EXIT_AT_ONCE)])
def test_told_twice(seconds, code):
    """At once it is the same signal come twice; later somebody is in a hurry."""
    script = (
        "from lookups.observing import leaving\n"
        "assert not leaving.is_leaving()\nleaving.leave()\nassert leaving.is_leaving()\n"
        f"leaving._since += {seconds}\nleaving.leave()\n"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == code


def test_folders_of_hosts_long_gone(tmp_path):
    for name, days in (("old", 40), ("new", 1)):
        file = tmp_path / name / "counter_1.db"
        file.parent.mkdir()
        file.touch()
        for path in (file, file.parent):
            os.utime(path, (file.stat().st_atime, file.stat().st_mtime - days * 86400))
    exposition.forget_old_hosts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
