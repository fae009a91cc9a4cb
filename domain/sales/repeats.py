"""Making it safe to repeat the request that places an order: the Idempotency-Key."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from domain.sales.errors import KeyInFlight, KeyReused
from domain.sales.models import IdempotencyKey
from kit import db

KEPT_FOR = timedelta(hours=24)


def earlier_order(*, caller_id: UUID, key: str, fingerprint: bytes, now: datetime) -> UUID | None:
    """The order that this caller placed with this key in the last 24 hours, if any.

    Raises KeyReused when the key came with another body.
    """
    row = db.session().get(IdempotencyKey, (caller_id, key))
    if row is None:
        return None
    if row.created_at < now - KEPT_FOR:
        db.session().execute(delete(IdempotencyKey).filter_by(caller_id=caller_id, key=key))
        db.session().expunge(row)
        return None
    if row.fingerprint != fingerprint:
        raise KeyReused
    return row.order_id


def claim(*, caller_id: UUID, key: str) -> None:
    """Be the only one who places an order with this key, until the transaction ends; raises KeyInFlight."""
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"{caller_id}:{key}", 0))
    if not db.session().scalar(select(lock)):
        raise KeyInFlight


def remember(*, caller_id: UUID, key: str, fingerprint: bytes, order_id: UUID, company_id: UUID, now: datetime) -> None:
    """Tie the key to its order."""
    db.session().execute(
        insert(IdempotencyKey).values(
            caller_id=caller_id, key=key, company_id=company_id, fingerprint=fingerprint, order_id=order_id,
            created_at=now,
        )
    )  # fmt: skip
