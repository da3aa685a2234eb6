"""Whole judgements over real sockets: SPF, the walks, the policy, and both generations."""

from __future__ import annotations

import ipaddress
from contextlib import asynccontextmanager

import dns.rcode
import dns.rdatatype
import pytest

from lookups.engine.context import Context
from lookups.engine.delivery import Mail, Mailbox, Signature, judge
from lookups.engine.delivery.advice import Advice
from lookups.engine.delivery.judge import VERDICTS
from lookups.engine.delivery.ruling import DISPOSITIONS, RESULTS, Older
from lookups.engine.names import Domain
from lookups.engine.resolver import Resolver, ResolverSettings

from ..rounds import rounds
from ..scripted import Scripted, answer, resolving

SOA = "test. 300 IN SOA ns.test. h.test. 1 2 3 4 300"
US, THEM = "192.0.2.1", "192.0.2.99"
SPF = f"v=spf1 ip4:{US} -all"


def zone(texts):
    """TXT records by name, None where DNS fails; "missing" in a name: it does not exist."""

    def decide(query, transport):
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        found = texts.get(name, []) if question.rdtype == dns.rdatatype.TXT else []
        if found is None:
            return answer(query, rcode=dns.rcode.SERVFAIL)
        found = [found] if isinstance(found, str) else found
        gone = "missing" in name and not found
        rcode = dns.rcode.NXDOMAIN if gone else dns.rcode.NOERROR
        records = (f'{name}. 300 IN TXT "{text}"' for text in found)
        return answer(query, *records, rcode=rcode, authority="" if found else SOA)

    return decide


def mail(author="me@example.com", sender="same", ip=US, helo="", dkim=()):
    box = Mailbox(*author.split("@"))
    given = box if sender == "same" else Mailbox(*sender.split("@")) if sender else None
    return Mail(ipaddress.ip_address(ip), box, given, helo, tuple(Signature(*d) for d in dkim))


@asynccontextmanager
async def asking(texts):
    async with resolving(zone(texts)) as (resolver, servers):
        context = Context(resolver, Domain("example.com", "example.com"))
        yield context, servers[0]
        context.close()


async def judged(texts, **given):
    async with asking(texts) as (context, server):
        made = await judge(context, mail(**given))
        questions = [question[:2] for question in server.asked]
        assert len(questions) == len(set(questions))  # none is asked twice
    said = made.as_json()
    assert made.verdict in VERDICTS and {advice.code for advice in made.advice} <= {*Advice.CODES}
    for ruling in filter(None, (made.ruling, made.older and made.older.ruling)):
        assert ruling.result in RESULTS and ruling.disposition in DISPOSITIONS
    return said


def dmarc(record="v=DMARC1; p=reject", spf=SPF, **more):
    texts = {"example.com": spf, "_dmarc.example.com": record}
    return texts | {name.replace("__", "-").replace("_", "."): t for name, t in more.items()}


def codes(said):
    return [advice["code"] for advice in said["advice"]]


async def test_spf_alone_passes():
    said = await judged(dmarc())
    assert (said["verdict"], said["dmarc"]["result"]) == ("pass", "pass")
    assert said["dmarc"]["disposition"] == "deliver"
    assert said["spf"]["mailfrom"]["result"] == "pass"
    [only] = said["alignment"]
    assert only["identifier"] == "mailfrom" and only["counts"] and only["reason"] == "counts"
    assert "sign-too" in codes(said)


# RFC 9989 §4.7: what p, t and the absence of a tag lead to
@pytest.mark.parametrize(
    ("record", "policy", "effective", "verdict"),
    [
        ("v=DMARC1; p=reject", "reject", "reject", "reject"),
        ("v=DMARC1; p=quarantine", "quarantine", "quarantine", "quarantine"),
        ("v=DMARC1; p=none", "none", "none", "monitor"),
        ("v=DMARC1; rua=mailto:a@example.com", "none", "none", "monitor"),
        ("v=DMARC1; p=reject; t=y", "reject", "quarantine", "quarantine"),
        ("v=DMARC1; p=quarantine; t=y", "quarantine", "none", "monitor"),
        ("v=DMARC1; p=none; t=y", "none", "none", "monitor"),
        ("v=DMARC1; p=bogus", None, None, "unprotected"),
        ("v=DMARC1; p=bogus; rua=mailto:a@example.com", "none", "none", "monitor"),
        ([], None, None, "unprotected"),
        (["v=DMARC1; p=reject", "v=DMARC1; p=none"], None, None, "unprotected"),
    ],
)
async def test_policies_for_a_forged_mail(record, policy, effective, verdict):
    said = await judged(dmarc(record), ip=THEM)
    ruling = said["dmarc"]
    assert (ruling["policy"], ruling["effective"], said["verdict"]) == (policy, effective, verdict)
    assert ruling["result"] == ("none" if verdict == "unprotected" else "fail")


# RFC 9989 §4.7: sp for a subdomain, np for one that does not exist, else sp, else p
@pytest.mark.parametrize(
    ("record", "author", "tag", "policy"),
    [
        ("v=DMARC1; p=reject; sp=quarantine; np=none", "a@www.example.com", "sp", "quarantine"),
        ("v=DMARC1; p=none; sp=quarantine; np=reject", "a@missing.example.com", "np", "reject"),
        ("v=DMARC1; p=none; sp=quarantine", "a@missing.example.com", "sp", "quarantine"),
        ("v=DMARC1; p=reject", "a@missing.example.com", "p", "reject"),
        ("v=DMARC1; p=reject", "a@www.example.com", "p", "reject"),
        ("v=DMARC1; p=reject; sp=none", "a@example.com", "p", "reject"),
    ],
)
async def test_which_tag_is_applied(record, author, tag, policy):
    said = await judged(dmarc(record), author=author, sender="b@example.net", ip=THEM)
    assert (said["dmarc"]["applied"], said["dmarc"]["policy"]) == (tag, policy)
    assert said["dmarc"]["record_domain"] == "example.com"


async def test_relaxed_spf_of_a_subdomain_and_strict():
    more = {"bounce.example.com": SPF}
    given = {"sender": "x@bounce.example.com"}
    assert (await judged(dmarc() | more, **given))["verdict"] == "pass"
    said = await judged(dmarc("v=DMARC1; p=reject; aspf=s") | more, **given)
    assert said["verdict"] == "reject" and said["alignment"][0]["reason"] == "strict"
    assert "relax" in codes(said)


async def test_a_strangers_pass_does_not_count():
    said = await judged(
        dmarc(example_net=f"v=spf1 ip4:{THEM} -all"),
        ip=THEM,
        sender="x@example.net",
        dkim=[("example.net", "pass")],
    )
    assert said["spf"]["mailfrom"]["result"] == "pass" and said["verdict"] == "reject"
    assert [row["reason"] for row in said["alignment"]] == ["stranger", "stranger"]
    assert {"own-sender", "sign-own", "forged"} <= set(codes(said))


async def test_forwarded_mail_is_carried_by_dkim():
    said = await judged(dmarc(), ip=THEM, dkim=[("example.com", "pass"), ("example.net", "fail")])
    assert said["verdict"] == "pass" and codes(said) == ["forwarded"]
    assert [row["counts"] for row in said["alignment"]] == [False, True, False]


async def test_strict_dkim_of_a_subdomain():
    record = "v=DMARC1; p=quarantine; adkim=s"
    said = await judged(dmarc(record), ip=THEM, dkim=[("mail.example.com", "pass")])
    assert said["verdict"] == "quarantine" and said["alignment"][1]["reason"] == "strict"


async def test_a_signature_that_nobody_verified_is_said_so():
    said = await judged(dmarc(), ip=THEM, dkim=[("example.com",)])
    assert said["verdict"] == "reject" and "verify-dkim" in codes(said)


async def test_both_pass_and_reject_leaves_nothing_to_do():
    said = await judged(dmarc(), dkim=[("example.com", "pass")])
    assert codes(said) == ["all-set"]


async def test_the_null_sender_is_checked_by_helo():
    """RFC 7208 §2.4; RFC 9989 §4.4: then DMARC takes HELO."""
    texts = dmarc(mail_example_com=SPF)
    said = await judged(texts, sender="", helo="mail.example.com")
    assert said["verdict"] == "pass" and said["mail"]["mail_from"] == ""
    assert said["spf"]["mailfrom"] == said["spf"]["helo"]
    assert said["spf"]["helo"]["identity"] == "postmaster@mail.example.com"
    assert [row["identifier"] for row in said["alignment"]] == ["helo"]


@pytest.mark.parametrize(
    ("helo", "code"), [("", "helo-unknown"), ("[192.0.2.1]", "helo-name"), ("mx", "helo-name")]
)
async def test_a_bounce_without_a_usable_helo(helo, code):
    said = await judged(dmarc(), sender="", helo=helo)
    assert said["verdict"] == "reject" and code in codes(said)


async def test_helo_beside_mail_from_is_checked_but_does_not_count():
    said = await judged(dmarc(mail_example_com=SPF, example_net="v=spf1 -all"),
                        sender="x@example.net", helo="mail.example.com")  # fmt: skip
    assert said["spf"]["helo"]["result"] == "pass" and said["verdict"] == "reject"
    assert said["alignment"][1]["reason"] == "unused"


# What SPF cannot tell, DMARC does not count; a failure of DNS leaves it open.
@pytest.mark.parametrize(
    ("spf", "result", "verdict", "code"),
    [
        ("v=spf1 ip4:nonsense -all", "permerror", "reject", "mend-spf"),
        ([SPF, "v=spf1 -all"], "permerror", "reject", "mend-spf"),
        ([], "none", "reject", "publish-spf"),
        (None, "temperror", "later", "spf-again"),
        ("v=spf1 ?all", "neutral", "reject", "permit"),
        ("v=spf1 mx ~all", "softfail", "reject", "permit"),
    ],
)
async def test_results_of_spf(spf, result, verdict, code):
    said = await judged(dmarc(spf=spf))
    assert (said["spf"]["mailfrom"]["result"], said["verdict"]) == (result, verdict)
    assert code in codes(said)


async def test_the_proposed_record_permits_the_address():
    said = await judged(dmarc(spf="v=spf1 mx -all"))
    [permit] = [advice for advice in said["advice"] if advice["code"] == "permit"]
    assert permit["record"] == "v=spf1 ip4:192.0.2.1 mx -all"
    assert (await judged(dmarc(spf=permit["record"])))["verdict"] == "pass"


async def test_a_policy_that_dns_left_open():
    said = await judged(dmarc(None))
    assert (said["dmarc"]["result"], said["dmarc"]["disposition"]) == ("temperror", "defer")
    assert said["verdict"] == "later" and said["dmarc"]["older"] is None


async def test_an_organization_that_dns_left_open():
    """The domain's own record holds, but whose the signing domain is, nobody knows."""
    texts = dmarc(None) | {"_dmarc.www.example.com": "v=DMARC1; p=reject"}
    given = {"author": "a@www.example.com", "sender": "b@other.example.com", "ip": THEM}
    said = await judged(texts, **given, dkim=[("example.com", "pass")])
    assert said["alignment"][1]["relaxed"] is None and said["verdict"] == "later"
    assert (await judged(texts, **given, dkim=[("www.example.com", "pass")]))["verdict"] == "pass"


async def test_below_a_public_suffix_domain_each_name_is_somebody():
    """RFC 9989 §4.10.2: one label below psd=y."""
    texts = {"_dmarc.bank.example": "v=DMARC1; p=reject; psd=y", "a.bank.example": SPF}
    given = {"author": "x@giant.bank.example", "sender": "x@a.bank.example"}
    said = await judged(texts, **given)
    assert said["dmarc"]["record_domain"] == "bank.example" and said["verdict"] == "reject"
    assert said["alignment"][0]["organizational_domain"] == "a.bank.example"


# What a receiver of RFC 7489 makes of it
@pytest.mark.parametrize(
    ("record", "author", "reasons", "disposition", "otherwise"),
    [
        ("v=DMARC1; p=reject", "a@example.com", [], "reject", "reject"),
        ("v=DMARC1; p=reject; pct=20", "a@example.com", ["pct"], "reject", "quarantine"),
        ("v=DMARC1; p=reject; pct=0", "a@example.com", ["pct"], "quarantine", "quarantine"),
        ("v=DMARC1; p=none; pct=20", "a@example.com", [], "deliver", "deliver"),
        ("v=DMARC1; p=reject; t=y", "a@example.com", ["t"], "reject", "reject"),
        ("v=DMARC1; p=none; np=reject", "a@missing.example.com", ["np"], "deliver", "deliver"),
    ],
)
async def test_older_receivers(record, author, reasons, disposition, otherwise):
    said = await judged(dmarc(record), author=author, sender="b@example.net", ip=THEM)
    older = said["dmarc"]["older"]
    assert older["reasons"] == reasons and older["differs"] == bool(reasons)
    assert (older["disposition"], older["otherwise"]) == (disposition, otherwise)
    assert set(older["reasons"]) <= set(Older.REASONS)


async def test_older_receivers_take_another_organization():
    """psd=n makes office an organization of its own; the list does not know that."""
    texts = dmarc("v=DMARC1; p=none") | {
        "_dmarc.office.example.com": "v=DMARC1; p=reject; psd=n",
    }
    said = await judged(
        texts, author="a@office.example.com", ip=THEM, dkim=[("example.com", "pass")]
    )
    assert said["verdict"] == "reject"
    older = said["dmarc"]["older"]
    assert older["result"] == "pass" and older["reasons"] == ["organization"]


async def test_a_mail_costs_as_many_rounds_as_spf():
    """The walks go beside SPF: two rounds for an include, though four names are walked."""
    texts = dmarc(spf="v=spf1 include:_spf.example.net -all") | {"_spf.example.net": SPF}
    server = Scripted(zone(texts))
    await server.start()
    try:
        async with rounds() as transport:
            resolver = Resolver(ResolverSettings((server.server,)), transport)
            context = Context(resolver, Domain("example.com", "example.com"))
            dkim = [("example.com", "pass"), ("sub.example.org", "pass")]
            made = await judge(context, mail(helo="mail.example.com", dkim=dkim))
            resolver.close()
            assert made.verdict == "pass" and transport.round == 2
    finally:
        server.stop()


async def test_a_private_address_is_not_proposed_for_spf():
    said = await judged(dmarc(), ip="10.0.0.1")
    assert said["mail"]["scope"] == "private" and said["spf"]["mailfrom"]["result"] == "fail"
    assert "public-address" in codes(said) and "permit" not in codes(said)
