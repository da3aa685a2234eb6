"""The classroom's DNS server over real sockets, its faults, its lessons and its page."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.reversename
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learn.classroom.answers import Authority
from learn.classroom.lessons import lessons
from learn.classroom.zone_files import HERE, load
from lookups import catalog

ROOT = Path(__file__).parents[2]
ZONES = sorted(path.stem for path in (HERE / "zones").glob("*.zone"))
LISTED = [lesson.zone for group in lessons("en") for lesson in group.lessons]


def ask(classroom, name, rdtype="MX", tcp=False, **options):
    host, port = classroom
    query = dns.message.make_query(name, rdtype, **options)
    function = dns.query.tcp if tcp else dns.query.udp
    return function(query, host, timeout=3, port=port)


def test_an_answer_with_authority(classroom):
    answer = ask(classroom, "perfect.classroom.test")
    assert answer.flags & dns.flags.AA and not answer.flags & dns.flags.RA
    assert len(answer.answer[0]) == 2


def test_absences_have_the_soa(classroom):
    gone = ask(classroom, "nothing.classroom.test")
    assert gone.rcode() == dns.rcode.NXDOMAIN
    empty = ask(classroom, "no-mail.classroom.test")
    assert empty.rcode() == dns.rcode.NOERROR and not empty.answer
    for reply in (gone, empty):
        assert reply.authority[0].rdtype == dns.rdatatype.SOA


def test_names_of_the_world_are_refused(classroom):
    assert ask(classroom, "example.com").rcode() == dns.rcode.REFUSED


def test_upper_case_is_the_same_name(classroom):
    assert ask(classroom, "PERFECT.Classroom.TEST").answer


def test_large_answers_need_tcp(classroom):
    small = ask(classroom, "many-mx.classroom.test", use_edns=False)
    assert small.flags & dns.flags.TC
    assert len(ask(classroom, "many-mx.classroom.test", tcp=True).answer[0]) == 60


def test_reverse_zones_follow_the_forward_zones(classroom):
    host = ask(classroom, "mx1.perfect.classroom.test", "A").answer[0][0].address
    back = ask(classroom, dns.reversename.from_address(host), "PTR")
    assert back.answer[0][0].target.to_text() == "mx1.perfect.classroom.test."


@pytest.mark.parametrize(
    ("lesson", "rcode"), [("servfail", "SERVFAIL"), ("refused", "REFUSED"), ("notimp", "NOTIMP")]
)
def test_faults_with_a_code(classroom, lesson, rcode):
    assert ask(classroom, f"{lesson}.classroom.test").rcode() == dns.rcode.from_text(rcode)


def test_silence(classroom):
    with pytest.raises(dns.exception.Timeout):
        host, port = classroom
        query = dns.message.make_query("silent.classroom.test", "MX")
        dns.query.udp(query, host, timeout=0.3, port=port)


def test_lame_points_upwards_without_authority(classroom):
    reply = ask(classroom, "lame.classroom.test")
    assert not reply.flags & (dns.flags.AA | dns.flags.RA) and not reply.answer
    assert reply.authority[0].name == dns.name.root


def test_garbled_has_the_id_and_is_no_message(classroom):
    query = dns.message.make_query("garbled.classroom.test", "MX")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(3)
        sock.sendto(query.to_wire(), classroom)
        data = sock.recv(4096)
    assert data[:2] == query.id.to_bytes(2, "big")
    with pytest.raises(dns.exception.DNSException):
        dns.message.from_wire(data)


def test_truncated_over_udp_closed_over_tcp(classroom):
    assert ask(classroom, "truncated.classroom.test").flags & dns.flags.TC
    with pytest.raises(EOFError):
        ask(classroom, "truncated.classroom.test", tcp=True)


AUTHORITY = Authority(load())


@given(st.binary(max_size=600), st.booleans())
def test_any_octets_are_answered_or_ignored(packet, tcp):
    reply = AUTHORITY.reply(packet, tcp)
    assert reply.wire is None or reply.wire[:2] == packet[:2]


@given(st.binary(max_size=40), st.integers(0, 65535))
def test_any_question_after_a_plausible_head(tail, flags):
    head = b"\x00\x07" + (flags & 0x7FFF).to_bytes(2, "big") + b"\x00\x01" + b"\x00" * 6
    AUTHORITY.reply(head + tail, tcp=False)


def test_it_survives_garbage_on_its_sockets(classroom):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for data in (b"", b"\x00", b"\xff" * 512, b"\x00" * 12):
            sock.sendto(data, classroom)
    with socket.create_connection(classroom, timeout=3) as stream:
        stream.sendall(b"\xff\xff garbage")
    assert ask(classroom, "perfect.classroom.test").answer


def test_every_zone_is_a_lesson_and_every_lesson_a_zone():
    assert sorted(LISTED) == sorted([*ZONES, "nothing"])
    assert len(LISTED) == len(set(LISTED)) >= 15


def test_every_lesson_has_its_own_words_in_both_languages():
    english = [x for group in lessons("en") for x in group.lessons]
    japanese = [x for group in lessons("ja") for x in group.lessons]
    for one, other in zip(english, japanese, strict=True):
        assert one.zone == other.zone
        assert one.title and other.title
        assert one.look and other.look and one.look != other.look


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_the_page_lists_every_lesson_with_what_it_shows(client, classroom, prefix):
    page = client.get(f"{prefix}/classroom/")
    assert page.status_code == 200 and len(page.content) < 250_000
    for zone in LISTED:
        assert f'value="{zone}.classroom.test"' in page.text
    for id in catalog.ids():
        assert f"{prefix}/findings/{id}/" in page.text
    assert f"-p {classroom[1]} " in page.text and "<script>alert" not in page.text


def run(*arguments):
    return subprocess.Popen(
        [sys.executable, "manage.py", "classroom", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_and_a_taken_port():
    first = run("--port", "0")
    line = first.stdout.readline()
    assert line.startswith("classroom DNS on 127.0.0.1:")
    port = line.rsplit(":", 1)[1].strip()
    second = run("--port", port)
    _, said = second.communicate(timeout=30)
    assert second.returncode == 2 and port in said and "Traceback" not in said
    assert ask(("127.0.0.1", int(port)), "perfect.classroom.test").answer
    first.terminate()
    first.communicate(timeout=30)
    assert first.returncode == 0
