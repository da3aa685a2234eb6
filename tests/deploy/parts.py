"""compose.yaml without containers: its commands and environment, as processes of this machine.

What a part is and what it is given is read from compose.yaml, so that this cannot drift from it.
Only names and ports change: a container's are its own, here all share one machine.
"""

from __future__ import annotations

import http.client
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^${}]*))?\}")


def composed(given: Mapping[str, str]) -> dict[str, Any]:
    """The services of compose.yaml, with variables as the operator's .env gives them."""

    def fill(match: re.Match[str]) -> str:
        name, kind, word = match.groups()
        if given.get(name):
            return given[name]
        assert kind != "?", f".env must set {name}"
        return word or ""

    text = (ROOT / "compose.yaml").read_text()
    while (filled := _VARIABLE.sub(fill, text)) != text:
        text = filled
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def until(check: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """The first true value of `check`, asked again and again."""
    end = time.monotonic() + seconds
    while not (value := check()):
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.05)
    return value


class Machine:
    """Runs services of compose.yaml. `places`: what stands for their addresses here."""

    def __init__(self, folder: Path, services: dict[str, Any], places: Mapping[str, str]) -> None:
        self.folder, self.services = folder, services
        self.places = dict(places)
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def placed(self, text: str) -> str:
        for name, here in self.places.items():
            text = text.replace(name, here)
        return text

    def command(self, service: str, changes: Mapping[str, str] | None = None) -> list[str]:
        command = self.services[service]["command"]
        for old, new in (changes or {}).items():
            assert old in command, f"compose.yaml says no {old!r} in {service}"
            command = command.replace(old, new)
        words = shlex.split(self.placed(command))
        modules = {"uvicorn": "uvicorn", "celery": "celery"}
        if words[0] in modules:
            return [sys.executable, "-W", "ignore", "-m", *words]
        return [sys.executable, "-W", "ignore", *words[1:]] if words[0] == "python" else words

    def environment(self, service: str, extra: Mapping[str, str]) -> dict[str, str]:
        composed = self.services[service].get("environment", {})
        said = {name: self.placed(str(value)) for name, value in composed.items()}
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**plain, **said, **extra}

    def manage(self, name: str, extra: Mapping[str, str], *words: str) -> subprocess.Popen[bytes]:
        """Begins a command of manage.py, in the environment of the site."""
        command = [sys.executable, "-W", "ignore", "manage.py", *words]
        return self._run(name, command, self.environment("migrate", extra))

    def start(
        self,
        service: str,
        changes: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        more: tuple[str, ...] = (),
        name: str = "",
    ) -> subprocess.Popen[bytes]:
        """Starts it by the command and with the environment of compose.yaml."""
        command = [*self.command(service, changes), *more]
        return self._run(name or service, command, self.environment(service, environment or {}))

    def _run(
        self, name: str, command: list[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running[name] = process
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self) -> None:
        """The last started first."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


class Visitor(http.client.HTTPSConnection):
    """Asks for `host` at a port of this machine, as a browser would, with cookies."""

    def __init__(self, host: str, port: int, trusted: Path) -> None:
        super().__init__(host, port, timeout=30)
        self.trust = ssl.create_default_context(cafile=str(trusted))
        self.cookies: dict[str, str] = {}

    def connect(self) -> None:
        plain = socket.create_connection((HOST, self.port), timeout=30)
        self.sock = self.trust.wrap_socket(plain, server_hostname=self.host)

    def ask(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        said = {"Host": self.host, "Origin": f"https://{self.host}"}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            said["Content-Type"] = "application/x-www-form-urlencoded"
        self.request(method, path, body, said)
        answer = self.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def read(self, path: str, **headers: str) -> tuple[int, str]:
        answer = self.ask("GET", path, **headers)
        return answer.status, answer.read().decode()
