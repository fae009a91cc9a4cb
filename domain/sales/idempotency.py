"""Idempotency keys, which make it safe to repeat the request that places an order."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.sales.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from kit import db

KEY_LIFETIME = timedelta(hours=24)

_FIND_KEY = (
    "SELECT order_id, fingerprint, created_at FROM idempotency_keys WHERE caller_id = %(caller)s AND key = %(key)s"
)
_DELETE_KEY = "DELETE FROM idempotency_keys WHERE caller_id = %(caller)s AND key = %(key)s"
_LOCK_KEY = "SELECT pg_try_advisory_xact_lock(hashtextextended(%(lock)s, 0))"
_INSERT_KEY = """
    INSERT INTO idempotency_keys (caller_id, key, company_id, fingerprint, order_id, created_at)
    VALUES (%(caller)s, %(key)s, %(company)s, %(fingerprint)s, %(order)s, %(now)s)"""


def find_order(*, caller_id: UUID, key: str, fingerprint: bytes, now: datetime) -> UUID | None:
    """Return the order that this caller placed with this key in the last 24 hours, if any.

    Raises IdempotencyKeyReused when it was placed with another request body.
    """
    row = db.run(_FIND_KEY, {"caller": caller_id, "key": key}).fetchone()
    if row is None:
        return None
    order_id, stored_fingerprint, created_at = row
    if created_at < now - KEY_LIFETIME:
        db.run(_DELETE_KEY, {"caller": caller_id, "key": key})
        return None
    if stored_fingerprint != fingerprint:
        raise IdempotencyKeyReused
    existing_order: UUID = order_id
    return existing_order


def lock(*, caller_id: UUID, key: str, fingerprint: bytes, now: datetime) -> UUID | None:
    """Lock the key until the transaction ends. Returns the order already placed with it, or None if there is none.

    Raises IdempotencyKeyInUse while another transaction holds the lock, and IdempotencyKeyReused as `find_order` does.
    """
    row = db.run(_LOCK_KEY, {"lock": f"{caller_id}:{key}"}).fetchone()
    # Search after locking: a transaction that has just released the lock has committed its order.
    existing_order = find_order(caller_id=caller_id, key=key, fingerprint=fingerprint, now=now)
    if existing_order is None and row != (True,):
        raise IdempotencyKeyInUse
    return existing_order


def save(*, caller_id: UUID, key: str, fingerprint: bytes, order_id: UUID, company_id: UUID, now: datetime) -> None:
    """Save the order that was placed with the key."""
    values = {
        "caller": caller_id, "key": key, "company": company_id, "fingerprint": fingerprint, "order": order_id,
        "now": now,
    }  # fmt: skip
    db.insert(values, _INSERT_KEY)
