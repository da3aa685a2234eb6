"""Records found in what was pasted, and forms that never break."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.tools.base import ToolError
from lookups.tools.check.paste import PasteError, domain_of, is_several, read_any, read_paste
from lookups.tools.check.tool import TakenApart, tool_of
from lookups.tools.check.topics import TOPICS, topic_of_kind
from lookups.tools.dns import Dns
from tests.lookups.tools.tooling import form_of

BY_SLUG = {topic.slug: topic for topic in TOPICS}
TOOLS = {topic.slug: tool_of(topic) for topic in TOPICS}


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 mx -all",
        'example.com. 3600 IN TXT "v=spf1 mx" " -all"',
        'example.com descriptive text "v=spf1 mx -all"',
        "TXT @ v=spf1 mx -all 3600",
        "Type: TXT\nName: @\nValue: v=spf1 mx -all",
    ],
)
def test_any_spelling_is_read(text):
    [record] = read_paste(text, BY_SLUG["spf"]).records
    assert record.value == "v=spf1 mx -all"


def test_other_records_are_left_out():
    text = 'example.com. IN TXT "v=spf1 -all"\nexample.com. IN TXT "site-verification=1"'
    paste = read_paste(text, BY_SLUG["spf"])
    assert len(paste.records) == 1 and paste.left_out == 1
    assert paste.domain and paste.domain.ascii == "example.com"


@pytest.mark.parametrize(
    ("slug", "text", "other"),
    [
        ("spf", "v=DMARC1; p=none", "dmarc"),
        ("dmarc", "v=spf1 -all", "spf"),
        ("mx", "v=STSv1; id=1", "mta-sts"),
        ("spf", "version: STSv1\nmode: none\nmax_age: 1", "mta-sts"),
        ("mx", "example.com. IN DS 1 13 2 " + "ab" * 32, "dnssec"),
        ("dnssec", "3 1 1 " + "ab" * 32, "dane"),
        ("spf", "hello", None),
        ("dmarc", "; nothing", None),
    ],
)
def test_a_stranger_is_named(slug, text, other):
    with pytest.raises(PasteError) as caught:
        read_paste(text, BY_SLUG[slug])
    assert (caught.value.other.slug if caught.value.other else None) == other
    assert caught.value.message


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("_dmarc.example.com. IN TXT \"v=DMARC1; p=none\"", "example.com"),
        ("s1._domainkey.example.com. IN TXT \"v=DKIM1; p=\"", "example.com"),
        ("_smtp._tls.example.com IN TXT \"v=TLSRPTv1; rua=mailto:a@b.c\"", "example.com"),
        ("example.com. IN MX 10 mx.example.com.", "example.com"),
        ("@ IN MX 10 mx.example.com.", None),
        ("_dmarc IN TXT \"v=DMARC1; p=none\"", None),
        ("_25._tcp.mx.example.com. IN TLSA 3 1 1 " + "ab" * 32, None),
    ],
)  # fmt: skip
def test_the_domain_by_the_records_name(text, domain):
    [record] = read_any(text).records
    found = domain_of(record)
    assert (found.ascii if found else None) == domain


def test_several_are_those_at_one_name():
    def several(text: str, slug: str) -> bool:
        return is_several(read_any(text).records, BY_SLUG[slug])

    key = 'IN TXT "v=DKIM1; p="'
    assert not several(f"s1._domainkey {key}\ns2._domainkey {key}", "dkim")
    assert several(f"s1._domainkey {key}\ns1._domainkey {key}", "dkim")
    assert several("v=spf1 a\nv=spf1 mx", "spf") and not several("v=spf1 a", "spf")
    assert not several("10 a.example.com\n20 b.example.com", "mx")


def test_every_kind_has_its_tool():
    for topic in TOPICS:
        assert {topic_of_kind(kind) for kind in topic.kinds} <= {topic}


@given(
    st.sampled_from([topic for topic in TOPICS if topic.kinds]),
    st.text(max_size=200),
    st.booleans(),
)
async def test_no_paste_breaks_a_form(topic, text, after_sample):
    tool = TOOLS[topic.slug]
    form = form_of(tool, record=topic.sample + text if after_sample else text, policy=text)
    if not form.is_valid():
        assert form.errors
        return
    result = await tool.run(form.cleaned_data, None)  # type: ignore[arg-type]
    assert isinstance(result, TakenApart)
    assert result.as_json()["records"] and list(result.lines())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([topic for topic in TOPICS if topic.kinds]), st.data())
async def test_no_record_breaks_a_rehearsal(classroom, topic, data):
    """Samples with something put in anywhere: refused, taken apart, or checked."""
    at = data.draw(st.integers(0, len(topic.sample)))
    more = data.draw(st.text(max_size=20))
    record = topic.sample[:at] + more + topic.sample[at:]
    form = form_of(TOOLS[topic.slug], domain="no-mail.classroom.test", record=record)
    if not form.is_valid():
        return
    async with Dns() as dns:
        try:
            result = await TOOLS[topic.slug].run(form.cleaned_data, dns)
        except ToolError as refusal:
            assert refusal.message
            return
    assert list(result.lines())
    json.dumps(result.as_json())
