"""Fixtures of all tests: real parts, started once."""

from __future__ import annotations

from unittest import mock

import pytest
from django.test import override_settings
from hypothesis import settings as hypothesis_settings

from learn.classroom.server import machines_in_background, start_in_background
from lookups import stream
from lookups.blocked import refusal as blocked

# How many examples a property is tried with. `--hypothesis-profile=long` looks closer.
hypothesis_settings.register_profile("short", max_examples=40, deadline=None)
hypothesis_settings.register_profile("long", max_examples=1000, deadline=None)
hypothesis_settings.load_profile("short")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """`-m database`: the tests that touch it, whether by a mark or by what they are given."""
    given = {"db", "transactional_db", "django_db_setup", "live_server"}
    for item in items:
        if item.get_closest_marker("django_db") or given & set(item.fixturenames):
            item.add_marker(pytest.mark.database)


@pytest.fixture(autouse=True, scope="session")
def _settings():
    """Static files without their hashed names, and a password hash that costs little."""
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    hasher = "django.contrib.auth.hashers.MD5PasswordHasher"
    with (
        override_settings(STORAGES={"staticfiles": {"BACKEND": plain}}, PASSWORD_HASHERS=[hasher]),
        mock.patch.object(blocked, "KEEP_SECONDS", 3600.0),
    ):
        yield


@pytest.fixture(autouse=True)
def _empty():
    """Nothing in Redis; the list of blocked domains is known and empty."""
    stream.client().flushall()
    blocked.remember({})


@pytest.fixture
def classroom(settings):
    """The classroom's servers, known to the settings; host and port of its DNS server."""
    host, port = start_in_background()
    machines, settings.CLASSROOM_CA = machines_in_background()
    played = {number: "{}:{}".format(*address) for number, address in machines.items()}
    settings.CLASSROOM = f"{host}:{port}"
    settings.CLASSROOM_WEB = played[443]
    settings.CLASSROOM_MAIL = played[25]
    return host, port


@pytest.fixture
def at_once(classroom):
    """Reports are made before the request that asked for them returns."""
    from portal.celery import app

    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False
