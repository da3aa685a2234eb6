"""The classroom's mail server as a mail program meets it."""

from __future__ import annotations

import smtplib
import socket
import ssl

import pytest

from learn.classroom import server as classroom
from learn.classroom.mail import machine_at
from learn.classroom.zone_files import load


@pytest.fixture(scope="module")
def mail():
    machines, authority = classroom.machines_in_background()
    return machines[25], authority


def as_machine(mail, address):
    """An SMTP client that is connected to the machine at `address`."""
    client = smtplib.SMTP(timeout=5)
    client.sock = socket.create_connection(mail[0], timeout=5)
    client.sock.sendall(f"PROXY TCP4 127.0.0.1 {address} 0 25\r\n".encode())
    return client, client.getreply()


def test_it_greets_and_takes_no_mail(mail):
    client, greeting = as_machine(mail, "198.18.1.1")
    assert greeting == (220, b"mx1.perfect.classroom.test ESMTP")
    assert client.ehlo("a.test")[0] == 250 and client.has_extn("starttls")
    assert client.mail("a@a.test")[0] == 550
    assert client.docmd("DATA")[0] == 502 and client.noop()[0] == 250
    assert client.quit()[0] == 221


def test_its_certificate_is_for_the_machine_that_is_played(mail):
    client, _ = as_machine(mail, "2001:2::1:2")
    client._host = "mx2.perfect.classroom.test"
    client.ehlo("a.test")
    client.starttls(context=ssl.create_default_context(cafile=mail[1]))
    client.ehlo("a.test")
    assert not client.has_extn("starttls")
    client.close()


def test_who_names_no_machine_meets_the_model(mail):
    with smtplib.SMTP(*mail[0], timeout=5) as client:
        assert b"mx1.perfect.classroom.test" in client.ehlo("a.test")[1]


def test_lines_without_end(mail):
    client, _ = as_machine(mail, "198.18.1.1")
    assert client.docmd("NOOP " + "a" * 600)[0] == 500
    client.sock.sendall(b"a" * 100_000)
    with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        client.getreply()


def test_every_host_with_an_address_is_a_machine():
    """An MX host rather than another name at the same address."""
    assert machine_at("198.18.1.1").host == "mx1.perfect.classroom.test"
    assert machine_at("198.18.190.11").names == ("www.hosting.classroom.test",)
    assert machine_at("192.0.2.1").host == "mx1.perfect.classroom.test"
    assert load().data.zones
