"""Callers of the API: nobody in particular, people with tokens, and their things."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from lookups.api import tokens
from lookups.api.models import SCOPES
from lookups.models import Report

BASE = "/api/v1"


@dataclass
class Program:
    """A program that calls the API, with a token or without."""

    secret: str = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        if self.secret:
            headers.setdefault("Authorization", f"Bearer {self.secret}")
        given: dict[str, Any] = {"headers": {k.replace("_", "-"): v for k, v in headers.items()}}
        given["content_type"] = "application/json" if body is not None else ""
        given["data"] = json.dumps(body) if body is not None else ""
        client = Client(raise_request_exception=False)
        return client.generic(method, path if path.startswith("/api") else BASE + path, **given)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)


def person(name: str) -> Any:
    return get_user_model().objects.create_user(name, f"{name}@example.com", "a good password 1")


def program_of(user: Any, *scopes: str, **more: Any) -> Program:
    """With a token that has `scopes`, all of them where none are named."""
    return Program(tokens.make(user, "test", scopes or SCOPES, **more)[1])


def finished_report(**fields: Any) -> Report:
    known = {"domain": "example.com", "state": "done", "status": "good", "score": 100}
    return Report.objects.create(**known | {"finished": timezone.now()} | fields)


def problem(answer: Any, code: str) -> dict[str, Any]:
    """The problem that was answered, which must be this one."""
    assert answer["Content-Type"] == "application/problem+json", answer.content[:300]
    found = answer.json()
    assert found["type"] == f"http://localhost:8000/api/v1/problems/{code}", found
    assert found["status"] == answer.status_code
    assert found["title"] and found["detail"]
    return found


@pytest.fixture
def anybody(db):
    return Program()


@pytest.fixture
def user(db):
    return person("m")


@pytest.fixture
def mine(user):
    """The user's program, which may do everything."""
    return program_of(user)


@pytest.fixture
def stranger(db):
    return program_of(person("stranger"))
