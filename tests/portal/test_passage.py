"""The way of a request: its id in and out, its line in the log, its figures, ended streams."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from prometheus_client import REGISTRY

from lookups.observing import context
from portal.asgi import application
from portal.operating import logs
from portal.operating.passage import Passage

pytestmark = pytest.mark.django_db(transaction=True)


async def ask(path, method="GET", app=application, **headers):
    transport = httpx.ASGITransport(app=app, client=("192.0.2.77", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path, headers=headers)


@pytest.fixture
def access(caplog):
    """The lines of requests, as JSON."""
    caplog.set_level("INFO", logger="access")
    lines = []
    form = logs.JsonLines()
    caplog.handler.addFilter(lambda record: lines.append(json.loads(form.format(record))) or True)
    return lines


async def test_the_id_goes_in_and_out(access):
    response = await ask("/score/", **{"X-Request-ID": "abc-1.2_3"})
    assert response.headers["X-Request-ID"] == "abc-1.2_3"
    assert access[-1]["request"] == "abc-1.2_3"
    assert context.current() == {}


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "a\tb", "<script>", "ü".encode()])
async def test_an_id_is_made(given):
    made = (await ask("/healthz", **{"X-Request-ID": given})).headers.get_list("X-Request-ID")
    assert len(made) == 1 and len(made[0]) == 16 and made[0].isalnum()


async def test_a_line_for_each_request(access):
    await ask("/ja/score/")
    line = access[-1]
    assert (line["route"], line["method"], line["status"]) == ("score", "GET", 200)
    assert line["message"] == "GET score" and line["ms"] >= 0 and line["sql"] == 0
    await ask("/r/LaQKnFJR_2-c7SqVZuJ4kA/")
    assert access[-1]["route"] == "report" and access[-1]["status"] == 404
    assert access[-1]["sql"] >= 1
    assert "192.0.2.77" not in str(access) and "LaQKnFJR" not in str(access)


async def test_hostile_requests_in_the_log(access):
    await ask("/no/LaQKnFJR_2-c7SqVZuJ4kA/anna@example.com/%0aERROR%1b[2J" + "x" * 500)
    line = access[-1]
    assert line["route"] == "unmatched" and line["status"] == 404
    assert len(line["path"]) < 120 and line["path"].isprintable()
    assert "LaQKnFJR" not in line["path"] and "anna" not in line["path"]
    await ask("/", method="BREW\u0041" * 3)
    assert access[-1]["method"] == "other"


async def test_health_is_no_news(access):
    await ask("/healthz")
    assert access == []


async def test_figures_have_few_labels():
    def count(**labels):
        return REGISTRY.get_sample_value("mxplain_http_requests_total", labels) or 0

    known = {"route": "unmatched", "method": "GET", "status": "404"}
    before = count(**known)
    for n in range(3):
        await ask(f"/nothing-{n}")
    assert count(**known) - before == 3


async def test_probes_may_ask_by_address():
    for path in ("/healthz", "/readyz"):
        assert (await ask(path, Host="10.1.2.3:8000")).status_code in (200, 503)
    assert (await ask("/readyz", Host="10.1.2.3:8000")).json()["parts"]["database"] == "ok"
    assert (await ask("/score/", Host="10.1.2.3:8000")).status_code == 400
    assert (await ask("/metrics", Host="10.1.2.3:8000")).status_code == 404


async def test_streams_end_in_good_order():
    """The application hears that its listener is gone; the listener gets a whole response."""
    heard, begun = [], asyncio.Event()

    async def endless(scope, receive, send):
        while (await receive())["more_body"]:
            pass
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"retry: 1\n\n", "more_body": True})
        begun.set()
        heard.append(await receive())

    passage = Passage(endless)
    asking = asyncio.create_task(ask("/", app=passage))
    await asyncio.wait_for(begun.wait(), 10)
    assert not asking.done()
    passage.close_streams()
    response = await asyncio.wait_for(asking, 10)
    assert response.text == "retry: 1\n\n" and heard == [{"type": "http.disconnect"}]
    assert passage._streams == set()


async def test_other_requests_are_not_cut_off():
    go_on = asyncio.Event()

    async def slow(scope, receive, send):
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole"})

    passage = Passage(slow)
    asking = asyncio.create_task(ask("/", app=passage))
    await asyncio.sleep(0)
    passage.close_streams()
    go_on.set()
    assert (await asyncio.wait_for(asking, 10)).text == "whole"
