"""/healthz, /readyz and /metrics: what they say, to whom, and at what cost."""

from __future__ import annotations

import os
import re

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client import REGISTRY

from lookups import stream
from lookups.models import Report
from lookups.observing import heart, resolvers
from lookups.observing.live import Live
from portal.operating import probes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    probes.forget()
    yield
    probes.forget()


@pytest.fixture
def all_well(monkeypatch):
    healthy = [resolvers.Health("192.0.2.53", "answer", 3.0, True)]
    monkeypatch.setattr(resolvers, "known", lambda: healthy)
    stream.note_clock(timezone.now())
    worker = heart.Heart("worker", queues=["interactive"])
    worker._beat()
    return worker


def ready(client=None):
    response = (client or Client()).get("/readyz")
    return response.status_code, response.json()["status"], response.json()["parts"]


def test_alive_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        response = Client().get("/healthz")
    assert response.json() == {"status": "ok"} and "no-store" in response["Cache-Control"]
    assert Client().post("/healthz").status_code == 405


def test_ready(all_well):
    status, word, parts = ready()
    assert (status, word) == (200, "ready") and set(parts.values()) == {"ok"}


def test_asked_often_it_looks_once(all_well, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(probes, "KEEP_SECONDS", 3600)
    ready()
    with django_assert_num_queries(0):
        assert ready()[1] == "ready"


def test_without_a_worker_pages_still_work(all_well):
    stream.client().delete(all_well._key)
    stream.client().delete("clock")
    status, word, parts = ready()
    assert (status, word) == (200, "degraded")
    assert parts["worker"].startswith("none seen") and parts["clock"] == "late"


def test_resolvers_that_do_not_answer(all_well, monkeypatch):
    silent = [resolvers.Health("192.0.2.53", "timeout", None, False)]
    monkeypatch.setattr(resolvers, "known", lambda: silent)
    status, word, parts = ready()
    assert (status, word, parts["resolvers"]) == (200, "degraded", "none answers")


def test_without_redis(monkeypatch):
    class Away:
        def ping(self):
            raise stream.redis.ConnectionError("secret host")

    monkeypatch.setattr(stream, "client", Away)
    status, word, parts = ready()
    assert (status, word, parts["redis"]) == (200, "degraded", "out of reach")


def test_without_database(all_well, monkeypatch):
    def away(*_, **__):
        raise OperationalError("connection to secret-host failed: password of user x")

    monkeypatch.setattr(connection, "cursor", away)
    status, word, parts = ready()
    assert (status, word) == (503, "unready")
    assert parts["database"] == "out of reach" and "secret" not in str(parts)


def test_with_migrations_missing(all_well, monkeypatch):
    plan = [("lookups", "9999_more")]
    monkeypatch.setattr(probes.MigrationExecutor, "migration_plan", lambda *_: plan)
    assert ready()[:2] == (503, "unready") and ready()[2]["migrations"] == "missing"


def test_about_to_end(all_well, monkeypatch):
    monkeypatch.setattr(probes.leaving, "is_leaving", lambda: True)
    assert ready()[:2] == (503, "unready")


# --- figures -------------------------------------------------------------------------------------
def figures(**more):
    more.setdefault("HTTP_HOST", "127.0.0.1:8000")
    return Client().get("/metrics", **more)


def test_figures():
    Report.objects.create(domain="a.test", created=timezone.now() - timezone.timedelta(seconds=90))
    stream.client().rpush("bulk", "a", "b")
    heart.Heart("worker")._beat()
    response = figures()
    assert response["Content-Type"].startswith("text/plain; version=")
    text = response.text
    assert 'mxplain_queue_messages{queue="bulk"} 2.0' in text
    assert 'mxplain_processes{part="worker"} 1.0' in text and 'mxplain_up{what="redis"} 1.0' in text
    [age] = [line for line in text.splitlines() if line.startswith("mxplain_oldest_unfinished")]
    assert 90 <= float(age.split()[1]) < 200
    assert f'pid="{os.getpid()}"' in text


@pytest.mark.parametrize(
    "more",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": "::ffff:192.0.2.1"},
        {"REMOTE_ADDR": ""},
        {"HTTP_HOST": "testserver"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
    ],
)
def test_figures_are_not_for_visitors(more):
    assert figures(**more).status_code == 404


def test_a_public_site_needs_the_token(settings):
    settings.PUBLIC_URL = "https://mxplain.example"
    assert figures().status_code == 404


def test_figures_for_the_token(settings):
    settings.METRICS_TOKEN, settings.PUBLIC_URL = "s3cret", "https://mxplain.example"
    far = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}
    assert figures(**far, HTTP_AUTHORIZATION="Bearer s3cret").status_code == 200
    assert figures(**far, HTTP_AUTHORIZATION="Bearer wrong").status_code == 404
    assert figures().status_code == 404  # once there is a token, it must be shown


def test_figures_without_redis(monkeypatch):
    class Away:
        def llen(self, _):
            raise stream.redis.ConnectionError

    monkeypatch.setattr(stream, "client", Away)
    text = figures().text
    assert 'mxplain_up{what="redis"} 0.0' in text and 'mxplain_up{what="database"} 1.0' in text
    assert "mxplain_queue_messages" not in text


def test_dashboard_and_alerts_name_figures_that_there_are():
    """Grafana's dashboard, the alert rules, and the list in docs/monitoring/README.md."""
    named: set[str] = set()
    for collector in (REGISTRY, Live()):
        for family in collector.collect():
            named.update(sample.name for sample in family.samples)
            kinds = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
            named.update(family.name + end for end in (*kinds.get(family.type, ()), ""))
    for path in (settings.BASE_DIR / "docs/monitoring").iterdir():
        asked = set(re.findall(r"mxplain_[a-z_]+(?<!_)", path.read_text()))
        assert asked - named <= {"mxplain_process"}, path
    assert "mxplain_reports_total" in named
