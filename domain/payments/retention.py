"""How long payment attempts are kept, which limit card testing (docs/decisions/0029)."""

from datetime import timedelta

from kit.db.retention import Retention

RETENTION = (Retention("payment_attempts", "id", timedelta(days=1), key="uuid7"),)

UNLIMITED = {
    "payments": "part of a company's books",
    "payment_events": "part of a company's books",
}
