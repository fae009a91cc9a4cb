"""Applies the sweeper's retention rules at once."""

from datetime import datetime

from kit.db.retention import Deletion
from workers import sweeper


def delete_expired_rows(*, now: datetime) -> int:
    """Delete all rows that have expired at that time; returns their number."""
    deletion, deleted = Deletion(sweeper.RETENTION), 0
    deletion.start()
    while not deletion.is_finished:
        deleted += deletion.delete_batches(now=now)
    return deleted
