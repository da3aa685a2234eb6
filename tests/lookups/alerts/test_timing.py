"""Rhythm, quiet hours and back-off, with the clock given."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.alerts.forms import time_zones
from lookups.alerts.models import AlertSettings
from lookups.alerts.timing import after_quiet, is_quiet, moment_for, retry_at


def wanted(zone="Asia/Tokyo", quiet=None, **fields) -> AlertSettings:
    begin, end = (time.fromisoformat(part) for part in quiet.split("-")) if quiet else (None, None)
    return AlertSettings(time_zone=zone, quiet_from=begin, quiet_to=end, **fields)


def at(text: str, zone="UTC", fold=0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("quiet", "now", "then"),
    [
        ("22:00-07:00", "2026-11-25 21:59", "2026-11-25 21:59"),
        ("22:00-07:00", "2026-11-25 22:00", "2026-11-26 07:00"),
        ("22:00-07:00", "2026-11-26 06:59", "2026-11-26 07:00"),
        ("22:00-07:00", "2026-11-26 07:00", "2026-11-26 07:00"),
        ("12:00-13:30", "2026-11-25 12:10", "2026-11-25 13:30"),
        ("00:00-00:00", "2026-11-25 00:10", "2026-11-25 00:10"),
        (None, "2026-11-25 03:00", "2026-11-25 03:00"),
    ],
)
def test_quiet_hours_in_tokyo(quiet, now, then):
    assert after_quiet(wanted(quiet=quiet), at(now, "Asia/Tokyo")) == at(then, "Asia/Tokyo")


BERLIN = "Europe/Berlin"  # 02:00 became 03:00 on 2026-03-29, 03:00 became 02:00 on 2026-10-25


@pytest.mark.parametrize(
    ("quiet", "now", "then"),
    [
        ("22:00-07:00", at("2026-03-28 23:00", BERLIN), at("2026-03-29 07:00", BERLIN)),
        ("22:00-07:00", at("2026-10-24 23:00", BERLIN), at("2026-10-25 07:00", BERLIN)),
        # an end that no clock shows
        ("22:00-02:30", at("2026-03-29 01:15", BERLIN), at("2026-03-29 03:30", BERLIN)),
        # an end that comes twice: the first, and the second for what happens between them
        ("22:00-02:30", at("2026-10-25 01:15", BERLIN), at("2026-10-25 02:30", BERLIN)),
        ("22:00-02:30", at("2026-10-25 02:15", BERLIN, 1), at("2026-10-25 02:30", BERLIN, 1)),
    ],
)
def test_quiet_hours_when_clocks_change(quiet, now, then):
    assert after_quiet(wanted(BERLIN, quiet), now) == then


@pytest.mark.parametrize(
    ("rhythm", "now", "then"),
    [
        ("daily", "2026-11-25 07:59", "2026-11-25 08:00"),
        ("daily", "2026-11-25 08:00", "2026-11-26 08:00"),
        ("weekly", "2026-11-25 07:00", "2026-11-30 08:00"),  # a Wednesday; then the Monday after
        ("weekly", "2026-11-30 09:00", "2026-12-07 08:00"),
        ("at-once", "2026-11-25 07:59", "2026-11-25 07:59"),
    ],
)
def test_digests_come_at_the_hour_there(rhythm, now, then):
    found = moment_for(wanted(rhythm=rhythm), at(now, "Asia/Tokyo"))
    assert found == at(then, "Asia/Tokyo")


def test_digest_in_quiet_hours_waits_for_their_end():
    found = moment_for(wanted(rhythm="daily", quiet="20:00-09:00"), at("2026-11-25 03:00"))
    assert found == at("2026-11-26 09:00", "Asia/Tokyo")


zones = st.sampled_from([name for _, group in time_zones()[1:] for name, _ in group] + ["UTC"])
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
clocks = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(zones, moments, clocks, clocks, st.sampled_from(["at-once", "daily", "weekly"]))
def test_never_in_quiet_hours_never_long_after(zone, now, begin, end, rhythm):
    person = AlertSettings(
        time_zone=zone, quiet_from=begin, quiet_to=end, rhythm=rhythm, hour=begin.hour
    )
    moment = moment_for(person, now)
    assert moment >= now and not is_quiet(person, moment)
    days = {"at-once": 1, "daily": 2, "weekly": 8}[rhythm]
    assert moment - now <= timedelta(days=days, hours=26)
    assert moment.tzinfo is not None


@given(zones, moments)
def test_one_digest_a_day_however_clocks_change(zone, now):
    person = AlertSettings(time_zone=zone, rhythm="daily", hour=2)
    first = moment_for(person, now)
    second = moment_for(person, first)
    gap = timedelta(hours=22), timedelta(hours=50 if "Pacific" in zone else 26)
    assert gap[0] <= second - first <= gap[1]


def test_back_off_ends():
    now = at("2026-11-25 08:00")
    minutes = [1, 5, 30, 120, 360, 1440]
    assert [retry_at(n, now) - now for n in range(1, 7)] == [timedelta(minutes=m) for m in minutes]
    assert retry_at(7, now) is None


def test_a_zone_that_is_gone_is_utc():
    assert wanted("Mars/Olympus").zone == ZoneInfo("UTC")
    assert wanted("../etc/passwd").zone == ZoneInfo("UTC")
