"""What DATABASE_URL becomes."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from portal.database import TIMEOUTS, database

URL = "postgres://user:secret@db.example:5433/mxplain"


def test_postgresql_has_a_pool_and_limits():
    found = database(URL, 7)
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", 5433, "mxplain")
    assert found["CONN_MAX_AGE"] == 0 and found["CONN_HEALTH_CHECKS"]
    assert found["OPTIONS"]["pool"]["max_size"] == 7
    assert "statement_timeout=30s" in found["OPTIONS"]["options"]


def test_the_address_has_the_last_word():
    found = database(URL + "?sslmode=verify-full&connect_timeout=9", 7)
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert int(found["OPTIONS"]["connect_timeout"]) == 9


def test_without_a_pool_nothing_is_said_that_pgbouncer_refuses():
    found = database(URL, 0)
    assert "pool" not in found["OPTIONS"] and "options" not in found["OPTIONS"]
    assert found["DISABLE_SERVER_SIDE_CURSORS"]


def test_sqlite_waits_for_its_lock():
    found = database("sqlite:////some/where.sqlite3", 7)
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE" and "pool" not in found["OPTIONS"]


@pytest.mark.parametrize("url", ["nonsense://x", "mongo"])
def test_an_address_of_no_database(url):
    with pytest.raises((ImproperlyConfigured, ValueError)):
        database(url, 7)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such timeouts")
@pytest.mark.django_db
def test_the_limits_are_in_force():
    with connection.cursor() as cursor:
        for name, value in TIMEOUTS.items():
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone()[0].replace("1min", "60s") == value
