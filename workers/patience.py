"""Waiting out an outage: a database that is gone is no reason to fail a task."""

import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

from celery.exceptions import Reject
from celery.worker import state

from kit import db
from kit.patience import through_outages
from saga.registry import UnknownVersion

T = TypeVar("T")


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
            return through_outages(partial(work, *args, **kwargs), stopping=_is_stopping)
        except UnknownVersion as unknown:
            time.sleep(1.0)  # lest we and the broker play ping-pong until a newer worker takes it
            raise Reject(unknown, requeue=True) from unknown
        except Exception as error:
            if not db.is_outage(error):
                raise
            raise Reject(error, requeue=True) from error

    return waiting
