"""The position at which the relay's poll query starts.

While a long snapshot is open (`pg_dump`, a report), PostgreSQL keeps the dead versions of all rows sent since, and a
query that starts at the oldest row reads each of them, every time. So a poll starts where the last poll ended. A row
that commits late is older than that: each poll goes back by a margin, and from time to time a poll reads everything.
"""

MARGIN = 5.0
"""Seconds that a poll goes back: a row's time is the start of its transaction, and the row is visible at the commit."""

FULL_POLL_INTERVAL = 1.0
"""Seconds between two full polls, while they are quick."""

FULL_POLL_FACTOR = 20
"""After a slow full poll the next one waits this many times as long as it took."""


class PollPosition:
    """The time (`time.monotonic()`, in seconds) up to which all due rows have been taken."""

    def __init__(self) -> None:
        self._position = 0.0
        self._next_full_poll = 0.0

    def lookback(self, *, now: float, include_low_priority: bool) -> float | None:
        """Seconds that the next poll goes back; None for a full poll, which always includes low-priority rows."""
        if include_low_priority and now >= self._next_full_poll:
            return None
        return now - self._position + MARGIN if self._position else None

    def record_poll(self, *, started: float, ended: float, lookback: float | None, last_age: float) -> None:
        """Record a poll that included low-priority rows.

        `last_age` is the age of the last row taken, in seconds since it became due, if the batch was full; otherwise 0.
        """
        self._position = started - last_age
        if lookback is None:
            self._next_full_poll = ended + max(FULL_POLL_INTERVAL, FULL_POLL_FACTOR * (ended - started))

    def reset(self) -> None:
        """Make the next poll a full one: rows that were taken may not have been sent."""
        self._position = self._next_full_poll = 0.0
