"""The lock of a relay's two drainers: one waits for work and takes rows, while the other one sends its batch."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import psycopg

from kit.messaging import pg_notify
from workers.outbox.low_priority_timer import LowPriorityTimer
from workers.outbox.poll_position import PollPosition

POLL_INTERVAL = 0.5
"""Seconds between two polls without a notification: postponed rows become due, and low-priority rows notify nobody
(migrations/versions/20261129_wake_for_orders.py)."""

IDLE_CHECK_INTERVAL = 1.0
"""Seconds after which a drainer that waits for the lock answers the broker's heartbeats and checks whether to stop."""


class Poll(NamedTuple):
    """The limits of the next poll query: which rows it may take."""

    include_low_priority: bool
    lookback: float | None
    """Seconds that it goes back; None for everything."""
    report_taken: Callable[[int, float], None]
    """To be called with the number of rows taken and the age of the last one, in seconds."""


class DrainLock:
    """Lets one drainer at a time wait for work and take rows. The other one sends what it has taken.

    A drainer spends most of its time waiting for the broker's confirms and for COMMIT. One notification wakes one
    drainer.
    """

    def __init__(self, *, batch_size: int) -> None:
        self._lock = threading.Lock()
        self._listener: psycopg.Connection | None = None
        self._batch_size = batch_size
        self._has_more = False
        self._low_priority = LowPriorityTimer(now=time.monotonic())
        self._skipped_low_priority = False
        self._position = PollPosition()

    @contextmanager
    def wait_for_work(self) -> Iterator[Poll | None]:
        """Wait for work while holding the lock.

        `report_taken()` of the Poll releases the lock early; otherwise it is released at the end of the block. Yields
        None when the other drainer has held the lock for IDLE_CHECK_INTERVAL.
        """
        if not self._lock.acquire(timeout=IDLE_CHECK_INTERVAL):
            yield None
            return
        with ExitStack() as held:
            held.callback(self._lock.release)
            held.push(self._close_after_failure)
            self._wait_for_notification()
            started = time.monotonic()
            include_low_priority = started >= self._low_priority.due_at
            lookback = self._position.lookback(now=started, include_low_priority=include_low_priority)

            def report_taken(rows: int, last_age: float) -> None:
                self._has_more, self._skipped_low_priority = rows == self._batch_size, not include_low_priority
                now = time.monotonic()
                if include_low_priority:
                    age = last_age if self._has_more else 0.0
                    self._position.record_poll(started=started, ended=now, lookback=lookback, last_age=age)
                    self._low_priority.record_poll(rows=rows, has_more=self._has_more, now=now)
                held.close()

            yield Poll(include_low_priority, lookback, report_taken)

    def poll_everything(self) -> None:
        """Make the next poll read all due rows: a drainer has failed, and the rows it took are in the outbox again."""
        self._position.reset()

    def close(self) -> None:
        """Stop listening for notifications."""
        if self._listener:
            self._listener.close()
            self._listener = None

    def _close_after_failure(self, failure: type[BaseException] | None, *_: object) -> None:
        """Reconnect the listener after a failure: its server may hang, and another one may have taken its place."""
        if failure:
            self.close()

    @property
    def _poll_interval(self) -> float:
        until_low_priority = max(0.0, self._low_priority.due_at - time.monotonic())
        return min(POLL_INTERVAL, until_low_priority) if self._skipped_low_priority else POLL_INTERVAL

    def _wait_for_notification(self) -> None:
        if self._listener is None:
            # A trigger notifies it at each commit that adds chords or tasks, except low-priority ones.
            self._listener = pg_notify.listen(pg_notify.listen_url("operator_database_url"), "orderx_outbox")
        elif not self._has_more and list(self._listener.notifies(timeout=self._poll_interval, stop_after=1)):
            list(self._listener.notifies(timeout=0))  # one poll serves all notifications that have arrived
