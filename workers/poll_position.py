"""Where the relay's poll query begins to look.

A long snapshot (`pg_dump`, a report) keeps the dead versions of all rows that were sent since it was taken, and a query
that begins at the oldest reads each of them, every time. So a poll begins where the last one ended. A row that commits
late is older than that: polls look back a little, and now and then at everything.
"""

MARGIN = 5.0
"""Seconds that polls look back: a row is as old as the begin of its transaction, and seen once that has committed."""

FULL_EVERY = 1.0
"""Seconds between two polls of everything, while these are quick."""

SHARE = 20
"""Of the time, the part that polls of everything may take at most."""


class PollPosition:
    """Up to when all that was due has been taken, in seconds of `time.monotonic()`."""

    def __init__(self) -> None:
        self._position = 0.0
        self._next_full = 0.0

    def seconds_back(self, *, now: float, lot: bool) -> float | None:
        """How far back to look now; None for everything, which only a poll of all kinds of rows does."""
        if lot and now >= self._next_full:
            return None
        return now - self._position + MARGIN if self._position else None

    def polled(self, *, begun: float, ended: float, back: float | None, last_age: float) -> None:
        """Note a poll of all kinds of rows: it took what was due, or as much as it may, up to this age in seconds."""
        self._position = begun - last_age
        if back is None:
            self._next_full = ended + max(FULL_EVERY, SHARE * (ended - begun))

    def forget(self) -> None:
        """Look at everything next: what was taken may not have been sent."""
        self._position = self._next_full = 0.0
