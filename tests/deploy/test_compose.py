"""The site as compose.yaml runs it on one machine or several, without containers.

PostgreSQL, Valkey, unbound, two web processes, workers by queue, the clock, the classroom, and
Caddy with TLS in front: each by its command and environment in compose.yaml.
"""

from __future__ import annotations

import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
import redis
from celery import Celery

from portal import embedded_redis
from tests import postgres
from tests.nameservers import serving

from .parts import HOST, ROOT, Machine, Visitor, composed, free_ports, until

SITE = "mx.example.net"
ENV = {
    "MXPLAIN_HOST": SITE,
    "SECRET_KEY": "a key of this test",
    "POSTGRES_PASSWORD": "word",
    "WORKER_THREADS": "4",
}
QUICK = {
    "MXPLAIN_REPORT_TIMEOUT": "4",
    "MXPLAIN_API_LIMIT_ANONYMOUS": "3/minute",
    "MXPLAIN_EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
}
ZONE = """
letters.example. 3600 IN SOA ns.letters.example. ops.letters.example. 1 3600 600 86400 60
letters.example. 3600 IN NS ns.letters.example.
ns.letters.example. 3600 IN A 192.0.2.53
letters.example. 3600 IN TXT "asked through unbound"
"""
POLICY = """
from django.contrib.auth.models import User
from django.utils import timezone
from lookups.hosted.policies import publish
from learn.own_zones.models import OwnZone
from lookups.models import Watch
owner = User.objects.create(username="anna")
watch = Watch.objects.create(domain="letters.example", owner=owner, verified_at=timezone.now())
publish(watch, "testing", ["mx.letters.example"], 86400)
OwnZone.objects.create(label="abcdefgh", block=1, text="@ 60 IN TXT hello")
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="mxplain-deploy-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def machine(folder) -> Iterator[Machine]:
    services = composed(ENV)
    http, https, door, web_a, web_b, valkey, dns, classroom, tls, mail = free_ports(10)
    places = {
        "postgres://mxplain:word@postgres:5432/mxplain": postgres.start(),
        "valkey:6379": f"{HOST}:{valkey}",
        "172.31.253.53:5300": f"{HOST}:{dns}",
        "172.31.253.54:5354": f"{HOST}:{classroom}",
        "172.31.253.54:5443": f"{HOST}:{tls}",
        "172.31.253.54:5025": f"{HOST}:{mail}",
        "/srv/mxplain/classroom/": f"{folder}/classroom/",
        "web-a:8000": f"{HOST}:{web_a}",
        "web-b:8000": f"{HOST}:{web_b}",
        "172.31.252.0/24": HOST,
        "0.0.0.0": HOST,
        "/etc/caddy/Caddyfile": str(ROOT / "deploy" / "Caddyfile"),
        "/etc/unbound/unbound.conf": str(folder / "unbound.conf"),
    }
    machine = Machine(folder, services, places)
    own = {**QUICK, "MXPLAIN_VAR": str(folder)}
    with ExitStack() as stack:
        letters = stack.enter_context(serving({"letters.example": ZONE}))
        stack.callback(machine.stop)
        _write_unbound_config(folder, dns, letters)
        machine.start("unbound", environment={"PATH": "/usr/sbin:/usr/bin:/bin"})
        changes = {"valkey-server": embedded_redis.binary(), "--port 6379": f"--port {valkey}"}
        machine.start("valkey", changes | {"--dir /data": f"--dir {folder}"})
        static = machine.manage("collectstatic", own, "collectstatic", "--no-input", "-v", "0")
        until(lambda: _is_listening(valkey), "Valkey")
        ports = {"--port 5354": f"--port {classroom}", "--web-port 5443": f"--web-port {tls}"}
        ports["--mail-port 5025"] = f"--mail-port {mail}"
        assert machine.start("migrate", environment=own).wait(120) == 0, machine.log("migrate")
        machine.start("classroom", ports, own)
        machine.start("worker-interactive", environment=own)
        machine.start("worker-monitor", environment=own, more=("-n", "second@here"))
        machine.start("worker-bulk", environment=own, more=("-n", "bulk@here"))
        machine.start("beat", environment=own)
        assert static.wait(120) == 0, machine.log("collectstatic")
        machine.start("web-a", {"--port 8000": f"--port {web_a}"}, own)
        machine.start("web-b", {"--port 8000": f"--port {web_b}"}, own)
        policy = machine.manage("policy", own, "shell", "-v", "0", "-c", POLICY)
        front = {
            "CADDY_OPTIONS": "local_certs\nskip_install_trust",
            "CADDY_HTTP_PORT": str(http),
            "CADDY_HTTPS_PORT": str(https),
            "CADDY_DOOR_PORT": str(door),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        machine.start("caddy", environment=front)
        machine.places |= {"HTTPS": str(https), "VALKEY": str(valkey), "WEB_A": str(web_a)}
        assert policy.wait(120) == 0, machine.log("policy")
        visitor = _visitor(machine)
        until(lambda: _is_up(visitor), "the site behind Caddy")
        yield machine


def _write_unbound_config(folder: Path, port: int, letters) -> None:
    """The file of compose.yaml at another port, which knows a signed zone of this machine."""
    text = (ROOT / "deploy" / "unbound" / "unbound.conf").read_text()
    for old, new in {
        "interface: 0.0.0.0": f"interface: {HOST}",
        "port: 5300": f"port: {port}",
        "/run/unbound/control": str(folder / "unbound.control"),
    }.items():
        assert old in text
        text = text.replace(old, new)
    [anchor] = letters.ds["letters.example."]
    text += (
        f'\nserver:\n  do-not-query-localhost: no\n  trust-anchor: "letters.example DS {anchor}"\n'
    )
    text += f"stub-zone:\n  name: letters.example\n  stub-addr: {letters.host}@{letters.port}\n"
    (folder / "unbound.conf").write_text(text)


def _is_listening(port: int) -> bool:
    try:
        return bool(redis.Redis(port=port).ping())
    except redis.RedisError:
        return False


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _visitor(machine: Machine, host: str = SITE) -> Visitor:
    root = machine.folder / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    until(root.exists, "Caddy's own authority")
    return Visitor(host, int(machine.places["HTTPS"]), root)


def _is_up(visitor: Visitor) -> bool:
    try:
        return visitor.read("/healthz")[0] == 200
    except OSError:
        visitor.close()
        return False


def test_the_site_of_compose_yaml(machine):
    """One test, as its parts take long to start and several workers would each start them."""
    for step in STEPS:
        visitor = _visitor(machine)
        step(machine, visitor)
        visitor.close()


def begin(visitor: Visitor, domain: str) -> str:
    """Asks for a report as a form does; its path."""
    form = visitor.read("/check/")[1]
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    fields = urlencode({"csrfmiddlewaretoken": token[1], "domain": domain})
    answer = visitor.ask("POST", "/check/", fields, Referer=f"https://{SITE}/check/")
    answer.read()
    assert answer.status == 302
    return answer.headers["Location"]


def events(visitor: Visitor, path: str) -> Iterator[tuple[str, float]]:
    """Names of events, each with the moment at which its first octets were here."""
    answer = visitor.ask("GET", f"{path}events/", Accept_Encoding="gzip")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Content-Encoding"] is None
    while line := answer.readline():
        if line.startswith(b"event: "):
            yield line[7:].decode().strip(), time.monotonic()


def step_health_checks_of_all_parts(machine: Machine, visitor: Visitor) -> None:
    """What compose.yaml runs in the containers."""
    until(lambda: redis.Redis(port=int(machine.places["VALKEY"])).get("clock"), "the clock")
    own = {"MXPLAIN_VAR": str(machine.folder)}
    asked = []
    for service in ("classroom", "beat", "worker-interactive"):
        words = machine.services[service]["healthcheck"]["test"]
        assert words[1:3] == ["python", "manage.py"]
        asked.append((f"alive-{service}", machine.manage(f"alive-{service}", own, *words[3:])))
    for name, process in asked:
        assert process.wait(60) == 0, machine.log(name)
    [control] = [s["healthcheck"]["test"] for n, s in machine.services.items() if n == "unbound"]
    config = machine.placed(control[3])
    assert subprocess.run(["/usr/sbin/unbound-control", "-c", config, control[4]]).returncode == 0


def step_a_report_streams_piece_by_piece_and_survives_its_worker(
    machine: Machine, visitor: Visitor
) -> None:
    """The worker that makes it is killed; another one takes it over, and the page hears all."""
    app = Celery(broker=f"redis://{HOST}:{machine.places['VALKEY']}/0")
    names = {"second@here": "worker-monitor"}
    stream = events(visitor, begin(visitor, "slow.classroom.test"))
    arrived = [next(stream)]
    busy = until(
        lambda: [
            names.get(name, "worker-interactive")
            for name, tasks in (app.control.inspect(timeout=1).active() or {}).items()
            if any(task["name"].endswith("run_report") for task in tasks)
        ],
        "the worker that makes the report",
    )
    machine.running[busy[0]].send_signal(signal.SIGKILL)
    arrived += list(stream)
    assert arrived[-1][0] == "done"
    sections = [moment for name, moment in arrived if name.startswith("section-")]
    # Had Caddy kept them together, all would have come in the same instant.
    assert arrived[-1][1] - min(sections) > 1
    app.close()


def step_the_resolver_validates(machine: Machine, visitor: Visitor) -> None:
    query = urlencode({"name": "letters.example", "type": "TXT", "dnssec": "on"})
    status, page = visitor.read(f"/tools/lookup/?{query}")
    assert status == 200 and "asked through unbound" in page
    assert re.search(r"flags:[^;<]*\bad\b", page)


def step_nobody_can_say_who_he_is(machine: Machine, visitor: Visitor) -> None:
    """The limit for a network holds, whatever address a visitor claims."""
    answers = [
        visitor.read(
            "/api/v1/findings/", X_Forwarded_For=f"203.0.113.{n}", Forwarded=f"for=192.0.2.{n}"
        )
        for n in range(4)
    ]
    assert [status for status, _ in answers] == [200, 200, 200, 429]


def step_certificates_only_for_policies_that_are_hosted(machine: Machine, visitor: Visitor) -> None:
    policy = _visitor(machine, "mta-sts.letters.example")
    status, text = policy.read("/.well-known/mta-sts.txt")
    assert status == 200 and "mx: mx.letters.example" in text
    policy.close()
    with pytest.raises(ssl.SSLError):
        _visitor(machine, "mta-sts.stranger.example").read("/.well-known/mta-sts.txt")


def step_headers_have_limits(machine: Machine, visitor: Visitor) -> None:
    assert visitor.read("/", X_Long="x" * 60_000)[0] == 431


def step_web_processes_are_replaced_and_nobody_notices(machine: Machine, visitor: Visitor) -> None:
    """As an upgrade does it: one after the other, while somebody reads."""
    port = machine.places["WEB_A"]
    for name in ("web-a", "web-b"):
        machine.running[name].send_signal(signal.SIGTERM)
        for _ in range(20):
            assert visitor.read("/check/")[0] == 200
        # uvicorn ends in good order, then says by which signal.
        assert machine.running[name].wait(30) in (0, -signal.SIGTERM)
        if name == "web-a":
            own = {**QUICK, "MXPLAIN_VAR": str(machine.folder)}
            machine.start(name, {"--port 8000": f"--port {port}"}, own)
            until(lambda: _answers(int(port)), "the new process")


def step_an_empty_redis_is_enough(machine: Machine, visitor: Visitor) -> None:
    """As after a restore: reports that were being made go on, learners' zones are served."""
    url = machine.placed("postgres://mxplain:word@postgres:5432/mxplain")
    path = begin(visitor, "perfect.classroom.test")
    list(events(visitor, path))
    with psycopg.connect(url.replace("postgres:", "postgresql:", 1)) as link:
        link.execute(
            "UPDATE lookups_report SET state = 'running', finished = NULL, created = created -"
            " interval '1 hour' WHERE domain = 'perfect.classroom.test'"
        )
    kept = redis.Redis(port=int(machine.places["VALKEY"]))
    kept.flushall()
    machine.running["beat"].send_signal(signal.SIGTERM)
    machine.running["beat"].wait(30)
    machine.start("beat", environment={"MXPLAIN_VAR": str(machine.folder)})
    until(lambda: kept.exists("zone:abcdefgh"), "the zone")
    until(lambda: "sse-connect" not in visitor.read(path)[1], "the report")


def step_settings_that_postgresql_knows(machine: Machine, visitor: Visitor) -> None:
    words = machine.services["postgres"]["command"].split()
    options = {word.split("=")[0] for word in words if "=" in word}
    url = machine.placed("postgres://mxplain:word@postgres:5432/mxplain")
    with psycopg.connect(url.replace("postgres:", "postgresql:", 1)) as link:
        rows = link.execute("SELECT name FROM pg_settings WHERE name = ANY(%s)", [list(options)])
        assert {name for (name,) in rows} == options


STEPS = (
    step_health_checks_of_all_parts,
    step_a_report_streams_piece_by_piece_and_survives_its_worker,
    step_the_resolver_validates,
    step_nobody_can_say_who_he_is,
    step_certificates_only_for_policies_that_are_hosted,
    step_headers_have_limits,
    step_web_processes_are_replaced_and_nobody_notices,
    step_an_empty_redis_is_enough,
    step_settings_that_postgresql_knows,
)
