"""How long payment attempts are kept, which limit card testing (docs/decisions/0029)."""

from domain.payments.declines import ATTEMPT_LIFETIME
from kit.db.retention import Retention

RETENTION_RULES = (Retention("payment_attempts", "id", ATTEMPT_LIFETIME, key="uuid7"),)

TABLES_WITHOUT_RETENTION = {
    "payments": "part of a company's books",
    "payment_events": "part of a company's books",
    "refunds": "part of a company's books",
    "refund_parts": "part of a company's books",
    "refund_lines": "part of a company's books",
}
