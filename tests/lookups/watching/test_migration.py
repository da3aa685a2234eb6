"""Reports from before histories: they get their score, and saved ones their domain."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from lookups.models import Report, Watch
from tests.lookups.watching.conftest import person, section

pytestmark = pytest.mark.django_db
migration = import_module("lookups.migrations.0005_histories")


def made(**fields) -> Report:
    return Report.objects.create(**{"domain": "a.test", "state": "done"} | fields)


def test_scores_are_filled_in_batches(monkeypatch):
    monkeypatch.setattr(migration, "BATCH", 2)
    good = [made(sections={"spf": section("spf-found")}) for _ in range(5)]
    odd = [made(sections={"spf": 7}), made(sections={}), made(state="failed")]
    kept = made(score=3)
    migration.fill_scores(apps, None)
    scores = dict(Report.objects.values_list("pk", "score"))
    assert [scores[report.pk] for report in good] == [100] * 5
    assert [scores[report.pk] for report in odd] == [None] * 3
    assert scores[kept.pk] == 3


def test_saved_reports_join_their_domains():
    one, two = person("a"), person("b")
    now = timezone.now()
    mine = [made(owner=one, saved_at=now), made(owner=one, saved_at=now)]
    made(owner=one, saved_at=now, domain="b.test")
    theirs = made(owner=two, saved_at=now)
    unsaved, unowned = made(owner=one), made()
    migration.join_histories(apps, None)
    migration.join_histories(apps, None)
    assert Watch.objects.count() == 3 and len({watch.token for watch in Watch.objects.all()}) == 3
    for report in (*mine, theirs, unsaved, unowned):
        report.refresh_from_db()
    assert mine[0].watch == mine[1].watch != theirs.watch
    assert mine[0].watch.owner == one and not unsaved.watch and not unowned.watch
