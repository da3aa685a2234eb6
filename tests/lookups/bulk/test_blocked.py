"""Domains that the operator refuses are left out of a bulk check, and by the clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from lookups.bulk.forms import BulkForm
from lookups.models import BlockedDomain, Report, Watch
from lookups.watching.clock import run_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return get_user_model().objects.create_user("a", "a@example.com", "word")


def test_blocked_domains_are_left_out_and_told(person):
    BlockedDomain.objects.create(domain="refused.example", reason="Asked for it.")
    form = BulkForm(person, {"domains": "good.example\nwww.refused.example"})
    assert form.is_valid()
    found = form.cleaned_data["reading"]
    assert [entry.domain.ascii for entry in found.entries] == ["good.example"]
    assert found.refused == 1
    only = BulkForm(person, {"domains": "refused.example"})
    assert not only.is_valid()
    assert "Asked for it." in only.lines[0]["reason"]


def test_the_clock_goes_on_past_blocked_domains_and_shut_accounts(person, at_once):
    late = timezone.now() - timedelta(hours=1)
    BlockedDomain.objects.create(domain="refused.classroom.test")
    shut = get_user_model().objects.create_user("b", is_active=False)
    for domain, owner in (("refused", person), ("perfect", person), ("null-mx", shut)):
        Watch.objects.create(
            domain=f"{domain}.classroom.test", owner=owner, interval="hourly", next_run=late
        )
    run_due(timezone.now())
    assert {report.domain for report in Report.objects.all()} == {"perfect.classroom.test"}
