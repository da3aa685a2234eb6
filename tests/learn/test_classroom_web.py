"""The classroom's certificates and its web server, as clients meet them."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from learn.classroom import authority as authorities
from learn.classroom.authority import Authority, host_key, tlsa_211, tlsa_311
from learn.classroom.web import WebServer, deviations, files
from learn.classroom.zone_files import zone_lessons

HOST = "mta-sts.perfect.classroom.test"
POLICY = "/.well-known/mta-sts.txt"
# Of mx.lasting.classroom.test: TLSA records in zone files were made with these keys.
LASTING = "2e717159785b841af96cd91ab0c1682104b3950b18f84ea63dc82b76b713b634"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def server(authority):
    server = WebServer(authority)
    await server.start()
    yield server
    await server.stop()


async def ask(server, host, request: bytes, context=None, name=None) -> bytes:
    """Everything that comes back to `request`."""
    context = context or ssl.create_default_context(cafile=server._authority.path)
    reader, writer = await asyncio.open_connection(
        server.host, server.port, ssl=context, server_hostname=name or host
    )
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(-1), 5)
    finally:
        writer.close()


def get(host: str, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


async def test_a_policy(server):
    answer = await ask(server, HOST, get(HOST, POLICY))
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200") and b"text/plain" in head
    assert body == files()[HOST + POLICY] and b"version: STSv1" in body


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/../web.toml", "/.well-known/../../../web.toml", "/%2e%2e/web.toml"]
)
async def test_what_is_no_file_is_not_found(server, path):
    assert (await ask(server, HOST, get(HOST, path))).startswith(b"HTTP/1.1 404")


async def test_no_host_sees_the_files_of_another(server):
    """The TLS name chooses the certificate, the Host header the file, as on real web servers."""
    answer = await ask(server, HOST, get("unknown.classroom.test", POLICY))
    assert answer.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("request_", [b"\r\n\r\n", b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
async def test_hostile_requests_end_the_connection(server, request_):
    await ask(server, HOST, request_)
    assert (await ask(server, HOST, get(HOST, POLICY))).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("host", "word"),
    [
        ("mta-sts.mta-sts-expired.classroom.test", "expired"),
        ("mta-sts.mta-sts-wrong-name.classroom.test", "mismatch"),
    ],
)
async def test_deviating_certificates(server, host, word):
    with pytest.raises(ssl.SSLCertVerificationError, match=word):
        await ask(server, host, get(host, POLICY))


async def test_strangers_get_a_certificate_that_is_not_theirs(server):
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        await ask(server, "www.example.com", get("www.example.com", "/"))


async def test_deviating_responses(server):
    host = "mta-sts.mta-sts-redirect.classroom.test"
    answer = await ask(server, host, get(host, POLICY))
    assert answer.startswith(b"HTTP/1.1 301") and b"Location: https://www." in answer
    host = "mta-sts.mta-sts-garbage.classroom.test"
    assert not (await ask(server, host, get(host, POLICY))).startswith(b"HTTP")


def test_every_deviation_and_file_belongs_to_a_host_of_a_lesson():
    hosts = {key.partition("/")[0] for key in [*deviations(), *files()]}
    lessons = set(zone_lessons())
    for host in hosts:
        assert host.removesuffix(".classroom.test").rpartition(".")[2] in lessons, host


def test_all_authorities_are_one(tmp_path):
    """Whichever process of the site made the file: it verifies what any other signed."""
    first, second = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    chain, _ = first.certificate("a.classroom.test")
    [leaf, _] = x509.load_pem_x509_certificates(chain)
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(second.path.read_bytes()))
    assert list((tmp_path / "a").iterdir()) == [first.path]


def test_keys_and_tlsa_records_stay(authority):
    host = "mx1.perfect.classroom.test"
    chain, _ = authority.certificate(host)
    leaf, issuer = x509.load_pem_x509_certificates(chain)
    for certificate, record in ((leaf, tlsa_311(host)), (issuer, tlsa_211())):
        spki = certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        assert record.split()[3] == hashlib.sha256(spki).hexdigest()
    assert tlsa_311(host) == tlsa_311("MX1.perfect.classroom.test.")
    assert host_key(host).private_numbers() != host_key("mx2." + host).private_numbers()
    assert tlsa_311("mx.lasting.classroom.test") == f"3 1 1 {LASTING}"


def test_times_of_certificates(authority):
    now = datetime.now(UTC)
    for end in (now - timedelta(days=3), now + timedelta(days=5), now + timedelta(days=900)):
        chain, _ = authority.certificate("a.classroom.test", not_after=end)
        leaf = x509.load_pem_x509_certificates(chain)[0]
        assert leaf.not_valid_before_utc < min(now, end)
        assert abs(leaf.not_valid_after_utc - end) < timedelta(seconds=2)


def test_contexts_are_kept(authority):
    assert authority.context("a.classroom.test") is authority.context("A.classroom.test")
    assert authority.context("a.classroom.test") is not authority.context(
        "a.classroom.test", days_left=-1
    )
    started = time.process_time()
    for _ in range(100):
        authority.context("a.classroom.test")
    assert time.process_time() - started < 0.1


def test_the_folder_of_the_site(monkeypatch, tmp_path):
    monkeypatch.setenv("MXPLAIN_VAR", str(tmp_path))
    assert authorities.default_folder() == tmp_path / "classroom"
