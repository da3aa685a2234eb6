"""Headers of safety on every kind of answer, over real sockets; cookies; what no browser keeps."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.asgi import get_asgi_application
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from lookups.hosted import policies
from lookups.hosted.policy_server import PolicyServer
from lookups.models import Report, Watch
from portal import urls
from portal.body_limit import BodyLimit
from portal.safety import MISSING, SafetyHeaders
from tests.lookups.hosted.conftest import proven

ROOT = Path(__file__).parents[2]
CROSS_ORIGIN = {"report card", "article card", "badge"}
# Not by Django: no page, and no session.
BEFORE_DJANGO = {"too large", "too large, API", "policy of a domain"}


@pytest.fixture
def member(django_user_model):
    return django_user_model.objects.create_user("member", email="member@safety.example")


@pytest.fixture
def serve(settings):
    """Serves the whole application as it stands behind a proxy that speaks TLS; yields its port."""
    settings.SERVESTATIC_USE_FINDERS = settings.SERVESTATIC_AUTOREFRESH = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    application = SafetyHeaders(BodyLimit(PolicyServer(get_asgi_application(), seconds=0)))
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        config = uvicorn.Config(application, log_level="critical", lifespan="off")
        server, loop = uvicorn.Server(config), asyncio.new_event_loop()
        running = threading.Thread(
            target=lambda: loop.run_until_complete(server.serve([listening])), daemon=True
        )
        running.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        running.join(10)


def ask(port, path, method="GET", host="localhost", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with closing(connection):
        given = {"Host": host, "X-Forwarded-Proto": "https", **headers}
        connection.request(method, path, headers=given)
        answer = connection.getresponse()
        answer.read(1)
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def kinds(member):
    """A name for each kind of answer: status, path, and how it is asked for."""
    watch = proven(member, "kinds.example.com")
    Watch.objects.filter(pk=watch.pk).update(badge_on=True, badge_token="badge-of-kinds")
    policies.publish(watch, "testing", ["mx1.example.com"], 86_400)
    now = timezone.now()
    report = Report.objects.create(domain="a.example", state="done", status="good", finished=now)
    link = report.get_absolute_url()
    large = {"method": "POST", "Content-Length": "99000000"}
    return {
        "page": (200, "/", {}),
        "Japanese page": (200, "/ja/", {}),
        "report": (200, link, {}),
        "sign-in": (200, "/accounts/login/", {}),
        "admin": (302, "/admin/", {}),
        "Swagger UI": (200, "/api/v1/docs", {}),
        "not found": (404, "/nothing-here/", {}),
        "bad request": (400, "/", {"host": "evil.example"}),
        "forbidden": (403, "/check/", {"method": "POST"}),
        "fault": (500, "/favicon.ico", {}),
        "too large": (413, "/check/", large),
        "too large, API": (413, "/api/v1/tools/spf", large),
        "style": (200, "/static/css/site.css", {}),
        "script": (200, "/static/js/site.js", {}),
        "picture": (200, "/static/icons/favicon.svg", {}),
        "font": (200, "/static/fonts/source-sans-3.woff2", {}),
        "no such file": (404, "/static/css/none.css", {}),
        "robots": (200, "/robots.txt", {}),
        "feed": (200, "/learn/feed/", {}),
        "health": (200, "/healthz", {}),
        "API": (200, "/api/v1/findings/", {}),
        "API problem": (404, "/api/v1/nothing", {}),
        "OpenAPI": (200, "/api/v1/openapi.json", {}),
        "event stream": (200, f"{link}events/", {}),
        "JSON": (200, f"{link}report.json", {}),
        "CSV": (200, f"{link}report.csv", {}),
        "PDF": (200, f"{link}report.pdf", {}),
        "report card": (200, f"{link}card.png", {}),
        "article card": (200, "/learn/a-record/card.png", {}),
        "badge": (200, "/badge/badge-of-kinds.svg", {}),
        "redirect": (302, "/.well-known/change-password", {}),
        "policy of a domain": (
            200,
            "/.well-known/mta-sts.txt",
            {"host": "mta-sts.kinds.example.com"},
        ),
    }


@pytest.mark.django_db(transaction=True)
def test_every_kind_of_answer(member, serve, monkeypatch):
    def fail(request):
        raise RuntimeError("a fault of the site")

    [icon] = [each for each in urls.urlpatterns if getattr(each, "name", "") == "favicon"]
    monkeypatch.setattr(icon, "callback", fail)
    for kind, (status, path, how) in kinds(member).items():
        found, headers = ask(serve, path, **how)
        assert found == status, (kind, found)
        for name, value in MISSING.items():
            if name == "content-security-policy":
                policy = headers[name]
                assert policy.count("'none'") >= 4 and "frame-ancestors 'none'" in policy, kind
                scripts = policy.partition("script-src")[2].partition(";")[0]
                assert "unsafe" not in scripts and "*" not in policy and "http" not in policy, kind
            elif name == "cross-origin-resource-policy" and kind in CROSS_ORIGIN:
                assert headers[name] == "cross-origin", kind
            else:
                assert headers[name] == value, (kind, name)
        insists = headers.get("strict-transport-security", "")
        # How long to insist on TLS is for the owner of the domain to say.
        assert insists == ("" if kind == "policy of a domain" else "max-age=31536000"), kind
        if kind not in BEFORE_DJANGO:
            assert "camera=()" in headers["permissions-policy"], kind
        assert "server" not in headers or headers["server"] == "uvicorn"


def test_what_an_answer_says_itself_is_left():
    sent = []

    async def application(scope, receive, send):
        headers = [(b"Content-Security-Policy", b"default-src 'self'")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": "/", "headers": []}
    asyncio.run(SafetyHeaders(application)(scope, None, send))
    names = [name.lower() for name, _ in sent[0]["headers"]]
    assert len(names) == len(set(names)) == len(MISSING)
    assert sent[0]["headers"][0][1] == b"default-src 'self'"
    assert b"strict-transport-security" not in names


# --- what is kept --------------------------------------------------------------------------------
@pytest.mark.django_db
def test_no_page_of_somebody_signed_in_is_kept(client, member):
    anonymous = Client().get("/")
    assert "no-store" not in anonymous.get("Cache-Control", "")
    client.force_login(member)
    # The same for everybody but for the navigation: may be kept, and is asked for anew.
    for path in ("/", "/learn/a-record/"):
        assert client.get(path)["Cache-Control"] == "private, no-cache", path
    for path in (
        "/account/",
        "/domains/",
        "/account/export.json",
        "/nothing/",
    ):
        kept = client.get(path).get("Cache-Control", "")
        assert "no-store" in kept and "private" in kept, path
    assert "max-age=86400" in client.get("/learn/a-record/card.png")["Cache-Control"]
    assert client.get("/robots.txt").get("Cache-Control", "") == "", "nobody looked who it was"


# --- settings ------------------------------------------------------------------------------------
def settings_of(**environment) -> dict:
    """What the settings are with these environment variables."""
    code = (
        "import json; from portal import settings as s; "
        "print(json.dumps({n: v for n, v in vars(s).items() if n.isupper()}, "
        "default=lambda value: None))"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MXPLAIN_HSTS")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=clean | environment, capture_output=True
    )
    return json.loads(done.stdout)


def test_settings_of_a_site_with_tls():
    found = settings_of(PUBLIC_URL="https://mx.example", MXPLAIN_SECURITY_CONTACT="a@b.example")
    assert found["SESSION_COOKIE_NAME"] == "__Host-sessionid"
    assert found["CSRF_COOKIE_NAME"] == "__Host-csrftoken"
    secure = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE")
    assert all(found[name] for name in (*secure, "SECURE_SSL_REDIRECT"))
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000 and not found["SECURE_HSTS_PRELOAD"]
    assert found["SILENCED_SYSTEM_CHECKS"] == [] and found["SECURITY_CONTACTS"] == [
        "mailto:a@b.example"
    ]
    chosen = settings_of(
        PUBLIC_URL="https://mx.example", MXPLAIN_HSTS="preload", MXPLAIN_SSL_REDIRECT="0"
    )
    assert chosen["SECURE_HSTS_PRELOAD"] and chosen["SECURE_HSTS_INCLUDE_SUBDOMAINS"]
    assert not chosen["SECURE_SSL_REDIRECT"]


@pytest.mark.django_db
def test_cookies_of_a_session(rf, settings):
    """RFC 6265bis: `__Host-` wants Secure, Path=/ and no Domain."""
    settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE = "__Host-sessionid", True

    def view(request):
        request.session["began"] = True
        return HttpResponse()

    cookie = SessionMiddleware(view)(rf.get("/")).cookies["__Host-sessionid"]
    assert cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Lax"
    assert cookie["path"] == "/" and not cookie["domain"]


def test_plain_http_leads_to_tls_except_for_machines_beside(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    moved = Client().get("/learn/?a=b")
    assert (moved.status_code, moved["Location"]) == (301, "https://testserver/learn/?a=b")
    assert Client().get("/healthz").status_code == 200


@pytest.mark.django_db
def test_tls_ask_answers_without_tls(settings):
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/hosted/tls-ask?domain=a.example").status_code == 404


# --- well-known addresses ------------------------------------------------------------------------
def test_security_txt_says_where_to_turn(client, settings):
    settings.SECURITY_CONTACTS = []
    assert client.get("/.well-known/security.txt").status_code == 404
    settings.SECURITY_CONTACTS = ["mailto:security@mx.example", "https://mx.example/report"]
    answer = client.get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields = [line.split(": ", 1) for line in answer.text.splitlines()]
    contacts = [value for name, value in fields if name == "Contact"]
    assert contacts == settings.SECURITY_CONTACTS
    [expires] = [datetime.fromisoformat(value) for name, value in fields if name == "Expires"]
    left = expires - timezone.now()
    assert timedelta(days=30) < left < timedelta(days=365), "RFC 9116 §2.5.5"
    assert dict(fields)["Canonical"] == f"{settings.PUBLIC_URL}/.well-known/security.txt"


def test_password_managers_find_the_page(client):
    assert client.get("/.well-known/change-password")["Location"] == "/accounts/password/change/"
