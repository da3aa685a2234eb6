"""What is concluded from a message: the border, whom to believe, SPF anew, DMARC."""

from __future__ import annotations

import dns.rcode
import pytest

from lookups.engine.mail.analysis import analyse
from lookups.engine.mail.message import read
from tests.lookups.engine.mail.signing import MESSAGE, rsa_pair, signed
from tests.lookups.engine.scripted import answer, resolving

RECORDS = {
    "author.test.": "v=spf1 ip4:192.0.2.7 -all",
    "_dmarc.author.test.": "v=DMARC1; p=reject",
    "bulk.test.": "v=spf1 ip4:192.0.2.8 -all",
}
DATE = "; Mon, 23 Nov 2026 00:00:0%d +0000\r\n"
INSIDE = "Received: from mx.b.test (mx.b.test [192.0.2.99]) by store.b.test with ESMTPS" + DATE % 3
BORDER = "Received: from out.author.test (out.author.test [192.0.2.7]) by mx.b.test" + DATE % 2
OLDER = "Received: from pc ([10.0.0.1]) by out.author.test with ESMTPSA" + DATE % 1


def decide(query, transport):
    name = query.question[0].name.to_text()
    kind = dns.rdatatype.to_text(query.question[0].rdtype)
    records = RECORDS | {"s1._domainkey.author.test.": rsa_pair()[1]}
    if kind != "TXT" or name not in records:
        return answer(query, rcode=dns.rcode.NXDOMAIN)
    text = records[name]
    strings = " ".join(f'"{text[i : i + 200]}"' for i in range(0, len(text), 200))
    return answer(query, f"{name} 60 IN TXT {strings}")


async def analysed(top: str, message: bytes = MESSAGE):
    async with resolving(decide) as (resolver, _):
        return await analyse(read(top.encode() + message), resolver)


async def test_the_border_is_where_the_organization_changes():
    found = await analysed(INSIDE + BORDER + OLDER)
    assert found.border.index == 1 and str(found.border.hop.address) == "192.0.2.7"
    assert {"store.b.test", "mx.b.test", "b.test"} <= found.border.trusted
    assert (await analysed(INSIDE)).border is None
    assert (await analysed(OLDER)).border is None


async def test_a_greeting_proves_nothing():
    """Who greets as the receiver's own server could write the hop below himself."""
    posing = "Received: from mx.b.test (unknown [203.0.113.9]) by mx.b.test" + DATE % 3
    found = await analysed("Return-Path: <hana@author.test>\r\n" + posing + BORDER)
    assert found.border.index == 0 and not found.border.safe
    assert found.spf.verdict.result == "pass" and not found.dmarc.proven


async def test_a_hop_without_an_address_ends_the_search():
    bare = "Received: from mail.evil.test by mx.b.test with ESMTP" + DATE % 3
    found = await analysed("Return-Path: <hana@author.test>\r\n" + bare + BORDER)
    assert found.border.index == 1 and found.spf is None and not found.dmarc.proven


async def test_the_return_path_counts_before_any_note():
    note = "Received-SPF: pass client-ip=192.0.2.7; envelope-from=hana@author.test; helo=x\r\n"
    found = await analysed("Return-Path: <x@bulk.test>\r\n" + BORDER + note)
    assert found.spf.sender == "x@bulk.test"
    assert (await analysed(BORDER + note)).spf.sender == "hana@author.test"


NOTE = "Authentication-Results: mx.b.test; spf=pass\r\n"


@pytest.mark.parametrize(
    "top, believed",
    [
        (NOTE + BORDER + OLDER, True),
        (BORDER + NOTE + OLDER, True),  # some servers put it below their own Received field
        (BORDER + OLDER + NOTE, False),  # it was there already
        (NOTE.replace("mx.b.test", "mx.evil.test") + BORDER, False),
        (NOTE, False),
    ],
)
async def test_whom_to_believe(top, believed):
    assert ((await analysed(top)).believed is not None) == believed


async def test_spf_is_checked_anew_and_aligned():
    found = await analysed("Return-Path: <hana@author.test>\r\n" + BORDER)
    assert found.spf.verdict.result == "pass"
    assert [(i.kind, i.counts) for i in found.dmarc.identifiers] == [("mailfrom", True)]
    assert found.dmarc.ruling.result == "pass"


async def test_spf_of_a_stranger_proves_nothing():
    border = BORDER.replace("192.0.2.7", "192.0.2.8").replace("author", "bulk")
    found = await analysed("Return-Path: <x@bulk.test>\r\n" + border)
    assert found.spf.verdict.result == "pass" and not found.dmarc.proven
    assert found.dmarc.ruling.disposition == "reject"


async def test_a_bounce_goes_by_helo():
    found = await analysed("Return-Path: <>\r\n" + BORDER.replace("out.author", "author"))
    assert [(i.kind, i.result) for i in found.dmarc.identifiers] == [("helo", "pass")]


async def test_a_signature_is_enough():
    found = await analysed("", signed())
    assert found.dmarc.proven and not found.rests_on_header
    head = signed().partition(b"\r\n\r\n")[0] + b"\r\n"
    assert (await analysed("", head)).rests_on_header


async def test_what_was_added_behind_the_signed_body():
    raw = signed(length=True, canonical=(b"relaxed", b"simple"))
    assert (await analysed("", raw)).unsigned == 0
    assert (await analysed("", raw + b"pay here\r\n")).unsigned > 0
    assert (await analysed("", signed())).unsigned == 0


@pytest.mark.parametrize(
    "head, author, authors, fields",
    [
        ("From: a@author.test, b@bulk.test\r\n", "author.test", 2, 1),
        ("From: a@author.test\r\nFrom: b@bulk.test\r\n", "author.test", 2, 2),
        ("From: a@author.test, b@author.test\r\n", "author.test", 1, 1),
        ("From: A <a@author.test> <b@bulk.test>\r\n", "author.test", 2, 1),
        ("From: nobody\r\n", "", 0, 1),
        ("From: a@例え.test\r\n", "xn--r8jz45g.test", 1, 1),
        ("Subject: x\r\n", "", 0, 0),
    ],
)
async def test_authors(head, author, authors, fields):
    found = await analysed("", head.encode())
    assert (found.author, found.authors, found.from_fields) == (author, authors, fields)
    assert (found.dmarc is None) == (not author)
