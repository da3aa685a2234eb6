"""What is hosted for a learner's own zone, from the proof to a report, in a real browser."""

from __future__ import annotations

import gzip
import re
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.lookups.reports.made import aggregate, record

from .axe import PHONE, violations

pytestmark = pytest.mark.e2e
WELL_KNOWN = "/.well-known/mta-sts.txt"


def send(url: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def own_zone(page, site) -> tuple:
    """The page of a new zone of one's own, and its domain."""
    zone = page.context.new_page()
    zone.goto(site.url + "/classroom/zone/")
    zone.locator("main form button").click()
    zone.wait_for_url(re.compile(r"/classroom/zone/[a-z]{8}/$"))
    return zone, re.search(r"zone/([a-z]{8})/", zone.url)[1] + ".zone.classroom.test"


def add_txt(zone, name: str, text: str) -> None:
    rows = zone.locator(".own-rows tbody tr")
    zone.get_by_role("button", name="Add rows").click()
    zone.keyboard.type(name)
    rows.last.locator("select").select_option("TXT")
    rows.last.locator('[name="data"]').fill(text)
    zone.get_by_role("button", name="Save", exact=True).click()
    expect(zone.locator(".messages")).to_contain_text("Saved")


def watch(page, site, domain: str) -> str:
    """Puts the domain on the list; the address of its page."""
    page.goto(site.url + "/domains/")
    page.locator("#add-domain").fill(domain)
    page.get_by_role("button", name="Add and check").click()
    page.wait_for_url(re.compile(r"/r/[\w-]{22}/$"))
    page.goto(site.url + "/domains/")
    page.get_by_role("link", name=domain).click()
    page.wait_for_url(re.compile(r"/domains/[\w-]{22}/$"))
    return page.url


@pytest.mark.parametrize("javascript", [True, False])
def test_proof_policy_and_report(visit, site, javascript):
    page = visit("/domains/", member=f"hosted-{javascript}@example.com".lower())
    zone, domain = own_zone(page, site)
    base = watch(page, site, domain)
    if not javascript:
        cookies = page.context.storage_state()
        page = visit("/", javascript=False, storage_state=cookies, viewport=PHONE)
        page.goto(base)

    page.get_by_role("link", name="Prove ownership").click()
    page.get_by_role("button", name="Look now").click()
    expect(page.locator("main")).to_contain_text("The record is not there yet")
    text = page.locator("#proof-value").input_value()
    assert text.startswith("mxplain-verification=")
    add_txt(zone, "_mxplain", text)
    page.get_by_role("button", name="Look now").click()
    expect(page.locator(".messages")).to_contain_text("proven to be yours")

    page.goto(base)
    page.get_by_role("link", name="MTA-STS policy hosting").click()
    assert page.locator("#policy-mx").input_value() == f"mx1.{domain}"
    page.get_by_role("button", name="Begin to host it").click()
    expect(page.locator(".messages")).to_contain_text("The policy is served")
    host = f"mta-sts.{domain}"
    status, policy = send(site.url + WELL_KNOWN, Host=host)
    assert status == 200 and f"mx: mx1.{domain}\n" in policy and "mode: testing" in policy
    assert send(site.url + "/", Host=host)[0] == 400
    assert send(site.url + WELL_KNOWN, Host="mta-sts.example.com")[0] == 400
    assert send(site.url + f"/hosted/tls-ask?domain={host}")[0] == 200
    page.get_by_role("button", name="Does it work now?").click()
    expect(page.locator("main")).to_contain_text("Senders do not know of the policy yet")

    page.goto(base + "reports/setup/")
    page.get_by_role("button", name="Open the mailbox").click()
    address = page.locator("#box-web").input_value()
    report = aggregate(record(author=domain, count=7), domain=domain, begin=_yesterday())
    for _again in range(2):
        status, said = send(address, gzip.compress(report), **{"Content-Type": "application/gzip"})
        assert status == 201, said
    page.goto(base + "reports/")
    expect(page.locator(".reports-facts").first).to_contain_text("7 / 7")

    page.goto(base + "spf/")
    assert page.locator("#spf-source").input_value() == "v=spf1 mx -all"
    page.get_by_role("button", name="Serve it flat").click()
    include = page.locator("#spf-include").input_value()
    fields = zone.locator('.own-rows [name="data"]').all()
    spf = next(field for field in fields if "v=spf1" in field.input_value())
    spf.fill(f'"v=spf1 {include} -all"')
    zone.get_by_role("button", name="Save", exact=True).click()
    expect(zone.locator(".messages")).to_contain_text("Saved")
    page.get_by_role("button", name="Does it work now?").click()
    expect(page.locator("main")).to_contain_text("DNS has the record under this name")
    expect(page.locator("main")).to_contain_text("The domain’s SPF record includes it")

    page.goto(base + "mta-sts/")
    page.locator("summary", has_text="Withdraw the policy…").click()
    page.get_by_role("button", name="Withdraw the policy", exact=True).click()
    expect(page.locator("main")).to_contain_text("The policy is being withdrawn")


def _yesterday() -> int:
    return int(time.time()) - 86_400


def test_no_violations(visit, site):
    page = visit("/domains/", member="axe-hosted@example.com")
    zone, domain = own_zone(page, site)
    base = watch(page, site, domain)
    paths = ["", "proof/", "reports/", "reports/setup/", "spf/", "mta-sts/"]
    troubles = violations(page, [base + path for path in paths])
    page.goto(base + "proof/")
    add_txt(zone, "_mxplain", page.locator("#proof-value").input_value())
    page.get_by_role("button", name="Look now").click()
    page.goto(base + "mta-sts/")
    page.get_by_role("button", name="Begin to host it").click()
    page.goto(base + "spf/")
    page.get_by_role("button", name="Serve it flat").click()
    page.goto(base + "reports/setup/")
    page.get_by_role("button", name="Open the mailbox").click()
    address = page.locator("#box-web").input_value()
    report = aggregate(record(author=domain), domain=domain, begin=_yesterday())
    assert send(address, report, **{"Content-Type": "text/xml"})[0] == 201
    paths[-1] += "?look=1"
    assert troubles + violations(page, [base + path for path in paths]) == []
