"""Real name servers on free ports of this machine, for tests and for bench.

Knot DNS serves and signs; unbound validates. Each runs in a folder of its own below a temporary one
and knows nothing of the machine's settings. Debian: knot, unbound.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

from lookups.engine.transport import Server

HOST = "127.0.0.1"
START_SECONDS = 10.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.02
FATAL = ("failed to load zone", "fatal error")  # in a log: there is no use in waiting
# Both packages install into sbin, which is not on everybody's path.
PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Nameserver:
    """A server of several zones. `anchors` are the DS records of the topmost one, "." as a rule,
    and `ds` those of every signed zone; both in presentation form. `zones` begin with the top."""

    host: str
    port: int
    zones: tuple[str, ...]
    anchors: dict[str, tuple[str, ...]]
    ds: dict[str, tuple[str, ...]]

    @property
    def server(self) -> Server:
        return Server(self.host, self.port)


@contextmanager
def serving(
    zones: Mapping[str, str],
    *,
    unsigned: Collection[str] = (),
    islands: Collection[str] = (),
    ds: Mapping[str, Sequence[str]] | None = None,
    policies: Mapping[str, str] | None = None,
) -> Iterator[Nameserver]:
    """Serves `zones` (origin to zone file text, each with SOA and NS), signed by Knot DNS.

    The DS record of each signed zone goes into the closest zone above it, except for `islands`;
    `ds` replaces it with other records. `policies` adds lines of Knot's policy for a zone, such as
    "nsec3: on"; the default is one ECDSA P-256 key and NSEC. Raises RuntimeError with the
    server's log where it does not start.
    """
    origins = sorted(map(_absolute, zones), key=lambda zone: len(dns.name.from_text(zone)))
    texts = {_absolute(zone): text for zone, text in zones.items()}
    plain = {_absolute(zone) for zone in unsigned}
    extra = {_absolute(zone): lines for zone, lines in (policies or {}).items()}
    with _folder() as folder:
        port = _free_port()
        config = folder / "knot.conf"
        config.write_text(_knot_config(folder, port, origins, plain, extra))
        (folder / "db").mkdir()
        keys = {
            origin: _make_key(config, origin, extra.get(origin, ""))
            for origin in origins
            if origin not in plain
        }
        given = {_absolute(zone): tuple(records) for zone, records in (ds or {}).items()}
        loose = {_absolute(zone) for zone in islands}
        for origin in origins:
            text = texts[origin].rstrip() + "\n"
            for child in origins:
                if child != origin and _closest(child, origins) == origin and child not in loose:
                    records = given.get(child, keys.get(child, ()))
                    text += "".join(f"{child} 3600 IN DS {record}\n" for record in records)
            (folder / _file_name(origin)).write_text(text)
        command = ["knotd", "--config", str(config)]
        with _running(command, folder, HOST, port, [(o, o not in plain) for o in origins]):
            top = origins[0]
            yield Nameserver(HOST, port, tuple(origins), {top: keys.get(top, ())}, keys)


@contextmanager
def validating(nameserver: Nameserver, now: datetime | None = None) -> Iterator[Server]:
    """A resolver (unbound) that validates all that `nameserver` serves; `now` is its clock."""
    with _folder() as folder:
        port = _free_port()
        config = folder / "unbound.conf"
        config.write_text(_unbound_config(folder, port, nameserver, now))
        command = ["unbound", "-d", "-p", "-c", str(config)]
        with _running(command, folder, HOST, port, [(nameserver.zones[0], False)]):
            yield Server(HOST, port)


def _knot_config(
    folder: Path, port: int, origins: list[str], plain: set[str], extra: Mapping[str, str]
) -> str:
    signed = [origin for origin in origins if origin not in plain]
    parts = [
        f"server:\n  listen: {HOST}@{port}\n  rundir: {folder}\n  udp-workers: 1\n"
        "  tcp-workers: 1\n  background-workers: 2\n",
        "log:\n  - target: stderr\n    any: info\n",
        f"database:\n  storage: {folder}/db\n  journal-db-max-size: 32M\n"
        "  kasp-db-max-size: 32M\n  timer-db-max-size: 4M\n",
        "policy:\n",
    ]
    for number, origin in enumerate(signed):
        # The keys are made beforehand, since the zone above needs their DS records.
        parts.append(f"  - id: policy{number}\n    manual: on\n    single-type-signing: on\n")
        parts += [f"    {line.strip()}\n" for line in extra.get(origin, "").splitlines()]
    parts.append("zone:\n")
    for origin in origins:
        parts.append(
            f"  - domain: {origin}\n    storage: {folder}\n    file: {_file_name(origin)}\n"
        )
        parts.append("    zonefile-sync: -1\n    zonefile-load: whole\n    journal-content: none\n")
        if origin in signed:
            number = signed.index(origin)
            parts.append(f"    dnssec-signing: on\n    dnssec-policy: policy{number}\n")
    return "".join(parts)


def _make_key(config: Path, origin: str, policy: str) -> tuple[str, ...]:
    """Makes the zone's one key; its DS record with SHA-256."""
    lines = dict(line.split(":", 1) for line in policy.splitlines() if ":" in line)
    algorithm = lines.get("algorithm", "ECDSAP256SHA256").strip()
    size = [f"size={lines['ksk-size'].strip()}"] if "ksk-size" in lines else []
    call = ["keymgr", "-c", str(config), origin]
    _call([*call, "generate", f"algorithm={algorithm}", *size, "ksk=yes", "zsk=yes"])
    found = [line.split(maxsplit=2)[2].split() for line in _call([*call, "ds"]).splitlines()]
    return tuple(" ".join(fields) for fields in found if fields[2] == "2")


def _unbound_config(folder: Path, port: int, nameserver: Nameserver, now: datetime | None) -> str:
    tops = {_top(zone) for zone in nameserver.zones if zone != "."}
    anchors = [
        f'  trust-anchor: "{zone} IN DS {record}"\n'
        for zone, records in nameserver.anchors.items()
        for record in records
    ]
    stubs = [
        f'stub-zone:\n  name: "{zone}"\n  stub-addr: {nameserver.host}@{nameserver.port}\n'
        for zone in nameserver.zones
    ]
    return "".join(
        [
            f"server:\n  interface: {HOST}\n  port: {port}\n  directory: {folder}\n",
            '  chroot: ""\n  username: ""\n  pidfile: ""\n  use-syslog: no\n  logfile: ""\n',
            "  num-threads: 1\n  do-ip6: no\n  do-not-query-localhost: no\n  do-daemonize: no\n",
            '  module-config: "validator iterator"\n  qname-minimisation: no\n  ede: yes\n',
            "  cache-max-negative-ttl: 60\n  verbosity: 1\n  outgoing-range: 64\n",
            # Names such as test. are unbound's own (RFC 6761 §6.2) unless it is told otherwise.
            *(f'  local-zone: "{top}" nodefault\n' for top in sorted(tops)),
            f'  val-override-date: "{now:%Y%m%d%H%M%S}"\n' if now else "",
            *anchors,
            "remote-control:\n  control-enable: no\n",
            *stubs,
        ]
    )


@contextmanager
def _running(
    command: list[str], folder: Path, host: str, port: int, zones: list[tuple[str, bool]]
) -> Iterator[None]:
    """The server runs, and answers for each of `zones` (name, and whether it must be signed)."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [_program(command[0]), *command[1:]], stdout=output, stderr=output, cwd=folder
        )
    try:
        end = time.monotonic() + START_SECONDS
        for zone, signed in zones:
            while not _answers(host, port, zone, signed):
                failed = process.poll() is not None or any(
                    word in log.read_text("utf-8") for word in FATAL
                )
                if failed or time.monotonic() > end:
                    raise RuntimeError(f"{command[0]} did not start:\n{log.read_text('utf-8')}")
                time.sleep(POLL_SECONDS)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(host: str, port: int, zone: str, signed: bool) -> bool:
    query = dns.message.make_query(zone, "SOA", want_dnssec=True)
    query.flags |= dns.flags.CD  # a resolver is up even where nothing validates
    try:
        reply = dns.query.udp(query, host, port=port, timeout=0.5)
    except (OSError, dns.exception.DNSException):
        return False
    types = {rrset.rdtype for rrset in reply.answer}
    wanted = {dns.rdatatype.SOA, dns.rdatatype.RRSIG} if signed else {dns.rdatatype.SOA}
    return reply.rcode() == dns.rcode.NOERROR and wanted <= types


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="mxplain-dns-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=PATH)
    if not found:
        raise RuntimeError(f"{name} is not installed (Debian packages: knot, unbound)")
    return found


def _call(command: list[str]) -> str:
    done = subprocess.run(
        [_program(command[0]), *command[1:]], capture_output=True, text=True, timeout=START_SECONDS
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _free_port() -> int:
    """A port that is free for UDP and TCP alike, just now."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind((HOST, 0))
            port = int(tcp.getsockname()[1])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                try:
                    udp.bind((HOST, port))
                except OSError:
                    continue
                return port


def _absolute(zone: str) -> str:
    return zone if zone.endswith(".") else zone + "."


def _closest(child: str, origins: list[str]) -> str | None:
    """The closest of `origins` above `child`."""
    name = dns.name.from_text(child)
    above = [o for o in origins if o != child and name.is_subdomain(dns.name.from_text(o))]
    return max(above, key=lambda origin: len(dns.name.from_text(origin)), default=None)


def _top(zone: str) -> str:
    return zone.rstrip(".").rsplit(".", 1)[-1] + "."


def _file_name(origin: str) -> str:
    return f"{origin.rstrip('.') or 'root'}.zone"
