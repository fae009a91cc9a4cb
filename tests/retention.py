"""What the sweeper deletes by age, all of it at once."""

from datetime import datetime

from kit.db.retention import Deletion
from workers import sweeper


def delete_expired_rows(*, now: datetime) -> int:
    """Delete whatever is old enough by then; how many rows it was."""
    deletion, deleted = Deletion(sweeper.RETENTION), 0
    deletion.start()
    while not deletion.is_finished:
        deleted += deletion.delete_batches(now=now)
    return deleted
