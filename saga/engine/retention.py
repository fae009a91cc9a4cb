"""Forgetting journals whose time is over."""

from datetime import datetime

from sqlalchemy import text

from kit import db

_PRUNE = text("""
    WITH over AS (
        SELECT id FROM sagas WHERE ended_at < :before ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
    ), history AS (
        DELETE FROM saga_events USING over WHERE saga_id = over.id
    )
    DELETE FROM sagas USING over WHERE sagas.id = over.id""")


def prune(*, before: datetime, most: int = 500) -> int:
    """Delete at most so many sagas that ended before that instant (UTC), with all they recorded; how many it was."""
    with db.operator_transaction():
        session = db.session()
        return session.execute(_PRUNE, {"before": before, "most": most}).rowcount  # type: ignore[attr-defined, no-any-return]
