"""From two reports to an alert: what counts, what is only passing, and whom it concerns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.alerts import hook, tasks
from lookups.alerts.considering import consider
from lookups.alerts.recipients import settings_for
from lookups.engine.endings import endings, near
from lookups.engine.settled import settled_base
from lookups.models import Alert, Delivery, Membership, Report, Webhook
from tests.lookups.alerts.conftest import dmarc, history
from tests.lookups.watching.conftest import checked, person, section, team_of, watched

pytestmark = pytest.mark.django_db
NONE, REJECT = dmarc("none", "dmarc-monitoring"), dmarc("reject")


def told(watch, *sections):
    """The kinds that the last of these reports is told for."""
    alert = consider(history(watch, *sections)[-1])
    return alert.kinds if alert else []


def test_a_change_makes_one_alert_with_all_of_it(member):
    watch = watched(member)
    first, last = history(watch, NONE, REJECT)
    alert = consider(last)
    assert (alert.watch, alert.report, alert.before) == (watch, last, first)
    assert alert.kinds == ["finding-gone", "record-changed"] and alert.severity == "warning"
    [change] = alert.payload["difference"]["records"]
    assert (change["before"], change["after"]) == ("v=DMARC1; p=none", "v=DMARC1; p=reject")
    assert consider(last) == alert and Alert.objects.count() == 1
    [delivery] = alert.deliveries.all()
    assert (delivery.user, delivery.state) == (member, "waiting")


def test_nothing_changed_or_nothing_before(member):
    watch = watched(member)
    assert told(watch, NONE) == []
    assert told(watch, NONE, NONE) == []
    assert not Alert.objects.exists() and not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (section(), section("mx-none"), ["finding-new"]),
        (section("mx-none"), section(), ["finding-gone"]),
        (section(), section("mx-found"), []),  # what is in order is no news
        (section(), section("smtp-certificate-expiring"), ["expiry-near"]),
        (section("no-such-finding"), section(), []),
    ],
)
def test_kinds(member, before, after, kinds):
    assert told(watched(member), {"mx": before}, {"mx": after}) == kinds


def test_only_wanted_kinds(member):
    assert told(watched(member, "a.test", alert_kinds=["failed"]), NONE, REJECT) == []
    assert told(watched(member, "b.test", alert_kinds=["finding-gone"]), NONE, REJECT) == [
        "finding-gone"
    ]
    assert told(watched(member, "c.test", alerts=False), NONE, REJECT) == []


# --- what passes -------------------------------------------------------------------------------
OPEN = {"dmarc": section("dns-timeout")}


@pytest.mark.parametrize(
    ("sections", "kinds"),
    [
        ([NONE, OPEN], []),  # perhaps a lost packet
        ([NONE, OPEN, NONE], []),  # it was one
        ([NONE, OPEN, OPEN], ["finding-gone", "finding-new"]),
        ([NONE, OPEN, OPEN, OPEN], []),  # told already
        ([NONE, OPEN, OPEN, NONE], ["finding-gone", "finding-new"]),
        ([NONE, OPEN, REJECT], ["finding-gone", "record-changed"]),  # seen behind the lost packet
        ([NONE, OPEN, OPEN, OPEN, NONE], ["finding-gone", "finding-new"]),
        ([OPEN, OPEN], []),
        (
            [{"dmarc": section("dns-nxdomain")}, NONE],
            ["finding-gone", "finding-new", "record-changed"],
        ),
    ],
)
def test_a_lost_packet_is_no_news(member, sections, kinds):
    assert told(watched(member), *sections) == kinds


def test_a_topic_that_broke_off_is_compared_with_the_last_that_did_not(member):
    watch = watched(member)
    broken = {"dmarc": section() | {"failed": "crash"}}
    reports = history(watch, NONE, broken, REJECT)
    assert consider(reports[1]) is None
    alert = consider(reports[2])
    assert alert.kinds == ["finding-gone", "record-changed"] and alert.before == reports[0]


def test_failed_is_told_once(member):
    watch = watched(member)
    failed = {"state": "failed", "status": "", "score": None}
    checked(watch, 3, sections=NONE)
    first = checked(watch, 2, **failed)
    second = checked(watch, 1, **failed)
    assert consider(first).kinds == ["failed"]
    assert consider(second) is None
    assert consider(checked(watch, 0, sections=REJECT)).kinds == ["finding-gone", "record-changed"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
any_sections = st.dictionaries(
    st.sampled_from(["mx", "smtp", "dnssec", "bimi", "mta-sts"]), json_values, max_size=4
)


@given(any_sections, any_sections)
def test_sections_of_any_shape_do_no_harm(before, after):
    now = datetime(2026, 11, 25, tzinfo=UTC)
    settled_base(after, [before, after])
    near(before, now, after, now)


# --- what ends ---------------------------------------------------------------------------------
def certificate(day: str):
    probe = {"certificate": {"not_after": day}}
    records = {"hosts": [{"host": "mx.example.com", "probes": [probe, probe]}]}
    return {"smtp": section() | {"records": records}}


def test_everything_that_ends_is_found():
    sections = certificate("2026-12-09") | {
        "dnssec": {"records": {"leaves": [
            {"name": "example.com", "type": "MX", "expires": "2026-11-27 08:00 UTC"},
            {"name": "example.com", "type": "CDS", "expires": None},
        ]}},
        "bimi": {"records": {
            "domain": "example.com", "certificate": {"not_after": "2027-01-01T00:00:00+00:00"}}},
        "mta-sts": {"records": {"policy": {
            "url": "https://mta-sts.example.com/.well-known/mta-sts.txt",
            "certificate_not_after": "2027-02-01T00:00:00+00:00"}}},
    }  # fmt: skip
    found = [
        (ending.kind, ending.subject, f"{ending.ends:%m-%d %H}") for ending in endings(sections)
    ]
    assert found == [
        ("signature", "example.com MX", "11-27 08"),
        ("certificate", "mx.example.com", "12-09 00"),
        ("mark", "example.com", "01-01 00"),
        ("policy", "mta-sts.example.com", "02-01 00"),
    ]


@pytest.mark.parametrize(
    ("left", "ago", "expected"),
    [
        (20, 1, 0),
        (14, 1, 1),  # 15 days before, now 14
        (13, 1, 0),  # told when it was 14
        (13, 7, 1),  # checked once a week
        (7, 1, 1),
        (0, 1, 1),
        (-5, 1, 0),
    ],
)
def test_a_certificate_is_told_in_steps(left, ago, expected):
    now = datetime(2026, 11, 25, tzinfo=UTC)
    sections = certificate(f"{now + timedelta(days=left):%Y-%m-%d}")
    assert len(near(sections, now - timedelta(days=ago), sections, now)) == expected


def test_signatures_made_anew_each_time_are_no_news():
    now = datetime(2026, 11, 25, tzinfo=UTC)

    def signed(at):
        leaf = {"name": "example.com", "type": "MX", "expires": f"{at:%Y-%m-%d %H:%M} UTC"}
        return {"dnssec": {"records": {"leaves": [leaf]}}}

    hour = timedelta(hours=1)
    assert near(signed(now + 24 * hour), now - hour, signed(now + 25 * hour), now) == ()
    assert len(near(signed(now + 24 * hour), now - hour, signed(now + 24 * hour), now)) == 1


def test_an_ending_reaches_the_alert(member):
    watch = watched(member)
    today = datetime.now(UTC)
    sections = certificate(f"{today + timedelta(days=7):%Y-%m-%d}")
    alert = consider(history(watch, sections, sections, hours=24)[-1])
    assert alert.kinds == ["expiry-near"]
    assert alert.payload["endings"][0]["subject"] == "mx.example.com"


# --- whom it concerns --------------------------------------------------------------------------
def test_members_of_a_team_each_by_their_settings():
    people = {name: person(name) for name in ("o", "v", "muted", "off", "errors", "gone")}
    team = team_of(owner=people["o"], viewer=people["v"])
    for name in ("muted", "off", "errors", "gone"):
        Membership.objects.create(
            team=team, user=people[name], role="editor", muted=name == "muted"
        )
    for name, field in (("off", {"email": False}), ("errors", {"least": "error"})):
        wanted = settings_for(people[name])
        vars(wanted).update(field)
        wanted.save()
    people["gone"].is_active = False
    people["gone"].save()
    person("stranger")
    alert = consider(history(watched(team), NONE, REJECT)[-1])
    assert {row.user.username for row in alert.deliveries.all()} == {"o", "v"}


def test_hooks_of_the_holder_alone(member):
    team = team_of(owner=member)
    mine = Webhook.objects.create(owner=member, url="https://a.test/")
    Webhook.objects.create(owner=member, url="https://b.test/", enabled=False)
    Webhook.objects.create(owner=member, url="https://c.test/", kinds=["failed"])
    Webhook.objects.create(owner=person("o"), url="https://d.test/")
    teams = Webhook.objects.create(team=team, url="https://e.test/")
    alert = consider(history(watched(member), NONE, REJECT)[-1])
    assert [row.webhook for row in alert.deliveries.filter(user=None)] == [mine]
    alert = consider(history(watched(team), NONE, REJECT)[-1])
    assert [row.webhook for row in alert.deliveries.filter(user=None)] == [teams]


# --- the hook ----------------------------------------------------------------------------------
def test_a_finished_report_is_considered(member, sent_off):
    report = history(watched(member), NONE, REJECT)[-1]
    hook.consider(report)
    assert sent_off == [("consider_report", (report.pk,), "monitor")]
    tasks.consider_report(report.pk)
    assert sent_off[1:] == [("send_mails", (member.pk,), "monitor")]


def test_reports_of_nobody_are_not(member, sent_off):
    tasks.consider_report(Report.objects.create(domain="a.test", state="done").pk)
    tasks.consider_report(0)
    assert sent_off == [] and not Alert.objects.exists()


def test_a_report_never_fails_by_it(member, monkeypatch, caplog):
    report = history(watched(member), NONE, REJECT)[-1]

    def broken(*args, **more):
        raise RuntimeError("broken")

    monkeypatch.setattr(tasks.consider_report, "apply_async", broken)
    hook.consider(report)
    assert "not considered" in caplog.text


def test_without_a_queue_it_is_considered_at_once(member, monkeypatch):
    import kombu.exceptions

    def away(*args, **more):
        raise kombu.exceptions.OperationalError

    monkeypatch.setattr(tasks.consider_report, "apply_async", away)
    hook.consider(history(watched(member), NONE, REJECT)[-1])
    assert Alert.objects.count() == 1


def test_alerts_are_forgotten_in_time(member, settings):
    alert = consider(history(watched(member), NONE, REJECT)[-1])
    assert tasks.forget_alerts() == 0
    old = alert.created - timedelta(days=settings.ALERT_KEEP_DAYS, hours=1)
    Alert.objects.update(created=old)
    tasks.forget_alerts()
    assert not Alert.objects.exists() and not Delivery.objects.exists()


def test_deleting_the_report_keeps_the_alert(member):
    report = history(watched(member), NONE, REJECT)[-1]
    alert = consider(report)
    Report.objects.all().delete()
    alert.refresh_from_db()
    assert alert.report is None and alert.payload["difference"]["records"]
