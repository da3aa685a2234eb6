"""DMARC records: what receivers read in them, mistakes with their columns, and writing them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import dmarc, dmarc_uris
from lookups.engine.records.dmarc_write import Settings, settings_of, stricter, write

RUA = "rua=mailto:r@example.com"


def problems(text: str) -> list[tuple[str, int]]:
    return [(problem.code, problem.column) for problem in dmarc.parse(text).problems]


# RFC 9989 §4.7, §4.8
@pytest.mark.parametrize(
    "text",
    [
        "v=DMARC1",
        "v=DMARC1;",
        "v=DMARC1; p=none",
        "V = DMARC1 ; p = REJECT ; ",
        "v=DMARC1;p=quarantine;sp=none;np=reject;t=n;psd=n;adkim=s;aspf=r",
        f"v=DMARC1; {RUA}; p=none",
        "v=DMARC1; p=none; rua=mailto:a@example.com , mailto:b@example.net",
        "v=DMARC1; p=none; ruf=mailto:a@example.com; fo=1:d:s",
        "v=DMARC1; p=none; ruf=mailto:a@example.com; fo=d:0",
        "v=DMARC1; p=none; rua=mailto:a%2Cb@example.com?subject=x%21",
    ],
)
def test_records_in_order(text):
    assert dmarc.is_record(text) and problems(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("v=dmarc1; p=none", [("version", 1)]),
        ("v=DMARC2; p=none", [("version", 1)]),
        ("p=none; v=DMARC1", [("version", 9)]),
        ("v=DMARC1 p=none", [("separator", 10)]),
        ("v=DMARC1; p=none, rua=mailto:r@example.com", [("separator", 19)]),
        ("v=DMARC1; p=none; sp", [("malformed", 19)]),
        ("v=DMARC1; p=none; sp=", [("malformed", 19)]),
        ("v=DMARC1; p=“none”", [("malformed", 11)]),
        ("v=DMARC1; p=none; p=reject", [("duplicate", 19)]),
        ("v=DMARC1; p=none; polcy=reject", [("unknown", 19)]),
        ("v=DMARC1; p=quarentine", [("policy", 11)]),
        ("v=DMARC1; p=none; sp=block", [("policy", 19)]),
        ("v=DMARC1; p=none; aspf=strict", [("value", 19)]),
        ("v=DMARC1; p=none; t=yes", [("value", 19)]),
        ("v=DMARC1; p=none; psd=maybe", [("value", 19)]),
        ("v=DMARC1; p=none; ruf=mailto:r@example.com; fo=0:1", [("value", 45)]),
        ("v=DMARC1; p=none; ruf=mailto:r@example.com; fo=d:d", [("value", 45)]),
        ("v=DMARC1; p=none; fo=1", [("fo-without-ruf", 19)]),
        ("v=DMARC1; p=none; pct=50; ri=3600", [("removed", 19), ("removed", 27)]),
        ("v=DMARC1; p=none; rua=r@example.com", [("address", 23)]),
        ("v=DMARC1; p=none; rua=mailto:r@example", [("address", 23)]),
        ("v=DMARC1; p=none; rua=mailto:a@b.example, mailto:", [("address", 43)]),
        ("v=DMARC1; p=none; rua=mailto:a@b.example mailto:c@d.example", [("address", 23)]),
        ("v=DMARC1; p=none; rua=https://example.com/", [("scheme", 23)]),
        ("v=DMARC1; p=none; rua=mailto:r@example.com!10m", [("size", 23)]),
    ],
)  # fmt: skip
def test_mistakes_and_their_columns(text, found):
    assert problems(text) == found


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("v=DMARC1; p=quarentine", "quarantine"),
        ("v=DMARC1; p=rejct", "reject"),
        ("v=DMARC1; p=non", "none"),
        ("v=DMARC1; p=none; adkm=s", "adkim"),
        ("v=DMARC1; p=none; aspf=strict", "s"),
        ("v=DMARC1; p=none; rua=r@example.com", "mailto:r@example.com"),
        ("v=DMARC1; p=none; rua=mailto://r@example.com", "mailto:r@example.com"),
        ("v=DMARC1; p=none; rua=mailto=r@example.com", "mailto:r@example.com"),
        (
            "v=DMARC1; p=none; rua=mailto:a@b.example mailto:c@d.example",
            "mailto:a@b.example,mailto:c@d.example",
        ),
        ("v=DMARC1; p=none; rua=mailto:r@example.com!10m", "mailto:r@example.com"),
    ],
)
def test_suggestions(text, meant):
    assert dmarc.parse(text).problems[0].meant[0] == meant


# (p for the domain, sp in force, np in force), RFC 9989 §4.7 and §4.10.1
@pytest.mark.parametrize(
    ("text", "policies"),
    [
        ("v=DMARC1; p=reject", ("reject", "reject", "reject")),
        ("v=DMARC1; p=reject; sp=none", ("reject", "none", "none")),
        ("v=DMARC1; p=none; np=reject", ("none", "none", "reject")),
        ("v=DMARC1; p=reject; sp=quarantine; np=none", ("reject", "quarantine", "none")),
        (f"v=DMARC1; {RUA}", ("none", "none", "none")),
        ("v=DMARC1", ("none", "none", "none")),
        (f"v=DMARC1; p=rejct; {RUA}", ("none", "none", "none")),
        ("v=DMARC1; p=rejct", ("", "", "")),
        # One wrong policy takes all of them with it.
        (f"v=DMARC1; p=reject; sp=no; {RUA}", ("none", "none", "none")),
        ("v=DMARC1; p=reject; np=no; rua=nobody", ("", "", "")),
        ("v=DMARC1; p=reject; p=none", ("reject", "reject", "reject")),
        ("v=DMARC1; p=reject; pct=0", ("reject", "reject", "reject")),
    ],
)
def test_policies_in_force(text, policies):
    record = dmarc.parse(text)
    found = (record.policy, record.subdomain_policy, record.nonexistent_policy)
    assert found == policies


def test_defaults():
    record = dmarc.parse("v=DMARC1; p=none; t=perhaps")
    assert not record.testing and record.psd == "u" and record.get("adkim") == ""
    assert dmarc.parse("v=DMARC1; t=Y").testing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=spf1 -all", False),
        ("v=dmarc1; p=none", True),
        ("DMARC1; p=none", True),
        ("p=none; rua=mailto:r@example.com", True),
        ("verification=abc", False),
    ],
)
def test_what_was_meant_as_a_record(text, expected):
    assert dmarc.looks_meant(text) is expected


def test_parts_say_what_they_are():
    parts = dmarc.parts("v=DMARC1; p=reject;  aspf=x; zz=1;")
    assert [(part.text, part.kind, part.error) for part in parts] == [
        ("v=DMARC1", "dmarc.v", ""),
        ("; ", "", ""),
        ("p=reject", "dmarc.p-reject", ""),
        (";  ", "", ""),
        ("aspf=x", "dmarc.aspf", "value"),
        ("; ", "", ""),
        ("zz=1", "dmarc.unknown", "unknown"),
        (";", "", ""),
    ]


def test_characters_that_must_be_encoded():
    """RFC 9989 §4.8: commas and exclamation points; RFC 6068 §2: what a URI would misread."""
    written = write(Settings(rua=("a,b!c?d/e;f@example.com", "https://example.com/?a,b")))
    assert written == (
        "v=DMARC1; p=none; rua=mailto:a%2Cb%21c%3Fd%2Fe%3Bf@example.com,https://example.com/?a%2Cb"
    )
    assert [uri.valid for uri in dmarc.parse(written).rua] == [True, True]


def test_mending():
    def mended(text: str) -> str:
        return write(settings_of(dmarc.parse(text)))

    assert mended("v=dmarc1; p=quarentine; aspf=strict") == "v=DMARC1; p=quarantine; aspf=s"
    assert mended("v=DMARC1 p=reject, rua=r@a.example") == (
        "v=DMARC1; p=reject; rua=mailto:r@a.example"
    )
    assert mended("v=DMARC1; p=reject; pct=0; ri=1; adkim=r") == "v=DMARC1; p=reject; t=y"
    assert mended("v=DMARC1; p=reject; pct=100") == "v=DMARC1; p=reject"
    assert mended(f"v=DMARC1; p=none; {RUA}!5m,https://a.example/") == f"v=DMARC1; p=none; {RUA}"


def test_the_next_step():
    kept = Settings("none", rua=("r@example.com",), adkim="s")
    assert write(stricter(kept)) == ("v=DMARC1; p=quarantine; adkim=s; rua=mailto:r@example.com")
    assert stricter(Settings("quarantine")).policy == "reject"
    assert stricter(Settings("reject")).policy == "reject"
    tested = stricter(Settings("quarantine", testing=True))
    assert (tested.policy, tested.testing) == ("quarantine", False)


@pytest.mark.parametrize(
    "wanted",
    [
        Settings("maybe"),
        Settings(subdomains="x"),
        Settings(rua=("nobody",)),
        Settings(rua=("mailto:nobody",)),
        Settings(psd="x"),
        Settings(ruf=("a@example.com",), fo="0:1"),
        Settings(ruf=("a@example.com",), fo="2"),
        Settings(rua=("mailto:@example.com",)),
    ],
)
def test_what_cannot_be_written(wanted):
    with pytest.raises(ValueError):
        write(wanted)


texts = st.text(max_size=400) | st.text("v=DMARC1; pnosreauctmil:@.,!0\t", max_size=400)


@given(texts)
def test_any_text_is_read_without_raising_and_kept_whole(text):
    record = dmarc.parse(text)
    assert len(record.tags) <= dmarc.MAX_TAGS and len(record.problems) <= dmarc.MAX_PROBLEMS
    assert all(1 <= problem.column <= max(1, len(text)) for problem in record.problems)
    assert all(len(problem.found) <= dmarc.MAX_SHOWN for problem in record.problems)
    assert record.policy in (*dmarc.POLICIES, "")
    assert "".join(part.text for part in dmarc.parts(text)) == text


@given(texts)
def test_mending_any_text_gives_a_record_without_mistakes(text):
    mended = dmarc.parse(write(settings_of(dmarc.parse(text))))
    assert mended.valid and mended.problems == ()


policy = st.sampled_from(dmarc.POLICIES)
label = st.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True)
local = st.text(min_size=1, max_size=30).filter(
    lambda text: text.isprintable() and not set("@ ") & set(text) and "mailto:" not in text.lower()
)
mailbox = st.builds(lambda name, host: f"{name}@{host}.example", local, label)


@given(
    st.builds(
        Settings,
        policy,
        policy | st.just(""),
        policy | st.just(""),
        st.lists(mailbox, max_size=4).map(tuple),
        st.lists(mailbox, max_size=2).map(tuple),
        st.sampled_from(["", "r", "s"]),
        st.sampled_from(["", "r", "s"]),
        st.sampled_from(["", "0", "1", "d", "s", "1:d", "d:s:0"]),
        st.sampled_from(["", "u", "y", "n"]),
        st.booleans(),
    )
)
def test_what_is_written_is_read_without_mistakes(wanted):
    record = dmarc.parse(write(wanted))
    assert record.valid and record.problems == ()
    assert (record.policy, record.testing) == (wanted.policy, wanted.testing)
    assert record.subdomain_policy == (wanted.subdomains or wanted.policy)
    assert len(record.rua) == len(wanted.rua) and len(record.ruf) == len(wanted.ruf)


@pytest.mark.parametrize(
    "text",
    [
        "v=DMARC1; " + " " * 60_000,
        "v=DMARC1" + ", p=none" * 8_000,
        "x=y;" * 15_000,
        "v=DMARC1; rua=" + "mailto:a@b.example," * 3_000,
        "v" + " " * 8_000 + "v" * 8_000,
        "=" * 60_000,
    ],
)
def test_hostile_lengths_cost_little(text):
    began = time.process_time()
    dmarc.looks_meant(text)
    dmarc.is_record(text)
    dmarc.parts(text)
    write(settings_of(dmarc.parse(text)))
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("a@example.com", "example.com"),
        ("a@EXAMPLE.com.", "example.com"),
        ("a@example", ""),
        ("@example.com", ""),
        ("a b@example.com", ""),
        ("a@b@example.com", ""),
        ("a@-x.example.com", ""),
        ("a@" + "x" * 64 + ".example", ""),
    ],
)
def test_hosts_of_addresses(address, host):
    assert dmarc_uris.mail_host(address) == host
