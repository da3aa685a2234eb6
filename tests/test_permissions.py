"""A walk through every address of the site as a stranger, as somebody else, and as a viewer.

`permission_registry.py` says whose each address is, and how a new one is added.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import translation

from lookups.alerts.recipients import settings_for
from tests.lookups.teams.conftest import browser, person

from .permission_registry import MARK, REGISTRY, UNGUESSABLE, Belongings

pytestmark = pytest.mark.django_db

METHODS = ("get", "post")
REFUSED = (403, 404, 405, 410)
PASSING = ("sessions", "contenttypes", "admin")  # apps whose rows are nobody's belongings
PRIVATE = [name for name, entry in REGISTRY.items() if entry.kind == "private"]
OPEN = [name for name, entry in REGISTRY.items() if entry.kind != "private"]
# What its owner cannot do out of the blue either: undo, send again, have a certificate made, remove
# a second factor that is not there, read the figures (for a token, or whoever asks this very
# machine by its name) or the contact that no operator has set.
NEEDS_MORE = {
    "report-share-undo",
    "webhook-resend",
    "tls-ask",
    "metrics",
    "security-txt",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
}
# What changes when its owner only looks: that the zone is in use, that the account was exported.
TOUCHED = ("learn.ownzone", "portal.accountevent")


READING = re.compile(r"SELECT|SAVEPOINT|RELEASE|ROLLBACK")
SIGNING_IN = re.compile(r'(INSERT INTO|UPDATE) ("django_session"|"auth_user" SET "last_login")')
_seen: dict[str, Any] = {}  # the rows, as long as nothing has been written since


@pytest.fixture(autouse=True)
def _quiet(db):
    cache.clear()
    _seen.clear()
    with translation.override("en"), connection.execute_wrapper(_note_writing):
        yield


def _note_writing(execute: Any, sql: str, *arguments: Any) -> Any:
    if not READING.match(sql) and not SIGNING_IN.match(sql):
        _seen.clear()
    return execute(sql, *arguments)


@pytest.fixture
def others(db):
    """Somebody else, and somebody who may look at what is the team's."""
    return _known("b"), _known("viewer")


@pytest.fixture(params=[False, True], ids=["alone", "team"])
def holdings(request, others) -> Belongings:
    return Belongings.make(_known("a"), others[1], shared=request.param)


def _known(name: str) -> Any:
    """Somebody who has signed in before, so that doing so again changes nothing."""
    made = person(name)
    settings_for(made, "en")
    return made


# --- what there is -------------------------------------------------------------------------------
def patterns(found=None, prefix: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    """Name, route and pattern of every address, without those of the admin, and of the API, which
    knows no sessions: tests/lookups/api walks its routes with tokens."""
    for one in get_resolver().url_patterns if found is None else found:
        if (prefix + str(one.pattern)).lstrip("^") == "api/v1/":
            continue
        if isinstance(one, URLPattern):
            yield one.name or "", prefix + str(one.pattern), one
        elif str(one.pattern) != "admin/":
            yield from patterns(one.url_patterns, prefix + str(one.pattern))


def test_every_address_is_registered():
    names = [name for name, _, _ in patterns()]
    assert "" not in names, "every address needs a name"
    missing = sorted(set(names) - set(REGISTRY))
    assert not missing, f"add to tests/permission_registry.py: {missing}"
    assert not set(REGISTRY) - set(names), "addresses that are gone are still registered"


def rows() -> dict[tuple[str, Any], str]:
    """Every row that belongs to somebody."""
    if "rows" in _seen:
        return _seen["rows"]
    found = _seen["rows"] = {}
    for model in apps.get_models():
        if model._meta.app_label in PASSING or model._meta.label_lower == "portal.session":
            continue
        for row in model._base_manager.values():
            row.pop("last_login", None)
            found[model._meta.label_lower, row[model._meta.pk.attname]] = json.dumps(
                row, default=str, sort_keys=True
            )
    return found


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens within is taken back."""
    known = _seen.get("rows")
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    _seen.clear()
    if known is not None:
        _seen["rows"] = known


def address(name: str, holdings: Belongings) -> str:
    return reverse(name, kwargs=dict(REGISTRY[name].arguments(holdings)))


def ask(client: Client, method: str, name: str, holdings: Belongings) -> Any:
    data = REGISTRY[name].data if method == "post" else {}
    return getattr(client, method)(address(name, holdings), data)


def body(response: Any) -> str:
    return "" if response.streaming else response.content.decode("utf-8", "replace").lower()


def is_sign_in(response: Any) -> bool:
    return response.status_code == 302 and response.url.startswith("/accounts/login/")


# --- private -------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
def test_strangers_and_others_are_kept_out(holdings, others, method):
    before, wrong = rows(), []
    for name in PRIVATE:
        stranger = ask(browser(), method, name, holdings)
        if stranger.status_code not in REFUSED and not is_sign_in(stranger):
            wrong.append(("stranger", name, stranger.status_code))
        other = ask(browser(others[0]), method, name, holdings)
        if other.status_code not in REFUSED:
            wrong.append(("other", name, other.status_code))
        for response in (stranger, other):
            # The page of an invitation, and addresses in links, repeat what was asked for.
            if MARK in body(response):
                wrong.append(("told", name, response.status_code))
        if rows() != before:
            wrong.append(("changed", name, method))
            before = rows()
    assert wrong == []


@pytest.mark.parametrize("method", METHODS)
def test_viewers_look_and_change_nothing(holdings, others, method):
    before, wrong = rows(), []
    viewer = others[1]
    for name in PRIVATE:
        allowed = REGISTRY[name].viewer
        with undone():
            response = ask(browser(viewer), method, name, holdings)
            if method == "post" and allowed == "acts":
                continue
            if response.status_code not in REFUSED and not (method == "get" and allowed):
                wrong.append((name, response.status_code))
            if rows() != before:
                wrong.append(("changed", name, method))
    assert wrong == []


def test_the_owner_comes_in(holdings):
    """Otherwise the walk would find closed doors only because there is nothing behind them."""
    wrong = []
    opened = {name for name in REGISTRY if REGISTRY[name].arguments is not UNGUESSABLE}
    opened -= NEEDS_MORE
    for name in opened - {"invitation"}:  # which is somebody else's to answer
        with undone():
            client = browser(holdings.owner)
            answers = [ask(client, method, name, holdings).status_code for method in METHODS]
            if all(status in REFUSED for status in answers):
                wrong.append((name, answers))
    assert wrong == []


def test_looking_changes_nothing(holdings):
    before, wrong = rows(), []
    for name in REGISTRY:
        with undone():
            ask(browser(holdings.owner), "get", name, holdings)
            after = rows()
            changed = {
                key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
            }
            if any(key[0] not in TOUCHED for key in changed):
                wrong.append((name, changed))
    assert wrong == []


def test_no_form_works_without_its_token(holdings):
    before, wrong = rows(), []
    for name, entry in REGISTRY.items():
        if not entry.csrf:
            continue
        client = Client(enforce_csrf_checks=True)
        client.force_login(holdings.owner)
        response = ask(client, "post", name, holdings)
        if response.status_code not in (403, 405) or rows() != before:
            wrong.append((name, response.status_code))
    assert wrong == []


# --- open ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
def test_open_pages_neither_show_nor_change_what_is_others(holdings, others, method):
    before, wrong = rows(), []
    for name in OPEN:
        for client in (browser(), browser(others[0])):
            with undone():
                response = ask(client, method, name, holdings)
                if response.status_code >= 500 or MARK in body(response):
                    wrong.append((name, response.status_code))
                after = rows()
                changed = [key for key in before if after.get(key) != before[key]]
                if changed:
                    wrong.append((name, changed))
    assert wrong == []


def test_what_is_personal_asks_strangers_to_sign_in(holdings):
    for name in ("watches", "teams", "saved", "account", "account-export", "account-delete"):
        assert is_sign_in(ask(browser(), "get", name, holdings)), name


# --- the admin -----------------------------------------------------------------------------------
def admin_addresses() -> Iterator[str]:
    admin = next(p for p in get_resolver().url_patterns if str(p.pattern) == "admin/")
    for name, _, pattern in patterns(admin.url_patterns):
        if name:
            known = {"app_label": "auth"}
            given = {key: known.get(key, "1") for key in _arguments(name, pattern)}
            yield reverse(f"admin:{name}", kwargs=given)


def _arguments(name: str, pattern: URLPattern) -> list[str]:
    resolver = get_resolver().namespace_dict["admin"][1]
    [(possibilities, *_)] = resolver.reverse_dict.getlist(name)[:1]
    return list(possibilities[0][1])


def test_the_admin_is_for_staff(holdings, others):
    before = rows()
    found = list(admin_addresses())
    assert len(found) > 30
    for path in found:
        for method in METHODS:
            assert is_sign_in(getattr(browser(), method)(path)), path
            for user in (holdings.owner, *others):
                response = getattr(browser(user), method)(path)
                ended = path.endswith(("logout/", "password_change/"))
                assert response.status_code == 404 or ended, (path, response.status_code)
    assert rows() == before
