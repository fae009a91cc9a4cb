"""Making it safe to repeat the request that places an order: the Idempotency-Key."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.sales.errors import KeyInFlight, KeyReused
from kit import db

KEPT_FOR = timedelta(hours=24)

_FIND = "SELECT order_id, fingerprint, created_at FROM idempotency_keys WHERE caller_id = %(caller)s AND key = %(key)s"
_FORGET = "DELETE FROM idempotency_keys WHERE caller_id = %(caller)s AND key = %(key)s"
_CLAIM = "SELECT pg_try_advisory_xact_lock(hashtextextended(%(claimed)s, 0))"
_REMEMBER = """
    INSERT INTO idempotency_keys (caller_id, key, company_id, fingerprint, order_id, created_at)
    VALUES (%(caller)s, %(key)s, %(company)s, %(fingerprint)s, %(order)s, %(now)s)"""


def earlier_order(*, caller_id: UUID, key: str, fingerprint: bytes, now: datetime) -> UUID | None:
    """The order that this caller placed with this key in the last 24 hours, if any.

    Raises KeyReused when the key came with another body.
    """
    row = db.run(_FIND, {"caller": caller_id, "key": key}).fetchone()
    if row is None:
        return None
    order_id, known_fingerprint, created_at = row
    if created_at < now - KEPT_FOR:
        db.run(_FORGET, {"caller": caller_id, "key": key})
        return None
    if known_fingerprint != fingerprint:
        raise KeyReused
    found: UUID = order_id
    return found


def claim(*, caller_id: UUID, key: str, fingerprint: bytes, now: datetime) -> UUID | None:
    """Be the only one who places an order with this key, until the transaction ends; or else the order that is placed.

    Raises KeyInFlight while somebody else is the only one, KeyReused as `earlier_order` does.
    """
    row = db.run(_CLAIM, {"claimed": f"{caller_id}:{key}"}).fetchone()
    # Looked for after that: whoever let go of the key meanwhile has written it down.
    earlier = earlier_order(caller_id=caller_id, key=key, fingerprint=fingerprint, now=now)
    if earlier is None and row != (True,):
        raise KeyInFlight
    return earlier


def remember(*, caller_id: UUID, key: str, fingerprint: bytes, order_id: UUID, company_id: UUID, now: datetime) -> None:
    """Tie the key to its order."""
    values = {
        "caller": caller_id, "key": key, "company": company_id, "fingerprint": fingerprint, "order": order_id,
        "now": now,
    }  # fmt: skip
    db.insert(values, _REMEMBER)
