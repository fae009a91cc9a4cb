"""The times at which the relay sends low-priority rows: events, and tasks of queues.LOW_PRIORITY_AREAS.

They delay no order, and pass relay, broker, worker and mail server in batches, which leaves the processors to orders.
"""

MAX_INTERVAL = 1.0
"""Seconds between two batches, at most: the time that a mail may wait."""
MIN_INTERVAL = 0.2
"""Seconds between two batches, at least. With longer intervals the batches of a busy system would hold up chords."""
BATCH_TARGET = 50
"""The rows that a batch should have, between these limits."""


class LowPriorityTimer:
    """Says when the next batch with low-priority rows is due (`time.monotonic()`, in seconds)."""

    def __init__(self, *, now: float) -> None:
        self.due_at = now
        self._last_at = now
        self._rows = 0

    def record_poll(self, *, rows: int, has_more: bool, now: float) -> None:
        """Record a poll that included low-priority rows. With `has_more` the batch continues with the next poll."""
        self._rows += rows
        if has_more:
            return
        interval = BATCH_TARGET * (now - self._last_at) / max(self._rows, 1)
        self.due_at = now + min(max(interval, MIN_INTERVAL), MAX_INTERVAL)
        self._last_at, self._rows = now, 0
