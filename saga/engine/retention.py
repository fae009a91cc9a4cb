"""Delete the journals of sagas that ended long ago."""

from datetime import datetime

from sqlalchemy import text

from kit import db

_PRUNE = text("""
    WITH expired AS (
        SELECT id FROM sagas WHERE ended_at < :before ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), history AS (
        DELETE FROM saga_events USING expired WHERE saga_id = expired.id
    ), signals AS (
        DELETE FROM saga_signals USING expired WHERE saga_id = expired.id
    )
    DELETE FROM sagas USING expired WHERE sagas.id = expired.id""")


def prune(*, before: datetime, limit: int = 500) -> int:
    """Delete up to `limit` sagas that ended before `before` (UTC), with their history; return how many were deleted."""
    with db.operator_transaction():
        return db.session().execute(_PRUNE, {"before": before, "limit": limit}).rowcount  # type: ignore[attr-defined, no-any-return]
