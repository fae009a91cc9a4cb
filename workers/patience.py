"""Waiting out an outage: a database that is gone is no reason to fail a task."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from celery.exceptions import Reject

from kit import db
from saga.registry import UnknownVersion

LONGEST_PAUSE = 5.0
GIVE_BACK_AFTER = 15 * 60.0
"""Seconds; well below RabbitMQ's consumer_timeout of 30 minutes, after which it would close our channel."""

log = structlog.get_logger()


def patiently(work: Callable[..., None]) -> Callable[..., None]:
    """Have the work wait for the database in place, and give its message back when that takes too long."""

    @wraps(work)
    def waiting(*args: Any, **kwargs: Any) -> None:
        pause, give_back_at = 0.1, time.monotonic() + GIVE_BACK_AFTER
        while True:
            try:
                return work(*args, **kwargs)
            except UnknownVersion as unknown:
                time.sleep(1.0)  # lest we and the broker play ping-pong until a newer worker takes it
                raise Reject(unknown, requeue=True) from unknown
            except Exception as error:
                if not db.is_outage(error):
                    raise
                if time.monotonic() > give_back_at:
                    raise Reject(error, requeue=True) from error
                log.warning("waiting for the database", task=work.__name__, pause=pause)
            time.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    return waiting
