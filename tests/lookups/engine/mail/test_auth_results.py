"""Authentication-Results and Received-SPF, as RFC 8601 writes them and as servers do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.mail.auth_results import MAX_RESULTS, read_received_spf, read_results


def test_rfc_8601_examples():
    """Appendix B: nothing, one result, several with reasons and comments."""
    assert read_results("example.org 1; none").results == ()
    assert read_results("example.org 1; none").server == "example.org"
    found = read_results(
        "example.com; sender-id=fail header.from=example.com; dkim=pass (good signature)"
        " header.d=example.com; auth = pass (cram-md5) smtp.auth=sender@example.net;"
        ' dkim=fail reason="bad signature" header.i=@newyork.example.com'
    )
    assert [(r.method, r.result) for r in found.results] == [
        ("sender-id", "fail"), ("dkim", "pass"), ("auth", "pass"), ("dkim", "fail")
    ]  # fmt: skip
    assert found.results[1].comment == "good signature"
    assert found.results[3].reason == "bad signature"
    assert found.results[3].get("header.i") == "@newyork.example.com"


def test_comments_anywhere():
    """RFC 8601 Appendix B.6."""
    found = read_results(
        "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it)"
        " fail policy (A dot can go here) . (like that) expired (this surprised me) = 1362471462"
    )
    assert found.server == "foo.example.net"


def test_microsoft_leaves_out_the_server():
    found = read_results(
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.example; dkim=none (message not signed)"
        " header.d=none;dmarc=pass action=none header.from=a.example;compauth=pass reason=100"
    )
    assert found.server == ""
    assert [r.method for r in found.results] == ["spf", "dkim", "dmarc", "compauth"]
    assert found.of("compauth")[0].reason == "100"


def test_values_with_signs_and_quotes():
    found = read_results(
        'a.example; spf=pass smtp.mailfrom="a b"@c.example; dkim=pass header.b="x="'
    )
    assert found.results[0].get("smtp.mailfrom") == "a b@c.example"
    assert found.results[1].get("header.b") == "x="
    found = read_results("a.example; spf=pass smtp.mailfrom=prvs=1=me@b.example")
    assert found.results[0].get("smtp.mailfrom") == "prvs=1=me@b.example"


def test_arc_instance():
    found = read_results("i=2; mx.example.com; dkim=pass header.i=@a.example; arc=pass (i=1)")
    assert (found.instance, found.server, len(found.results)) == (2, "mx.example.com", 2)


def test_received_spf():
    """RFC 7208 §9.1."""
    found = read_received_spf(
        "pass (mybox.example.org: domain of me@example.com designates 192.0.2.1 as permitted"
        " sender) receiver=mybox.example.org; client-ip=192.0.2.1;"
        ' envelope-from="me@example.com"; helo=foo.example.com;'
    )
    assert found.result == "pass"
    assert found.get("client-ip") == "192.0.2.1"
    assert found.get("envelope-from") == "me@example.com"
    assert found.comment.startswith("mybox.example.org")


def test_bombs_are_cut():
    found = read_results("a.example" + "; spf=pass x.y=z" * 5000)
    assert len(found.results) == MAX_RESULTS and found.cut


TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(["spf", "=", "pass", ";", "(", ")", '"', " ", "i=1", "a.example",
                              "smtp.mailfrom=", "\\", "\0", "\u202e"]), max_size=60).map("".join),
)  # fmt: skip


@given(TEXTS)
def test_nothing_raises(text):
    for result in read_results(text).results:
        assert len(result.method) < 50 and len(result.result) <= 41
        assert "\u202e" not in result.result + result.reason + result.comment
    assert len(read_received_spf(text).result) <= 21
