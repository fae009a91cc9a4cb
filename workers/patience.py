"""Waiting out an outage: a database that is gone is no reason to fail a task."""

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


class _Returns:
    """Messages given back for another worker: they come again at once, so one pause is enough for all of a second."""

    PAUSE = 1.0

    def __init__(self) -> None:
        self._next_pause = time.monotonic()

    def wait(self) -> None:
        """Pause for a second, unless there was a pause within the last one."""
        if time.monotonic() >= self._next_pause:
            time.sleep(self.PAUSE)
            self._next_pause = time.monotonic() + self.PAUSE


_RETURNS = _Returns()


def _is_stopping() -> bool:
    # Celery puts the exit code there, which may be 0.
    return not all(told is None or told is False for told in (state.should_stop, state.should_terminate))


def patiently(work: Callable[..., T]) -> Callable[..., T]:
    """Have the work wait for the database in place, and give its message back when that takes too long.

    So it is when the worker is told to stop meanwhile.
    """

    @wraps(work)
    def waiting(*args: Any, **kwargs: Any) -> T:
        try:
            return retry_while_database_is_down(partial(work, *args, **kwargs), stopping=_is_stopping)
        except UnknownVersion as unknown:
            _RETURNS.wait()
            raise Reject(unknown, requeue=True) from unknown
        except Exception as error:
            if not db.is_outage(error):
                raise
            raise Reject(error, requeue=True) from error

    return waiting
