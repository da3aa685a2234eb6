"""Celery's side of observing: facts travel in message headers, and every task is counted."""

from __future__ import annotations

from contextvars import Token
from threading import get_ident
from time import monotonic
from typing import Any

from celery import signals

from . import context, metrics

# Work for whoever waits at the moment: it belongs to no one request, and calls itself again.
_OF_NOBODY = frozenset({"lookups.bulk.tasks.work_on_bulks"})
_begun: dict[tuple[str, int], tuple[Token[context.Facts], float]] = {}  # by task and thread


@signals.before_task_publish.connect
def _send_along(sender: str = "", headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is None or sender in _OF_NOBODY:
        return
    if facts := context.carried():
        headers[context.HEADER] = facts


@signals.task_prerun.connect
def _begin(task_id: str, task: Any, **_: Any) -> None:
    asked = task.request
    facts = context.received(getattr(asked, context.HEADER, None))
    if asked.is_eager:  # in the very request that asked for it
        facts = {**context.carried(), **facts}
    facts |= {"task": task_id, "job": task.name.rpartition(".")[2]}
    delivery = asked.delivery_info or {}
    if queue := delivery.get("routing_key"):
        facts["queue"] = str(queue)[:40]
    _begun[task_id, get_ident()] = context.replace(facts), monotonic()


@signals.task_postrun.connect
def _end(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    known = _begun.pop((task_id, get_ident()), None)
    if known is None:
        return
    token, began = known
    metrics.task_ended(task.name, state or "UNKNOWN", monotonic() - began)
    context.leave(token)
