"""Waiting out an outage of the database, in place: what was begun is worth more than the time it takes."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from kit import db, pulse

GIVE_UP_AFTER = 15 * 60.0
"""Seconds; well below RabbitMQ's consumer_timeout of 30 minutes, after which it would close a worker's channel."""

log = structlog.get_logger()

T = TypeVar("T")


def through_outages(
    work: Callable[[], T], *, longest_pause: float = 1.0, stopping: Callable[[], bool] = lambda: False
) -> T:
    """Do the work, again and again while the database is gone, and return its answer.

    Pauses grow to `longest_pause` seconds. Raises the outage itself when it has lasted for a quarter of an hour or the
    process is `stopping`, and any other error at once.
    """
    pause, give_up_at = 0.1, time.monotonic() + GIVE_UP_AFTER
    while True:
        try:
            return work()
        except Exception as error:
            if not db.is_outage(error) or time.monotonic() > give_up_at or stopping():
                raise
            log.warning("waiting for the database", reason=str(error).strip(), pause=pause)
        pulse.show()
        time.sleep(pause)
        pause = min(longest_pause, pause * 2)
