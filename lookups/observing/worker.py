"""What a worker and the clock do beside their work: signs of life, figures, leaving in good order.

Celery finishes what it has in hand when it is told to stop (SIGTERM); bulk checks, which would go
on for long, hand back theirs (`leaving`).
"""

from __future__ import annotations

from typing import Any

from celery import signals
from django.conf import settings

from lookups.event_loop import event_loop, running_loop

from . import exposition, leaving, metrics, resolvers
from .heart import Heart

_heart: Heart | None = None


@signals.worker_ready.connect
def _worker_is_ready(sender: Any = None, **_: Any) -> None:
    """Also loads at once what the first visitor would wait for."""
    global _heart
    event_loop()
    queues = [queue.name for queue in sender.task_consumer.queues]
    _heart = Heart("worker", each_beat, queues=queues, version=settings.RELEASE).start()
    exposition.serve(settings.METRICS_PORT)
    exposition.forget_old_hosts(settings.METRICS_DIR.parent)


@signals.worker_shutting_down.connect
def _worker_leaves(**_: Any) -> None:
    leaving.leave()


@signals.worker_shutdown.connect
def _worker_is_gone(**_: Any) -> None:
    if _heart:
        _heart.stop()
    exposition.forget_me()


@signals.beat_init.connect
def _beat_is_ready(**_: Any) -> None:
    Heart("beat", version=settings.RELEASE).start()


def each_beat() -> None:
    """Raises redis.RedisError, TimeoutError."""
    loop = running_loop()
    if loop is None:
        return
    metrics.take(loop.transport.counts)
    if not leaving.is_leaving():
        resolvers.look(loop.loop, loop.transport)
