"""Topic dane against the classroom's zones and its mail servers, over real sockets."""

from __future__ import annotations

import dns.flags
import dns.name
import pytest

from learn.classroom.authority import tlsa_211, tlsa_311
from lookups.engine.checks import dane
from lookups.engine.dnssec import Security
from lookups.engine.message import parse
from lookups.engine.records.tlsa import Tlsa
from lookups.engine.records.tlsa import parse as parse_tlsa
from lookups.engine.resolver import Answer, Outcome
from lookups.engine.smtp.probe import Probe

from .lessons import ids, options, section_of, sections_of

PRAISE = {"dane-valid", "dane-match"}


@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", PRAISE | {"dane-rollover"}),
        ("dane-none", {"dane-none"}),
        ("dane-partly", {"dane-match", "dane-some-missing"}),
        ("dane-unsigned", {"dane-unsigned"}),
        ("dane-mx-insecure", {"dane-mx-insecure", "dane-match", "dane-rollover"}),
        (
            "dane-parameters",
            {"dane-usage-pkix", "dane-record-invalid", "dane-full-data", "dane-match"},
        ),
        ("dane-mismatch", {"dane-mismatch", "dane-match", "dane-certificate-bound"}),
        ("dane-no-starttls", {"dane-no-starttls", "dane-match"}),
        ("dane-alias", PRAISE | {"dane-alias"}),
        ("dnssec-no-denial", {"dane-lookup-fails"}),
        ("dnssec-unsigned", {"dane-none"}),
        ("dnssec-expired", set()),  # the addresses are bogus: topic dnssec says so
        ("implicit-mx", {"dane-none"}),
        ("null-mx", set()),
        ("no-mail", set()),
        ("dangling-mx", {"dane-none"}),
    ],
)
async def test_lessons(lesson, expected):
    assert ids(await section_of(lesson, "dane")) == expected


async def test_without_probing_nothing_is_said_of_certificates():
    section = await section_of("dane-mismatch", "dane", chosen=options(smtp=False))
    assert ids(section) == {"dane-valid", "dane-certificate-bound"}
    for host in section.records["hosts"]:
        assert host["certificate"] is None
        assert {record["matches"] for record in host["records"]} == {None}
    assert section.records["ready"] == []


async def test_without_a_chain_of_trust_nothing_is_accused():
    """The resolver hands nothing on, or there is no anchor: indeterminate, not unsigned."""
    section = await section_of("dane-none", "dane", chosen=options(trust_anchors={}))
    assert ids(section) == {"dane-none"}
    section = await section_of("perfect", "dane", chosen=options(trust_anchors={}))
    assert "dane-valid" not in ids(section)


async def test_what_dns_says_comes_before_the_certificates():
    sections, context = await sections_of("perfect", "dane")
    assert [section.complete for section in sections] == [False, True]
    assert sections[0].records["hosts"][0]["certificate"] is None
    assert sections[1].records["hosts"][0]["certificate"] == "match"
    assert sum(entry["type"] == "TLSA" for entry in context.resolver.log) == 2


async def test_records():
    records = (await section_of("perfect", "dane")).records
    assert records["kind"] == "mx" and records["mx"] == "secure"
    first = records["hosts"][0]
    assert (first["state"], first["addresses"], first["tlsa"]) == ("usable", "secure", "secure")
    assert sorted(record["matches"] for record in first["records"]) == [False, True]
    for raw in records["raw"]:
        assert "".join(part["text"] for part in raw["parts"]) == raw["value"]
        assert parse_tlsa(raw["value"]).problem == ""


async def test_records_are_made_ready_from_the_certificates():
    records = (await section_of("dane-none", "dane")).records
    assert [(each["name"], each["value"]) for each in records["ready"]] == [
        (f"_25._tcp.{host}", tlsa_311(host))
        for host in ("mx1.dane-none.classroom.test", "mx2.dane-none.classroom.test")
    ]


async def test_other_peoples_hosts_are_not_the_domains_to_mend():
    records = (await section_of("dnssec-hosts", "dane")).records
    assert records["ready"] == []


async def test_a_mismatch_brings_the_record_that_fits():
    [record] = (await section_of("dane-mismatch", "dane")).records["ready"]
    assert record["value"] == tlsa_311("mx1.dane-mismatch.classroom.test")


async def test_the_alias():
    """RFC 7672 §2.2.3: the end of a secure alias comes first."""
    records = (await section_of("dane-alias", "dane")).records
    assert records["hosts"][0]["host"] == "mail.dane-alias.classroom.test"
    assert records["hosts"][0]["base"] == "mx1.dane-alias.classroom.test"


def _wire(rdata: bytes) -> bytes:
    """A reply with one TLSA record at the root."""
    head = b"\0\0\x84\0\0\1\0\1\0\0\0\0" + b"\0\0\x34\0\1"
    return head + b"\0\0\x34\0\1\0\0\0\x3c" + len(rdata).to_bytes(2, "big") + rdata


def test_a_digest_of_the_wrong_length_is_read_all_the_same():
    """dnspython refuses it; whoever published it wants to know."""
    message = parse(_wire(b"\3\1\1" + b"x" * 20))
    answer = Answer(dns.name.root, "TLSA", Outcome.MALFORMED, message=message)
    [record] = dane._records(answer)
    assert record.problem == "length"
    readable = dane._readable(answer)
    assert readable.outcome is Outcome.ANSWER and readable.rrset is message.answer[0]
    cut_off = Answer(dns.name.root, "TLSA", Outcome.MALFORMED, message=parse(_wire(b"\3\1")))
    assert dane._records(cut_off) == []


def _host(**fields) -> dane.Host:
    return dane.Host("mx.example", 10, addresses=Security.SECURE, **fields)


@pytest.mark.parametrize(
    ("addresses", "outcome", "records", "security", "state"),
    [
        (Security.SECURE, Outcome.ANSWER, 1, Security.SECURE, "usable"),
        (Security.SECURE, Outcome.ANSWER, 1, Security.INSECURE, "insecure"),
        (Security.SECURE, Outcome.ANSWER, 1, Security.BOGUS, "failed"),
        (Security.SECURE, Outcome.NODATA, 0, Security.SECURE, "none"),
        (Security.SECURE, Outcome.NODATA, 0, Security.BOGUS, "failed"),
        (Security.SECURE, Outcome.SERVFAIL, 0, Security.INDETERMINATE, "failed"),
        (Security.SECURE, Outcome.TIMEOUT, 0, Security.INDETERMINATE, "failed"),
        # RFC 7672 §2.2.2: without secure addresses senders do not even ask.
        (Security.INSECURE, Outcome.SERVFAIL, 0, Security.INDETERMINATE, "none"),
        (Security.INSECURE, Outcome.ANSWER, 1, Security.SECURE, "insecure"),
        (Security.BOGUS, Outcome.ANSWER, 1, Security.SECURE, "bogus"),
    ],
)
def test_states(addresses, outcome, records, security, state):
    host = _host(records=[Tlsa(3, 1, 1, b"x" * 32)] * records, security=security)
    host.addresses = addresses
    assert dane._state(host, Answer(dns.name.root, "TLSA", outcome)) == state


def test_all_records_unusable():
    host = _host(records=[Tlsa(1, 1, 1, b"x" * 32)], security=Security.SECURE)
    assert dane._state(host, Answer(dns.name.root, "TLSA", Outcome.ANSWER)) == "unusable"


async def test_the_authority_of_the_chain_counts_with_name_and_dates():
    """RFC 7672 §3.1.2: DANE-TA leaves the name and the dates to be checked, DANE-EE does not."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificates

    from learn.classroom.authority import Authority

    pem, _ = Authority().certificate("mx.example")
    chain = tuple(c.public_bytes(Encoding.DER) for c in load_pem_x509_certificates(pem))
    authority, leaf = parse_tlsa(tlsa_211()), parse_tlsa(tlsa_311("mx.example"))
    good = Probe("mx.example", certificates=chain)
    wrong = Probe("mx.example", certificates=chain, problems=("name",))
    assert dane._fits(authority, good) and dane._fits(leaf, good)
    assert not dane._fits(authority, wrong) and dane._fits(leaf, wrong)


async def test_a_validating_resolver_is_not_needed():
    """The classroom never sets AD; the signatures are verified here."""
    _, context = await sections_of("perfect", "dane")
    assert not any(entry["ad"] for entry in context.resolver.log)
    assert dns.flags.AD
