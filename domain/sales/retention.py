"""How long idempotency keys are kept."""

from datetime import timedelta

from kit.db.retention import Retention

RETENTION_RULES = (Retention("idempotency_keys", "created_at", timedelta(hours=24)),)

TABLES_WITHOUT_RETENTION = {
    "orders": "part of a company's books",
    "order_lines": "part of a company's books",
}
