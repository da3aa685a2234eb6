"""The DNS tree walk over real sockets: which record holds, and where the organization begins."""

from __future__ import annotations

import dns.rcode
import pytest

from lookups.engine.context import Context
from lookups.engine.dmarc import suffixes
from lookups.engine.dmarc.walk import discover, discover_for, walk_names
from lookups.engine.names import parse_domain

from .scripted import answer, resolving

SOA = "test. 300 IN SOA ns.test. h.test. 1 2 3 4 300"


def zone(**records):
    """Answers TXT questions from `records`: "_dmarc.<name>" -> texts; None fails. The name
    "missing.example.com" does not exist; every other one does."""

    def decide(query, transport):
        name = query.question[0].name.to_text(omit_final_dot=True)
        texts = records["texts"].get(name, [])
        if texts is None:
            return answer(query, rcode=dns.rcode.SERVFAIL)
        if query.question[0].rdtype == 16 and texts:
            return answer(query, *(f'{name}. 300 IN TXT "{text}"' for text in texts))
        gone = "missing" in name
        rcode = dns.rcode.NXDOMAIN if gone else dns.rcode.NOERROR
        return answer(query, rcode=rcode, authority=SOA)

    return decide


async def walk(domain, **texts):
    async with resolving(zone(texts={f"_dmarc.{k}": v for k, v in _names(texts)})) as (resolver, _):
        return await discover_for(resolver, domain)


def _names(texts):
    return ((name.replace("_", "."), found) for name, found in texts.items())


# RFC 9989 §4.10: at most eight questions; from eight labels on, the second name has seven.
@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ("example.com", ["example.com", "com"]),
        ("a.example.com", ["a.example.com", "example.com", "com"]),
        ("a.b.c.d.e.example.com", 7),
        ("a.b.c.d.e.f.example.com", 8),
        ("a.b.c.d.e.f.g.h.i.j.k.mail.example.com", 8),
    ],
)
def test_the_names_of_a_walk(domain, names):
    found = walk_names(domain)
    assert found[0] == domain and found[-1] == "com" and len(found) <= 8
    assert found == names if isinstance(names, list) else len(found) == names


def test_a_long_name_is_cut_to_seven_labels():
    assert walk_names("a.b.c.d.e.f.g.h.i.j.mail.example.com")[1] == "g.h.i.j.mail.example.com"


def test_a_lesson_ends_at_the_classroom():
    assert walk_names("a.perfect.classroom.test")[-1] == "classroom.test"
    assert walk_names("classroom.test") == ["classroom.test"]
    assert walk_names("notclassroom.test")[-1] == "test"


async def test_the_domains_own_record_holds():
    found = await walk(
        "mail.example.com",
        mail_example_com=["v=DMARC1; p=none"],
        example_com=["v=DMARC1; p=reject; sp=quarantine"],
    )
    assert (found.record_domain, found.policy) == ("mail.example.com", "none")
    assert found.organizational_domain == "example.com" and not found.inherited


# RFC 9989 §4.10.1: sp for a name that exists, np for one that does not
@pytest.mark.parametrize(
    ("domain", "policy"),
    [("www.example.com", "quarantine"), ("missing.example.com", "reject")],
)
async def test_the_organizations_record_is_inherited(domain, policy):
    found = await walk(domain, example_com=["v=DMARC1; p=none; sp=quarantine; np=reject"])
    assert found.inherited and found.record_domain == "example.com"
    assert found.policy == policy and found.exists == ("missing" not in domain)


async def test_the_highest_record_is_the_organizations():
    """RFC 9989 §4.10.2, third rule: fewest labels."""
    found = await walk(
        "a.b.example.com",
        b_example_com=["v=DMARC1; p=none"],
        example_com=["v=DMARC1; p=reject"],
    )
    assert found.organizational_domain == found.record_domain == "example.com"


async def test_psd_n_ends_the_walk():
    """RFC 9989 §4.10.2, first rule."""
    found = await walk(
        "a.b.example.com",
        b_example_com=["v=DMARC1; p=quarantine; psd=n"],
        example_com=["v=DMARC1; p=reject"],
    )
    assert found.organizational_domain == found.record_domain == "b.example.com"
    assert [step.state for step in found.steps] == ["none", "record", "beyond", "beyond"]
    assert found.stopped == "psd" and len(found.answers) == 2


# The example of RFC 9989 Appendix B.4.3
BANK = {"bank_example": ["v=DMARC1; p=reject; psd=y"], "giant_bank_example": ["v=DMARC1; p=none"]}


@pytest.mark.parametrize(
    ("domain", "organization", "record", "policy"),
    [
        ("giant.bank.example", "giant.bank.example", "giant.bank.example", "none"),
        ("mail.giant.bank.example", "giant.bank.example", "giant.bank.example", "none"),
        # The organization has no record: that of the public suffix domain holds.
        ("mail.mega.bank.example", "mega.bank.example", "bank.example", "reject"),
        # A walk that begins at the public suffix domain (second rule's exception)
        ("bank.example", "bank.example", "bank.example", "reject"),
    ],
)
async def test_public_suffix_domains(domain, organization, record, policy):
    found = await walk(domain, **BANK)
    assert found.organizational_domain == organization
    assert (found.record_domain, found.policy) == (record, policy)


async def test_several_records_are_all_discarded():
    """RFC 9989 §4.10, and the walk goes on."""
    found = await walk(
        "a.example.com",
        a_example_com=["v=DMARC1; p=reject", "v=DMARC1; p=none"],
        example_com=["v=DMARC1; p=quarantine"],
    )
    assert found.own.state == "multiple" and found.record_domain == "example.com"


async def test_other_texts_do_not_count():
    found = await walk("example.com", example_com=["x=1", "v=dmarc1; p=none", "v=DMARC1; p=none"])
    assert found.record_domain == "example.com" and len(found.own.texts) == 3
    found = await walk("example.com", example_com=["v=DMARC1x; p=none"])
    assert found.own.state == "ignored" and found.record is None


async def test_without_any_record():
    found = await walk("www.example.com")
    assert found.record is None and found.policy == "" and found.failure is None
    assert found.organizational_domain == "www.example.com"


async def test_testing_lowers_the_policy():
    found = await walk("example.com", example_com=["v=DMARC1; p=reject; t=y"])
    assert (found.policy, found.testing, found.effective) == ("reject", True, "quarantine")


async def test_a_failure_above_leaves_the_own_record():
    """RFC 9989 §4.10.1: the first question alone decides it."""
    found = await walk("example.com", example_com=["v=DMARC1; p=reject"], com=None)
    assert found.policy == "reject" and found.failure is not None and found.stopped == "failed"


async def test_a_failure_leaves_an_inherited_record_open():
    found = await walk("a.example.com", a_example_com=None, example_com=["v=DMARC1; p=reject"])
    assert found.record is None and found.failure is not None
    found = await walk("a.example.com", example_com=["v=DMARC1; p=reject"], com=None)
    assert found.record is None and found.failure is not None


async def test_a_failure_beyond_the_end_of_the_walk_does_not_matter():
    found = await walk("a.example.com", example_com=["v=DMARC1; p=reject; psd=n"], com=None)
    assert found.policy == "reject" and found.failure is None


async def test_a_name_too_long_for_the_label_in_front():
    domain = ".".join(["x" * 60] * 4) + ".example"
    found = await walk(domain, example=["v=DMARC1; p=reject"])
    assert found.own.state == "none" and found.record_domain == "example"


async def test_one_walk_for_all_checks_with_no_question_twice():
    texts = {"_dmarc.example.com": ["v=DMARC1; p=none"]}
    async with resolving(zone(texts=texts)) as (resolver, [server]):
        context = Context(resolver, parse_domain("example.com"))
        first, second = await discover(context), await discover(context)
    assert first is second
    assert sorted(name for name, _, _ in server.asked) == ["_dmarc.com.", "_dmarc.example.com."]


# --- what RFC 7489 made of it ---------------------------------------------------------------------
async def compare(domain, **texts):
    async with resolving(zone(texts={f"_dmarc.{k}": v for k, v in _names(texts)})) as (resolver, _):
        found = await discover_for(resolver, domain)
        listed = await suffixes.listed(resolver, found)
        return listed, listed.differs(found)


async def test_both_generations_agree_on_an_ordinary_domain():
    listed, differs = await compare("example.co.jp", example_co_jp=["v=DMARC1; p=reject"])
    assert listed.organizational_domain == listed.record_domain == "example.co.jp"
    assert listed.policy == "reject" and not differs


async def test_a_record_in_the_middle_is_seen_by_the_walk_alone():
    listed, differs = await compare(
        "a.b.example.co.jp", b_example_co_jp=["v=DMARC1; p=reject; psd=n"]
    )
    assert listed.record_domain == "" and listed.organizational_domain == "example.co.jp"
    assert differs


async def test_the_list_leads_past_the_end_of_the_walk():
    listed, differs = await compare(
        "b.example.com",
        b_example_com=["v=DMARC1; p=none; psd=n"],
        example_com=["v=DMARC1; p=reject"],
    )
    assert listed.record_domain == "b.example.com" and differs


async def test_no_record_no_difference():
    listed, differs = await compare("a.example.co.jp")
    assert listed.organizational_domain == "example.co.jp" and not differs


async def test_np_is_unknown_to_the_older_ones():
    listed, differs = await compare(
        "missing.example.com", example_com=["v=DMARC1; p=none; np=reject"]
    )
    assert listed.policy == "none" and differs


async def test_public_suffixes():
    assert await suffixes.is_public_suffix("co.jp")
    assert await suffixes.is_public_suffix("classroom.test")
    assert not await suffixes.is_public_suffix("example.co.jp")
    assert await suffixes.organizational_domain("a.b.perfect.classroom.test") == (
        "perfect.classroom.test"
    )
    assert await suffixes.organizational_domain("co.jp") == "co.jp"
