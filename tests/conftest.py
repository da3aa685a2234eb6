"""Fixtures of all tests: real parts, started once."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from learn.classroom.server import start_in_background
from lookups import stream


@pytest.fixture(autouse=True)
def _settings(settings):
    """Static files without their hashed names, and a password hash that costs little."""
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {"staticfiles": {"BACKEND": plain}}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _empty_redis():
    stream.client().flushall()
    yield
    cache.close()


@pytest.fixture
def classroom(settings):
    """The classroom's DNS server, known to the settings; its host and port."""
    host, port = start_in_background()
    settings.CLASSROOM = f"{host}:{port}"
    return host, port


@pytest.fixture
def at_once(classroom):
    """Reports are made before the request that asked for them returns."""
    from portal.celery import app

    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False
