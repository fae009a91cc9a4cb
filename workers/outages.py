"""Tasks and event handlers wait out an outage of the database instead of failing."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

from celery.exceptions import Reject
from celery.worker import state

from kit import db
from kit.process.outages import retry_while_database_is_down

T = TypeVar("T")


def _is_stopping() -> bool:
    # Celery sets these to the exit code, which may be 0.
    return not all(flag is None or flag is False for flag in (state.should_stop, state.should_terminate))


def retry_on_outage(
    work: Callable[..., T], *, is_outage: Callable[[BaseException], bool] = db.is_outage
) -> Callable[..., T]:
    """Retry the work while the database is down; requeue its message if that takes too long or the worker stops.

    `is_outage` tells which errors count. All others are raised.
    """

    @wraps(work)
    def retrying(*args: Any, **kwargs: Any) -> T:
        try:
            return retry_while_database_is_down(
                partial(work, *args, **kwargs), stopping=_is_stopping, is_outage=is_outage
            )
        except Exception as error:
            if not is_outage(error):
                raise
            raise Reject(error, requeue=True) from error

    return retrying
