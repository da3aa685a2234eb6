"""A team from its beginning to its end, with two people in two real browsers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .axe import violations
from .conftest import Site, wait_until
from .test_check import sign_up
from .test_watching import until_done

pytestmark = pytest.mark.e2e


def mail_to(site: Site, address: str) -> str:
    """The newest mail to one address."""

    def found() -> str:
        files = sorted((site.var / "mail").glob("*"), key=lambda p: p.stat().st_mtime_ns)
        return next((t for f in reversed(files) if f"To: {address}" in (t := f.read_text())), "")

    return wait_until(found)


def begin_team(page: Page, site: Site, name: str) -> str:
    page.goto(site.url + "/teams/")
    page.get_by_label("Name of the team").fill(name)
    page.get_by_role("button", name="Begin the team").click()
    page.wait_for_url(re.compile(r"/teams/[\w-]{22}/$"))
    return page.url


def invite(page: Page, address: str, role: str) -> None:
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Role", exact=True).select_option(role)
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.locator(".messages")).to_contain_text("on its way")


def test_invite_accept_and_what_each_may_do(visit, site):
    owner = visit("/domains/", member="head@example.com")
    team = begin_team(owner, site, "Post office")
    owner.goto(site.url + "/domains/")
    owner.locator("#add-domain").fill("perfect.classroom.test")
    owner.locator("#add-holder").select_option(label="Post office")
    owner.get_by_role("button", name="Add and check").click()
    until_done(owner)
    owner.goto(team)
    invite(owner, "clerk@example.com", "viewer")
    expect(owner.locator("#invite")).to_contain_text("clerk@example.com")

    link = re.search(r"^http://\S+(/invitations/\S+)$", mail_to(site, "clerk@example.com"), re.M)[1]
    clerk = visit(link)
    expect(clerk.locator(".messages")).to_contain_text("invited to a team")
    clerk.get_by_role("link", name="Create an account").click()
    sign_up(clerk, site, "clerk@example.com")
    expect(clerk).to_have_url(site.url + link)
    clerk.get_by_role("button", name="Join the team").click()
    expect(clerk.locator(".messages")).to_contain_text("You are now in the team")

    # A viewer reads.
    expect(clerk.get_by_role("button", name="Send the invitation")).to_have_count(0)
    clerk.get_by_role("link", name="perfect.classroom.test").click()
    expect(clerk.locator(".timeline-row")).to_have_count(1)
    watch = clerk.url
    expect(clerk.get_by_role("button", name="Check now")).to_have_count(0)
    assert clerk.goto(watch + "settings/").status == 404

    # An editor changes.
    owner.goto(team)
    row = owner.locator(".team-row").filter(has_text="clerk@example.com")
    row.locator("select").select_option("editor")
    row.get_by_role("button", name="Set").click()
    expect(owner.locator(".messages")).to_contain_text("Editor")
    clerk.goto(watch)
    clerk.get_by_role("link", name="Settings").click()
    clerk.get_by_label("Check it").select_option("weekly")
    clerk.get_by_role("button", name="Save", exact=True).click()
    expect(clerk.locator("main")).to_contain_text("Every week")

    # The last owner stays; the others may go, or be sent.
    owner.goto(team)
    owner.get_by_role("link", name="Leave the team").click()
    expect(owner.locator(".messages")).to_contain_text("A team needs an owner")
    owner.get_by_role("link", name="Remove… clerk@example.com").click()
    owner.get_by_role("button", name="Remove from the team").click()
    assert clerk.goto(watch).status == 404

    owner.get_by_role("link", name="Delete the team…").click()
    owner.get_by_label("They and their histories go to my own list.").check()
    owner.get_by_role("button", name="Delete the team").click()
    expect(owner.locator(".messages")).to_contain_text("is deleted")
    owner.goto(watch)
    expect(owner.locator(".timeline-row")).to_have_count(1)


def test_another_account_is_turned_away_and_can_come_back(visit, site):
    owner = visit("/domains/", member="boss@example.com")
    begin_team(owner, site, "Secret club")
    invite(owner, "right@example.com", "editor")
    link = re.search(r"^http://\S+(/invitations/\S+)$", mail_to(site, "right@example.com"), re.M)[1]
    wrong = visit("/domains/", member="wrong@example.com")
    wrong.goto(site.url + link)
    expect(wrong.locator("main")).to_contain_text("sent to another address")
    expect(wrong.locator("main")).not_to_contain_text("Secret club")
    wrong.locator("main").get_by_role("button", name="Sign out").click()
    wrong.wait_for_url(re.compile("/accounts/login/"))
    wrong.get_by_role("link", name="Create an account").click()
    sign_up(wrong, site, "right@example.com")
    expect(wrong.locator("main")).to_contain_text("Secret club")
    wrong.get_by_role("button", name="Decline").click()
    expect(wrong.locator(".messages")).to_contain_text("declined")


def test_no_violations(visit, site):
    page = visit("/teams/", member="axe-team@example.com")
    team = begin_team(page, site, "A team with a name that is rather long for a telephone")
    invite(page, "somebody-with-a-long-address@subdomain.example.com", "viewer")
    assert violations(page, [site.url + "/teams/", team, team + "delete/"]) == []
