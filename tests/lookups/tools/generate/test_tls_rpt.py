"""The generator of TLS-RPT records (RFC 8460 §3)."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.tools.generate.tls_rpt import TOOL
from tests.lookups.tools.made import assert_sound
from tests.lookups.tools.tooling import form_of, result_of

ADDRESSES = st.lists(
    st.one_of(st.emails(), st.just("https://reports.example.com/tls"), st.text(max_size=20)),
    max_size=4,
)


async def test_reports_go_to_the_domain_unless_told_otherwise():
    made = await result_of(TOOL, domain="example.com")
    assert made.as_json()["records"] == [
        {
            "name": "_smtp._tls.example.com",
            "type": "TXT",
            "value": "v=TLSRPTv1; rua=mailto:tls-reports@example.com",
            "strings": ["v=TLSRPTv1; rua=mailto:tls-reports@example.com"],
            "zone_line": "_smtp._tls.example.com. 3600 IN TXT "
            '"v=TLSRPTv1; rua=mailto:tls-reports@example.com"',
        }
    ]


async def test_several_addresses():
    made = await result_of(TOOL, rua="a@example.net https://r.example.org/x")
    value = made.as_json()["records"][0]["value"]
    assert value == "v=TLSRPTv1; rua=mailto:a@example.net,https://r.example.org/x"


@pytest.mark.parametrize("rua", ["ftp://x.example", "nobody", "a@b c@"])
def test_what_is_no_address_is_refused(rua):
    assert list(form_of(TOOL, rua=rua).errors) == ["rua"]


@given(rua=ADDRESSES, domain=st.sampled_from(["example.com", "例え.jp", "a.b.example"]))
def test_whatever_the_form_takes_is_sound(rua, domain):
    form = form_of(TOOL, rua=" ".join(rua), domain=domain)
    if form.is_valid():
        assert_sound(asyncio.run(TOOL.run(form.cleaned_data, None)))
