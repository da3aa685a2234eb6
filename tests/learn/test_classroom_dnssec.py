"""The classroom's signatures, keys and proofs, checked with dnspython's own validation."""

from __future__ import annotations

import time

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import pytest
from dns.rdatatype import CNAME, DNSKEY, DS, NS, NSEC, NSEC3, RRSIG, SOA, TXT, A

from learn.classroom.answers import Authority
from learn.classroom.signing import DAY, HOUR, PERIOD, Plan, anchor
from learn.classroom.zone_files import APEX, School, build, load
from lookups.runtime import LESSON_ANCHOR

NOW = 1_800_000_000.0
HEAD = "$TTL 3600\n@ SOA ns.classroom.test. host.classroom.test. 1 7200 900 1209600 300\n"
FILES = {
    "@": HEAD + "@ NS ns.classroom.test.\nns A 198.18.0.1\n",
    "child": HEAD
    + "@ NS ns.classroom.test.\n@ A 198.18.9.1\nb.ent A 198.18.9.2\n"
    + "*.keys TXT here\nwww CNAME child\n",
    "alias": "$TTL 3600\n@ CNAME child.classroom.test.\n",
}
REVERSE = {"unnamed": [], "ptr": {}}


def school(**plans: Plan) -> School:
    known = {"@": Plan()} | plans
    return build(FILES, plans=known, servers={}, faults={}, reverse=REVERSE)


def ask(school: School, name: str, rdtype: str, *, now: float = NOW, dnssec: bool = True):
    query = dns.message.make_query(f"{name}classroom.test.", rdtype, want_dnssec=dnssec)
    reply = Authority(school, clock=lambda: now).reply(query.to_wire(), tcp=True)
    return dns.message.from_wire(reply.wire)


def find(section, rdtype, covers=0):
    return [r for r in section if r.rdtype == rdtype and r.covers == covers]


def keys_of(school: School, zone: str):
    response = ask(school, zone, "DNSKEY")
    name = dns.name.from_text(f"{zone}classroom.test.")
    return {name: find(response.answer, DNSKEY)[0]}


def check(section, keys, now: float = NOW) -> int:
    """Validates every RRset of a section but its unsigned delegations; how many there are."""
    count = 0
    for rrset in section:
        if rrset.rdtype in (RRSIG, NS):
            continue
        [signature] = find(section, RRSIG, rrset.rdtype) and [
            s for s in find(section, RRSIG, rrset.rdtype) if s.name == rrset.name
        ]
        dns.dnssec.validate(rrset, signature, keys, now=now, policy=dns.dnssec.allow_all_policy)
        count += 1
    return count


def covered(record, name: dns.name.Name) -> bool:
    start, end = record.name, record[0].next
    return start < name < end if start < end else name > start or name < end


def test_the_anchor_is_what_the_name_makes():
    assert (anchor(APEX),) == LESSON_ANCHOR
    tag, algorithm, digest, _ = LESSON_ANCHOR[0].split()
    response = dns.message.from_wire(
        Authority(load())
        .reply(dns.message.make_query(APEX, "DNSKEY", want_dnssec=True).to_wire(), True)
        .wire
    )
    tags = {dns.dnssec.key_id(key) for key in find(response.answer, DNSKEY)[0] if key.flags == 257}
    assert tags == {int(tag)} and (algorithm, digest) == ("13", "2")


@pytest.mark.parametrize("zone", ["", "perfect."])
def test_the_real_zones_validate_now(zone):
    lesson, now = load(), time.time()
    keys = keys_of(lesson, zone)
    assert check(ask(lesson, zone, "DNSKEY", now=now).answer, keys, now) == 1
    assert check(ask(lesson, zone, "MX", now=now).answer, keys, now) == 1
    assert check(ask(lesson, "nothing." + zone, "MX", now=now).authority, keys, now) >= 2


@pytest.mark.parametrize(
    "plan",
    [
        Plan(),
        Plan(algorithm=14),
        Plan(algorithm=15),
        Plan.from_table({"kind": "weak-algorithm"}),
        Plan.from_table({"kind": "weak-algorithm", "algorithm": 5}),
        Plan.from_table({"kind": "short-rsa"}),
        Plan.from_table({"kind": "nsec3", "iterations": 150, "salt": "abcd"}),
        Plan.from_table({"kind": "nsec3"}),
        Plan(cds=True),
    ],
)
def test_every_kind_of_answer_validates(plan):
    lesson = school(child=plan)
    keys = keys_of(lesson, "child.")
    for name, rdtype in (
        ("child.", "DNSKEY"),
        ("child.", "SOA"),
        ("child.", "A"),
        ("b.ent.child.", "A"),
        ("x.keys.child.", "TXT"),  # a wildcard's
        ("a.b.keys.child.", "TXT"),
    ):
        assert check(ask(lesson, name, rdtype).answer, keys) == 1
    for name, rdtype in (
        ("child.", "TXT"),
        ("ent.child.", "A"),
        ("x.child.", "A"),
        ("x.y.child.", "A"),
        ("x.keys.child.", "A"),
        ("x.keys.child.", "TXT"),
    ):
        section = ask(lesson, name, rdtype).authority
        assert check(section, keys) == len(section) / 2 > 0
    # the parent vouches for the key
    [ds] = find(ask(lesson, "child.", "DS").answer, DS)
    assert ds[0] in [
        dns.dnssec.make_ds("child.classroom.test.", key, "SHA256") for key in keys.popitem()[1]
    ]


def test_keys_and_signatures_stay_the_same_within_a_period():
    one, other = school(child=Plan()), school(child=Plan())
    start = NOW // PERIOD * PERIOD
    first = ask(one, "child.", "A", now=start)
    assert first.answer == ask(other, "child.", "A", now=start + PERIOD - 1).answer
    signature = find(first.answer, RRSIG, A)[0][0]
    assert signature.inception == start - HOUR and signature.expiration == start + 14 * DAY
    later = find(ask(one, "child.", "A", now=start + PERIOD).answer, RRSIG, A)[0][0]
    assert later.inception == signature.inception + PERIOD


def test_kept_responses_are_renewed():
    now = NOW
    authority = Authority(school(child=Plan()), clock=lambda: now)
    query = dns.message.make_query("child.classroom.test.", "A", want_dnssec=True).to_wire()
    first = authority.reply(query, True).wire
    assert authority.reply(query, True).wire == first
    now += PERIOD
    assert authority.reply(query, True).wire != first


def test_without_do_nothing_is_signed():
    lesson = school(child=Plan())
    assert len(ask(lesson, "child.", "A", dnssec=False).answer) == 1
    assert len(ask(lesson, "x.child.", "A", dnssec=False).authority) == 1
    assert len(ask(lesson, "child.", "DNSKEY", dnssec=False).answer) == 1


def test_an_unsigned_zone_below_a_signed_one_is_proven_unsigned():
    lesson = school()
    assert not find(ask(lesson, "child.", "A").answer, RRSIG, A)
    section = ask(lesson, "child.", "DS").authority
    assert check(section, keys_of(lesson, "")) == 2
    [nsec] = find(section, NSEC)
    assert nsec.name.to_text() == "child.classroom.test."
    assert nsec[0].to_text().split()[1:] == ["NS", "RRSIG", "NSEC"]
    assert find(section, SOA)[0].name == APEX


def test_an_alias_is_signed_by_the_zone_it_belongs_to():
    answer = ask(school(child=Plan()), "alias.", "A").answer
    [alias] = find(answer, RRSIG, CNAME)
    assert alias[0].signer == APEX
    assert find(answer, RRSIG, A)[0][0].signer.to_text() == "child.classroom.test."


def test_nsec_covers_the_name_and_the_wildcard():
    """RFC 4035 §3.1.3.2: neither the name nor anything that could stand in for it exists."""
    response = ask(school(child=Plan()), "x.child.", "A")
    assert response.rcode() == dns.rcode.NXDOMAIN
    records = find(response.authority, NSEC)
    for name in ("x.child.classroom.test.", "*.child.classroom.test."):
        assert any(covered(record, dns.name.from_text(name)) for record in records)


def test_the_chain_is_one_circle():
    lesson = load()
    for zone in lesson.data.zones.values():
        if zone.origin not in lesson.signers or lesson.signers[zone.origin].plan.kind != "signed":
            continue
        chain = lesson.chain(zone)
        name, seen = zone.origin, set()
        while name not in seen:
            seen.add(name)
            name = chain.at(name)[0].next
        assert name == zone.origin and seen == {*zone.rrsets, *zone.cuts}


def test_a_wildcards_answer_proves_that_it_was_needed():
    """RFC 4035 §3.1.3.3, and the labels field that tells of the wildcard (RFC 4034 §3.1.3)."""
    response = ask(school(child=Plan()), "x.keys.child.", "TXT")
    [signature] = find(response.answer, RRSIG, TXT)
    assert signature.name.to_text() == "x.keys.child.classroom.test." and signature[0].labels == 4
    assert covered(find(response.authority, NSEC)[0], signature.name)


def test_nsec3_proves_the_closest_encloser():
    """RFC 5155 §7.2.2: the encloser matches, the next closer name and the wildcard are covered."""
    plan = Plan.from_table({"kind": "nsec3", "iterations": 2, "salt": "beef"})
    lesson = school(child=plan)
    response = ask(lesson, "a.x.ent.child.", "A")
    records = find(response.authority, NSEC3)

    def digest(name: str) -> str:
        return dns.dnssec.nsec3_hash(f"{name}child.classroom.test.", "beef", 2, 1).lower()

    def span(record):
        return record.name.labels[0].decode(), record[0].to_text().split()[4].lower()

    def is_covered(digest: str) -> bool:
        return any(
            start < digest < end if start < end else digest > start or digest < end
            for start, end in map(span, records)
        )

    assert digest("ent.") in [span(record)[0] for record in records]
    assert is_covered(digest("x.ent.")) and is_covered(digest("*.ent."))
    assert all(record[0].iterations == 2 for record in records)
    param = ask(lesson, "child.", "NSEC3PARAM").answer[0][0]
    assert param.to_text() == "1 0 2 beef"


@pytest.mark.parametrize("kind", ["expired", "not-yet", "bad-signature"])
def test_signatures_that_do_not_validate(kind):
    lesson = school(child=Plan(kind))
    keys = keys_of(lesson, "child.")
    with pytest.raises(dns.dnssec.ValidationFailure):
        check(ask(lesson, "child.", "A").answer, keys)
    with pytest.raises(dns.dnssec.ValidationFailure):
        check(ask(lesson, "child.", "DNSKEY").answer, keys)


def test_windows_of_time():
    def window(kind: str) -> tuple[float, float]:
        answer = ask(school(child=Plan(kind)), "child.", "A").answer
        signature = find(answer, RRSIG, A)[0][0]
        return signature.inception - NOW, signature.expiration - NOW

    assert window("expired")[1] < -29 * DAY
    assert window("not-yet")[0] > 6 * DAY
    since, until = window("expiring")
    assert since < 0 and 1 * DAY < until < 2 * DAY
    since, until = window("signed")
    assert since <= -HOUR and until > 13 * DAY


def test_only_the_signatures_of_some_types_can_be_bad():
    lesson = school(child=Plan("bad-signature", types=("A",)))
    keys = keys_of(lesson, "child.")
    assert check(ask(lesson, "child.", "SOA").answer, keys) == 1
    with pytest.raises(dns.dnssec.ValidationFailure):
        check(ask(lesson, "child.", "A").answer, keys)


def test_ds_records_that_do_not_help():
    def ds(kind: str):
        return find(ask(school(child=Plan(kind)), "child.", "DS").answer, DS)

    tags = {dns.dnssec.key_id(key) for key in keys_of(school(child=Plan()), "child.").popitem()[1]}
    assert ds("no-ds") == []
    assert ds("ds-mismatch")[0][0].key_tag not in tags
    assert ds("sha1-ds")[0][0].digest_type == 1 and ds("sha1-ds")[0][0].key_tag in tags
    assert ds("unsigned-child")[0][0].key_tag in tags
    bare = school(child=Plan("unsigned-child"))
    assert not ask(bare, "child.", "DNSKEY").answer
    assert len(ask(bare, "child.", "A").answer) == 1


def test_no_denial():
    lesson = school(child=Plan("no-denial"))
    for name in ("x.child.", "child."):
        assert not find(ask(lesson, name, "TXT").authority, NSEC)
    assert not ask(lesson, "x.keys.child.", "TXT").authority


def test_short_and_weak_keys():
    def key(kind: str):
        [found] = keys_of(school(child=Plan.from_table({"kind": kind})), "child.").popitem()[1]
        return found

    short, weak = key("short-rsa"), key("weak-algorithm")
    assert (short.algorithm, len(short.key)) == (8, 4 + 128)
    assert (weak.algorithm, len(weak.key)) == (7, 4 + 256)


def test_cds_is_published_and_signed_by_the_key_signing_key():
    lesson = school(child=Plan(cds=True))
    keys = keys_of(lesson, "child.")
    answer = ask(lesson, "child.", "CDS").answer
    assert check(answer, keys) == 1
    assert answer[0][0].key_tag == ask(lesson, "child.", "DS").answer[0][0].key_tag
    assert check(ask(lesson, "child.", "CDNSKEY").answer, keys) == 1


def test_signatures_and_nsec_can_be_asked_for():
    lesson = school(child=Plan())
    types = {rrset.covers for rrset in ask(lesson, "child.", "RRSIG").answer}
    assert types == {SOA, NS, A, DNSKEY}
    answer = ask(lesson, "child.", "NSEC").answer
    assert check(answer, keys_of(lesson, "child.")) == 1


def test_a_signed_answer_is_cut_over_udp_where_it_is_too_large():
    query = dns.message.make_query("x.child.classroom.test.", "A", want_dnssec=True, payload=512)
    plan = Plan.from_table({"kind": "weak-algorithm"})
    reply = Authority(school(child=plan)).reply(query.to_wire(), tcp=False)
    assert dns.message.from_wire(reply.wire).flags & dns.flags.TC
