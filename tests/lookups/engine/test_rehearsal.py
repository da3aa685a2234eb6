"""Records at the names where they would be published, and checks that believe them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learn.classroom import server as classroom
from lookups.engine.context import Context
from lookups.engine.dnssec import Security, examine, zone_at
from lookups.engine.fetch import FetchError, get
from lookups.engine.finding import Section
from lookups.engine.names import parse_domain
from lookups.engine.records.recognise import recognise
from lookups.engine.rehearsal import Note, Rehearsal, RehearsalError, rehearse
from lookups.engine.report import finished
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.transport import Server, Transport
from tests.lookups.engine.lessons import guard_settings, ids, options

DIGEST = "9F82B79DBE4F2ECF00C18D30B0D6BD9E17036B8F75360E1B3957922B5CA64835"
MX1 = "dcb232908eca85bc2d39051c3e106b43a92bda9b39f5df6078419c6b70550d62"
ISLAND = "11970 13 2 5296DE67A0202ABFEAB7A46F925E4B92B0AE597D3F4CF1F7CA3E76720DADBEC5"
POLICY = "version: STSv1\nmode: enforce\nmx: *.{0}.classroom.test\nmax_age: 1209600"


def context_of(
    lesson: str, transport: Transport, made: Rehearsal | None = None, selectors: Sequence[str] = ()
) -> Context:
    server = Server(*classroom.start_in_background())
    known = ResolverSettings((server,), classroom=server, as_if=made.as_if if made else {})
    guard = replace(guard_settings(), files=made.files if made else {})
    domain = parse_domain(f"{lesson}.classroom.test")
    chosen = options(selectors=made.selectors if made else tuple(selectors))
    return Context(Resolver(known, transport), domain, chosen, guard)


async def rehearsed(lesson: str, text: str, kind: str = "", *selectors: str) -> Rehearsal:
    transport = Transport()
    try:
        return await rehearse(
            context_of(lesson, transport, selectors=selectors), recognise(text, kind)
        )
    finally:
        transport.close()


async def as_if(lesson: str, topic: str, text: str, kind: str = "") -> tuple[Section, Rehearsal]:
    """The section of `topic` as if `text` were published."""
    made, transport = await rehearsed(lesson, text, kind), Transport()
    try:
        return (await finished(context_of(lesson, transport, made), [topic]))[topic], made
    finally:
        transport.close()


def codes(made: Rehearsal) -> list[str]:
    return [note.code for note in made.notes]


# --- where records stand --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "name", "type"),
    [
        ("v=spf1 -all", "", "TXT"),
        ("v=DMARC1; p=none", "_dmarc.", "TXT"),
        ("v=BIMI1; l=", "default._bimi.", "TXT"),
        ("v=STSv1; id=1", "_mta-sts.", "TXT"),
        ("v=TLSRPTv1; rua=mailto:a@b.test", "_smtp._tls.", "TXT"),
        ("s1._domainkey TXT v=DKIM1; p=", "s1._domainkey.", "TXT"),
        ("10 mx.example.test", "", "MX"),
        (f"1 13 2 {DIGEST}", "", "DS"),
    ],
)
async def test_each_kind_has_its_name(text, name, type):
    made = await rehearsed("single-mx", text)
    assert list(made.as_if) == [(f"{name}single-mx.classroom.test", type)]
    assert codes(made) == []


async def test_a_name_that_came_along_is_heard():
    fitting = await rehearsed("perfect", '_dmarc.perfect IN TXT "v=DMARC1; p=none"')
    assert codes(fitting) == []
    other = await rehearsed("perfect", '_dmarc.example.com. IN TXT "v=DMARC1; p=none"')
    name = "_dmarc.perfect.classroom.test"
    assert other.notes == [Note("other-name", "_dmarc.example.com.", name)]
    assert list(other.as_if) == [(name, "TXT")]


async def test_other_texts_at_the_name_stay(classroom):
    made = await rehearsed("perfect", "v=spf1 -all")
    assert [taken.published for taken in made.taken] == [("v=spf1 mx -all",)]
    assert not made.is_published
    assert (await rehearsed("perfect", "v=spf1 mx -all")).is_published
    crowded = await rehearsed("spf-shared", "v=spf1 -all")
    assert '"v=spf1 -all"' in crowded.as_if["spf-shared.classroom.test", "TXT"]


async def test_strings_are_kept_as_they_were_written_or_cut_to_fit():
    made = await rehearsed("perfect", 'perfect TXT "v=spf1 " "-all"')
    assert made.as_if["perfect.classroom.test", "TXT"] == ('"v=spf1 " "-all"',)
    made = await rehearsed("perfect", "v=spf1 " + "ip4:192.0.2.1 " * 40 + "-all")
    assert made.as_if["perfect.classroom.test", "TXT"][0].count('" "') == 2


async def test_selectors_come_from_the_name_the_form_or_nowhere():
    key = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    assert (await rehearsed("perfect", key, "", "mail")).selectors == ("mail",)
    none = await rehearsed("perfect", key)
    assert none.selectors == ("default",) and codes(none) == ["selector"]
    other = await rehearsed("perfect", f's2._domainkey TXT "{key}"', "", "mail")
    assert other.selectors == ("s2", "mail") and codes(other) == ["other-selector"]


async def test_an_mx_name_without_a_dot_is_continued_as_a_zone_file_does():
    whole = await rehearsed("perfect", "10 mx1.example.test")
    assert whole.taken[0].values == ("10 mx1.example.test.",)
    line = await rehearsed("perfect", "@ IN MX 10 mx1.example.test")
    assert line.taken[0].values == ("10 mx1.example.test.perfect.classroom.test.",)
    assert codes(line) == ["continued"]


async def test_tlsa_records_stand_at_the_mail_hosts():
    bare = await rehearsed("perfect", f"3 1 1 {DIGEST}")
    names = [name for name, _ in bare.as_if]
    assert names == [f"_25._tcp.mx{n}.perfect.classroom.test" for n in (1, 2)]
    assert codes(bare) == ["every-host"]
    one = await rehearsed("perfect", f"_25._tcp.mx2 IN TLSA 3 1 1 {DIGEST}")
    assert [name for name, _ in one.as_if] == names[1:] and codes(one) == []
    other = await rehearsed("perfect", f"_25._tcp.www IN TLSA 3 1 1 {DIGEST}")
    assert codes(other) == ["other-host"]
    with pytest.raises(RehearsalError, match="no-hosts"):
        await rehearsed("null-mx", f"3 1 1 {DIGEST}")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("mx1.example.com", "mx"),
        ("70000 mx1.example.com", "mx"),
        ("1 a b", "mx"),
        ("1 13 2 xyz", "ds"),
    ],
)
async def test_what_dns_cannot_hold_is_refused(text, kind):
    with pytest.raises(RehearsalError, match="unwritable"):
        await rehearsed("perfect", text, kind)


async def test_an_alias_at_the_name_is_told():
    made = await rehearsed("mta-sts-delegated", "v=STSv1; id=1")
    assert "alias" in codes(made)


@given(st.text(max_size=120), st.sampled_from(["", "spf", "mx", "tlsa", "ds", "dnskey", "dkim"]))
async def test_whatever_is_pasted_is_placed_or_refused(text, kind):
    try:
        made = await rehearsed("null-mx", text, kind)
    except RehearsalError as error:
        assert error.code in RehearsalError.CODES
        return
    Resolver(ResolverSettings((), as_if=made.as_if), Transport()).close()
    assert all(note.code in Note.CODES for note in made.notes)


# --- what checks make of them ---------------------------------------------------------------------
async def test_the_spf_tree_grows_from_the_rehearsed_record():
    name = "spf-lookups.classroom.test"
    section, _ = await as_if("spf-lookups", "spf", f"v=spf1 mx include:_one.{name} -all")
    assert section.records["lookups"] == 2
    assert "spf-too-many-lookups" not in ids(section)


async def test_a_policy_is_taken_for_what_https_serves():
    section, made = await as_if(
        "mta-sts-uncovered", "mta-sts", POLICY.format("mta-sts-uncovered"), "policy"
    )
    assert "mta-sts-enforced" in ids(section) and "mta-sts-mx-not-covered" not in ids(section)
    assert section.records["policy"]["address"] == "" and codes(made) == ["file"]
    url = "https://mta-sts.mta-sts-uncovered.classroom.test/.well-known/mta-sts.txt"
    assert list(made.files) == [url] and not made.is_published


async def test_a_policy_that_no_record_announces_gets_one():
    section, made = await as_if("mta-sts-none", "mta-sts", POLICY.format("mta-sts-none"), "policy")
    assert "mta-sts-enforced" in ids(section) and codes(made) == ["file", "record-too"]


async def test_a_pretended_file_has_a_limit_too():
    transport = Transport()
    context = context_of("perfect", transport, Rehearsal(files={"https://a.test/": b"12345"}))
    assert (await get(context.guard, "https://a.test/", max_octets=5)).body == b"12345"
    with pytest.raises(FetchError, match="too-large"):
        await get(context.guard, "https://a.test/", max_octets=4)
    context.resolver.close()
    transport.close()


async def test_tlsa_records_count_as_signed_by_their_zone():
    text = f"_25._tcp.mx1 IN TLSA 3 1 1 {MX1}"
    section, _ = await as_if("dane-mismatch", "dane", text)
    states = {host["host"].split(".")[0]: host for host in section.records["hosts"]}
    assert states["mx1"]["tlsa"] == "secure" and states["mx1"]["state"] == "usable"
    insecure, _ = await as_if("dane-unsigned", "dane", f"3 1 1 {DIGEST}")
    assert {host["tlsa"] for host in insecure.records["hosts"]} == {"insecure"}


async def test_a_ds_record_ends_the_island():
    section, made = await as_if("dnssec-island", "dnssec", ISLAND)
    assert "dnssec-island" not in ids(section) and section.records["security"] == "secure"
    assert not made.is_published


async def test_a_wrong_ds_record_breaks_the_chain():
    section, _ = await as_if("perfect", "dnssec", f"44642 13 2 {DIGEST}")
    assert section.records["security"] == "bogus" and "dnssec-ds-mismatch" in ids(section)


async def test_ds_records_are_made_from_keys():
    transport = Transport()
    context = context_of("dnssec-island", transport)
    keys = (await context.query(context.name, "DNSKEY")).records
    text = "\n".join(f"dnssec-island.classroom.test. 300 IN DNSKEY {key}" for key in keys)
    context.resolver.close()
    transport.close()
    section, made = await as_if("dnssec-island", "dnssec", text)
    assert section.records["security"] == "secure" and codes(made) == ["from-key"]
    assert len(made.as_if["dnssec-island.classroom.test", "DS"]) == 1


async def test_pretended_records_and_their_absence_are_as_secure_as_their_zone():
    transport = Transport()
    for lesson, expected in (("perfect", "secure"), ("dnssec-unsigned", "insecure")):
        name = f"{lesson}.classroom.test"
        as_if = {(name, "MX"): ("10 a.test.",), (f"x.{name}", "TLSA"): (), (name, "DS"): ()}
        if lesson == "perfect":
            del as_if[name, "DS"]
        context = context_of(lesson, transport, Rehearsal(as_if=as_if))
        for asked, type in ((name, "MX"), (f"x.{name}", "TLSA")):
            answer = await context.query(asked, type)
            assert (await examine(context, answer)).security == expected
        context.close()
        context.resolver.close()
    gone = {("perfect.classroom.test", "DS"): ()}
    context = context_of("perfect", transport, Rehearsal(as_if=gone))
    zone = await zone_at(context, dns.name.from_text("perfect.classroom.test"))
    assert zone.security is Security.INSECURE
    context.close()
    context.resolver.close()
    transport.close()
