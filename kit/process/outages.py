"""Retrying work in place while the database is down, instead of failing it."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import structlog

from kit import db
from kit.process import heartbeat

GIVE_UP_AFTER = 15 * 60.0
"""Seconds; well below RabbitMQ's consumer_timeout of 30 minutes, after which it closes a worker's channel."""

log = structlog.get_logger()

T = TypeVar("T")


def retry_while_database_is_down(
    work: Callable[[], T],
    *,
    longest_pause: float = 1.0,
    stopping: Callable[[], bool] = lambda: False,
    is_outage: Callable[[BaseException], bool] = db.is_outage,
) -> T:
    """Call `work` until no outage of the database interrupts it, and return its result.

    Pauses double from 0.1 to `longest_pause` seconds. Raises the outage itself after GIVE_UP_AFTER or when the process
    is `stopping`, and any other error at once. `is_outage` tells which errors are waited out.
    """
    pause, give_up_at = 0.1, time.monotonic() + GIVE_UP_AFTER
    while True:
        try:
            return work()
        except Exception as error:
            if not is_outage(error) or time.monotonic() > give_up_at or stopping():
                raise
            log.warning("waiting for the database", reason=str(error).strip(), pause=pause)
        heartbeat.beat()
        time.sleep(pause)
        pause = min(longest_pause, pause * 2)


def run_each(*parts: Callable[[], object]) -> list[Exception]:
    """Run every part. The error of one is logged, and stops no other; returns the errors.

    Raises only an outage of the database, which all parts need; a statement's timeout is an error of its part.
    """
    errors = []
    for part in parts:
        heartbeat.beat()
        try:
            part()
        except Exception as error:
            if db.is_unavailable(error):
                raise
            log.exception("part failed", part=_name_of(part))
            errors.append(error)
    return errors


def _name_of(part: Callable[[], object]) -> str:
    while isinstance(part, partial):
        part = part.func
    return getattr(part, "__qualname__", type(part).__name__)
