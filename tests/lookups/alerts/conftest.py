"""Watched domains with histories whose changes are told."""

from __future__ import annotations

import pytest
from django.utils import translation

from lookups.alerts import tasks
from lookups.alerts.considering import consider
from lookups.alerts.recipients import settings_for
from tests.lookups.watching.conftest import checked, person, section, watched


@pytest.fixture(autouse=True)
def _english():
    """Whatever language the test before left active."""
    with translation.override("en"):
        yield


@pytest.fixture
def member(client):
    user = person("m")
    client.force_login(user)
    return user


@pytest.fixture(autouse=True)
def sent_off(monkeypatch):
    """What would have gone to the queue: names of tasks and their arguments."""
    gone: list[tuple] = []
    for task in (tasks.send_mails, tasks.send_webhook, tasks.consider_report):
        monkeypatch.setattr(
            task,
            "apply_async",
            lambda args, queue, task=task: gone.append((task.name.rpartition(".")[2], args, queue)),
        )
    return gone


def dmarc(policy, *findings):
    record = ("_dmarc.example.com", "TXT", f"v=DMARC1; p={policy}")
    return {"dmarc": section(*findings, raw=[record])}


def history(watch, *sections, hours=1.0):
    """Finished reports, an hour between each, the last one now; they are in order of time."""
    count = len(sections)
    return [
        checked(watch, hours=(count - 1 - number) * hours, sections=each)
        for number, each in enumerate(sections)
    ]


def alerted(user, domain="example.com", **settings):
    """An alert on a domain of `user`, whose settings are as given."""
    wanted = settings_for(user)
    for name, value in settings.items():
        setattr(wanted, name, value)
    wanted.save()
    watch = watched(user, domain)
    reports = history(watch, dmarc("none", "dmarc-monitoring"), dmarc("reject"))
    alert = consider(reports[-1])
    assert alert is not None
    return alert
