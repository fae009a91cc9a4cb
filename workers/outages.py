"""Tasks and event handlers wait out an outage of the database instead of failing."""

import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

from celery.exceptions import Reject
from celery.worker import state

from kit import db
from kit.process.outages import retry_while_database_is_down
from saga.engine.errors import UnknownVersion

T = TypeVar("T")


class _RequeuePause:
    """At most one pause per second for all requeued messages, which the broker redelivers at once."""

    SECONDS = 1.0

    def __init__(self) -> None:
        self._next_pause = time.monotonic()

    def wait(self) -> None:
        """Pause for a second, unless there was a pause within the last second."""
        if time.monotonic() >= self._next_pause:
            time.sleep(self.SECONDS)
            self._next_pause = time.monotonic() + self.SECONDS


_REQUEUE_PAUSE = _RequeuePause()


def _is_stopping() -> bool:
    # Celery sets these to the exit code, which may be 0.
    return not all(flag is None or flag is False for flag in (state.should_stop, state.should_terminate))


def retry_on_outage(work: Callable[..., T]) -> Callable[..., T]:
    """Retry the work while the database is down; requeue its message if that takes too long or the worker stops.

    A message of a saga version that this release does not have is requeued, too, for a worker of another release.
    """

    @wraps(work)
    def retrying(*args: Any, **kwargs: Any) -> T:
        try:
            return retry_while_database_is_down(partial(work, *args, **kwargs), stopping=_is_stopping)
        except UnknownVersion as unknown:
            _REQUEUE_PAUSE.wait()
            raise Reject(unknown, requeue=True) from unknown
        except Exception as error:
            if not db.is_outage(error):
                raise
            raise Reject(error, requeue=True) from error

    return retrying
