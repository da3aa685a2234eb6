"""Archives and mails: by content, in bounded memory, and what is wrong is said."""

from __future__ import annotations

import base64
import gzip
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from lookups.engine.reports import read_files
from lookups.engine.reports.errors import MAX_FILE, Budget

from .made import aggregate, gzipped, mail, record, sample, tls, zipped

ROOT = Path(__file__).parents[3]


def codes(data: bytes) -> list[str]:
    reading = read_files([("file", data)])
    assert not reading.reports
    return [failed.code for failed in reading.failed]


def ids(*files: bytes) -> list[str]:
    reading = read_files((f"file-{n}", data) for n, data in enumerate(files))
    assert reading.failed == []
    return [report.key[2] for report in reading.reports]


def test_every_container_is_known_by_its_content():
    plain = aggregate()
    packed = gzipped(plain)
    assert ids(plain) == ids(packed) == ids(zipped(("x", plain))) == ["r1"]
    assert ids(mail(packed)) == ids(mail(plain, "text/xml")) == ["r1"]
    assert ids(mail(zipped(("x.xml", plain)), "application/octet-stream")) == ["r1"]
    assert ids(b"From someone@example.org Tue Apr 30\n" + mail(packed)) == ["r1"]
    assert ids(tls()) == ids(gzipped(tls())) == ids(mail(gzipped(tls()))) == ["t1"]
    assert ids(b"\n  " + plain) == ["r1"]


def test_samples():
    reading = read_files(
        (name, sample(name))
        for name in (
            "aggregate-fastmail.xml.gz",
            "aggregate-infonacot.xml.zip",
            "tls-rfc8460.json",
            "failure-linkedin.eml",
        )
    )
    assert reading.failed == []
    assert [len(x) for x in (reading.aggregates, reading.tls, reading.failures)] == [2, 1, 1]


def test_a_zip_of_several_reports_and_what_a_mac_adds():
    other = aggregate(id="r2")
    archive = zipped(
        ("a.xml", aggregate()), ("__MACOSX/._a.xml", b"\0\5"), (".DS_Store", b"x"), ("b/", b""),
        ("b/b.xml", other),
    )  # fmt: skip
    assert ids(archive) == ["r1", "r2"]


def test_a_good_report_beside_a_bad_one():
    archive = zipped(("good.xml", aggregate()), ("bad.xml", b"<feedback>"))
    reading = read_files([("both.zip", archive)])
    assert len(reading.aggregates) == 1
    assert [(one.file, one.code) for one in reading.failed] == [("both.zip: bad.xml", "truncated")]


def test_the_same_report_counts_once():
    reading = read_files([("a.xml", aggregate()), ("b.xml.gz", gzipped(aggregate()))])
    assert len(reading.aggregates) == 1 and reading.duplicates == ["b.xml.gz"]
    others = read_files([("a", aggregate()), ("b", aggregate(org="Another"))])
    assert len(others.aggregates) == 2


def test_gzip_in_several_members_and_with_padding():
    whole = aggregate()
    assert ids(gzipped(whole[:200]) + gzipped(whole[200:]) + b"\0" * 100) == ["r1"]


def test_a_mail_forwarded_as_attachment():
    inner = mail(gzipped(aggregate())).decode()
    outer = (
        "Subject: Fwd\nContent-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: text/plain"
        f"\n\nHi\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    )
    assert ids(outer.encode()) == ["r1"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \n\0", "empty"),
        (b"%PDF-1.7", "unknown"),
        (b"7z\xbc\xaf\x27\x1c", "unknown"),
        (b"no report at all", "unknown"),
        (b"x" * (MAX_FILE + 1), "too-large"),
        (gzipped(aggregate())[:-30], "truncated"),
        (gzipped(aggregate())[:12], "truncated"),
        (gzipped(b"") , "empty"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 100, "corrupt"),
        (gzipped(aggregate())[:-8] + b"\0" * 8, "corrupt"),
        (gzipped(gzipped(aggregate())), "nested"),
        (gzipped(zipped(("x", aggregate()))), "nested"),
        (zipped(("x.gz", gzipped(aggregate()))), "nested"),
        (zipped(("x.eml", mail(aggregate()))), "nested"),
        (mail(gzipped(zipped(("x", aggregate())))), "nested"),
        (zipped(("x", aggregate()))[:-40], "truncated"),
        (zipped(), "empty"),
        (zipped(("x", aggregate()), method=zipfile.ZIP_BZIP2), "compression"),
        (zipped(("x", aggregate()), method=zipfile.ZIP_LZMA), "compression"),
        (zipped(*((f"{n}", b"<a/>") for n in range(60))), "members"),
        (b"".join(gzipped(b"<a/>") for _ in range(60)), "members"),
        (b"Subject: hello\n\nNothing attached.", "mail"),
        (mail(b"%PDF", "application/pdf"), "mail"),
        (mail(aggregate()).replace(b"PGZl", b"P"), "not-a-report"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(data, code):
    if code == "not-a-report":  # base64 with a hole in it: whatever comes out, it is refused
        assert codes(data)
    else:
        assert codes(data) == [code]


def test_passwords_and_overlaps():
    locked = bytearray(zipped(("x", aggregate())))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + offset] |= 1
    assert codes(bytes(locked)) == ["encrypted"]
    archive = zipped(("a", aggregate()), ("b", aggregate(id="r2")))
    entry = archive.rindex(b"PK\x01\x02")  # the second member begins where the first does
    doubled = archive[: entry + 42] + b"\0\0\0\0" + archive[entry + 46 :]
    assert codes(doubled) == ["overlap"]


def test_bombs_are_stopped():
    assert codes(gzipped(b"<" + b" " * 30_000_000)) == ["inflated"]
    assert codes(zipped(("x", b"<" + b" " * 30_000_000))) == ["inflated"]
    lying = bytearray(zipped(("x", b"<" + b" " * 30_000_000)))
    entry = lying.rindex(b"PK\x01\x02")
    lying[entry + 24 : entry + 28] = (100).to_bytes(4, "little")  # says that it is small
    assert codes(bytes(lying))[0] in ("inflated", "corrupt")
    assert codes(mail(gzipped(b"<" + b" " * 30_000_000))) == ["inflated"]


def test_all_files_together_are_bounded():
    budget = Budget(octets=3_000, records=2)
    reading = read_files([(f"{n}", aggregate(id=f"r{n}")) for n in range(9)], budget)
    assert 1 <= len(reading.aggregates) <= 2
    assert {failed.code for failed in reading.failed} == {"total"}


MEASURED = """
import re, sys, time
from lookups.engine.reports import read_files
data = open(sys.argv[1], "rb").read()
began = time.monotonic()
reading = read_files([("x", data)])
print([f.code for f in reading.failed], len(reading.reports))
took = round(time.monotonic() - began)
# Not ru_maxrss: that counts what the process was before it became this one, too.
peak = int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) // 1024
print(peak, took)
"""


def measured(data: bytes) -> tuple[str, int, int]:
    """The outcome, megabytes of memory at most, and seconds, in a process of its own."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, file.name],
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    outcome, numbers = done.stdout.splitlines()
    memory, seconds = numbers.split()
    return outcome, int(memory), int(seconds)


def _many_members() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(60_000):
            archive.writestr(f"{number}", b"")
    return buffer.getvalue()


def _many_records() -> bytes:
    records = (record(f"10.0.{n >> 8 & 255}.{n & 255}", n) for n in range(19_990))
    return gzipped(aggregate(*records))


HEAVY = {
    "fifty megabytes": lambda: b"<feedback>" + b" " * 50_000_000,
    "a bomb": lambda: gzipped(b"<feedback>" + b"<a>" * 20_000_000),
    "a bomb of bombs": lambda: zipped(*((f"{n}", b" " * 24_000_000) for n in range(40))),
    "many records": lambda: _many_records(),
    "many members": _many_members,
    "empty elements": lambda: gzipped(b"<feedback><record>" + b"<a/>" * 5_000_000),
    "attributes": lambda: b"<feedback " + b" ".join(b"a%d=''" % n for n in range(900_000)) + b"/>",
    "empty lists": lambda: b"[" + b"[]," * 3_300_000 + b"[]]",
    "long strings": lambda: b'["' + b"x" * 9_900_000 + b'"]',
    "line ends in a mail": lambda: b"Subject: x\n\n" + b"\n" * 9_900_000,
    "header fields": lambda: b"X: y\n" * 1_900_000,
    "boundaries": lambda: b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n" * 2_000_000,
    "base64": lambda: mail(b"<feedback>" + b" " * 7_000_000, "text/xml"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEAVY)
def test_memory_and_time_are_bounded(name):
    outcome, memory, seconds = measured(HEAVY[name]())
    assert memory < 200, (outcome, memory, seconds)
    assert seconds < 20, (outcome, memory, seconds)


def test_names_are_shown_without_control_characters():
    reading = read_files([("\x1b[31mx\u202e", b"")])
    assert reading.failed[0].file == "[31mx"


def test_base64_of_a_mail_may_be_cut_off():
    cut = mail(gzipped(aggregate()))
    at = cut.index(base64.b64encode(gzip.compress(aggregate(), mtime=0))[:20]) + 41
    assert codes(cut[:at])[0] in ("truncated", "corrupt", "mail")
