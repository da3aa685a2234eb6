"""Servers that visitors name: public ones, on port 53, or only those that the operator names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lookups.engine.addresses import networks, parse
from lookups.engine.transport import Server
from lookups.runtime import parse_server, resolver_settings
from lookups.tools.base import ToolError
from lookups.tools.dns import Dns
from lookups.tools.look_up import compare, lookup
from lookups.tools.look_up.fields import PublicResolver, whom
from tests.lookups.commands import manage
from tests.lookups.tools.tooling import form_of

pytestmark = pytest.mark.django_db

INSIDE = [
    "10.0.0.1", "127.0.0.1", "169.254.169.254", "192.0.2.1", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "2606:4700::1111%eth0",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:198.18.1.1", "64:ff9b::7f00:1", "2002:7f00:1::1",
]  # fmt: skip
OTHER_PORTS = ["8.8.8.8:5353", "8.8.8.8:25", "8.8.8.8:6379", "8.8.8.8:11211", "[2a00::1]:853"]
NO_ADDRESS = [
    "unix:/run/redis.sock", "/etc/resolv.conf", "8.8.8.8:0", "8.8.8.8:65536", "8.8.8.8:-1",
    "localhost", "localhost:53", "dns.google", "2130706433", "0177.0.0.1", "0x7f000001", "127.1",
    "127.0.0.1.", "１２７.0.0.1", "8。8。8。8", "https://1.1.1.1/dns-query", "tls://1.1.1.1",  # noqa: RUF001
    "8.8.8.8@53", "8.8.8.8#53", "redis://1.1.1.1",
]  # fmt: skip


@pytest.mark.parametrize("server", INSIDE + OTHER_PORTS + NO_ADDRESS)
def test_what_visitors_may_not_name(classroom, server):
    form = form_of(lookup.TOOL, name="example.com", server=server)
    assert list(form.errors) == ["server"]
    form = form_of(compare.TOOL, name="example.com", resolvers=f"8.8.8.8 {server}")
    assert list(form.errors) == ["resolvers"]


@pytest.mark.parametrize("server", INSIDE + OTHER_PORTS)
def test_a_form_is_not_the_only_guard(classroom, server):
    named, dns = parse_server(server), Dns()
    with pytest.raises(ToolError):
        whom(named, dns)
    assert whom(named, replace(dns, trusted=True)) == named, "the operator's command may"


@pytest.mark.parametrize("server", INSIDE[:-1])
async def test_nor_is_the_tool(classroom, server):
    async with Dns() as dns:
        with pytest.raises(ValueError):
            await dns.resolver().ask(parse(server), "example.com", "A")


def test_public_servers_and_played_ones(classroom):
    dns = Dns()
    for text in ("8.8.8.8", "8.8.8.8:53", "2001:4860:4860::8888", "198.18.1.1"):
        assert str(whom(parse_server(text), dns)) == parse_server(text).host
    assert form_of(lookup.TOOL, name="example.com", server="[2001:4860:4860::8888]:53").is_valid()


def test_without_the_classroom_its_addresses_are_nobodys(settings):
    settings.CLASSROOM = ""
    assert form_of(lookup.TOOL, name="example.com", server="198.18.1.1").errors
    with pytest.raises(ToolError):
        whom(Server("198.18.1.1"), Dns())


def test_only_the_operators_list(settings):
    settings.ANY_RESOLVER = False
    form = form_of(lookup.TOOL, name="example.com", server="8.8.4.4")
    assert "9.9.9.9 (Quad9)" in str(form.errors["server"])
    assert form_of(lookup.TOOL, name="example.com", server="9.9.9.9").is_valid()
    assert form_of(lookup.TOOL, name="example.com", at="1.1.1.1").is_valid()


def test_networks_of_the_operators_own(settings):
    settings.FORBIDDEN_NETWORKS = networks("8.8.8.0/24")
    assert form_of(lookup.TOOL, name="example.com", server="8.8.8.8").errors
    assert resolver_settings().never == networks("8.8.8.0/24")


def test_the_operator_may_list_a_resolver_inside():
    assert PublicResolver("Ours", "10.0.0.53").to == Server("10.0.0.53")
    assert PublicResolver("Quad9", "9.9.9.9").to == parse("9.9.9.9")


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("", "only servers that the whole world reaches"),
        ("/ja", "グローバルアドレスではありません"),
    ],
)
def test_the_page_says_why(client, classroom, prefix, words):
    page = client.get(f"{prefix}/tools/lookup/?name=perfect.classroom.test&server=10.0.0.1")
    assert page.status_code == 400 and words in page.text


def test_the_api_says_why(client, classroom):
    address = "/api/v1/tools/lookup?name=perfect.classroom.test&server=127.0.0.1:6379"
    problem = client.get(address).json()
    assert problem["status"] == 422 and "53" in str(problem["errors"])


@pytest.mark.parametrize("name", ["db.internal", "printer.local", "x.localhost", "10.0.0.1"])
def test_names_inside_are_refused(client, classroom, name):
    for prefix, words in (("", "use within one network"), ("/ja", "ネットワークの中だけ")):
        page = client.get(f"{prefix}/tools/lookup/?name={name}")
        assert page.status_code == 400 and words in page.text


def test_checks_of_names_inside_are_refused(client, classroom):
    assert "use within one network" in client.post("/check/", {"domain": "mail.corp.internal"}).text


def test_the_operators_command_may_ask_for_names_inside():
    done = manage("query", "db.internal", "A", "--resolver", "127.0.0.1:9")
    assert done.returncode == 3, "asked, and nobody answered"
