"""Servers and addresses as people write them: read or refused, never worse."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.names import DomainError
from lookups.engine.transport import Server
from lookups.forms import InputError, explain, read_address
from lookups.runtime import is_lesson, parse_server, resolver_settings


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("9.9.9.9", Server("9.9.9.9", 53)),
        (" 127.0.0.1:5300 ", Server("127.0.0.1", 5300)),
        ("2620:fe::fe", Server("2620:fe::fe", 53)),
        ("[2620:fe::fe]", Server("2620:fe::fe", 53)),
        ("[::1]:5300", Server("::1", 5300)),
    ],
)
def test_servers(text, server):
    assert parse_server(text) == server
    assert parse_server(str(server)) == server


@pytest.mark.parametrize(
    "text", ["", "dns.example.com", "1.2.3", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:x"]
)
def test_no_servers(text):
    with pytest.raises(ValueError):
        parse_server(text)


@given(st.text(max_size=60))
def test_any_text_is_a_server_or_a_value_error(text):
    try:
        server = parse_server(text)
    except ValueError:
        return
    assert 0 < server.port < 65536 and ipaddress.ip_address(server.host)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text):
    found = read_address(text)
    assert isinstance(found, InputError) or str(ipaddress.ip_address(found)) == found


@pytest.mark.parametrize("code", DomainError.CODES)
def test_every_refusal_is_explained(code):
    assert len(explain(DomainError(code))) > 20


def test_lessons_and_their_routes(settings):
    assert is_lesson("perfect.classroom.test") and is_lesson("classroom.test")
    assert not is_lesson("notclassroom.test") and not is_lesson("classroom.test.example")
    settings.CLASSROOM = "127.0.0.1:5354"
    routes = resolver_settings().routes
    assert routes["classroom.test"] == (Server("127.0.0.1", 5354),)
    settings.CLASSROOM = ""
    assert resolver_settings().routes == {}
