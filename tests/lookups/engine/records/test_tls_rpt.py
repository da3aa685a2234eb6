"""The TLSRPT record, read and written (RFC 8460 §3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import tls_rpt


@pytest.mark.parametrize(
    ("rua", "found"),
    [
        ("mailto:reports@example.com", [("mailto", "example.com", "")]),  # the RFC's examples
        ("https://reporting.example.com/v1/tlsrpt", [("https", "reporting.example.com", "")]),
        ("mailto:a@a.test,https://b.test/", [("mailto", "a.test", ""), ("https", "b.test", "")]),
        (
            "mailto:a@a.test , mailto:b@B.test.",
            [("mailto", "a.test", ""), ("mailto", "b.test", "")],
        ),
        ("MAILTO:a%2Cb@a.test?subject=x", [("mailto", "a.test", "")]),
        ("https://b.test/?a=b", [("https", "b.test", "")]),
        ("", [("other", "", "uri")]),
        ("a@a.test", [("other", "", "uri")]),
        ("mailto:", [("mailto", "", "uri")]),
        ("mailto:nobody", [("mailto", "", "uri")]),
        ("mailto:a b@a.test", [("other", "", "uri")]),
        ("mailto:a!10m@a.test", [("other", "", "uri")]),
        ("https:///x", [("https", "", "uri")]),
        ("https://[x/", [("https", "", "uri")]),
        ("http://a.test/", [("other", "", "scheme")]),
        ("ftp:x", [("other", "", "scheme")]),
    ],
)
def test_destinations(rua, found):
    record = tls_rpt.parse(f"v=TLSRPTv1; rua={rua}")
    assert [(d.kind, d.host, d.error) for d in record.destinations] == found
    assert record.has_rua and not record.errors


def test_fields():
    record = tls_rpt.parse("v=TLSRPTv1;x-new=1;rua=mailto:a@a.test;rua=mailto:b@b.test;")
    assert [d.host for d in record.usable] == ["a.test"], "the first rua counts"
    assert not tls_rpt.parse("v=TLSRPTv1;").has_rua
    [error] = tls_rpt.parse("v=TLSRPTv1; mailto:a@a.test").errors
    assert error.column == 13 and error.text == "mailto:a@a.test"


def test_what_is_discarded():
    for text in ("v=TLSRPTv1", "v=TLSRPTv1 ;", "v=tlsrptv1;", "v=TLSRPT1; rua=x", "v=TLSRPTv2;"):
        assert not tls_rpt.is_record(text) and tls_rpt.looks_like_record(text)
    for text in ("", "v=spf1 -all", "v=STSv1; id=1", "rua=mailto:a@a.test"):
        assert not tls_rpt.is_record(text) and not tls_rpt.looks_like_record(text)


def test_writing():
    text = tls_rpt.write(["tls@a.test", "https://b.test/r"])
    assert text == "v=TLSRPTv1; rua=mailto:tls@a.test,https://b.test/r"
    assert len(tls_rpt.parse(text).usable) == 2
    for bad in ([], ["nobody"], ["http://a.test/"], ["a,b@a.test"]):
        with pytest.raises(ValueError):
            tls_rpt.write(bad)


def test_parts():
    kinds = [(p.text, p.kind, p.error) for p in tls_rpt.parts("v=TLSRPTv1; rua=x ;") if p.kind]
    assert kinds == [("v=TLSRPTv1", "tls-rpt.v", ""), ("rua=x", "tls-rpt.rua", "uri")]


texts = st.text("v=TLSRPTv1rua;:, mailto@https/[]%!.\0é", max_size=300) | st.text(max_size=300)


@given(texts | texts.map("v=TLSRPTv1;rua=".__add__))
def test_hostile(text):
    record = tls_rpt.parse(text)
    assert len(record.destinations) <= tls_rpt.MAX_URIS and len(record.errors) <= 64
    assert "".join(part.text for part in tls_rpt.parts(text)) == text
    for each in record.usable:
        assert each.host and tls_rpt.write([each.text])
