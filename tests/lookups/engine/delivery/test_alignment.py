"""The truth table of alignment and of the ruling (RFC 9989 §4.4, §4.7, §4.10, §5.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.delivery.alignment import Authenticated, Identifier, Organization, compare
from lookups.engine.delivery.mail import DKIM_RESULTS

EXAMPLE = Organization("example.com", "example.com")


# From, its organization; the other domain, its organization; strict, relaxed (RFC 9989 §4.4)
@pytest.mark.parametrize(
    ("author", "other", "strict", "relaxed"),
    [
        (("example.com", "example.com"), ("example.com", "example.com"), True, True),
        (("example.com", "example.com"), ("mail.example.com", "example.com"), False, True),
        (("mail.example.com", "example.com"), ("example.com", "example.com"), False, True),
        (("a.example.com", "example.com"), ("b.example.com", "example.com"), False, True),
        (("example.com", "example.com"), ("example.net", "example.net"), False, False),
        (("notexample.com", "notexample.com"), ("example.com", "example.com"), False, False),
        # below a public suffix each name is an organization of its own
        (("a.co.example", "a.co.example"), ("b.co.example", "b.co.example"), False, False),
        (("a.co.example", "a.co.example"), ("co.example", "co.example"), False, False),
        # psd=n below: an organization of its own within the other
        (("example.com", "example.com"), ("x.example.com", "x.example.com"), False, False),
        # DNS left open whose it is; the very same name needs no organization
        (("example.com", ""), ("example.com", ""), True, True),
        (("example.com", ""), ("mail.example.com", "example.com"), False, None),
        (("example.com", "example.com"), ("mail.example.com", ""), False, None),
        (("example.com", "example.com"), ("", ""), False, False),  # HELO that is no domain
    ],
)
def test_strict_and_relaxed(author, other, strict, relaxed):
    there = Organization(*other)
    found = Authenticated("mailfrom", there.domain, "pass")
    for mode in ("s", "r", ""):
        made = compare(Organization(*author), found, there, mode)
        assert (made.strict, made.relaxed) == (strict, relaxed)
        assert made.aligned is (strict if mode == "s" else relaxed)
        assert made.counts is (made.aligned is True)


@pytest.mark.parametrize(
    ("kind", "result", "mode", "other", "reason"),
    [
        ("mailfrom", "pass", "r", EXAMPLE, "counts"),
        ("mailfrom", "softfail", "r", EXAMPLE, "not-passed"),
        ("dkim", "none", "r", EXAMPLE, "unverified"),
        ("dkim", "fail", "s", EXAMPLE, "not-passed"),
        ("dkim", "pass", "s", Organization("x.example.com", "example.com"), "strict"),
        ("dkim", "pass", "r", Organization("example.net", "example.net"), "stranger"),
        ("mailfrom", "fail", "r", Organization("example.net", "example.net"), "neither"),
        ("mailfrom", "pass", "r", Organization("example.net", ""), "unknown"),
        ("mailfrom", "temperror", "r", Organization("example.net", ""), "unknown"),
        ("dkim", "fail", "r", Organization("example.net", ""), "failed"),
    ],
)
def test_reasons(kind, result, mode, other, reason):
    made = compare(EXAMPLE, Authenticated(kind, other.domain, result), other, mode)
    assert made.reason == reason and made.reason in Identifier.REASONS


def test_helo_is_not_used_beside_a_mail_from():
    found = Authenticated("helo", "example.com", "pass", used=False)
    made = compare(EXAMPLE, found, EXAMPLE, "r")
    assert not made.counts and not made.may_count and made.reason == "unused"


NAMES = st.sampled_from(["example.com", "a.example.com", "example.net", ""])


@given(NAMES, NAMES, NAMES, NAMES, st.sampled_from(DKIM_RESULTS), st.sampled_from(["r", "s", ""]))
def test_only_a_pass_counts_and_strict_implies_relaxed(a, ao, b, bo, result, mode):
    made = compare(Organization(a, ao), Authenticated("dkim", b, result), Organization(b, bo), mode)
    assert made.reason in Identifier.REASONS
    assert not made.counts or result == "pass"
    assert not made.strict or made.relaxed
    assert not (made.counts and made.may_count)
