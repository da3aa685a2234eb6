"""Every address of the site, and whose it is. `test_permissions.py` walks them all.

An address that is missing here fails the tests. To add one, give its name one of:

- `public(arguments)`: a page for everybody. Whoever asks changes nothing that is there already.
- `personal()`: about whoever asks (a list, an account). Others' things neither show nor change.
- `private(arguments, data)`: about something of somebody's. Others get 404, 403, or the sign-in
  page, learn nothing, and change nothing at all. `data` is what its owner could send by POST.

`arguments` makes the address from `Belongings`: what person A has, once alone and once with a team
(then `h.watch` and `h.report` are the team's). Add to `Belongings.make` what a new room keeps, with
MARK in its words. Of a private address, `viewer` says what somebody who may only look at the
team's things can do: "reads" (GET shows it), "acts" (POST does something too), or nothing ("").
`csrf=False`: programs post here with a token of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from learn.own_zones.models import OwnZone
from lookups.engine.reports.aggregate import parse
from lookups.models import (
    Alert,
    ApiToken,
    Bulk,
    Invitation,
    Membership,
    ReceivedReport,
    Report,
    Team,
    Watch,
    Webhook,
)

AGGREGATE = parse(
    b"<feedback><report_metadata><org_name>zinnober</org_name><report_id>zinnober</report_id>"
    b"<date_range><begin>1700000000</begin><end>1700086400</end></date_range></report_metadata>"
    b"<policy_published><domain>zinnober.test</domain><p>none</p></policy_published></feedback>"
).as_json()
MARK = "zinnober"  # in every word of A's that nobody else may read


@dataclass
class Belongings:
    """What A has. In a team, what can be a team's is the team's."""

    owner: Any
    team: Team
    watch: Watch
    ended: Watch
    report: Report
    invitation: Invitation
    zone: OwnZone
    member: Membership  # of the viewer
    bulk: Bulk
    webhook: Webhook
    received: ReceivedReport
    token: ApiToken

    @classmethod
    def make(cls, owner: Any, viewer: Any, shared: bool) -> Belongings:
        team = Team.objects.create(name=f"{MARK} team")
        Membership.objects.create(team=team, user=owner, role="owner")
        member = Membership.objects.create(team=team, user=viewer, role="viewer")
        whose = {"team": team} if shared else {"owner": owner}
        now, zone = timezone.now(), OwnZone.objects.count()
        watch = Watch.objects.create(domain=f"{MARK}.test", name=MARK, **whose)
        report = Report.objects.create(
            domain=f"{MARK}.test", state="done", status="good", finished=now, owner=owner,
            saved_at=now, watch=watch, name=MARK, note=MARK, visibility=Report.Visibility.TEAM
            if shared else Report.Visibility.ME,
        )  # fmt: skip
        Report.objects.create(  # an older one, to compare with
            domain=f"{MARK}.test", state="done", status="good", finished=now, saved_at=now,
            watch=watch, created=now - timedelta(days=1), visibility=Report.Visibility.TEAM,
        )  # fmt: skip
        Alert.objects.create(
            watch=watch, report=report, severity="error", payload={"records": [{"name": MARK}]}
        )
        return cls(
            owner=owner,
            team=team,
            watch=watch,
            ended=Watch.objects.create(domain=f"old.{MARK}.test", ended_at=now, **whose),
            report=report,
            invitation=Invitation.objects.create(
                team=team, email=f"{MARK}@example.com", role="viewer", invited_by=owner
            ),
            zone=OwnZone.objects.create(
                label=f"abcdefg{'ab'[zone]}", block=zone, owner=owner, text=f"@ TXT {MARK}\n"
            ),
            member=member,
            bulk=Bulk.objects.create(name=MARK, state="paused", **whose),
            webhook=Webhook.objects.create(url=f"https://{MARK}.test/", **whose),
            token=ApiToken.objects.create(
                owner=owner, name=MARK, digest=f"{team.pk}", prefix="mxp_", scopes=""
            ),
            received=ReceivedReport.objects.create(
                owner=owner,
                kind="dmarc-aggregate",
                domain=f"{MARK}.test",
                report_id=MARK,
                content=AGGREGATE,
            ),  # fmt: skip
        )


Arguments = Callable[[Belongings], Mapping[str, Any]]


def none(_: Belongings) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Entry:
    kind: str
    arguments: Arguments = none
    data: Mapping[str, Any] = field(default_factory=dict)
    viewer: str = ""
    csrf: bool = True


def public(arguments: Arguments = none, **data: str) -> Entry:
    return Entry("public", arguments, data)


def personal(**data: str) -> Entry:
    return Entry("personal", data=data)


def private(
    arguments: Arguments, data: Mapping[str, Any] | None = None, viewer: str = "", csrf: bool = True
) -> Entry:
    return Entry("private", arguments, data or {}, viewer, csrf)


def _watch(h: Belongings) -> Mapping[str, Any]:
    return {"token": h.watch.token}


def _ended(h: Belongings) -> Mapping[str, Any]:
    return {"token": h.ended.token}


def _report(h: Belongings) -> Mapping[str, Any]:
    return {"token": h.report.token}


def _team(h: Belongings) -> Mapping[str, Any]:
    return {"token": h.team.token}


def _member(h: Belongings) -> Mapping[str, Any]:
    return {"token": h.team.token, "member": h.member.pk}


def _withdraw(h: Belongings) -> Mapping[str, Any]:
    return {"token": h.team.token, "invitation": h.invitation.token}


def _invitation(h: Belongings) -> Mapping[str, Any]:
    return {"token": h.invitation.token}


def _bulk(h: Belongings) -> Mapping[str, Any]:
    return {"token": h.bulk.token}


def _webhook(h: Belongings) -> Mapping[str, Any]:
    return {"token": h.webhook.token}


def _received(h: Belongings) -> Mapping[str, Any]:
    return {"id": h.received.pk}


def _token(h: Belongings) -> Mapping[str, Any]:
    return {"id": h.token.pk}


def _zone(h: Belongings) -> Mapping[str, Any]:
    return {"label": h.zone.label}


def fixed(**arguments: str) -> Arguments:
    return lambda _: arguments


# What a token opens to whoever has it. This one opens nothing; their own tests have real ones.
UNGUESSABLE = fixed(token="unknown")

REGISTRY: dict[str, Entry] = {
    # --- portal ---
    "healthz": public(),
    "readyz": public(),
    "metrics": public(),
    "robots": public(),
    "security-txt": public(),
    "change-password": public(),
    "favicon": public(),
    "sitemap": public(),
    "home": public(),
    # --- checks and reports ---
    "check": public(domain="example.com"),
    "live": public(domain="example.com", uid="a"),
    "report": private(_report, viewer="reads"),
    "report-events": private(_report, viewer="reads"),
    "report-image": private(_report, viewer="reads"),
    "report-json": private(_report, viewer="reads"),
    "report-save": private(_report, viewer="acts"),
    "report-csv": private(_report, viewer="reads"),
    "report-markdown": private(_report, viewer="reads"),
    "report-pdf": private(_report, viewer="reads"),
    "report-share": private(_report, {"visibility": "link"}),
    "report-share-undo": private(_report),
    "report-revoke": private(_report),
    "report-renew": private(_report),
    "findings": public(),
    "finding": public(fixed(id="mx-found")),
    "score": public(),
    "opt-out": public(),
    "tools": public(),
    "tool": public(fixed(slug="mx")),
    "reports": public(),
    "reports-kept": personal(),
    "reports-kept-delete-all": personal(),
    "reports-kept-delete": private(_received),
    # --- watched domains ---
    "watches": personal(domain="example.com", interval="daily"),
    "watch": private(_watch, viewer="reads"),
    "watch-compare": private(_watch, viewer="reads"),
    "watch-check": private(_watch),
    "watch-settings": private(_watch, {"name": "x", "selectors": "s1", "interval": "weekly"}),
    "watch-move": private(_watch, {"team": "me"}),
    "watch-delete": private(_watch),
    "watch-restore": private(_ended),
    "watch-badge": private(_watch, {"do": "on"}),
    "watch-history-csv": private(_watch, viewer="reads"),
    "watch-compare-markdown": private(_watch, viewer="reads"),
    "badge": public(UNGUESSABLE),
    # --- hosted pieces ---
    "watch-proof": private(_watch),
    "watch-mta-sts": private(_watch, {"mode": "testing", "mx": "mx.example.com"}),
    "watch-spf": private(_watch, {"do": "on"}),
    "watch-reports": private(_watch, viewer="reads"),
    "watch-reports-setup": private(_watch, {"do": "on"}),
    "deliver-report": Entry("public", UNGUESSABLE, csrf=False),
    "tls-ask": public(),
    # --- alerts ---
    "alerts": personal(),
    "alert-unsubscribe": Entry("public", UNGUESSABLE, csrf=False),
    "alert-settings": personal(),
    "alert-test": personal(),
    "webhooks": personal(url="https://hooks.example.com/"),
    "webhook": private(_webhook, {"url": "https://x.example/"}),
    "webhook-renew": private(_webhook),
    "webhook-switch": private(_webhook),
    "webhook-test": private(_webhook),
    "webhook-resend": private(_webhook),
    "webhook-delete": private(_webhook),
    # --- the API's pages ---
    "api": public(),
    "api-docs": public(),
    "api-openapi": Entry("public", csrf=False),
    "api-problem": public(fixed(code="not-found")),
    "api-tokens": personal(name="x"),
    "api-token-revoke": private(_token),
    # --- bulk checks ---
    "bulks": personal(domains="example.com"),
    "bulk": private(_bulk, viewer="reads"),
    "bulk-events": private(_bulk, viewer="reads"),
    "bulk-csv": private(_bulk, viewer="reads"),
    "bulk-json": private(_bulk, viewer="reads"),
    "bulk-pause": private(_bulk),
    "bulk-resume": private(_bulk),
    "bulk-cancel": private(_bulk),
    "bulk-again": private(_bulk),
    "bulk-publish": private(_bulk),
    "bulk-unpublish": private(_bulk),
    "bulk-delete": private(_bulk),
    "adoption": public(UNGUESSABLE),
    "adoption-figures": public(UNGUESSABLE),
    "adoption-domains": public(UNGUESSABLE),
    # --- teams ---
    "teams": personal(name="Another"),
    "team": private(_team, viewer="reads"),
    "team-rename": private(_team, {"name": "x"}),
    "team-invite": private(_team, {"email": "x@example.com", "role": "owner"}),
    "team-withdraw": private(_withdraw),
    "team-role": private(_member, {"role": "owner"}),
    "team-remove": private(_member),
    "team-leave": private(_team, viewer="acts"),
    "team-delete": private(_team, {"domains": "mine"}),
    "invitation": private(_invitation, {"answer": "accept"}),
    # --- saved reports ---
    "saved": personal(),
    "saved-edit": private(_report, {"name": "x", "note": "x"}),
    "saved-unsave": private(_report),
    "saved-delete": private(_report),
    "saved-restore": private(_report),
    "saved-revoke": private(_report),
    "saved-renew": private(_report),
    # --- learning ---
    "learn": public(),
    "learn-feed": public(),
    "track": public(fixed(id="start")),
    "progress-merge": personal(slug="mx-record"),
    "progress-undo": personal(slug="mx-record"),
    "anatomy": public(),
    "journey": public(),
    "glossary": public(),
    "article": public(fixed(slug="mx-record"), q1="0"),
    "article-done": public(fixed(slug="mx-record"), done="1"),
    "article-image": public(fixed(slug="mx-record")),
    "search": public(),
    "classroom": public(),
    "classroom-group": public(fixed(id="records")),
    "exercises": public(),
    "exercise": public(fixed(id="two-spf-records")),
    "own-zones": personal(),
    "own-zone": private(_zone, {"do": "save", "view": "text", "text": "@ TXT x"}),
    "own-zone-undo": private(_zone),
    "own-zone-delete": private(_zone),
    "own-zone-queries": private(_zone),
    # --- accounts ---
    "account": personal(),
    "account-export": personal(),
    "account-delete": personal(password="wrong"),
    "account-sessions": personal(),
    "account-session-end": personal(others="1"),
    "account-activity": personal(),
    "mfa_index": personal(),
    "mfa_authenticate": personal(code="123456"),
    "mfa_reauthenticate": personal(code="123456"),
    "mfa_activate_totp": personal(code="123456"),
    "mfa_deactivate_totp": personal(),
    "mfa_view_recovery_codes": personal(),
    "mfa_generate_recovery_codes": personal(),
    "mfa_download_recovery_codes": personal(),
    "mfa_list_webauthn": personal(),
    "mfa_add_webauthn": personal(credential="{}"),
    "mfa_login_webauthn": personal(credential="{}"),
    "mfa_reauthenticate_webauthn": personal(credential="{}"),
    # Whose key it is: tests/portal/test_second_factor.py
    "mfa_edit_webauthn": Entry("personal", fixed(pk=1), {"name": "x"}),
    "mfa_remove_webauthn": Entry("personal", fixed(pk=1)),
    "account_login": personal(login="a@example.com", password="wrong"),
    "account_logout": personal(),
    "account_inactive": personal(),
    "account_signup": personal(email="new@example.com", password1="x"),
    "account_reauthenticate": personal(password="wrong"),
    "account_email": personal(email="b2@example.com"),
    "account_email_verification_sent": personal(code="123456"),
    "account_change_password": personal(),
    "account_set_password": personal(),
    "account_reset_password": personal(email="nobody@example.com"),
    "account_reset_password_done": personal(),
    "account_confirm_login_code": personal(code="123456"),
    "account_reset_password_from_key": public(fixed(uidb36="1", key="x-y")),
    "account_reset_password_from_key_done": personal(),
}
