"""The admin in a real browser, whose Content-Security-Policy allows nothing inline."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from .conftest import ROOT
from .test_check import PASSWORD
from .test_watching import until_done

pytestmark = pytest.mark.e2e


def superuser(site, email: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "createsuperuser", "--noinput"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        env=os.environ
        | {
            "MXPLAIN_VAR": str(site.var),
            "DATABASE_URL": f"sqlite:///{site.var / 'mxplain.sqlite3'}",
            "DJANGO_SUPERUSER_USERNAME": email,
            "DJANGO_SUPERUSER_EMAIL": email,
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        },
    )


def test_an_operator_blocks_a_domain(visit, site):
    visitor = visit("/check/")
    visitor.locator(".domain-form input[name=domain]").fill("refused.classroom.test")
    visitor.locator(".domain-form button").click()
    until_done(visitor)

    superuser(site, "operator@example.com")
    page = visit("/admin/")
    page.locator("input[type=email]").fill("operator@example.com")
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile("confirm-email"))
    code = re.search(r"^(\d{6})$", site.newest_mail(), re.MULTILINE)[1]
    page.get_by_label("Six-digit code").fill(code)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(site.url + "/admin/")

    for link in ("Status", "Reports", "Watched domains", "Teams", "Users"):
        page.goto(site.url + "/admin/")
        page.locator("#content").get_by_role("link", name=link, exact=True).click()
        expect(page.locator("#content h1")).to_be_visible()
    page.goto(site.url + "/admin/activity/")
    row = page.locator("tr").filter(has_text="refused.classroom.test")
    row.get_by_role("link", name="Block…").click()
    page.get_by_label("Reason for visitors").fill("The owner of the domain asked for it.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("was added successfully")

    visitor.goto(site.url + "/tools/mx/?domain=www.refused.classroom.test")
    expect(visitor.locator("main")).to_contain_text("The owner of the domain asked for it.")
