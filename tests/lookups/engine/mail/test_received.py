"""Received fields as servers of many makes write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.mail.dates import read_date
from lookups.engine.mail.received import MAX_HOPS, read_hop, way

POSTFIX = (
    "from mail.example.org (mail.example.org [192.0.2.7]) (using TLSv1.3 with cipher"
    " TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519) (No client certificate"
    " requested) by mx.example.net (Postfix) with ESMTPS id 4Abc for <ken@example.net>;"
    " Mon, 23 Nov 2026 09:30:14 +0900 (JST)"
)
DIALECTS = {
    "postfix": (
        POSTFIX,
        ("mail.example.org", "192.0.2.7", "mx.example.net", "ESMTPS", "TLS 1.3", True),
    ),
    "exim": (
        "from [192.0.2.7] (port=5587 helo=mail.example.org) by mx.example.net with esmtpsa"
        " (TLS1.2) tls TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 (Exim 4.98) (envelope-from <a@b.c>)"
        " id 1vN0aB-000001; Mon, 23 Nov 2026 00:37:43 +0000",
        ("mail.example.org", "192.0.2.7", "mx.example.net", "esmtpsa", "TLS 1.2", True),
    ),
    "sendmail": (
        "from mail.example.org (mail.example.org [IPv6:2001:db8::7] (may be forged)) by"
        " mx.example.net (8.18.1/8.18.1) with ESMTPS id 5AN0 (version=TLSv1.3"
        " cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=OK) for <ken@example.net>;"
        " Mon, 23 Nov 2026 01:30:19 +0100",
        ("mail.example.org", "2001:db8::7", "mx.example.net", "ESMTPS", "TLS 1.3", True),
    ),
    "exchange": (
        "from AM0PR01.eurprd.example (2001:db8:20b::21) by DB8PR01.eurprd.example"
        " (2001:db8:10::15) with Microsoft SMTP Server (version=TLS1_2,"
        " cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.8158.14;"
        " Mon, 23 Nov 2026 00:37:43 +0000",
        ("AM0PR01.eurprd.example", "2001:db8:20b::21", "DB8PR01.eurprd.example",
         "Microsoft SMTP Server", "TLS 1.2", True),
    ),
    "gmail": (
        "from mail-sor-f41.example.com (mail-sor-f41.example.com. [192.0.2.41]) by"
        " mx.example.com with SMTPS id p13sor3.40 for <a@example.com> (Google Transport Security);"
        " Mon, 26 Oct 2020 05:43:29 -0700 (PDT)",
        ("mail-sor-f41.example.com", "192.0.2.41", "mx.example.com", "SMTPS", "", True),
    ),
    "qmail": (
        "from unknown (HELO mail.example.org) (192.0.2.7) by mx.example.net with SMTP;"
        " 23 Nov 2026 00:37:43 -0000",
        ("mail.example.org", "192.0.2.7", "mx.example.net", "SMTP", "", False),
    ),
    "literal": (
        "from [IPv6:2001:db8::9] by mx.example.net with UTF8SMTPSA id 7; 23 Nov 26 00:37 GMT",
        ("2001:db8::9", "2001:db8::9", "mx.example.net", "UTF8SMTPSA", "", True),
    ),
}  # fmt: skip


@pytest.mark.parametrize("text, expected", DIALECTS.values(), ids=DIALECTS)
def test_dialects(text, expected):
    hop = read_hop(text)
    found = (
        hop.sender, str(hop.address), hop.receiver, hop.protocol, hop.tls, hop.encrypted
    )  # fmt: skip
    assert found == expected
    assert hop.time is not None
    assert hop.kind == "internet"


def test_what_else_a_field_tells():
    hop = read_hop(POSTFIX)
    assert (hop.id, hop.recipient) == ("4Abc", "ken@example.net")
    assert hop.cipher == "TLS_AES_256_GCM_SHA384"
    assert hop.sender_name == "mail.example.org"
    assert read_hop(DIALECTS["exim"][0]).authenticated
    unknown = read_hop("from x (unknown [203.0.113.7]) by mx.example.net with ESMTP id 1; x")
    assert (unknown.sender_name, unknown.encrypted, unknown.time) == ("", False, None)


@pytest.mark.parametrize(
    "text, kind",
    [
        ("from a (a [127.0.0.1]) by b with LMTP; x", "loopback"),
        ("from a (a [10.1.2.3]) by b with ESMTP; x", "internal"),
        ("from a ([IPv6:fd00::1]) by b with ESMTP; x", "internal"),
        ("by mx.example.net (Postfix, from userid 33) id 4; x", "local"),
        ("(qmail 4711 invoked by uid 89); 23 Nov 2026 00:37:43 -0000", "local"),
        ("by 2002:a4a:8e45:0:0:0:0:0 with SMTP id z5; x", "local"),
        ("from somewhere; x", "unknown"),
    ],
)
def test_kinds(text, kind):
    assert read_hop(text).kind == kind


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Mon, 23 Nov 2026 09:30:14 +0900 (JST)", "2026-11-23T09:30:14+09:00"),
        ("23 Nov 26 09:30 GMT", "2026-11-23T09:30:00+00:00"),
        ("Mon Oct 26 05:43:29 2020 -0700", "2020-10-26T05:43:29-07:00"),
        ("Mon Oct  6 05:43:29 PDT 2020", "2020-10-06T05:43:29-07:00"),
        ("2026-11-23 09:30:14.123456 +0000 UTC", "2026-11-23T09:30:14+00:00"),
        ("Sat, 31 Dec 2016 23:59:60 +0000", "2016-12-31T23:59:59+00:00"),
        ("1 January 1999 00:00:00 EST", "1999-01-01T00:00:00-05:00"),
        ("Mon, 23 Nov 99999 09:30:14 +0900", None),
        ("Mon, 32 Nov 2026 09:30:14 +0900", None),
        ("Mon, 23 Foo 2026 09:30:14 +0900", None),
        ("Mon, 23 Nov 2026 09:30:14 +9999", None),
        ("Mon, 23 Nov 2026 99:99:99 +0000", None),
        ("", None),
        ("0000-00-00 00:00:00", None),
    ],
)
def test_dates(text, expected):
    found = read_date(text)
    assert (found.isoformat() if found else None) == expected


def test_delays_and_skew():
    found = way(
        [
            "from c by d; Mon, 23 Nov 2026 00:00:05 +0000",
            "from b by c; no date",
            "from a by b; Mon, 23 Nov 2026 09:00:10 +0900",
        ]
    )
    assert [hop.delay for hop in found.hops] == [None, None, -5]
    assert found.skewed and found.total == -5 and found.longest == 0
    assert [hop.sender for hop in found.hops] == ["a", "b", "c"]


def test_the_edges_of_the_calendar():
    texts = ["by b; 31 Dec 9999 23:59:59 -1400", "by a; 1 Jan 0001 00:00:00 +1400"]
    assert way(texts).hops[1].delay != 0


def test_a_bomb_is_cut():
    found = way([POSTFIX] * 5000)
    assert len(found.hops) == MAX_HOPS and found.left_out == 5000 - MAX_HOPS


PIECES = st.sampled_from(
    ["from ", "by ", "with ", "id ", "for ", "(", ")", "[", "]", "192.0.2.1", "IPv6:", ";", '"',
     "\\", "Mon, 23 Nov 2026 09:30:14 +0900", "TLS1_3", "cipher=", "\r\n ", "\0", "\u202e", "=?"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=400), st.lists(PIECES, max_size=60).map("".join)))
def test_nothing_raises(text):
    hop = read_hop(text)
    assert all(len(part) <= 1001 for part in (hop.text, hop.sender, hop.receiver, hop.id))
    assert "\u202e" not in hop.text + hop.sender + hop.receiver
    read_date(text)
    way([text, text])
