"""How long idempotency keys are kept."""

from datetime import timedelta

from kit.db.retention import Retention

RETENTION = (Retention("idempotency_keys", "created_at", timedelta(hours=24)),)

UNLIMITED = {
    "orders": "part of a company's books",
    "order_lines": "part of a company's books",
}
