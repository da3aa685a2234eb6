"""Mark certificates: RFC 5280 and RFC 9399, as draft-fetch-validation-vmc-wchuang uses them."""

from __future__ import annotations

import base64
import gzip
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from learn.classroom import marks
from learn.classroom.authority import host_key
from learn.classroom.marks import Mark
from lookups.engine.records import vmc

TODAY = datetime.now(UTC).toordinal()
LOGO = "bimi.perfect.classroom.test/logo.svg"
SVG = (marks.HERE / "web" / LOGO).read_bytes()
GOOD = Mark(names=("example.com",), logo=LOGO)


def pem(**changes) -> bytes:
    return marks.certificate(Mark(**{"names": ("example.com",), "logo": LOGO} | changes), TODAY)


def with_logotype(value: bytes) -> bytes:
    """A certificate whose logotype extension is `value`, self-signed."""
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "x")])
    now = datetime.now(UTC)
    key = host_key("x")
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(9))
    builder = builder.add_extension(x509.UnrecognizedExtension(vmc.LOGOTYPE, value), False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_a_good_certificate():
    found = vmc.parse(pem())
    assert found.names == ("example.com",)
    assert (found.subject, found.issuer) == ("MXplain classroom", marks.AUTHORITY)
    assert found.chain == ("MXplain classroom", marks.AUTHORITY)
    assert found.has_purpose and found.has_logotype and found.is_ordered
    assert found.logo == SVG
    assert (found.mark_type, found.kind) == ("Registered Mark", "vmc")
    assert found.validity(datetime.now(UTC)) == "valid"


@pytest.mark.parametrize(
    ("mark", "kind"),
    [
        ("Registered Mark", "vmc"),
        ("Government Mark", "vmc"),
        ("Prior Use Mark", "cmc"),
        ("Modified Registered Mark", "cmc"),
        ("Great Mark", ""),
        ("", ""),
    ],
)
def test_kinds_of_marks(mark, kind):
    assert vmc.parse(pem(mark=mark)).kind == kind


@pytest.mark.parametrize(
    ("changes", "validity"),
    [
        ({"days_left": -1}, "expired"),
        ({"days_left": 29}, "expiring"),
        ({"days_left": 32}, "valid"),
        ({"days_until": 2}, "future"),
    ],
)
def test_validity(changes, validity):
    """RFC 5280 §4.1.2.5"""
    assert vmc.parse(pem(**changes)).validity(datetime.now(UTC)) == validity


def test_validity_to_the_second():
    found = vmc.parse(pem())
    second = timedelta(seconds=1)
    assert found.validity(found.not_before) == "valid"
    assert found.validity(found.not_before - second) == "future"
    assert found.validity(found.not_after) == "expiring"
    assert found.validity(found.not_after + second) == "expired"
    assert found.validity(found.not_after - vmc.EXPIRING - second) == "valid"


def test_another_purpose():
    """RFC 5280 §4.2.1.12"""
    assert not vmc.parse(pem(purpose=False)).has_purpose


def test_names():
    """RFC 5280 §4.2.1.6: the domain, its organizational domain, or the BIMI name; no wildcard."""
    domains = ["news.example.com", "example.com"]
    for name in ("news.example.com", "example.com", "default._bimi.example.com"):
        assert vmc.matches([name], domains)
    for name in ("*.example.com", "com", "other.example", "brand._bimi.example.com", ""):
        assert not vmc.matches([name], domains)
    assert not vmc.matches([], domains) and not vmc.matches([""], [""])
    assert vmc.parse(pem(names=("EXAMPLE.com.",))).names == ("example.com",)


def test_the_chain():
    """The mark first, each signed by the next (RFC 5280 §6.1)."""
    leaf, root = (
        each + b"-----END CERTIFICATE-----\n"
        for each in pem().split(b"-----END CERTIFICATE-----\n")[:2]
    )
    stranger = pem(issuer="Homemade").partition(b"-----END CERTIFICATE-----\n")[2]
    assert vmc.parse(leaf + root).is_ordered
    for wrong in (leaf, root + leaf, leaf + stranger, leaf + leaf):
        assert not vmc.parse(wrong).is_ordered
    assert vmc.parse(root + leaf).names == ("example.com",)
    assert vmc.parse(pem(logo="", ordered=False)).names == ("example.com",)


def test_issuers_go_by_their_name():
    assert vmc.is_known("DigiCert, Inc.") and vmc.is_known("GLOBALSIGN nv-sa")
    assert not vmc.is_known("Homemade") and not vmc.is_known("")
    assert vmc.is_known("Homemade authority", ["homemade"])


@pytest.mark.parametrize("data", [SVG, gzip.compress(SVG, mtime=0)])
@pytest.mark.parametrize("type", [b"image/svg+xml", b"image/svg+xml;charset=utf-8"])
def test_logos(data, type):
    """RFC 9399 §4.3: a data URI, compressed or not."""
    uri = b"data:" + type + b";base64," + base64.b64encode(data)
    value = marks._der(0x30, marks._der(0xA2, marks._der(0xA0, marks._der(0x16, uri))))
    assert vmc.parse(with_logotype(value)).logo == SVG


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x30",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80" * 5000,
        b"\x30\x82\xff\xff" * 3000,
        marks._der(0x16, b"https://example.com/logo.svg"),
        marks._der(0x16, b"data:image/svg+xml;base64,????"),
        marks._der(0x16, b"data:image/png;base64,AAAA"),
        marks._der(0x16, b"data:image/svg+xml;base64,H4sIAAAA"),
        marks._der(
            0x16,
            b"data:image/svg+xml;base64," + base64.b64encode(gzip.compress(b" " * 9_000_000)),
        ),
        marks._der(0x30, *[marks._der(0x05)] * 20_000),
    ],
)
def test_logotypes_without_a_logo(value):
    found = vmc.parse(with_logotype(value))
    assert found.has_logotype and found.logo is None


def test_no_logotype():
    found = vmc.parse(pem(logo=""))
    assert not found.has_logotype and found.logo is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-pem"),
        (b"<html>", "not-pem"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "not-pem"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "damaged"),
        (b"-----BEGIN CERTIFICATE-----\n", "damaged"),
        (pem() * 5, "too-many"),
        (b" " * (vmc.MAX_OCTETS + 1), "too-large"),
    ],
)
def test_unreadable(data, code):
    with pytest.raises(vmc.UnreadableError) as error:
        vmc.parse(data)
    assert error.value.code == code


DER = x509.load_pem_x509_certificate(pem()).public_bytes(Encoding.DER)


@given(st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), max_size=6))
def test_damaged_certificates(changes):
    """Any octet may be anything: only the documented error comes out."""
    der = bytearray(DER)
    for at, octet in changes:
        der[at] = octet
    body = base64.encodebytes(der)
    try:
        found = vmc.parse(b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n")
    except vmc.UnreadableError:
        return
    assert len(found.subject) <= vmc.MAX_TEXT and len(found.names) <= vmc.MAX_NAMES
    assert found.logo is None or isinstance(found.logo, bytes)


@given(st.binary())
def test_any_octets(data):
    with pytest.raises(vmc.UnreadableError):
        vmc.parse(data)
