"""How long audit records are kept."""

from kit.db.retention import Retention

RETENTION: tuple[Retention, ...] = ()

UNLIMITED = {
    "super_admin_requests": "records for audits have no end set by us",
    "operator_actions": "records for audits have no end set by us",
}
